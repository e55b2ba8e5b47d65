"""Rests taken out of a plan and put back: vehicles that others can stand in for are emptied all the same."""

from dataclasses import replace
from random import Random

import pytest

from scheduling.routing.improve import cost_s, improve, is_sound, keeps_visits
from scheduling.routing.insertion import Gap, best_gap, insert
from scheduling.routing.lighter import with_rests_of, without_rests
from scheduling.routing.problem import Place, Plan, Shift, Trip, Vehicle, VehicleClass, Visit
from scheduling.routing.tape import build_tape
from tests.scheduling.routing.test_improve import DEPOT, ROAD, filled, keys_of, van
from tests.scheduling.routing.test_rests import MISSED_S, NOON, a_rest, resting, rests_of, three_resting

TOWN = Place(60.25, 25.1)
HOURS = [(0, 40_000), (9_000, 43_000), (10_000, 45_000), (23_000, 57_000)]


def shift_of(key: int, kind: VehicleClass, hours: tuple[int, int]) -> Shift:
    """A shift with a rest at the depot and another in town."""
    starts_s, ends_s = hours
    rests = [
        a_rest(1_000 + key, DEPOT, (starts_s + 13_000, starts_s + 19_000)),
        a_rest(2_000 + key, TOWN, (starts_s + 24_000, starts_s + 30_000), minutes=15),
    ]
    vehicle = Vehicle(key, kind, starts_s, ends_s, ends_s - starts_s, 600)
    plan = Plan(DEPOT, (Shift(vehicle, (Trip(100 * key),)),))
    for rest in rests:
        plan = insert(plan, best_gap(build_tape(plan), rest, ROAD)[0], rest, ROAD)
    return plan.shifts[0]


def scattered(seed: int, visits: int) -> Plan:
    """A far town's visits, dealt out to vehicles of different hours one after the other."""
    random = Random(seed)
    kind = van(opening_cost_s=1_800, cost_s_per_km=60)
    plan = Plan(DEPOT, tuple(shift_of(key, kind, hours) for key, hours in enumerate(HOURS, start=1)))
    for key in range(1, visits + 1):
        place = Place(TOWN.lat + random.gauss(0, 0.01), TOWN.lon + random.gauss(0, 0.02))
        opens = random.choice([11_000, 18_000, 25_000, 32_000])
        closes = opens + random.choice([7_200, 14_400])
        visit = Visit(key, place, opens, closes, random.choice([180, 180, 2_400]), (1,), (0,))
        dealt = replace(plan, shifts=(plan.shifts[key % len(HOURS)],))
        found = best_gap(build_tape(dealt), visit, ROAD) or best_gap(build_tape(plan), visit, ROAD)
        if found:
            plan = insert(plan, found[0], visit, ROAD)
    return plan


def used(plan: Plan) -> int:
    return sum(shift.used for shift in plan.shifts)


@pytest.mark.parametrize(("seed", "visits"), [(0, 16), (3, 8), (10, 16), (11, 16)])
def test_one_vehicle_serves_all_that_it_can_rests_or_not(seed, visits):
    plan = scattered(seed, visits)
    assert used(plan) == len(HOURS)

    better = improve(plan, ROAD, seconds=0.6, seed=seed)

    assert used(better) == 1
    assert is_sound(better)
    assert keeps_visits(plan, better)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_against_rests_put_back_afterwards(seed):
    plan = scattered(seed, visits=8)
    freely = with_rests_of(plan, improve(without_rests(plan, ROAD), ROAD, seconds=0.1, seed=seed), ROAD)

    better = improve(plan, ROAD, seconds=0.4, seed=seed)

    assert is_sound(better)
    assert keeps_visits(plan, better)
    assert freely is None or cost_s(better) <= cost_s(freely) + MISSED_S


@pytest.mark.parametrize("seed", range(20))
def test_rests_go_back_where_they_add_least(seed):
    plan = filled(Plan(DEPOT, (resting(1, van(cost_s_per_km=60), a_rest(1_000)),)), seed, visits=6)
    lighter = without_rests(plan, ROAD)
    (shift,) = lighter.shifts
    (rest,) = plan.shifts[0].rests
    gaps = [Gap(0, 1, shift.trips[0].key, position) for position in range(len(shift.trips[0].visits) + 1)]
    tried = [insert(lighter, gap, rest, ROAD) for gap in gaps]

    back = with_rests_of(plan, lighter, ROAD)

    assert keeps_visits(plan, back)
    assert cost_s(back) == min(cost_s(one) for one in tried if is_sound(one))


def test_vehicles_that_stay_rest_as_before_and_those_that_come_back_rest_alone():
    plan = filled(three_resting(van(opening_cost_s=5_000)), seed=1, visits=3)
    assert used(plan) == 1
    lighter = without_rests(plan, ROAD)
    idle = replace(lighter, shifts=tuple(replace(s, trips=(Trip(s.trips[0].key),)) for s in lighter.shifts))

    back = with_rests_of(plan, idle, ROAD)

    assert used(back) == 0
    assert rests_of(back) == rests_of(plan)
    stayed = [shift for shift in plan.shifts if not shift.used]
    assert [shift for shift in back.shifts if shift in stayed] == stayed


def test_a_rest_that_nobody_has_time_for_is_told():
    kind = van()
    plan = Plan(DEPOT, (resting(1, kind, a_rest(1_000, window=NOON)),))
    long = Visit(1, DEPOT, 9_000, 9_001, 6_000, (1,), (0,))
    lighter = without_rests(plan, ROAD)
    lighter = insert(lighter, best_gap(build_tape(lighter), long, ROAD)[0], long, ROAD)

    assert with_rests_of(plan, lighter, ROAD) is None


def test_without_rests_all_else_stays():
    plan = filled(three_resting(van(), trips=2), seed=5, visits=20)

    lighter = without_rests(plan, ROAD)

    assert rests_of(lighter) == [set(), set(), set()]
    assert keys_of(lighter) == [key for key in keys_of(plan) if key < 1_000]
