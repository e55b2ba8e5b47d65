"""Refunds on their way through Stripe: whatever is lost, slow, repeated or broken, each is made once."""

from datetime import timedelta

import pytest

from returns.models import Refund, RefundFault, StripeAccount
from returns.services.refunds import send_what_waited
from returns.services.sending import GIVEN_UP, begin_try, due_refunds, submit
from returns.services.stripe_accounts import save_stripe_account
from scheduling.models import Event
from tests.factories import NOW
from tests.fakes.stripe_server import KEY, Fault

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def only(ret):
    return ret.refunds.get()


def send_until_over(refund, *, start=NOW, tries=20):
    """Do as the worker does, minute after minute, hour after hour."""
    now = start
    for _ in range(tries):
        if submit(refund.pk, now=now) != "submitting":
            break
        now = max(now, Refund.objects.get(pk=refund.pk).next_attempt_at or now)
    return Refund.objects.get(pk=refund.pk)


def once(fault, times=1):
    """Break the first `times` refunds that are asked for."""
    left = [times]

    def decide(asked):
        if asked.method != "POST" or not left[0]:
            return None
        left[0] -= 1
        return fault

    return decide


def test_a_refund_is_sent_with_its_own_id_as_key(stripe_server, due):
    ret = due()

    assert submit(only(ret).pk, now=NOW) == "succeeded"

    refund = only(ret)
    made = stripe_server.refunds[refund.stripe_id]
    assert (made["amount"], made["metadata"]["doorstep_refund"]) == (refund.amount_minor, str(refund.pk))
    assert [asked.key for asked in stripe_server.asked] == [str(refund.pk)]
    ret.refresh_from_db()
    assert ret.money == "paid"
    assert Event.objects.filter(kind="return.refunded", data__return=ret.ref).count() == 1


def test_what_was_sent_is_not_due_again(stripe_server, due):
    ret = due()
    assert due_refunds(now=NOW) == [only(ret).pk]

    submit(only(ret).pk, now=NOW)

    assert due_refunds(now=NOW + DAY) == []
    assert submit(only(ret).pk, now=NOW + DAY) == "succeeded"
    assert len(stripe_server.refunds) == 1


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("later", [timedelta(minutes=2), timedelta(hours=25)])
def test_an_answer_that_is_lost_is_asked_for_again(stripe_server, due, made, later):
    refund = only(due())
    stripe_server.fault = once(Fault(made=made))
    assert submit(refund.pk, now=NOW) == "submitting"
    if later > DAY:
        stripe_server.forget_keys()

    assert submit(refund.pk, now=NOW + later) == "succeeded"

    assert len(stripe_server.made_for(str(refund.pk))) == 1


@pytest.mark.parametrize("made", [True, False])
def test_a_key_that_stripe_broke_over_is_looked_up_and_given_up_in_the_end(stripe_server, due, made):
    refund = only(due())
    stripe_server.fault = once(Fault(status=500, made=made))

    refund = send_until_over(refund)

    assert refund.state == "succeeded"
    assert len(stripe_server.made_for(str(refund.pk))) == 1
    assert refund.renewed == (0 if made else 1)
    asked_for = [asked.key for asked in stripe_server.asked if asked.method == "POST"]
    assert len(set(asked_for)) == (1 if made else 2)
    assert made or asked_for.count(str(refund.pk)) == GIVEN_UP


@pytest.mark.parametrize("fault", [Fault(status=429), Fault(status=409)])
def test_stripe_that_is_busy_is_asked_later(stripe_server, due, fault):
    refund = only(due())
    stripe_server.fault = once(fault, times=3)

    assert send_until_over(refund).state == "succeeded"
    assert len(stripe_server.refunds) == 1


def test_a_worker_that_died_after_it_began_goes_on_with_the_same_key(stripe_server, due):
    refund = only(due())
    begun = begin_try(refund.pk, now=NOW)
    assert begin_try(refund.pk, now=NOW) is None

    assert submit(refund.pk, now=NOW + timedelta(minutes=2)) == "succeeded"
    assert stripe_server.asked[-1].key == begun.idempotency_key


def test_a_payment_that_somebody_gave_back_elsewhere_goes_to_staff(stripe_server, due):
    ret = due()
    for payment in stripe_server.payments.values():
        payment.captured_minor = 100

    assert submit(only(ret).pk, now=NOW) == "staff"

    ret.refresh_from_db()
    assert (ret.money, stripe_server.refunds) == ("staff", {})


def test_a_card_that_was_closed_goes_to_staff_and_is_not_revived(stripe_server, due):
    ret = due()
    stripe_server.statuses[only(ret).payment.payment_intent] = "failed"

    assert submit(only(ret).pk, now=NOW) == "staff"

    ret.refresh_from_db()
    assert (ret.money, ret.closed_at) == ("staff", None)


def test_a_key_that_stripe_does_not_take_waits_for_another(stripe_server, due):
    ret = due()
    stripe_server.refused_keys.add(KEY)
    assert submit(only(ret).pk, now=NOW) == "staff"
    account = StripeAccount.objects.get()
    assert account.refused_at == NOW

    save_stripe_account(
        merchant=ret.merchant, key="rk_test_another_key_0", secret="", actor="user:1", now=NOW
    )
    assert send_what_waited(ret.merchant_id, actor="user:1", now=NOW) == 1

    assert submit(only(ret).pk, now=NOW) == "succeeded"


def test_an_unanswered_refund_is_not_given_to_staff_by_a_key_that_is_refused(stripe_server, due):
    refund = only(due())
    stripe_server.fault = once(Fault(made=True))
    submit(refund.pk, now=NOW)
    stripe_server.refused_keys.add(KEY)

    assert submit(refund.pk, now=NOW + timedelta(minutes=5)) == "submitting"


def test_a_second_refund_at_stripe_for_one_row_is_kept_for_staff(stripe_server, due):
    from returns.payments import AtStripe
    from returns.services.sending import take

    refund = only(due())
    submit(refund.pk, now=NOW)

    take(refund.pk, AtStripe("re_other", "succeeded", refund.amount_minor, "EUR", str(refund.pk)), now=NOW)

    assert RefundFault.objects.get().what == "twice"


@pytest.mark.parametrize(("currency", "price"), [("JPY", 500), ("KWD", 5_120), ("ISK", 50_000)])
def test_currencies_without_and_with_three_decimals_are_taken(stripe_server, due, currency, price):
    from scheduling.bought import ItemBought, Paid
    from tests.factories import make_order

    order = make_order(
        currency=currency,
        items=(ItemBought(sku="CUP", name="Cup", price_minor=price, quantity=3),),
        payments=(Paid("pi_c", price * 2, currency),),
    )
    refund = only(due(order))

    assert submit(refund.pk, now=NOW) == "succeeded"
