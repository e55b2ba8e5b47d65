"""A depot's day, for its own people only."""

import json
import re
from datetime import timedelta

import pytest

from portal.models.people import Role
from scheduling import clock
from scheduling.models import CarbonAccount, CarbonShare, DayPlan, Depot, MerchantDepot
from scheduling.selectors.alone import alone_m
from scheduling.selectors.board import board_mark, board_of
from scheduling.services.accounts import close_account
from scheduling.services.diverting import divert_delivery
from tests.factories import (
    CANTEEN,
    NOW,
    PASSWORD,
    TOMORROW,
    a_break,
    make_booking,
    make_depot,
    make_hold,
    make_membership,
    make_network,
    make_operator,
    make_point,
    make_user,
    plan_on,
    some_facts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]
POLL = {"HX-Request": "true", "HX-Target": "plan"}


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def outlet():
    return make_network(vans=1, days=3)


@pytest.fixture
def planner(client, outlet):
    user = make_user()
    make_membership(user, Role.VIEWER, depot=outlet.depot)
    client.force_login(user)
    return client


def url(outlet, day=TOMORROW) -> str:
    return f"/depot/{outlet.depot.slug}/{day.isoformat()}/"


def board(outlet, now=NOW):
    return board_of(depot=outlet.depot, day=TOMORROW, now=now)


def test_the_page_shows_the_day_on_a_map_and_as_rows(planner, outlet):
    make_booking(outlet)
    hold = make_hold(outlet, hour=14)

    page = planner.get(url(outlet)).content.decode()
    routes = json.loads(re.search(r'data-routes="([^"]*)"', page)[1].replace("&quot;", '"'))

    assert "Tuesday 24 November" in page
    assert hold.delivery.address.line in page
    assert "1 held now" in page
    assert [point["kind"] for point in routes[0]["points"]] == ["depot", "booked", "held", "depot"]


def test_an_empty_day_says_what_will_be_there(planner, outlet):
    assert "No stops yet" in planner.get(url(outlet)).content.decode()


def test_a_day_without_a_plan_says_so(planner, outlet):
    page = planner.get(url(outlet, TOMORROW + timedelta(days=40)))

    assert page.status_code == 200
    assert "This day is not open yet" in page.content.decode()


def test_a_poll_that_has_seen_it_gets_204_and_the_part_otherwise(planner, outlet):
    mark = board(outlet).mark

    assert planner.get(url(outlet), {"v": mark}, headers=POLL).status_code == 204
    make_hold(outlet)
    changed = planner.get(url(outlet), {"v": mark}, headers=POLL)
    assert changed.status_code == 200
    assert "<html" not in changed.content.decode()
    assert 'id="plan"' in changed.content.decode()


def test_the_depot_s_own_address_leads_to_tomorrow(planner, outlet):
    response = planner.get(f"/depot/{outlet.depot.slug}/")

    assert response["Location"] == url(outlet)


@pytest.mark.parametrize("day", ["2026-13-01", "2026-02-30", "0000-00-00"])
def test_a_day_that_is_none_is_not_found(planner, outlet, day):
    assert planner.get(f"/depot/{outlet.depot.slug}/{day}/").status_code == 404


def test_a_stranger_is_asked_to_sign_in(client, outlet):
    assert client.get(url(outlet))["Location"].startswith("/staff/login/")


def test_another_depot_does_not_exist_for_its_neighbour(planner):
    other = make_depot()

    assert planner.get(f"/depot/{other.slug}/2026-11-24/").status_code == 404


def test_who_works_for_the_operator_sees_all_its_depots(client, outlet):
    user = make_user()
    make_membership(user, Role.VIEWER, operator=outlet.depot.operator)
    client.login(username=user.email, password=PASSWORD)

    assert client.get(url(outlet)).status_code == 200


def test_who_works_for_another_operator_does_not(client, outlet):
    user = make_user()
    make_membership(user, Role.MANAGER, operator=make_operator())
    client.force_login(user)

    assert client.get(url(outlet)).status_code == 404


@pytest.fixture
def resting():
    rests = [a_break(11, **CANTEEN), a_break(15, kind="charge", minutes=45)]
    return make_network(vans=1, days=3, rests=rests)


def test_the_page_says_where_the_van_rests(client, resting):
    user = make_user()
    make_membership(user, Role.VIEWER, depot=resting.depot)
    client.force_login(user)
    make_booking(resting, hour=8)

    page = client.get(url(resting)).content.decode()

    assert "Break at Canteen" in page
    assert "Charging at the depot" in page
    assert "45 min, nobody is served" in page
    points = json.loads(re.search(r'data-routes="([^"]*)"', page)[1].replace("&quot;", '"'))[0]["points"]
    assert [point["kind"] for point in points] == ["depot", "booked", "rest", "depot", "depot"]


def test_a_board_says_how_many_places_are_taken_and_for_whom_some_are_kept(client, planner, outlet):
    assert board(outlet).places is None
    Depot.objects.update(places_a_day=9)
    MerchantDepot.objects.update(reserved=4, reserved_until_h=6)
    make_booking(outlet)

    page = client.get(url(outlet)).content.decode()

    assert "1 of 9 places taken." in page
    assert f"Kept for {outlet.merchant}: 3, until 6 h before a time’s cut-off." in page
    DayPlan.objects.update(state="closed")
    assert board(outlet).places.kept == ()


def test_a_stop_shows_its_share_of_its_route_s_grams_planned_and_then_for_good(client, planner, outlet):
    make_booking(outlet, facts=some_facts(north_m=500))
    make_booking(outlet, facts=some_facts(north_m=-4_000), hour=14)
    make_hold(outlet, hour=16)
    (route,) = board(outlet).routes

    assert sum(stop.grams for stop in route.stops) == route.grams
    assert route.stops[0].grams < route.stops[1].grams
    page = client.get(url(outlet)).content.decode()
    assert "Grams are planned" in page
    assert "a test (2025)" in page
    over = NOW + timedelta(days=2)
    before = board_mark(depot=outlet.depot, day=TOMORROW, now=over)
    close_account(plan_id=plan_on(outlet).pk, now=over)

    (route,) = board(outlet, now=over).routes
    assert [stop.grams for stop in route.stops] == list(
        CarbonShare.objects.order_by("stop__position").values_list("grams", flat=True)
    )
    assert sum(stop.grams for stop in route.stops) == route.grams == CarbonAccount.objects.get().grams
    assert board_mark(depot=outlet.depot, day=TOMORROW, now=over) != before
    clock.set_source(lambda: over)
    page = client.get(url(outlet)).content.decode()
    assert "nobody told where the vehicles really drove" in page


def test_a_stop_at_a_pickup_point_says_so_in_the_list_and_on_the_map(planner, outlet):
    booking = make_booking(outlet, facts=some_facts(extra_s=180, safe_place="porch"))
    point = make_point(outlet.depot, name="Kulman kioski", line="Rantatie 4")
    divert_delivery(delivery=booking.delivery, point=point, actor="x", now=NOW)

    page = planner.get(url(outlet)).content.decode()

    assert "Kulman kioski, Rantatie 4" in page
    assert "Pickup point" in page
    assert "May be left" not in page
    assert booking.delivery.address.line not in page
    assert "&quot;kind&quot;: &quot;point&quot;" in page


def test_a_pickup_says_what_it_adds_beside_a_trip_of_its_own(planner, outlet):
    make_booking(outlet, facts=some_facts(north_m=100))
    booking = make_booking(outlet, facts=some_facts(direction="in", safe_place="porch"))
    alone = 2 * 1.3 * 8.9  # there and back

    page = planner.get(url(outlet)).content.decode()

    assert re.search(r"Collects: adds 0\.\d km; a trip of its own: 2\d\.\d km", page)
    assert alone_m(booking) / 1000 == pytest.approx(alone, rel=0.02)
    assert "Stands ready: Porch" in page
