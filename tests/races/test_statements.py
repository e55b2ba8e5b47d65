"""Two of a shop's people at one statement: led on or answered, once, and never both."""

from functools import partial

import pytest

from returns.errors import StatementAnswered
from returns.models import Return, Withdrawal
from returns.services.withdrawals import answer_statement, place_statement, state_withdrawal
from scheduling.models import Event
from tests.factories import NOW, make_network
from tests.races.together import at_once
from tests.returns.pickups import brought, relay_all

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_finds_the_order_while_another_answers(db):
    outlet = make_network(days=3)
    number = brought(outlet).delivery.order.number
    state_withdrawal(
        merchant=outlet.merchant,
        name="Eve",
        order_number="1O482",
        email="eve@example.com",
        content="I withdraw.",
        actor="customer",
        now=NOW,
    )
    relay_all()
    stated = Withdrawal.objects.get()
    who = {"merchant": outlet.merchant, "actor": "user:1", "now": NOW}

    done = at_once(
        partial(place_statement, stated.pk, order_number=number, **who),
        partial(place_statement, stated.pk, order_number=number, **who),
        partial(answer_statement, stated.pk, answer="Wrote to them", **who),
    )

    stated.refresh_from_db()
    assert sum(isinstance(each, Withdrawal) for each in done) == 1
    assert sum(isinstance(each, StatementAnswered) for each in done) == 2
    assert (stated.of is None) == (stated.answered_at is not None)
    assert Return.objects.count() == Event.objects.filter(kind="return.withdrawn").count() <= 1
