"""What a return gives back: worked out once, by rows that nobody can overdraw; else by hand."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from returns.errors import NotForStaff, NotYet, ReasonNeeded
from returns.models import Refund, Return
from returns.services.refunds import pay_by_hand, send_again, settle
from returns.services.requests import Wish
from returns.services.stripe_accounts import save_stripe_account
from scheduling.bought import ItemBought, Paid
from scheduling.models import Event
from tests.factories import NOW, make_booking, make_network, make_order, make_return
from tests.fakes.stripe_server import KEY, SECRET

pytestmark = pytest.mark.django_db


def with_a_key(order):
    save_stripe_account(merchant=order.merchant, key=KEY, secret=SECRET, actor="user:1", now=NOW)
    return order


def looked_at(ret, **judged):
    for item in ret.items.all():
        item.accepted, item.rejected = judged.get("accepted", item.quantity), 0
        item.deduction_minor = judged.get("deduction", 0)
        item.deduction_reason = "scratched" if item.deduction_minor else ""
        item.save()
    ret.move(parcel="received", inspection="done")
    ret.save()
    return ret


def kinds(ret):
    return list(Event.objects.filter(data__return=ret.ref).order_by("pk").values_list("kind", flat=True))


def amounts(ret):
    return sorted(ret.refunds.values_list("amount_minor", "state"))


def test_what_was_accepted_is_given_back_through_its_payment():
    order = with_a_key(make_order())

    ret = settle(looked_at(make_return(order)).pk, actor="user:1", now=NOW)

    assert amounts(ret) == [(1290 + 8900, "submitting")]
    assert (ret.money, order.payments.get().refunded_minor) == ("due", 10190)
    assert [item.refund_minor for item in ret.items.all()] == [1290, 8900]


def test_settling_twice_is_settling_once():
    order = with_a_key(make_order())
    ret = looked_at(make_return(order))
    settle(ret.pk, actor="user:1", now=NOW)

    settle(ret.pk, actor="user:1", now=NOW)

    assert len(amounts(ret)) == 1


def test_nothing_is_decided_before_anybody_has_looked():
    with pytest.raises(NotYet):
        settle(make_return(with_a_key(make_order())).pk, actor="user:1", now=NOW)


def test_a_deduction_and_the_fee_are_taken_off():
    ret = looked_at(make_return(with_a_key(make_order())), deduction=1000)
    Return.objects.filter(pk=ret.pk).update(fee_minor=490)

    assert amounts(settle(ret.pk, actor="user:1", now=NOW)) == [(290 + 7900 - 490, "submitting")]


def test_several_payments_give_back_part_by_part():
    order = with_a_key(make_order(payments=(Paid("pi_a", 3_000, "EUR"), Paid("pi_b", 8_480, "EUR"))))

    ret = settle(looked_at(make_return(order)).pk, actor="user:1", now=NOW)

    assert amounts(ret) == [(3_000, "submitting"), (7_190, "submitting")]


def test_an_order_bought_for_less_gives_back_less_and_all_of_it_in_the_end():
    items = tuple(ItemBought(sku=f"S{n}", name="Cup", price_minor=1_000, quantity=1) for n in range(3))
    order = with_a_key(make_order(items=items, payments=(Paid("pi_x", 1_000, "EUR"),)))

    for item in order.items.all():
        ret = make_return(order, wishes=[Wish(item.ref, 1)], kind="withdrawal")
        settle(ret.pk, actor="user:1", now=NOW)

    given = Refund.objects.order_by("created_at", "pk").values_list("amount_minor", flat=True)
    assert sorted(given) == [333, 333, 334]
    assert order.payments.get().refunded_minor == 1_000


def test_no_payment_gives_back_more_than_it_captured_whatever_the_code_does():
    payment = make_order().payments.get()
    payment.refunded_minor = payment.captured_minor + 1

    with pytest.raises(IntegrityError), transaction.atomic():
        payment.save()


def test_a_payment_that_nobody_told_us_of_waits_for_staff():
    order = with_a_key(make_order(payments=()))

    ret = settle(looked_at(make_return(order)).pk, actor="user:1", now=NOW)

    assert (ret.money, amounts(ret)) == ("staff", [(10_190, "staff")])
    assert kinds(ret)[-1] == "return.refund_delayed"


def test_a_shop_without_a_key_pays_by_hand_or_sends_it_once_it_has_one():
    order = make_order()
    ret = settle(looked_at(make_return(order)).pk, actor="user:1", now=NOW)
    assert amounts(ret) == [(10_190, "staff")]

    send_again(ret.refunds.get().pk, actor="user:1", now=NOW)

    ret.refresh_from_db()
    assert (ret.money, amounts(ret)) == ("due", [(10_190, "submitting")])


def test_what_is_paid_by_hand_says_how_and_ends_the_return():
    ret = settle(looked_at(make_return(make_order(payments=()))).pk, actor="user:1", now=NOW)
    refund = ret.refunds.get()
    with pytest.raises(ReasonNeeded):
        pay_by_hand(refund.pk, reason=" ", actor="user:7", now=NOW)

    pay_by_hand(refund.pk, reason="By bank transfer", actor="user:7", now=NOW + timedelta(hours=1))

    ret.refresh_from_db()
    assert (ret.money, ret.closed_at) == ("paid", NOW + timedelta(hours=1))
    assert kinds(ret)[-2:] == ["return.refunded", "return.closed"]
    with pytest.raises(NotForStaff):
        pay_by_hand(refund.pk, reason="Once more", actor="user:7", now=NOW)


def test_a_credit_is_given_instead_of_money():
    order = with_a_key(make_order())
    wishes = [Wish(order.items.first().ref, 2, "too_small", "credit")]

    ret = settle(looked_at(make_return(order, wishes=wishes)).pk, actor="user:1", now=NOW)

    assert (ret.money, ret.credit.amount_minor, amounts(ret)) == ("nothing", 2_580, [])
    assert kinds(ret)[-2:] == ["return.credited", "return.closed"]


def test_whoever_keeps_it_gets_their_money_without_anybody_looking():
    order = with_a_key(make_order())
    ret = make_return(order, wishes=[Wish(order.items.first().ref, 1, "damaged")])
    ret.items.update(resolution="keep")
    ret.move(parcel="kept")
    ret.save()

    ret = settle(ret.pk, actor="rules", now=NOW)

    assert (ret.inspection, amounts(ret)) == ("unneeded", [(1_290, "submitting")])


@pytest.mark.parametrize("whole", [True, False])
def test_delivery_is_given_back_to_whoever_withdraws_from_all_of_it(whole):
    outlet = make_network()
    booking = make_booking(outlet)
    delivery, paid = booking.delivery, booking.price_minor
    order = with_a_key(make_order(outlet.merchant, payments=(Paid("pi_d", 11_480 + paid, "EUR"),)))
    delivery.order = order
    delivery.save()
    lines = [Wish(each.ref, each.quantity if whole else 1) for each in order.items.all()]

    ret = make_return(order, delivery=delivery, wishes=lines, kind="withdrawal")
    settle(ret.pk, actor="link:1", now=NOW)

    ret.refresh_from_db()
    assert paid
    assert ret.delivery_minor == (paid if whole else 0)


def test_two_returns_of_one_order_are_counted_one_after_the_other():
    order = with_a_key(make_order())
    first, second = make_return(order), make_return(order, wishes=[Wish(order.items.first().ref, 1)])

    for each in (first, second):
        settle(looked_at(Return.objects.get(pk=each.pk)).pk, actor="user:1", now=NOW)

    assert order.payments.get().refunded_minor == order.payments.get().captured_minor
