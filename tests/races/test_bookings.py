"""Two at once name the same order, on days whose plans lock nothing of each other: it is made once."""

from datetime import timedelta
from functools import partial

import pytest

from scheduling.invariants import breaches
from scheduling.models import Order
from scheduling.services.bookings import confirm_hold
from tests.factories import NOW, TOMORROW, make_hold, make_network, some_contact
from tests.races.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 6


def test_of_two_who_name_a_new_order_at_once_the_later_gets_what_the_earlier_made():
    outlet = make_network(days=3)
    for number in range(ROUNDS):
        holds = [make_hold(outlet, day=TOMORROW + timedelta(days=days)) for days in (0, 1)]
        named = {"contact": some_contact(), "order_number": f"N-{number}", "actor": "test", "now": NOW}

        one, other = at_once(*(partial(confirm_hold, hold=hold, **named) for hold in holds))

        assert one.delivery.order_id == other.delivery.order_id
        assert one.delivery_id != other.delivery_id
    assert Order.objects.count() == ROUNDS
    assert list(breaches()) == []
