"""Grams of a day that was driven: by positions where there are enough, else by what was really visited."""

from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest

from scheduling.invariants import breaches
from scheduling.models import CarbonAccount, CarbonShare, Event, Position, Route, Stop
from scheduling.models.network import distance_m
from scheduling.routing.problem import Place
from scheduling.selectors.tracks import Fix, driven_m, place_of
from scheduling.services.accounts import close_account
from scheduling.services.coming_back import end_route
from scheduling.services.handing_over import Handover, settle_stop
from scheduling.snapshots import ROAD
from tests.factories import CENTRE, DEPOT_AT, NOW, make_booking, make_network, plan_on, some_facts, start_day

pytestmark = pytest.mark.django_db
OVER = (NOW + timedelta(days=1)).replace(hour=19)
LEFT = NOW.replace(hour=5)
DEPOT = Place(*DEPOT_AT)


@pytest.fixture
def outlet():
    return make_network(vans=2)


def a_day_out(outlet, order=(0, 1, 2), *, in_vain=()) -> Route:
    """A route whose stops were visited in an order, some in vain, and whose vehicle is back."""
    for number in range(3):
        make_booking(outlet, facts=some_facts(north_m=900 * number, east_m=700 * (number % 2)))
    [route] = start_day(plan_on(outlet))
    stops = list(Stop.objects.booked().filter(route=route).order_by("position"))
    for number, at in enumerate(order):
        when = stops[at].opens_at + timedelta(minutes=5 * number)
        failed = {"reason": "nobody_home"} if at in in_vain else {}
        handover = Handover("not_possible" if failed else "handed_over", when, **failed)
        settle_stop(stop_id=stops[at].pk, handover=handover, actor="s", now=when)
    end_route(route_id=route.pk, actor="s", now=stops[0].closes_at)
    return Route.objects.select_related("shift__vehicle__vehicle_class").get(pk=route.pk)


def closed(outlet) -> CarbonAccount:
    close_account(plan_id=plan_on(outlet).pk, now=OVER)
    assert list(breaches()) == []
    return CarbonAccount.objects.get()


def visited_m(order) -> int:
    """The ways between the doors in an order, from the depot and back."""
    rows = Stop.objects.booked().select_related("delivery__address", "pickup_point", "rest")
    stops = list(rows.order_by("position"))
    kind = _kind()
    places = [DEPOT, *(place_of(stops[at]) for at in order), DEPOT]
    return sum(ROAD.leg(one, other, kind).metres for one, other in pairwise(places))


def _kind():
    from scheduling.conversion import shift_of

    shift = Route.objects.select_related("shift__vehicle__vehicle_class", "shift__plan").first().shift
    return shift_of(shift, [], shift.plan.origin_at).vehicle.kind


def test_metres_are_those_of_the_order_in_which_doors_were_visited(outlet):
    a_day_out(outlet, (2, 0, 1))

    account = closed(outlet)

    assert account.method == "visited-legs-by-distance-1"
    assert account.metres == visited_m((2, 0, 1))
    assert account.metres != visited_m((0, 1, 2))
    assert Event.objects.get(kind="plan.accounted").data["method"] == "visited-legs-by-distance-1"
    assert account.shares.count() == account.stops == 3


def test_who_was_tried_in_vain_was_driven_to_as_well(outlet):
    a_day_out(outlet, in_vain=(1,))

    account = closed(outlet)

    assert account.stops == 3
    assert sum(CarbonShare.objects.values_list("grams", flat=True)) == account.grams


def drive(route: Route, metres: float, *, every_s: int = 60, until_s: int | None = None) -> None:
    """Fixes of a vehicle that goes north and back again, so far altogether."""
    seconds = int((route.finished_at - route.started_at).total_seconds())
    half_m = metres / 2
    for at_s in range(0, (until_s or seconds) + 1, every_s):
        gone_m = metres * at_s / seconds
        north_m = gone_m if gone_m <= half_m else metres - gone_m
        Position.objects.create(
            shift=route.shift,
            source="phone",
            at=route.started_at + timedelta(seconds=at_s),
            said_at=route.started_at + timedelta(seconds=at_s),
            received_at=route.finished_at,
            lat=CENTRE[0] + north_m / 111_195,
            lon=CENTRE[1],
        )


def test_where_a_vehicle_was_counts_more_than_where_it_should_have_been(outlet):
    route = a_day_out(outlet)
    drive(route, 40_000)

    account = closed(outlet)

    assert account.method == "driven-positions-by-distance-1"
    assert account.metres == pytest.approx(40_000, rel=0.01)
    assert sum(CarbonShare.objects.values_list("grams", flat=True)) == account.grams


def test_positions_with_a_gap_say_too_little(outlet):
    route = a_day_out(outlet)
    drive(route, 40_000, until_s=3 * 3600)

    assert closed(outlet).method == "visited-legs-by-distance-1"


def test_a_day_waits_for_a_vehicle_that_is_still_out_but_not_for_ever(outlet):
    make_booking(outlet)
    start_day(plan_on(outlet))

    assert close_account(plan_id=plan_on(outlet).pk, now=OVER) == 0
    assert plan_on(outlet).accounted_at is None
    close_account(plan_id=plan_on(outlet).pk, now=OVER + timedelta(hours=12))
    assert plan_on(outlet).accounted_at is not None
    assert CarbonAccount.objects.get().stops == 0
    assert "I8" not in {breach.rule for breach in breaches()}


def fixes(*points: tuple[int, float], wander_m: float = 0, seed: int = 1) -> list[Fix]:
    """Fixes so many seconds after the departure, so many metres north, and a little beside."""
    random = Random(seed)
    return [
        Fix(
            LEFT + timedelta(seconds=at_s),
            60.17 + north_m / 111_195,
            24.94 + random.uniform(-wander_m, wander_m) / 55_300,
        )
        for at_s, north_m in points
    ]


def metres(found: list[Fix], back_s: int) -> int | None:
    return driven_m(found, left_at=LEFT, back_at=LEFT + timedelta(seconds=back_s))


def test_fixes_that_wander_while_a_vehicle_stands_add_nothing():
    standing = fixes(*((at_s, 0) for at_s in range(0, 3_600, 20)), wander_m=10)

    assert metres(standing, 3_580) == 0


def test_a_fix_from_elsewhere_is_left_out():
    way = [(at_s, at_s * 10) for at_s in range(0, 600, 30)]
    found = fixes(*way)
    found.insert(7, Fix(found[7].at + timedelta(seconds=1), 0.0, 0.0))

    assert metres(found, 580) == pytest.approx(way[-1][1], rel=0.01)
    assert distance_m(60.17, 24.94, found[-1].lat, found[-1].lon) == pytest.approx(way[-1][1], rel=0.01)


def test_too_few_fixes_say_nothing():
    assert metres([], 600) is None
    assert metres(fixes((0, 0), (200, 900)), 3_600) is None  # nobody knows what came after
    assert metres(fixes((1_200, 0), (1_300, 900)), 1_400) is None  # nor before
    assert metres(fixes((0, 0), (400, 5_000), (500, 5_100)), 600) is None  # nor in between
    assert metres(fixes((0, 0), (1_000, 10), (1_100, 400)), 1_200) is not None  # there it stood
