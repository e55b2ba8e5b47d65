"""Rests in the core: they stay with their vehicle, and nobody drives for them alone."""

from dataclasses import replace
from itertools import pairwise, permutations, product
from random import Random

import pytest

from scheduling.routing.improve import cost_s, driving, improve, is_sound, visits_of
from scheduling.routing.insertion import Slots, best_gap, insert, remove, score
from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, VehicleClass, Visit
from scheduling.routing.schedule import schedule
from scheduling.routing.tape import build_tape
from tests.scheduling.routing.test_improve import DEPOT, ROAD, filled, keys_of, van

NOON = (10_000, 14_000)
CANTEEN = Place(60.18, 24.95)
MISSED_S = 5
"""What a search for so short a time may miss."""


def a_rest(key: int, place: Place = CANTEEN, window: tuple[int, int] = NOON, minutes: int = 30) -> Visit:
    nothing = (0,)
    return Visit(key, place, *window, 60 * minutes, nothing, nothing, booked=False, rest=True)


def resting(key: int, kind: VehicleClass, *rests: Visit, trips: int = 1) -> Shift:
    """A shift whose first trip has these rests."""
    stops = [DEPOT, *(rest.place for rest in rests), DEPOT]
    legs = tuple(ROAD.leg(a, b, kind) for a, b in pairwise(stops)) if rests else ()
    first = Trip(100 * key, tuple(rests), legs)
    vehicle = Vehicle(key, kind, 0, 30_000, 30_000, 600)
    return Shift(vehicle, (first, *(Trip(100 * key + number) for number in range(1, trips))))


def three_resting(kind: VehicleClass, *, trips: int = 1) -> Plan:
    return Plan(DEPOT, tuple(resting(key, kind, a_rest(1_000 + key), trips=trips) for key in (1, 2, 3)))


def rests_of(plan: Plan) -> list[set[int]]:
    return [{rest.key for rest in shift.rests} for shift in plan.shifts]


def test_a_vehicle_with_nothing_but_rests_is_not_used_and_costs_nothing():
    plan = three_resting(van(opening_cost_s=1_800, cost_s_per_km=60))

    assert not any(shift.used for shift in plan.shifts)
    assert (cost_s(plan), driving(plan)) == (0, Leg(0, 0))


def test_whoever_comes_first_brings_the_way_to_the_rest_with_them():
    plan = three_resting(van(opening_cost_s=1_800, cost_s_per_km=60))
    visit = Visit(1, Place(60.21, 24.99), 2_000, 9_000, 180, (1,), (0,))

    gap, metres, seconds, cost = best_gap(build_tape(plan), visit, ROAD)
    after = insert(plan, gap, visit, ROAD)

    assert Leg(seconds, metres) == driving(after)
    assert abs(cost - cost_s(after)) <= 3  # kilometres are rounded once here, by the leg there
    assert driving(remove(after, 1, ROAD)) == Leg(0, 0)


def test_vehicles_alike_but_for_their_rests_are_not_alike():
    kind = van()
    late = a_rest(2, window=(12_000, 16_000))
    plan = Plan(DEPOT, (resting(1, kind, a_rest(1)), resting(2, kind, late), resting(3, kind, a_rest(3))))

    assert set(build_tape(plan).shift_key.tolist()) == {-1, 1, 2}


def test_nobody_is_served_during_a_rest():
    kind = van()
    plan = Plan(DEPOT, (resting(1, kind, a_rest(1, place=DEPOT, window=(1_000, 1_001), minutes=60)),))
    visit = Visit(2, DEPOT, 0, 1, 60, (1,), (0,))

    free = score(build_tape(plan), visit, Slots.of([[(0, 900), (1_001, 4_599), (4_600, 4_700)]]), ROAD)

    assert (free.row >= 0).tolist() == [[True, False, True]]


@pytest.mark.parametrize("seed", range(8))
def test_each_vehicle_keeps_its_own_rests(seed):
    kind = van(opening_cost_s=1_800, cost_s_per_km=60, capacity=(40,))
    plan = filled(three_resting(kind, trips=1 + seed % 3), seed, visits=30)
    assert sum(shift.used for shift in plan.shifts) > 1

    better = improve(plan, ROAD, seconds=0.1, seed=seed)

    assert cost_s(better) < cost_s(plan)
    assert is_sound(better)
    assert keys_of(better) == keys_of(plan)
    assert rests_of(better) == rests_of(plan)


def test_several_rests_of_a_vehicle_all_stay():
    kind, charger = van(), Place(60.16, 24.91)
    shifts = [
        resting(key, kind, a_rest(10 * key), a_rest(10 * key + 1, charger, (18_000, 24_000), 40), trips=2)
        for key in (100, 200)
    ]
    plan = filled(Plan(DEPOT, (*shifts, resting(300, kind))), seed=3, visits=30)

    better = improve(plan, ROAD, seconds=0.2)

    assert cost_s(better) < cost_s(plan)
    assert rests_of(better) == [{1_000, 1_001}, {2_000, 2_001}, set()]


def test_a_vehicle_that_nobody_needs_is_emptied_and_keeps_its_rest():
    kind = van(opening_cost_s=5_000, cost_s_per_km=60)
    plan = three_resting(kind)
    for number, shift in enumerate(plan.shifts, start=1):
        visit = Visit(number, Place(60.19, 24.9 + number / 100), 0, 30_000, 180, (1,), (0,))
        alone = replace(plan, shifts=(shift,))
        plan = insert(plan, best_gap(build_tape(alone), visit, ROAD)[0], visit, ROAD)
    assert all(shift.used for shift in plan.shifts)

    better = improve(plan, ROAD, seconds=0.2)

    assert sum(shift.used for shift in better.shifts) == 1
    assert rests_of(better) == rests_of(plan)


def cheapest_by_trying(plan: Plan) -> int:
    """The least cost of all ways to share out the visits and to order each vehicle's, rests among them."""
    served = [visit for visit in visits_of(plan) if not visit.rest]
    least = None
    for owners in product(range(len(plan.shifts)), repeat=len(served)):
        shifts = []
        for number, shift in enumerate(plan.shifts):
            own = [visit for visit, owner in zip(served, owners, strict=True) if owner == number]
            shifts.append(best_order(shift, [*shift.rests, *own]))
        if all(shifts):
            cost = cost_s(replace(plan, shifts=tuple(shifts)))
            least = cost if least is None else min(least, cost)
    return least


def best_order(shift: Shift, visits: list[Visit]) -> Shift | None:
    found = []
    for order in permutations(visits):
        stops = [DEPOT, *(visit.place for visit in order), DEPOT]
        legs = tuple(ROAD.leg(a, b, shift.vehicle.kind) for a, b in pairwise(stops))
        tried = replace(shift, trips=(Trip(shift.trips[0].key, order, legs if order else ()),))
        if is_sound(Plan(DEPOT, (tried,))):
            found.append(tried)
    return min(found, key=lambda one: cost_s(Plan(DEPOT, (one,))), default=None)


@pytest.mark.parametrize("seed", range(25))
def test_small_days_with_rests_are_solved_to_the_best(seed):
    random = Random(seed)
    kind = van(opening_cost_s=random.choice([0, 600, 3_000]), cost_s_per_km=random.choice([0, 60]))
    rests = [a_rest(100 + n, random.choice([DEPOT, CANTEEN]), (9_000, 9_000 + 3_000 * n)) for n in (1, 2)]
    plan = Plan(DEPOT, (resting(1, kind, rests[0]), resting(2, kind, rests[1])))
    plan = filled(plan, seed, visits=4)

    better = improve(plan, ROAD, seconds=0.1, seed=seed)

    assert cost_s(better) <= cheapest_by_trying(plan) + MISSED_S


def test_rests_begin_in_their_windows():
    plan = filled(three_resting(van(capacity=(40,)), trips=2), seed=12, visits=30)

    better = improve(plan, ROAD, seconds=0.2)

    begun = [
        starts_s
        for shift in better.shifts
        for trip, times in zip(shift.trips, schedule(shift), strict=True)
        for visit, starts_s in zip(trip.visits, times.starts_s, strict=True)
        if visit.rest
    ]
    assert len(begun) == 3
    assert all(NOON[0] <= starts_s < NOON[1] for starts_s in begun)
