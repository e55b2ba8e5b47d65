"""Stripe's events: bad, old, repeated and out of order; what they speak of is fetched again."""

import json
import time

import pytest

from returns.errors import NotFromStripe
from returns.models import StripeEvent
from returns.services.hearing import hear
from returns.services.sending import submit
from tests.factories import NOW, make_merchant
from tests.fakes.stripe_server import SECRET, event_about, signature

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(stripe_server, due):
    """A refund that Stripe says is pending."""
    ret = due()
    refund = ret.refunds.get()
    stripe_server.statuses[refund.payment.payment_intent] = "pending"
    submit(refund.pk, now=NOW)
    return ret


def made(stripe_server):
    return next(iter(stripe_server.refunds.values()))


def tell(ret, body, signed=None):
    said = signature(body, SECRET) if signed is None else signed
    return hear(shop=ret.merchant.slug, body=body, signature=said, now=NOW)


def test_an_event_leads_to_how_its_refund_stands_now(stripe_server, sent):
    old = event_about(made(stripe_server))
    made(stripe_server)["status"] = "succeeded"

    assert tell(sent, old)

    sent.refresh_from_db()
    assert (sent.money, sent.refunds.get().state) == ("paid", "succeeded")


def test_an_event_takes_effect_once(stripe_server, sent):
    made(stripe_server)["status"] = "succeeded"
    body = event_about(made(stripe_server))

    assert [tell(sent, body) for _ in range(3)] == [True, False, False]
    assert StripeEvent.objects.count() == 1


def test_events_out_of_order_never_take_back_what_is_over(stripe_server, sent):
    pending = event_about(made(stripe_server))
    stripe_server.fail(made(stripe_server)["id"])
    failed = event_about(made(stripe_server), "refund.failed")

    tell(sent, failed)
    tell(sent, pending)

    refund = sent.refunds.get()
    assert (refund.state, refund.why) == ("staff", "expired_or_canceled_card")


def test_a_refund_that_a_bank_sends_back_after_all_waits_for_staff(stripe_server, sent):
    made(stripe_server)["status"] = "succeeded"
    tell(sent, event_about(made(stripe_server)))
    stripe_server.fail(made(stripe_server)["id"])

    tell(sent, event_about(made(stripe_server), "refund.failed"))

    sent.refresh_from_db()
    assert (sent.money, sent.settled_at) == ("staff", None)


@pytest.mark.parametrize(
    "signed",
    [
        lambda body: "",
        lambda body: "t=1,v1=00",
        lambda body: signature(body, "whsec_anothersecret"),
        lambda body: signature(body, SECRET, at=time.time() - 301),
        lambda body: signature(body + b" ", SECRET),
    ],
)
def test_what_stripe_did_not_sign_just_now_is_nothing(stripe_server, sent, signed):
    body = event_about(made(stripe_server))

    with pytest.raises(NotFromStripe):
        tell(sent, body, signed(body))
    assert StripeEvent.objects.count() == 0


@pytest.mark.parametrize("body", [b"{}", b"[]", b"\xff", b"not json", json.dumps({"id": "evt_1"}).encode()])
def test_what_is_signed_and_makes_no_sense_is_nothing(sent, body):
    with pytest.raises(NotFromStripe):
        hear(
            shop=sent.merchant.slug,
            body=body,
            signature=signature(body, SECRET),
            now=NOW,
        )


def test_a_shop_without_keys_hears_nothing(sent):
    with pytest.raises(NotFromStripe):
        hear(shop=make_merchant().slug, body=b"{}", signature="", now=NOW)


def test_another_shops_refund_is_no_business_of_this_one(stripe_server, sent, due):
    other = due()
    made(stripe_server)["status"] = "succeeded"

    assert not tell(other, event_about(made(stripe_server)))
    assert sent.refunds.get().state == "pending"
