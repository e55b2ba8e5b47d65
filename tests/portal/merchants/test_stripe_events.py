"""Where Stripe tells a shop what became of its refunds."""

import pytest

from returns.services.sending import submit
from tests.factories import NOW
from tests.fakes.stripe_server import SECRET, Fault, event_about, signature
from tests.returns.conftest import _nobody_sends_by_themselves, due, stripe_server  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(client, stripe_server, due):  # noqa: F811
    """Tell the shop of a refund that was pending and succeeded meanwhile."""
    ret = due()
    stripe_server.statuses[ret.refunds.get().payment.payment_intent] = "pending"
    submit(ret.refunds.get().pk, now=NOW)
    made = stripe_server.refunds[ret.refunds.get().stripe_id]
    made["status"] = "succeeded"

    def tell(secret=SECRET, slug=ret.merchant.slug):
        body = event_about(made)
        return client.post(
            f"/stripe/{slug}/events/",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": signature(body, secret)},
        ).status_code

    return ret, tell


def test_an_event_is_taken(told):
    ret, tell = told

    assert tell() == 200

    ret.refresh_from_db()
    assert ret.money == "paid"


def test_nobody_else_is_answered(told):
    ret, tell = told

    assert tell("whsec_somebodyelses") == 400
    assert tell(slug="no-such-shop") == 400
    assert ret.refunds.get().state == "pending"


@pytest.mark.parametrize("fault", [Fault(), Fault(status=429)])
def test_what_cannot_be_looked_up_now_is_told_again(told, stripe_server, fault):  # noqa: F811
    ret, tell = told
    stripe_server.fault = lambda asked: fault
    assert tell() == 503
    stripe_server.fault = lambda asked: None

    assert tell() == 200
    assert ret.refunds.get().state == "succeeded"
