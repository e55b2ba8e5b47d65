"""Each rule of what comes back is seen to fail when its rows are broken by hand."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from returns.invariants import CHECKS, breaches
from returns.models import Refund, RefundFault, Return, ReturnItem, StoreCredit
from returns.services.refunds import pay_by_hand, settle
from returns.services.requests import Wish
from scheduling.models import Event, OrderItem, OrderPayment
from tests.factories import NOW, make_order, make_return
from tests.returns.pickups import took

pytestmark = pytest.mark.django_db
WHO = {"actor": "user:1", "now": NOW}


@pytest.fixture
def ret() -> Return:
    """A cup and the coat were withdrawn from, and are paid back by hand; nothing is wrong."""
    made = settle(make_return(make_order(), kind="withdrawal").pk, **WHO)
    pay_by_hand(made.refunds.get().pk, reason="By bank transfer", **WHO)
    assert list(breaches()) == []
    return Return.objects.get(pk=made.pk)


def ask_for_more_than_was_bought(ret):
    ReturnItem.objects.filter(of=ret, item__sku="CUP").update(quantity=3)


def forget_what_is_elsewhere(ret):
    """Of a return that was collected in part, and whose rest is in another."""
    first = took(make_return(ret.order, wishes=[Wish(ret.order.items.first().ref, 1)]), 0)
    make_return(ret.order, wishes=[Wish(ret.order.items.first().ref, 1)])
    assert list(breaches()) == []
    first.items.update(collected=None)


def pay_the_same_piece_twice(ret):
    other = make_return(ret.order, wishes=[Wish(ret.order.items.first().ref, 1)])
    OrderItem.objects.filter(returned__of=other).update(quantity=1)
    ReturnItem.objects.filter(of=other).update(refund_minor=1290)
    Return.objects.filter(pk=other.pk).update(parcel="cancelled")


def count_less_than_was_given(ret):
    OrderPayment.objects.update(refunded_minor=1)


def give_more_than_was_captured(ret):
    """No row can say so of itself: its check constraint is the last word. A sum over refunds can."""
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderPayment.objects.update(captured_minor=1)
    Refund.objects.update(amount_minor=11_481)


def go_through_another_orders_payment(ret):
    other = make_order().payments.get()
    Refund.objects.update(payment=other)


def give_more_than_was_decided(ret):
    ReturnItem.objects.filter(of=ret, item__sku="CUP").update(refund_minor=0)


def give_a_credit_on_top(ret):
    StoreCredit.objects.create(of=ret, code="ABC", amount_minor=1, currency="EUR", issued_at=NOW)


def call_it_unpaid(ret):
    Return.objects.filter(pk=ret.pk).update(money="due")


def call_it_nothing(ret):
    Return.objects.filter(pk=ret.pk).update(money="nothing")


def lose_its_refunds(ret):
    Refund.objects.all().delete()


def forget_the_event(ret):
    Event.objects.filter(kind="return.refunded").delete()


def tell_what_was_not_paid(ret):
    Refund.objects.update(state="submitting", why="")
    Return.objects.filter(pk=ret.pk).update(money="due")


def find_a_fault(ret):
    RefundFault.objects.create(
        merchant=ret.merchant, subject="re_1", what=RefundFault.What.UNKNOWN, found_at=NOW
    )


BROKEN = [
    (ask_for_more_than_was_bought, "more_back_than_was_bought", "3 of 2 are on their way back"),
    (forget_what_is_elsewhere, "more_back_than_was_bought", "3 of 2 are on their way back"),
    (pay_the_same_piece_twice, "lines_that_give_more_than_they_cost", "gives 2580, cost 1290"),
    (count_less_than_was_given, "payments_that_give_too_much", "gave 10190, says 1"),
    (give_more_than_was_captured, "payments_that_give_too_much", "gave 11481 of 11480"),
    (go_through_another_orders_payment, "payments_that_give_too_much", "another order's payment"),
    (give_more_than_was_decided, "returns_that_give_another_amount", "gives 10190, owes 8900"),
    (give_a_credit_on_top, "returns_that_give_another_amount", "gives 10191, owes 10190"),
    (call_it_unpaid, "money_unlike_its_refunds", "is due, its refunds are ['by_hand']"),
    (call_it_nothing, "money_unlike_its_refunds", "is nothing, its refunds are ['by_hand']"),
    (lose_its_refunds, "money_unlike_its_refunds", "is paid, its refunds are []"),
    (forget_the_event, "money_that_was_not_told", "is paid, told as paid 0 times"),
    (tell_what_was_not_paid, "money_that_was_not_told", "is due, told as paid 1 times"),
    (find_a_fault, "faults_with_stripe", "unknown"),
]


@pytest.mark.parametrize(("breaking", "check", "says"), BROKEN)
def test_a_broken_rule_is_counted_by_its_check(ret, breaking, check, says):
    breaking(ret)

    [looks] = [each for each in CHECKS if each.__name__ == check]
    found = list(looks())
    assert any(says in each.what for each in found), found
    assert set(found) <= set(breaches())


def test_every_check_is_seen_to_find_its_breach():
    assert {check for _breaking, check, _says in BROKEN} == {each.__name__ for each in CHECKS}


def test_checking_many_returns_costs_no_more_questions(django_assert_num_queries):
    def settled() -> None:
        settle(make_return(make_order(), kind="withdrawal").pk, **WHO)

    settled()
    with CaptureQueriesContext(connection) as for_one:
        assert list(breaches()) == []
    settled()
    settled()

    with django_assert_num_queries(len(for_one)):
        assert list(breaches()) == []
