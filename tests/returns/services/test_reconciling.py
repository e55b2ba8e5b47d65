"""Every night what Stripe paid is compared with what we say was paid."""

from datetime import UTC, datetime, timedelta

import pytest

from returns.models import Refund, RefundFault
from returns.services.reconciling import Reconciled, reconcile
from returns.services.sending import begin_try, hand_to_staff, submit
from tests.fakes.stripe_server import Fault

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Stripe's own clock stamps what it makes."""
    return datetime.now(UTC)


def faults():
    return sorted(RefundFault.objects.values_list("what", flat=True))


def test_what_agrees_is_left_alone(due, now):
    ret = due()
    submit(ret.refunds.get().pk, now=now)

    assert reconcile(ret.merchant_id, now=now) == Reconciled(checked=1)


def test_a_refund_whose_answer_was_lost_is_found(stripe_server, due, now):
    ret = due()
    stripe_server.fault = lambda asked: Fault(made=True) if asked.method == "POST" else None
    submit(ret.refunds.get().pk, now=now)

    assert reconcile(ret.merchant_id, now=now).repaired == 1

    ret.refresh_from_db()
    assert (ret.money, ret.refunds.get().state) == ("paid", "succeeded")


def test_a_refund_that_failed_meanwhile_goes_to_staff(stripe_server, due, now):
    ret = due()
    submit(ret.refunds.get().pk, now=now)
    stripe_server.fail(ret.refunds.get().stripe_id)

    assert reconcile(ret.merchant_id, now=now).repaired == 1
    assert ret.refunds.get().state == "staff"


def test_a_refund_that_staff_was_given_and_stripe_made_is_found(stripe_server, due, now):
    ret = due()
    refund = ret.refunds.get()
    stripe_server.fault = lambda asked: Fault(made=True) if asked.method == "POST" else None
    submit(refund.pk, now=now)
    hand_to_staff(refund.pk, why="somehow", now=now)

    reconcile(ret.merchant_id, now=now)

    assert ret.refunds.get().state == "succeeded"


def test_a_refund_that_stripe_made_twice_is_kept_for_staff_once(stripe_server, due, now):
    ret = due()
    submit(ret.refunds.get().pk, now=now)
    first = next(iter(stripe_server.refunds.values()))
    stripe_server.refunds["re_twice"] = first | {"id": "re_twice"}

    assert [reconcile(ret.merchant_id, now=now).faults for _ in range(2)] == [1, 0]
    assert faults() == ["twice"]


def test_another_amount_an_unknown_and_a_missing_one_are_kept_for_staff(stripe_server, due, now):
    first, second = due(), due()
    for ret in (first, second):
        submit(ret.refunds.get().pk, now=now)
    gone = stripe_server.refunds.pop(second.refunds.get().stripe_id)
    reconcile(second.merchant_id, now=now)
    stripe_server.refunds["re_x"] = gone | {"id": "re_x", "metadata": {"doorstep_refund": "who-knows"}}
    stripe_server.refunds[first.refunds.get().stripe_id]["amount"] += 1
    reconcile(first.merchant_id, now=now)

    assert faults() == ["amount", "missing", "unknown"]


def test_a_pending_one_is_asked_for_however_old_it_is(stripe_server, due, now):
    ret = due()
    refund = ret.refunds.get()
    stripe_server.statuses[refund.payment.payment_intent] = "pending"
    submit(refund.pk, now=now)
    Refund.objects.update(created_at=now - timedelta(days=50))
    made = stripe_server.refunds[ret.refunds.get().stripe_id]
    made |= {"status": "succeeded", "created": int((now - timedelta(days=90)).timestamp())}

    assert reconcile(ret.merchant_id, now=now).repaired == 1


def test_what_was_begun_and_never_asked_for_is_no_fault(due, now):
    ret = due()
    begin_try(ret.refunds.get().pk, now=now)

    assert reconcile(ret.merchant_id, now=now) == Reconciled()
