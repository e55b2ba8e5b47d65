"""What tests of returns may use."""

from collections.abc import Iterator

import pytest

from returns.services import refunds
from returns.services.stripe_accounts import save_stripe_account
from tests.factories import NOW, make_order, make_return
from tests.fakes.stripe_server import KEY, SECRET, StandIn, know_payments_of, standing_in


@pytest.fixture
def stripe_server(settings) -> Iterator[StandIn]:
    """A real HTTP server in Stripe's place."""
    with standing_in() as server:
        settings.STRIPE_API_BASE = server.url
        yield server


@pytest.fixture(autouse=True)
def _nobody_sends_by_themselves() -> Iterator[None]:
    """A test says itself when what waits is sent. No row that is laid out depends on that: see layouts.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refunds, "_waker", None)
        yield


@pytest.fixture
def due(stripe_server):
    """A withdrawal from an order of ours, settled: its refunds wait to be sent."""

    def made(order=None, **values):
        order = order or make_order()
        know_payments_of(stripe_server, order)
        save_stripe_account(merchant=order.merchant, key=KEY, secret=SECRET, actor="user:1", now=NOW)
        ret = make_return(order, kind="withdrawal", **values)
        return refunds.settle(ret.pk, actor="user:1", now=NOW)

    return made
