"""One log of events: a customer, the driver and who dispatches read the same ones."""

import re

import pytest
from django.test import Client

from portal.customers.timeline import SAID as SAID_TO_CUSTOMERS
from portal.customers.timeline import SAID_OF
from portal.models.people import Role
from portal.operations.story import SAID
from scheduling import clock
from scheduling.models import Booking
from scheduling.selectors.road import ROAD, story_of
from tests.factories import make_link, make_membership
from tests.portal.driving import Morning, make_day
from tests.portal.links import came_by

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def day():
    day = make_day(2)
    clock.set_source(Morning(day.now))
    yield day
    clock.set_source(None)


def read_in(page: str, among: list[str]) -> list[str]:
    """The events that a page tells of, in its order."""
    return [uid for uid in re.findall(r'data-event="(\w+)"', page) if uid in among]


def test_three_views_tell_of_the_same_events_in_the_same_order(day):
    stop, phone = day.stops[0], day.phone()
    phone.says("arrive", stop)
    phone.says("hand_over", stop, how="handed_over", to_whom="Aino")
    booking = Booking.objects.select_related("delivery").get(stop=stop)
    told = [event.uid.hex for event in story_of(booking.delivery)]

    customer = came_by(make_link(booking)).get(f"/d/{booking.delivery.ref}/").content.decode()
    depot = stop.route.shift.plan.depot
    dispatcher = Client()
    dispatcher.force_login(make_membership(depot=depot, role=Role.DISPATCHER).user)
    history = dispatcher.get(f"/depot/{depot.slug}/deliveries/{booking.delivery.ref}/").content.decode()
    sheet = phone.reads()

    assert len(told) >= 3
    assert read_in(customer, told) == told
    assert read_in(history, told) == told
    assert read_in(sheet, told) == told
    assert "Handed over" in history


def test_every_event_of_the_road_has_its_sentence_for_each_reader():
    assert set(ROAD) - SAID.keys() == set()
    assert set(ROAD) - SAID_TO_CUSTOMERS.keys() - SAID_OF.keys() == set()
