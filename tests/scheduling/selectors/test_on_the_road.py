"""A day under way as its dispatcher and its driver read it: the same rows, and all of them."""

from datetime import timedelta

import pytest

from scheduling.models import Attempt, DayException, Route, Stop
from scheduling.selectors import dispatch
from scheduling.selectors.attempts import attempt_at, attempts_of, is_as_sealed, may_undo
from scheduling.selectors.road import glimpse_of, progress_of, stops_before, stories_of, story_of
from scheduling.selectors.sheet import OVERTIME, sheet_of, shift_over_at, shifts_serving, vehicle_with
from scheduling.services.days import finish_route
from scheduling.services.dispatching import break_down
from scheduling.services.handing_over import Handover, settle_stop
from tests.factories import (
    CANTEEN,
    TOMORROW,
    a_break,
    make_booking,
    make_depot,
    make_driver,
    make_network,
    plan_on,
    some_facts,
    start_day,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def outlet():
    """One van with a break, and three deliveries on one trip."""
    made = make_network(vans=1, days=3, rests=[a_break(12, hours=2, **CANTEEN)])
    for number, hour in enumerate((10, 10, 14)):
        make_booking(made, hour=hour, facts=some_facts(north_m=400 * number))
    return made


@pytest.fixture
def route(outlet) -> Route:
    [started] = start_day(plan_on(outlet))
    return Route.objects.select_related("shift__plan__depot").get(pk=started.pk)


def served(route: Route) -> list[Stop]:
    rows = Stop.objects.booked().filter(route=route).select_related("delivery__booking__stop__route")
    return list(rows.order_by("position"))


def settle(stop: Stop, outcome: str = "handed_over", *, reason: str = "", late: timedelta = timedelta()):
    at = stop.opens_at + late
    said = Handover(outcome, at, reason=reason)
    return settle_stop(stop_id=stop.pk, handover=said, actor="shift:1", now=at)


def board_at(outlet, now) -> dispatch.DispatchBoard:
    found = dispatch.dispatch_of(depot=outlet.depot, day=TOMORROW, now=now)
    assert found is not None
    return found


# The dispatcher


def test_a_board_has_what_is_over_first_and_then_what_is_to_come_with_when(outlet, route):
    first, second, third = served(route)
    settle(second)

    board = board_at(outlet, second.opens_at + timedelta(minutes=1))

    [shown] = board.routes
    doors = [stop for stop in shown.stops if stop.served_there]
    assert [stop.key for stop in doors] == [second.pk, first.pk, third.pk]
    assert (shown.done, shown.left, shown.next) == (1, 2, doors[1])
    assert (doors[0].over, doors[0].kept, doors[0].movable, doors[0].margin_s) == (True, True, False, None)
    assert doors[0].outcome
    assert doors[1].movable
    assert shown.margin_s == min(doors[1].margin_s, doors[2].margin_s)
    assert doors[1].margin_s == int((doors[1].closes - doors[1].expected).total_seconds())
    [rest] = [stop for stop in shown.stops if stop.rest]
    assert (rest.address, rest.for_whom, rest.ref) == ("Canteen", "", "")
    assert board.vehicles[route.pk] == (shown.vehicle, 1)
    assert board.alone == ()
    assert (board.promises.made, board.promises.kept, board.promises.to_come) == (3, 1, 2)


def test_a_promise_is_broken_by_a_try_in_vain_and_by_its_time_that_went_by(outlet, route):
    first, second, third = served(route)
    settle(first, "not_possible", reason="nobody_home")

    board = board_at(outlet, second.closes_at)

    promises = board.promises
    assert (promises.made, promises.kept, promises.broken, promises.to_come) == (3, 0, 2, 1)
    shown = {stop.key: stop for stop in board.routes[0].stops}
    assert shown[first.pk].failed
    assert not shown[third.pk].broken_by(second.closes_at)


def test_what_is_open_comes_by_when_it_breaks_with_its_stop_and_route(outlet, route):
    stop = served(route)[0]
    now = stop.opens_at
    late = {"plan": route.shift.plan, "raised_at": now}
    DayException.objects.create(kind="late", stop=stop, breaks_at=now + timedelta(minutes=90), **late)
    DayException.objects.create(kind="silent", route=route, breaks_at=now - timedelta(minutes=5), **late)
    DayException.objects.create(
        kind="missed", stop=stop, breaks_at=now, settled_at=now, settled_by="clock", **late
    )

    silent, broken = board_at(outlet, now).exceptions

    assert (silent.kind, silent.minutes, silent.stop) == ("silent", -5, None)
    assert (broken.kind, broken.minutes) == ("late", 90)
    assert broken.stop is not None
    assert broken.stop.key == stop.pk
    assert {silent.route.key, broken.route.key} == {route.pk}


def test_what_a_vehicle_that_broke_down_leaves_is_on_no_route(outlet, route):
    stops = served(route)
    now = stops[0].opens_at
    break_down(route_id=route.pk, actor="user:1", now=now)

    board = board_at(outlet, now)

    assert {stop.key for stop in board.alone} == {stop.pk for stop in stops}
    assert all(stop.movable for stop in board.alone)
    assert board.routes[0].broken == now
    assert board.routes[0].margin_s is None


def test_the_mark_changes_with_what_happens_and_with_each_minute(outlet, route):
    stop = served(route)[0]
    now = stop.opens_at

    def mark(at=now):
        return dispatch.dispatch_mark(depot=outlet.depot, day=TOMORROW, now=at)

    before = mark()
    assert before == mark() == board_at(outlet, now).mark
    assert mark(now + timedelta(minutes=1)) != before
    settle(stop)
    assert mark() != before


def test_without_a_plan_there_is_no_board(outlet):
    nowhere = make_depot()
    now = plan_on(outlet).origin_at
    assert dispatch.dispatch_of(depot=nowhere, day=TOMORROW, now=now) is None
    assert dispatch.dispatch_mark(depot=nowhere, day=TOMORROW, now=now) is None


def test_a_depot_finds_its_own_routes_stops_shifts_and_drivers_and_no_other_does(outlet, route):
    depot, other = outlet.depot, make_depot()
    stop, driver = served(route)[0], make_driver(depot)
    make_driver(depot, name="Gone", active=False)

    assert dispatch.route_at(depot=depot, route_id=route.pk) == route
    assert dispatch.stop_at(depot=depot, stop_id=stop.pk) == stop
    assert dispatch.shift_at(depot=depot, shift_id=route.shift_id) == route.shift
    assert dispatch.drivers_of(depot) == [driver]
    assert dispatch.route_at(depot=other, route_id=route.pk) is None
    assert dispatch.stop_at(depot=other, stop_id=stop.pk) is None
    assert dispatch.shift_at(depot=other, shift_id=route.shift_id) is None
    assert dispatch.drivers_of(other) == []
    assert dispatch.first_route_of(route.shift) == route.pk
    assert dispatch.day_at(depot=depot, now=stop.opens_at) == TOMORROW


# The driver


def test_a_sheet_has_the_trip_under_way_with_its_stops_in_order(outlet, route):
    first, second, third = served(route)
    before = sheet_of(route.shift)
    settle(first)

    sheet = sheet_of(route.shift)

    assert (sheet.route, sheet.trip, sheet.trips) == (route, 1, 1)
    assert [each.row.pk for each in sheet.served] == [first.pk, second.pk, third.pk]
    assert [each.number for each in sheet.served] == [1, 2, 3]
    assert [each.row.pk for each in sheet.left] == [second.pk, third.pk]
    assert sheet.next == sheet.left[0]
    assert sheet.loaded == sheet.served
    assert sheet.served[0].attempt == Attempt.objects.get(stop=first)
    assert sheet.zone == outlet.depot.zone
    assert len(sheet.stops) == 4  # the rest among them
    assert sheet.mark != before.mark


def test_a_shift_is_over_with_its_last_trip_or_hours_after_its_end(route):
    assert shift_over_at(route.shift) == route.shift.ends_at + OVERTIME
    for stop in served(route):
        settle(stop)
    back = served(route)[-1].closes_at

    Stop.objects.filter(route=route, state="rest").update(arrived_at=back, done_at=back)
    finish_route(route_id=route.pk, actor="test", now=back)

    assert shift_over_at(route.shift) == back
    assert sheet_of(route.shift).left == []


def test_shifts_that_serve_somebody_and_who_brings_a_parcel_are_found(outlet, route):
    barcode = served(route)[0].delivery.parcels.get().barcode

    assert shifts_serving(depot_id=outlet.depot_id, day=TOMORROW) == [route.shift]
    assert vehicle_with(plan_id=route.shift.plan_id, barcode=barcode) == route.shift.vehicle.name
    assert vehicle_with(plan_id=route.shift.plan_id, barcode="nobody's") == ""


# Who waits


def test_who_follows_reads_how_far_the_route_is_and_what_happened(route):
    first, second, third = served(route)
    settle(first)

    assert (progress_of(route).done, progress_of(route).left) == (1, 2)
    assert [stops_before(stop) for stop in (second, third)] == [0, 1]
    kinds = [event.kind for event in story_of(first.delivery)]
    assert kinds == ["delivery.on_the_way", "delivery.delivered"]
    told = stories_of([first.delivery_id, third.delivery_id])
    assert [event.kind for event in told[first.delivery_id]] == kinds
    assert [event.kind for event in told[third.delivery_id]] == kinds[:1]
    glimpse = glimpse_of(third.delivery)
    assert glimpse is not None
    assert (glimpse.ref, glimpse.before, glimpse.stop_id) == (third.delivery.ref, 1, third.pk)
    done = glimpse_of(first.delivery)
    assert done is not None
    assert (done.outcome, done.state) == ("handed_over", "delivered")


def test_tries_are_read_with_their_proofs_as_they_were_sealed(route):
    first, second, _third = served(route)
    attempt = settle(first)

    assert attempts_of(first.delivery) == [attempt]
    assert attempt_at(first) == attempt
    assert attempt_at(second) is None
    assert may_undo(first.delivery, attempt)
    assert is_as_sealed(attempt, ref=first.delivery.ref, before="")
    attempt.note = "another"
    assert not is_as_sealed(attempt, ref=first.delivery.ref, before="")
