"""Better routes for the same visits: nothing is lost, nothing breaks, the cost is what we say it is."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from scheduling.routing.improve import BeyondRange, cost_s, driving, improve, is_sound, visits_of
from scheduling.routing.insertion import best_gap, insert
from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, VehicleClass, Visit
from scheduling.routing.tape import build_tape
from scheduling.routing.travel import GreatCircle, Matrix
from tests.scheduling.routing.worlds import make_world

ROAD = GreatCircle()
DEPOT = Place(60.17, 24.94)
BRIEF_S = 0.05


def van(**values) -> VehicleClass:
    known = {
        "key": "van", "capacity": (100,), "speed_m_per_h": 25_000, "detour_percent": 130,
        "cost_s_per_km": 0, "opening_cost_s": 0, "grams_per_km": 90,
    }  # fmt: skip
    return VehicleClass(**(known | values))


def shift(key: int, kind: VehicleClass, *, trips: int = 1, skills: int = 0, reload_s: int = 600) -> Shift:
    vehicle = Vehicle(key, kind, 0, 30_000, 30_000, reload_s, skills)
    return Shift(vehicle, tuple(Trip(100 * key + number) for number in range(trips)))


def filled(plan: Plan, seed: int, visits: int, *, most: int = 10, skills: int = 0) -> Plan:
    """The plan with visits booked one after the other where they then fitted best."""
    random = Random(seed)
    for key in range(1, visits + 1):
        opens = random.randrange(4) * 7_000
        load = (random.randint(1, most),)
        up = random.random() < 0.3
        visit = Visit(
            key=key,
            place=Place(DEPOT.lat + random.gauss(0, 0.02), DEPOT.lon + random.gauss(0, 0.04)),
            opens_s=opens,
            closes_s=opens + 7_000,
            service_s=180,
            delivered=(0,) if up else load,
            collected=load if up else (0,),
            skills=skills if random.random() < 0.3 else 0,
        )
        if found := best_gap(build_tape(plan), visit, ROAD):
            plan = insert(plan, found[0], visit, ROAD)
    return plan


def three_vans(**values) -> Plan:
    return Plan(DEPOT, tuple(shift(key, van(**values)) for key in (1, 2, 3)))


def keys_of(plan: Plan) -> list[int]:
    return sorted(visit.key for visit in visits_of(plan))


def moved_keys(before: Plan, after: Plan) -> set[int]:
    """The visits that another trip serves now."""
    old, new = (
        {v.key: t.key for s in plan.shifts for t in s.trips for v in t.visits} for plan in (before, after)
    )
    return {key for key in new if old[key] != new[key]}


def test_the_same_visits_are_driven_with_less():
    plan = filled(three_vans(), seed=1, visits=40)

    better = improve(plan, ROAD, seconds=BRIEF_S)

    assert cost_s(better) < 0.9 * cost_s(plan)
    assert keys_of(better) == keys_of(plan)
    assert set(visits_of(better)) == set(visits_of(plan))
    assert is_sound(better)


def test_legs_are_those_of_the_road():
    better = improve(filled(three_vans(), seed=2, visits=30), ROAD, seconds=BRIEF_S)

    for each in better.shifts:
        for trip in each.trips:
            stops = [DEPOT, *(visit.place for visit in trip.visits), DEPOT]
            ways = pairwise(stops) if trip.visits else ()
            assert trip.legs == tuple(ROAD.leg(a, b, each.vehicle.kind) for a, b in ways)


def test_reloads_take_their_time_and_loads_fit_on_every_leg():
    kind = van(capacity=(25,), speed_m_per_h=15_000)
    plan = Plan(DEPOT, (shift(1, kind, trips=4), shift(2, kind, trips=4, reload_s=900)))
    plan = filled(plan, seed=3, visits=40)
    assert sum(bool(trip.visits) for each in plan.shifts for trip in each.trips) > 3

    better = improve(plan, ROAD, seconds=BRIEF_S)

    assert cost_s(better) < cost_s(plan)
    assert is_sound(better)
    assert keys_of(better) == keys_of(plan)


def test_who_lacks_a_skill_gets_no_visit_that_needs_it():
    plan = Plan(DEPOT, (shift(1, van(), skills=1), shift(2, van()), shift(3, van())))
    plan = filled(plan, seed=4, visits=40, skills=1)
    assert any(visit.skills for visit in visits_of(plan))

    better = improve(plan, ROAD, seconds=BRIEF_S)

    assert cost_s(better) < cost_s(plan)
    for each in better.shifts[1:]:
        assert not any(visit.skills for trip in each.trips for visit in trip.visits)


def test_who_may_not_stop_somewhere_gets_no_visit_there():
    plan = Plan(DEPOT, (shift(1, van(key="bike")), shift(2, van()), shift(3, van())))
    plan = filled(plan, seed=4, visits=40)
    rode = {visit.key for trip in plan.shifts[0].trips for visit in trip.visits}
    plan = with_each(plan, lambda v: replace(v, barred=frozenset({"van"})) if v.key in rode else v)
    assert rode
    assert is_sound(plan)

    better = improve(plan, ROAD, seconds=BRIEF_S)

    assert cost_s(better) < cost_s(plan)
    assert is_sound(better)
    assert rode <= {visit.key for trip in better.shifts[0].trips for visit in trip.visits}


def with_each(plan: Plan, change) -> Plan:
    return replace(
        plan,
        shifts=tuple(
            replace(s, trips=tuple(replace(t, visits=tuple(map(change, t.visits))) for t in s.trips))
            for s in plan.shifts
        ),
    )


@pytest.mark.parametrize("cost_s_per_km", [0, 90])
def test_nobody_goes_further_than_a_battery_reaches(cost_s_per_km):
    def kept_to(range_m: int) -> Plan:
        kinds = (van(cost_s_per_km=cost_s_per_km, range_m=range_m), van(cost_s_per_km=cost_s_per_km))
        return Plan(DEPOT, (shift(1, kinds[0]), shift(2, kinds[0]), shift(3, kinds[1])))

    free = improve(filled(kept_to(10**6), seed=11, visits=40), ROAD, seconds=BRIEF_S)
    longest = max(each.metres for each in free.shifts[:2])
    plan = filled(kept_to(longest * 3 // 4), seed=11, visits=40)
    assert is_sound(plan)

    better = improve(plan, ROAD, seconds=4 * BRIEF_S)

    assert cost_s(better) < cost_s(plan)
    assert is_sound(better)
    assert max(each.metres for each in better.shifts[:2]) <= longest * 3 // 4


def test_metres_that_cost_more_and_less_may_lead_too_far_which_is_said():
    dear, cheap = Place(60, 25, 1), Place(60, 25, 2)
    seconds = np.array([[0, 500, 90], [500, 0, 500], [90, 500, 0]])
    metres = np.array([[0, 100, 9_000], [100, 0, 9_000], [9_000, 9_000, 0]])
    ways = Matrix(seconds, metres)
    visits = (Visit(1, dear, 0, 20_000, 60, (1,), (0,)), Visit(2, cheap, 0, 20_000, 60, (1,), (0,)))
    plan = Plan(replace(DEPOT, node=0), (shift(1, van(range_m=10_000)), shift(2, van(cost_s_per_km=400))))
    for number, visit in enumerate(visits):
        alone = replace(plan, shifts=(plan.shifts[number],))
        gap = best_gap(build_tape(alone), visit, ways)[0]
        plan = insert(plan, gap, visit, ways)
    assert is_sound(plan)

    with pytest.raises(BeyondRange):
        improve(plan, ways, seconds=BRIEF_S)


def test_what_stays_keeps_its_vehicle():
    plan = filled(three_vans(), seed=5, visits=40)
    held = {visit.key for trip in plan.shifts[0].trips for visit in trip.visits}
    free = improve(plan, ROAD, seconds=BRIEF_S)
    assert held & moved_keys(plan, free)

    better = improve(plan, ROAD, seconds=BRIEF_S, staying=held)

    assert cost_s(better) < cost_s(plan)
    assert not held & moved_keys(plan, better)


def test_kilometres_and_sending_out_a_vehicle_count():
    plan = filled(three_vans(cost_s_per_km=100, opening_cost_s=20_000), seed=6, visits=12, most=2)
    spread = Plan(DEPOT, tuple(shift(key, s.vehicle.kind) for key, s in enumerate(plan.shifts, start=1)))
    visits = sorted(visits_of(plan), key=lambda visit: visit.opens_s)
    legs = {a: ROAD.leg(DEPOT, a.place, van()) for a in visits}
    for number, visit in enumerate(visits):
        trip = spread.shifts[number % 3].trips[0]
        found = best_gap(build_tape(Plan(DEPOT, (spread.shifts[number % 3],))), visit, ROAD)
        assert legs[visit].seconds > 0
        assert found[0].trip_key == trip.key
        spread = insert(spread, found[0], visit, ROAD)

    better = improve(spread, ROAD, seconds=BRIEF_S)

    assert sum(each.used for each in better.shifts) < 3
    assert cost_s(better) == sum(
        leg.seconds + leg.metres * 100 // 1000 for s in better.shifts for t in s.trips for leg in t.legs
    ) + 20_000 * sum(each.used for each in better.shifts)
    assert driving(better).metres < driving(spread).metres


def test_routes_stay_with_the_shift_that_drives_most_of_them():
    plan = filled(three_vans(), seed=7, visits=30)
    settled = improve(plan, ROAD, seconds=0.3)
    shuffled = replace(settled, shifts=settled.shifts[::-1])

    again = improve(shuffled, ROAD, seconds=BRIEF_S)

    for before, after in zip(shuffled.shifts, again.shifts, strict=True):
        old, new = ({v.key for t in s.trips for v in t.visits} for s in (before, after))
        others = [{v.key for t in s.trips for v in t.visits} for s in again.shifts]
        assert len(old & new) == max(len(old & other) for other in others)


def test_an_empty_plan_and_one_that_is_best_already_come_back_as_they_are():
    empty = three_vans()
    assert improve(empty, ROAD, seconds=BRIEF_S) is empty

    single = filled(three_vans(), seed=8, visits=1)
    assert improve(single, ROAD, seconds=BRIEF_S) is single


def test_a_plan_that_is_late_is_mended_where_that_is_possible():
    far, near = Place(60.30, 25.20), Place(60.171, 24.941)
    kind = van()
    first = Visit(1, far, 0, 20_000, 60, (1,), (0,))
    then = Visit(2, near, 0, 600, 60, (1,), (0,))
    legs = (ROAD.leg(DEPOT, far, kind), ROAD.leg(far, near, kind), ROAD.leg(near, DEPOT, kind))
    late = Plan(DEPOT, (replace(shift(1, kind), trips=(Trip(100, (first, then), legs),)),))
    assert not is_sound(late)

    mended = improve(late, ROAD, seconds=BRIEF_S)

    assert is_sound(mended)
    assert [visit.key for visit in mended.shifts[0].trips[0].visits] == [2, 1]


@pytest.mark.filterwarnings("ignore::pyvrp.exceptions.PenaltyBoundWarning")
def test_a_plan_that_cannot_be_mended_comes_back_as_it_is():
    kind = van()
    far = Place(61.5, 27.0)
    hopeless = Visit(1, far, 0, 60, 60, (1,), (0,))
    legs = (ROAD.leg(DEPOT, far, kind), ROAD.leg(far, DEPOT, kind))
    plan = Plan(DEPOT, (replace(shift(1, kind), trips=(Trip(100, (hopeless,), legs),)),))

    assert improve(plan, ROAD, seconds=BRIEF_S) is plan


@pytest.mark.filterwarnings("ignore::pyvrp.exceptions.PenaltyBoundWarning")
@pytest.mark.parametrize("seed", range(60))
def test_odd_worlds_lose_nothing_and_never_get_worse(seed):
    world = make_world(seed, circle=seed % 2 == 0)
    for plan in world.plans:
        try:
            better = improve(plan, world.travel, seconds=0.02, seed=seed)
        except BeyondRange:  # metres that cost this and that
            assert isinstance(world.travel, Matrix)
            continue

        assert Counter(visits_of(better)) == Counter(visits_of(plan))
        assert [trip.key for s in better.shifts for trip in s.trips] == [
            trip.key for s in plan.shifts for trip in s.trips
        ]
        if is_sound(plan):
            assert is_sound(better)
            assert cost_s(better) <= cost_s(plan)


def test_a_table_of_ways_is_each_way_by_itself():
    random = Random(9)
    places = [Place(60 + random.random(), 24 + random.random(), node) for node in range(12)]
    matrix = np.array([[random.randrange(900) for _ in places] for _ in places])
    kind = van(speed_m_per_h=17_123)

    for travel in (ROAD, Matrix(matrix), Matrix(matrix, matrix[::-1] * 7)):
        table = travel.table(places, kind)
        for a, start in enumerate(places):
            for b, end in enumerate(places):
                assert Leg(table.seconds[a, b], table.metres[a, b]) == travel.leg(start, end, kind)
