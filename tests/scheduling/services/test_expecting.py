"""When stops are expected: kept, told once where it matters, and true to what happens on the road."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling import events
from scheduling.models import Event, Expected, LastSeen, Route, Stop
from scheduling.selectors.ahead import building_of, shifts_out
from scheduling.selectors.habits import forget_habits, habits_of
from scheduling.services.days import finish_route
from scheduling.services.expecting import note_late, refresh_shift
from scheduling.services.handing_over import Handover, arrive, settle_stop
from scheduling.services.resting import tell_running_late
from tests.factories import make_booking, make_network, make_point, plan_on, some_facts, start_day

pytestmark = [pytest.mark.django_db, pytest.mark.both]

MINUTE = timedelta(minutes=1)
STOPS = 6


@pytest.fixture(autouse=True)
def _nothing_learned():
    forget_habits()
    yield
    forget_habits()


@pytest.fixture
def route():
    """One van out with six stops between 10 and 12, some hundred metres apart; it leaves at 9:30."""
    outlet = make_network(vans=1)
    for number in range(STOPS):
        make_booking(outlet, facts=some_facts(north_m=400 * number), hour=10)
    plan = plan_on(outlet)
    leaves_at = Stop.objects.of_plan(plan).booked().first().opens_at - 30 * MINUTE
    (route,) = start_day(plan, now=leaves_at)
    return route


def stops_of(route) -> list[Stop]:
    return list(Stop.objects.booked().filter(route=route).order_by("position"))


def refresh(route, now) -> int:
    return refresh_shift(shift_id=route.shift_id, now=now)


def expected_of(stop) -> Expected:
    return Expected.objects.get(stop=stop)


def serve(stop, *, came_at, done_at):
    arrive(stop_id=stop.pk, at=came_at, actor="test", now=came_at)
    handover = Handover(outcome="handed_over", happened_at=done_at)
    settle_stop(stop_id=stop.pk, handover=handover, actor="test", now=done_at)


def told(kind) -> list[int]:
    return list(Event.objects.filter(kind=kind).order_by("pk").values_list("delivery_id", flat=True))


def test_every_stop_to_come_is_expected_in_order(route):
    assert refresh(route, route.started_at) == STOPS

    found = [expected_of(stop) for stop in stops_of(route)]
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert all(route.started_at <= each.from_at <= each.at <= each.until_at for each in found)
    assert found[0].from_at >= stops_of(route)[0].opens_at
    assert found[-1].until_at - found[-1].from_at > found[0].until_at - found[0].from_at


def test_the_same_again_changes_nothing_and_costs_few_queries(route):
    refresh(route, route.started_at)
    before = list(Expected.objects.order_by("pk").values())
    events_before = Event.objects.count()

    with CaptureQueriesContext(
        connection,
    ) as asked:
        refresh(route, route.started_at)

    assert list(Expected.objects.order_by("pk").values()) == before
    assert Event.objects.count() == events_before
    assert len(asked) <= 9


def test_what_happens_is_followed_within_one_run_of_the_relay(route):
    first, second = stops_of(route)[:2]
    refresh(route, route.started_at)
    before = expected_of(second)
    came_at = first.opens_at + 40 * MINUTE
    serve(first, came_at=came_at, done_at=came_at + 3 * MINUTE)

    events.relay(now=came_at + 3 * MINUTE, limit=200)

    after = expected_of(second)
    assert after.at > before.at + 25 * MINUTE
    assert after.until_at - after.from_at < timedelta(minutes=12)


def test_who_is_served_stays_as_they_were_expected(route):
    first = stops_of(route)[0]
    refresh(route, route.started_at)
    before = expected_of(first).at
    serve(first, came_at=first.opens_at, done_at=first.opens_at + 2 * MINUTE)

    refresh(route, first.opens_at + 3 * MINUTE)

    assert expected_of(first).at == before


def test_a_driver_who_stays_long_makes_the_next_late_without_a_word(route):
    first, second = stops_of(route)[:2]
    arrive(stop_id=first.pk, at=first.opens_at, actor="test", now=first.opens_at)
    refresh(route, first.opens_at)
    soon = expected_of(second).at

    refresh(route, first.opens_at + 50 * MINUTE)

    assert expected_of(second).at > soon + 40 * MINUTE


def test_a_position_on_the_way_tells_more_than_the_plan(route):
    first = stops_of(route)[0]
    far, near = route.started_at + 10 * MINUTE, route.started_at + 11 * MINUTE
    Stop.objects.filter(pk=first.pk).update(opens_at=route.started_at)
    LastSeen.objects.create(shift=route.shift, at=far, lat=60.60, lon=24.94)
    refresh(route, far)
    late = expected_of(first)

    address = first.delivery.address
    LastSeen.objects.filter(shift=route.shift).update(at=near, lat=address.lat, lon=address.lon)
    refresh(route, near)

    assert late.at > far + 60 * MINUTE
    assert expected_of(first).at < near + 2 * MINUTE


def test_a_position_from_long_ago_is_not_believed(route):
    first = stops_of(route)[0]
    Stop.objects.filter(pk=first.pk).update(opens_at=route.started_at)
    LastSeen.objects.create(shift=route.shift, at=route.started_at + MINUTE, lat=60.9, lon=24.94)

    refresh(route, route.started_at + 10 * MINUTE)

    assert expected_of(first).at < route.started_at + 60 * MINUTE


def test_what_a_driver_says_they_are_late_moves_all_to_come_until_they_arrive(route):
    stops = stops_of(route)
    now = stops[0].opens_at
    refresh(route, now)
    before = [expected_of(stop).at for stop in stops]
    note_late(route_id=route.pk, minutes=30, at=now)

    refresh(route, now)

    after = [expected_of(stop).at for stop in stops]
    assert all(later - at > 24 * MINUTE for at, later in zip(before, after, strict=True))
    arrive(stop_id=stops[0].pk, at=now + MINUTE, actor="test", now=now + MINUTE)
    refresh(route, now + MINUTE)
    assert expected_of(stops[1]).at < after[1] - 15 * MINUTE


def test_what_a_driver_says_on_the_sheet_reaches_all_who_wait(route):
    last = stops_of(route)[-1]
    now = last.closes_at - 40 * MINUTE
    refresh(route, now)
    tell_running_late(route_id=route.pk, late_by=60 * MINUTE, at=now, actor="test", now=now)

    events.relay(now=now, limit=200)

    assert last.delivery_id in told("delivery.late")


def test_who_will_be_late_is_told_once_and_again_only_after_it_was_well(route):
    stops = stops_of(route)
    last = stops[-1]
    on_time, late = stops[0].opens_at, last.closes_at - 2 * MINUTE
    refresh(route, on_time)
    assert told("delivery.late") == []

    for _time in range(3):
        refresh(route, late)
        late += MINUTE

    assert told("delivery.late").count(last.delivery_id) == 1
    assert expected_of(last).late_since is not None
    Stop.objects.filter(pk=last.pk).update(closes_at=late + 300 * MINUTE)
    refresh(route, late)
    assert expected_of(last).late_since is None
    Stop.objects.filter(pk=last.pk).update(closes_at=late)
    refresh(route, late)
    assert told("delivery.late").count(last.delivery_id) == 2


def test_nobody_is_called_late_within_what_is_tolerated(route, settings):
    settings.LATE_TOLERANCE_MINUTES = 240

    refresh(route, stops_of(route)[-1].closes_at)

    assert told("delivery.late") == []


def test_an_hour_of_delay_is_told_within_a_minute_of_the_task(route):
    """The van left and says nothing; somebody looks every minute."""
    last = stops_of(route)[-1]
    now, told_at = route.started_at, None
    while told_at is None and now < last.closes_at + 60 * MINUTE:
        refresh(route, now)
        told_at = now if last.delivery_id in told("delivery.late") else None
        likely = expected_of(last).at
        now += MINUTE

    assert told_at is not None
    assert told_at < last.closes_at  # before the promise breaks, not after
    assert likely > last.closes_at


def test_customers_are_told_once_that_it_is_near_and_that_they_are_next(route):
    stops = stops_of(route)
    now = stops[0].opens_at
    refresh(route, now)
    assert told("delivery.next") == [stops[0].delivery_id]
    assert told("delivery.near") == []  # that it left says as much

    serve(stops[0], came_at=now, done_at=now + 2 * MINUTE)
    for _time in range(2):
        refresh(route, now + 3 * MINUTE)

    assert told("delivery.next") == [stops[0].delivery_id, stops[1].delivery_id]
    assert told("delivery.near") == [stop.delivery_id for stop in stops[2:5]]


def test_whoever_has_no_vehicle_any_more_is_not_expected(route):
    refresh(route, route.started_at)
    stop = stops_of(route)[2]
    Stop.objects.filter(pk=stop.pk).update(unassigned_at=route.started_at)

    assert refresh(route, route.started_at + MINUTE) == STOPS - 1

    assert not Expected.objects.filter(stop=stop).exists()


def test_a_vehicle_that_should_have_left_makes_its_customers_late_too():
    outlet = make_network(vans=1)
    booking = make_booking(outlet, hour=10)
    (route,) = start_day(plan_on(outlet), now=booking.stop.opens_at - 60 * MINUTE)
    Route.objects.update(state=Route.State.LOADED, started_at=None)
    assert shifts_out(now=booking.stop.opens_at) == [route.shift_id]

    refresh(route, booking.stop.closes_at)

    assert told("delivery.late") == [booking.delivery_id]
    assert told("delivery.next") == []


def test_who_is_out_is_looked_at_and_nobody_else(route):
    now = route.started_at
    assert shifts_out(now=now) == [route.shift_id]
    for stop in stops_of(route):
        serve(stop, came_at=stop.opens_at, done_at=stop.opens_at + MINUTE)
    finish_route(route_id=route.pk, actor="test", now=now + 300 * MINUTE)

    assert shifts_out(now=now + 301 * MINUTE) == []


def test_more_time_at_a_door_moves_those_after_it(route):
    stops = stops_of(route)
    now = stops[0].opens_at
    arrive(stop_id=stops[0].pk, at=now, actor="test", now=now)
    refresh(route, now)
    before = expected_of(stops[2]).at
    Expected.objects.all().delete()
    delivery = stops[1].delivery
    delivery.service_s += 180
    delivery.extra_s += 180
    delivery.save()

    refresh(route, now)

    assert expected_of(stops[2]).at - before == 3 * MINUTE


def test_a_depot_learns_how_long_its_doors_take(route):
    assert habits_of(route.shift.plan.depot, now=route.started_at).door.usual.mean == 0
    at = stops_of(route)[0].opens_at
    for stop in stops_of(route):
        serve(stop, came_at=at, done_at=at + 12 * MINUTE)
        at += 14 * MINUTE
    forget_habits()

    assert habits_of(route.shift.plan.depot, now=at).door.usual.mean > 0.2


def test_doors_are_told_apart_by_what_their_customers_say(route):
    stop = stops_of(route)[0]
    assert building_of(stop) == "house"
    stop.delivery.address.unit = "A 12"
    assert building_of(stop) == "flat"
    stop.pickup_point = make_point(route.shift.plan.depot)
    assert building_of(stop) == "point"
