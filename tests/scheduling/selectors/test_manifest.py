"""One route as whoever drives it needs it."""

from datetime import timedelta

import pytest

from scheduling.models import Delivery, Route, Stop
from scheduling.selectors.manifest import manifest_of
from scheduling.services.diverting import divert_delivery
from scheduling.services.notes import save_notes
from scheduling.ways_in import WayIn
from tests.factories import (
    CANTEEN,
    NOW,
    TOMORROW,
    a_break,
    make_booking,
    make_hold,
    make_network,
    make_point,
    some_contact,
    some_facts,
    start_day,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]
MORNING = NOW + timedelta(days=1, hours=-3)


@pytest.fixture
def outlet():
    return make_network(vans=1, days=3, rests=[a_break(12, **CANTEEN)])


@pytest.fixture
def route(outlet) -> Route:
    first = make_booking(outlet, hour=8, contact=some_contact(name="Aino", phone="+358401234567"))
    make_booking(outlet, hour=14, contact=some_contact(name="Bo"), facts=some_facts(north_m=400))
    save_notes(
        delivery=first.delivery, way_in=WayIn(buzzer="Virtanen"), kept=False, seen=0, actor="x", now=NOW
    )
    return first.stop.route


def manifest(outlet, route, **values):
    return manifest_of(**{"depot": outlet.depot, "day": TOMORROW, "route_id": route.pk, "now": NOW} | values)


def test_stops_stand_in_their_order_with_names_parcels_and_how_to_get_in(outlet, route):
    first, rest, last = manifest(outlet, route).stops

    assert (first.name, first.phone, first.parcels, first.notes.buzzer) == (
        "Aino",
        "+358401234567",
        1,
        "Virtanen",
    )
    assert (rest.at.address, rest.name, rest.parcels) == ("Canteen", "", 0)
    assert (last.name, last.city, last.notes) == ("Bo", "Helsinki", None)


def test_a_place_that_is_only_kept_is_not_on_it(outlet, route):
    make_hold(outlet, hour=16)

    assert Stop.objects.filter(route=route, state=Stop.State.HELD).exists()
    assert len(manifest(outlet, route).stops) == 3


def test_at_a_pickup_point_nobody_s_door_is_shown(outlet, route):
    delivery = Delivery.objects.get(contact_name="Aino")
    point = make_point(outlet.depot, name="Kioski", postcode="00200", city="Espoo")
    divert_delivery(delivery=delivery, point=point, actor="x", now=NOW)

    stop = next(stop for stop in manifest(outlet, route).stops if stop.name == "Aino")

    assert (stop.at.point, stop.postcode, stop.city) == ("Kioski", "00200", "Espoo")
    assert (stop.phone, stop.notes) == ("", None)


def test_codes_may_be_asked_for_at_the_next_stop_of_a_route_that_is_out_today(outlet, route):
    assert not any(stop.next for stop in manifest(outlet, route, now=MORNING).stops)
    start_day(route.shift.plan, now=MORNING)

    assert [stop.next for stop in manifest(outlet, route, now=MORNING).stops] == [True, False, False]
    tomorrow = MORNING + timedelta(days=1)
    assert not any(stop.next for stop in manifest(outlet, route, now=tomorrow).stops)


def test_another_day_or_depot_has_no_such_route(outlet, route):
    assert manifest(outlet, route, day=TOMORROW + timedelta(days=1)) is None
    assert manifest(outlet, route, day=TOMORROW + timedelta(days=300)) is None
    assert manifest(make_network(), route) is None
