"""Better routes while vehicles are out: what is behind them stays, what is on board stays there."""

from dataclasses import replace
from itertools import pairwise, permutations, product
from random import Random

import pytest

from scheduling.routing.improve import cost_s, improve, is_sound, keeps_visits
from scheduling.routing.problem import Place, Plan, Shift, Trip, Visit
from scheduling.routing.schedule import loads_of, schedule
from scheduling.routing.started import Ahead
from tests.scheduling.routing.test_improve import DEPOT, ROAD, filled, moved_keys, shift, van
from tests.scheduling.routing.test_rests import a_rest, resting

BRIEF_S = 0.08
MISSED_S = 5


def some_begun(plan: Plan, random: Random) -> dict[int, int]:
    """Some of the vehicles are out: on one of their trips, or back from it."""
    begun = {}
    for each in plan.shifts:
        driven = [trip for trip in each.trips if any(not visit.rest for visit in trip.visits)]
        if driven and random.random() < 0.7:
            trip = random.choice(driven)
            begun[trip.key] = random.randint(1, len(trip.visits) + 1)
    return begun


def a_day(seed: int) -> tuple[Plan, dict[int, int]]:
    """Three vehicles with one to three trips, tight loads, and rests on every other day."""
    random = Random(seed)
    kind = van(capacity=(30,), speed_m_per_h=18_000, cost_s_per_km=60, opening_cost_s=900)
    trips = 1 + seed % 3
    if seed % 2:
        shifts = [resting(key, kind, a_rest(1_000 + key), trips=trips) for key in (1, 2, 3)]
    else:
        shifts = [shift(key, kind, trips=trips) for key in (1, 2, 3)]
    plan = filled(Plan(DEPOT, tuple(shifts)), seed, visits=40)
    return plan, some_begun(plan, random)


def over_and_ahead(each: Shift, begun: dict[int, int]) -> tuple[list[Trip], Trip | None, int]:
    """The trips that are over, and the one that a vehicle is on with how many visits are done."""
    left = [number for number, trip in enumerate(each.trips) if trip.key in begun]
    if not left:
        return [], None, 0
    trip = each.trips[left[-1]]
    done = begun[trip.key]
    if done > len(trip.visits):
        return list(each.trips[: left[-1] + 1]), None, 0
    return list(each.trips[: left[-1]]), trip, done


@pytest.mark.parametrize("seed", range(24))
def test_what_is_behind_stays_and_what_is_on_board_stays_there(seed):
    plan, begun = a_day(seed)
    assert is_sound(plan)

    better = improve(plan, ROAD, seconds=BRIEF_S, seed=seed, begun=begun)

    assert keeps_visits(plan, better)
    assert is_sound(better)  # windows, loads on every leg, reloads and hours of whole days
    assert cost_s(better) <= cost_s(plan)
    for before, after in zip(plan.shifts, better.shifts, strict=True):
        over, trip, done = over_and_ahead(before, begun)
        assert list(after.trips[: len(over)]) == over
        if trip is not None:
            now = after.trips[len(over)]
            assert (now.visits[:done], now.legs[:done]) == (trip.visits[:done], trip.legs[:done])
            on_board = [{v.key for v in one.visits if any(v.delivered)} for one in (trip, now)]
            assert on_board[0] == on_board[1]
            assert loads_of(now.visits)[0] == loads_of(trip.visits)[0]


def test_days_under_way_do_get_better_and_only_pickups_change_trips_that_left():
    gained = joined = 0
    for seed in range(15):
        plan, begun = a_day(seed)
        better = improve(plan, ROAD, seconds=BRIEF_S, seed=seed, begun=begun)
        gained += begun != {} and cost_s(better) < cost_s(plan)
        moved = moved_keys(plan, better)
        for each in better.shifts:
            for trip in each.trips:
                if trip.key in begun:
                    came = [visit for visit in trip.visits if visit.key in moved]
                    assert all(visit.rest or not any(visit.delivered) for visit in came)
                    joined += len(came)

    assert gained > 7
    assert joined > 0


@pytest.mark.parametrize("seed", range(10))
def test_legs_are_those_of_the_road_from_where_the_vehicle_is(seed):
    plan, begun = a_day(seed)

    better = improve(plan, ROAD, seconds=BRIEF_S, seed=seed, begun=begun)

    for each in better.shifts:
        for trip in each.trips:
            stops = [DEPOT, *(visit.place for visit in trip.visits), DEPOT]
            ways = pairwise(stops) if trip.visits else ()
            assert trip.legs == tuple(ROAD.leg(a, b, each.vehicle.kind) for a, b in ways)


def driven_by(key: int, visits: list[Visit]) -> Shift:
    kind = van(cost_s_per_km=60)
    stops = [DEPOT, *(visit.place for visit in visits), DEPOT]
    legs = tuple(ROAD.leg(a, b, kind) for a, b in pairwise(stops)) if visits else ()
    return replace(shift(key, kind), trips=(Trip(100 * key, tuple(visits), legs),))


def some_visit(random: Random, key: int, *, up: bool) -> Visit:
    place = Place(DEPOT.lat + random.gauss(0, 0.02), DEPOT.lon + random.gauss(0, 0.04))
    load = (random.randint(1, 40),)
    return Visit(key, place, 0, 30_000, 180, (0,) if up else load, load if up else (0,))


def cheapest_by_trying(plan: Plan, done: int) -> int:
    """The least cost of all days with the first shift's `done` visits first and its deliveries on board."""
    (out,), (later,) = (each.trips for each in plan.shifts)
    aboard = [visit for visit in out.visits[done:] if any(visit.delivered)]
    to_come = [visit for visit in out.visits[done:] if not any(visit.delivered)]
    free = [*to_come, *(visit for visit in later.visits if not any(visit.delivered))]
    loaded = [visit for visit in later.visits if any(visit.delivered)]
    costs = []
    for owners in product((0, 1), repeat=len(free)):
        own = [[v for v, owner in zip(free, owners, strict=True) if owner == number] for number in (0, 1)]
        for first in permutations([*aboard, *own[0]]):
            for second in permutations([*loaded, *own[1]]):
                tried = Plan(DEPOT, (driven_by(1, [*out.visits[:done], *first]), driven_by(2, list(second))))
                costs += [cost_s(tried)] if is_sound(tried) else []
    return min(costs)


@pytest.mark.parametrize("seed", range(20))
def test_small_days_under_way_are_solved_to_the_best(seed):
    random = Random(seed)
    out = [some_visit(random, key, up=key % 2 == 1) for key in (0, 1, 2, 3)]
    later = [some_visit(random, key, up=key == 11) for key in (10, 11, 12)]
    plan, done = Plan(DEPOT, (driven_by(1, out), driven_by(2, later))), 1 + seed % 2
    if not is_sound(plan):
        pytest.skip("chance overloaded a vehicle")

    better = improve(plan, ROAD, seconds=BRIEF_S, seed=seed, begun={100: done})

    assert cost_s(better) <= cheapest_by_trying(plan, done) + MISSED_S


def test_who_was_served_late_does_not_keep_the_rest_from_getting_better():
    random = Random(5)
    visits = [some_visit(random, key, up=False) for key in range(6)]
    visits = [replace(visit, delivered=(5,)) for visit in visits]
    visits[0] = replace(visits[0], closes_s=1)
    plan = Plan(DEPOT, (driven_by(1, visits),))
    assert not is_sound(plan)
    assert improve(plan, ROAD, seconds=BRIEF_S) is plan

    better = improve(plan, ROAD, seconds=BRIEF_S, begun={100: 1})

    assert cost_s(better) < cost_s(plan)
    assert better.shifts[0].trips[0].visits[0] == visits[0]


def test_what_was_collected_stays_on_board():
    kind = van()
    full = Visit(1, Place(60.18, 24.95), 0, 30_000, 60, (0,), (90,))
    near = Visit(2, Place(60.181, 24.951), 0, 30_000, 60, (0,), (20,))
    other = driven_by(2, [near])
    plan = Plan(DEPOT, (driven_by(1, [full]), other))
    free = improve(plan, ROAD, seconds=BRIEF_S, begun={100: 1})

    ahead = Ahead.of(plan.shifts[0], {100: 1})

    assert ahead.tours()[0].aboard == (90,)
    assert [len(each.trips[0].visits) for each in free.shifts] == [1, 1]
    assert kind.capacity == (100,)


def test_a_vehicle_goes_on_when_and_where_it_leaves():
    visits = [some_visit(Random(3), key, up=False) for key in (1, 2, 3)]
    each = driven_by(1, visits)
    (times,) = schedule(each)

    (tour,) = Ahead.of(each, {100: 2}).tours()
    judged = Ahead.of(each, {100: 2}).to_come()

    assert (tour.start, tour.vehicle.starts_s) == (visits[1].place, times.departures_s[1])
    (now,) = schedule(judged)
    assert now.starts_s[1:] == times.starts_s[2:]
    assert now.returns_s == times.returns_s
    assert now.latest_s[1:] == times.latest_s[2:]
    assert now.loads[1:] == times.loads[2:]


def test_a_day_that_is_over_stays_as_it_is():
    plan = Plan(DEPOT, (driven_by(1, [some_visit(Random(3), 1, up=False)]),))

    assert improve(plan, ROAD, seconds=BRIEF_S, begun={100: 2}) is plan


@pytest.mark.parametrize("done", [0, 3])
def test_more_than_there_is_cannot_have_begun(done):
    plan = Plan(DEPOT, (driven_by(1, [some_visit(Random(3), 1, up=False)]),))

    with pytest.raises(ValueError, match="cannot have begun"):
        improve(plan, ROAD, seconds=BRIEF_S, begun={100: done})
