from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from scheduling.routing.insertion import Gap, Reason, Slots, best_gap, gap_of, insert, remove, score
from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, VehicleClass, Visit
from scheduling.routing.schedule import violations
from scheduling.routing.tape import build_tape, concatenate
from scheduling.routing.travel import GreatCircle, Matrix
from tests.scheduling.routing.reference import Answer, answer, driven, rounds_of
from tests.scheduling.routing.worlds import World, make_world

SEEDS = [range(start, start + 100) for start in range(0, 1_000, 100)]


def answers_of(world: World) -> list[list[Answer]]:
    """What the core says of a world, in the reference's words."""
    tape = concatenate([build_tape(plan) for plan in world.plans])
    scores = score(tape, world.visit, world.slots, world.travel)
    return [
        [
            Answer(
                gap_in_day(tape, scores.row[day, slot], day),
                *(
                    int(part[day, slot])
                    for part in (scores.cost_s, scores.seconds, scores.metres, scores.reason)
                ),
            )
            for slot in range(len(windows))
        ]
        for day, windows in enumerate(world.windows)
    ]


def gap_in_day(tape, row: int, day: int) -> tuple[int, int, int] | None:
    if row < 0:
        return None
    gap = gap_of(tape, row)
    assert gap.day == day
    return gap.shift_key, gap.trip_key, gap.position


def expected_of(world: World) -> list[list[Answer]]:
    return [
        [
            answer(plan, replace(world.visit, barred=barred), window, world.way_of)
            for window, barred in zip(windows, bars, strict=True)
        ]
        for plan, windows, bars in zip(world.plans, world.windows, world.barred, strict=True)
    ]


@pytest.mark.parametrize("seeds", SEEDS, ids=lambda seeds: f"from {seeds.start}")
def test_every_answer_is_that_of_trying_everything_in_odd_matrices(seeds):
    for seed in seeds:
        world = make_world(seed)
        assert answers_of(world) == expected_of(world), f"seed {seed}"


@pytest.mark.parametrize("seeds", SEEDS[:5], ids=lambda seeds: f"from {seeds.start}")
def test_every_answer_is_that_of_trying_everything_on_the_great_circle(seeds):
    for seed in seeds:
        world = make_world(seed, circle=True)
        assert answers_of(world) == expected_of(world), f"seed {seed}"


def test_the_best_gap_of_a_plan_is_the_one_that_the_score_names():
    for seed in range(200):
        world = make_world(seed)
        for plan, windows in zip(world.plans, world.windows, strict=True):
            visit = replace(world.visit, opens_s=windows[0][0], closes_s=windows[0][1])
            expected = answer(plan, visit, windows[0], world.way_of)
            found = best_gap(build_tape(plan), visit, world.travel)
            if expected.gap is None:
                assert found is None
            else:
                assert found is not None
                assert found == (Gap(0, *expected.gap), expected.metres, expected.seconds, expected.cost_s)


def test_what_is_inserted_breaks_nothing_and_adds_what_was_said():
    inserted = 0
    for seed in range(200):
        world = make_world(seed)
        for plan, windows in zip(world.plans, world.windows, strict=True):
            visit = replace(world.visit, opens_s=windows[0][0], closes_s=windows[0][1])
            found = best_gap(build_tape(plan), visit, world.travel)
            if found is None:
                continue
            gap, metres, seconds, _ = found
            longer = insert(plan, gap, visit, world.travel)
            changed = next(shift for shift in longer.shifts if shift.vehicle.key == gap.shift_key)
            assert violations(changed) == []
            assert length_of(longer) == (length_of(plan)[0] + seconds, length_of(plan)[1] + metres)
            inserted += 1
    assert inserted > 50


def length_of(plan: Plan) -> tuple[int, int]:
    lengths = [driven(rounds_of(shift)) for shift in plan.shifts if shift.used]
    return sum(seconds for seconds, _ in lengths), sum(metres for _, metres in lengths)


VAN = VehicleClass("van", (10,), 36_000, 100, 0, 500, 300)
SECONDS = np.array([[0, 100, 200], [100, 0, 50], [200, 50, 0]])
TRAVEL = Matrix(SECONDS, SECONDS * 10)
DEPOT, NEAR, FAR = (Place(60.0, 25.0, node) for node in range(3))
ALL_DAY = Slots.of([[(0, 10_000)]])


def van(key: int = 1, **changes) -> Vehicle:
    return replace(Vehicle(key, VAN, starts_s=0, ends_s=1_000, max_shift_s=1_000, reload_s=0), **changes)


def visit_at(place: Place, key: int = 1, **changes) -> Visit:
    return replace(Visit(key, place, 0, 10_000, 0, (1,), (0,)), **changes)


def trip_of(*visits: Visit, key: int = 1) -> Trip:
    places = [DEPOT, *(visit.place for visit in visits), DEPOT]
    legs = tuple(TRAVEL.leg(start, end, VAN) for start, end in pairwise(places))
    return Trip(key, visits, legs)


def plan_of(*trips: Trip, **vehicle) -> Plan:
    return Plan(DEPOT, (Shift(van(**vehicle), trips),))


def score_one(plan: Plan, visit: Visit, slots: Slots = ALL_DAY):
    scores = score(build_tape(plan), visit, slots, TRAVEL)
    return tuple(
        int(part[0, 0]) for part in (scores.row, scores.cost_s, scores.seconds, scores.metres, scores.reason)
    )


def test_a_visit_on_the_way_adds_only_its_detour():
    assert score_one(plan_of(trip_of(visit_at(FAR))), visit_at(NEAR, 2)) == (0, -50, -50, -500, Reason.FITS)


def test_an_unused_vehicle_costs_its_opening_and_a_used_one_does_not():
    assert score_one(plan_of(Trip(1)), visit_at(NEAR))[1:3] == (700, 200)
    assert score_one(plan_of(trip_of(visit_at(NEAR))), visit_at(NEAR, 2))[1:3] == (0, 0)


def test_kilometres_cost_what_the_class_says_rounded_down():
    dear = replace(van(), kind=replace(VAN, cost_s_per_km=3, opening_cost_s=0))
    plan = Plan(DEPOT, (Shift(dear, (Trip(1),)),))

    assert score_one(plan, visit_at(NEAR))[1:4] == (200 + 6, 200, 2_000)


def test_the_last_second_of_a_slot_counts_and_its_closing_does_not():
    plan = plan_of(Trip(1))

    assert score_one(plan, visit_at(NEAR), Slots.of([[(0, 101)]]))[4] == Reason.FITS
    assert score_one(plan, visit_at(NEAR), Slots.of([[(0, 100)]]))[4] == Reason.NO_TIME


def test_service_that_ends_as_the_van_must_leave_still_fits():
    assert score_one(plan_of(Trip(1)), visit_at(NEAR, service_s=800))[4] == Reason.FITS
    assert score_one(plan_of(Trip(1)), visit_at(NEAR, service_s=801))[4] == Reason.NO_TIME


def test_a_shift_is_over_when_its_length_is_even_before_it_ends():
    assert score_one(plan_of(Trip(1), max_shift_s=200), visit_at(NEAR))[4] == Reason.FITS
    assert score_one(plan_of(Trip(1), max_shift_s=199), visit_at(NEAR))[4] == Reason.NO_TIME


def test_a_pickup_fits_where_a_full_van_has_dropped_enough():
    full = plan_of(trip_of(visit_at(NEAR, delivered=(10,))))

    assert score_one(full, visit_at(NEAR, 2, delivered=(0,)))[0] == 0
    assert score_one(full, visit_at(NEAR, 2, delivered=(0,), collected=(10,)))[0] == 1
    assert score_one(full, visit_at(NEAR, 2))[4] == Reason.NO_ROOM


def test_a_second_trip_takes_what_the_first_has_no_room_for():
    full = trip_of(visit_at(NEAR, delivered=(10,)))

    assert score_one(plan_of(full, Trip(2), reload_s=600), visit_at(NEAR, 2))[:3] == (3, 200, 200)
    assert score_one(plan_of(full, Trip(2), reload_s=601), visit_at(NEAR, 2))[4] == Reason.NO_ROOM


def test_a_visit_needs_all_its_skills():
    able = plan_of(Trip(1), skills=0b110)

    assert score_one(able, visit_at(NEAR, skills=0b110))[4] == Reason.FITS
    assert score_one(able, visit_at(NEAR, skills=0b101))[4] == Reason.NO_ROOM


def test_a_shift_goes_no_further_than_its_range_and_says_so():
    def short(range_m: int, *trips: Trip) -> Plan:
        return Plan(DEPOT, (Shift(replace(van(), kind=replace(VAN, range_m=range_m)), trips),))

    assert score_one(short(2_000, Trip(1)), visit_at(NEAR))[4] == Reason.FITS
    assert score_one(short(1_999, Trip(1)), visit_at(NEAR))[4] == Reason.NO_RANGE
    assert score_one(short(1_999, Trip(1)), visit_at(NEAR, delivered=(99,)))[4] == Reason.NO_ROOM
    both = short(3_999, trip_of(visit_at(NEAR)), Trip(2))
    assert score_one(both, visit_at(NEAR, 2, delivered=(10,)))[4] == Reason.NO_RANGE


def test_a_class_that_may_not_stop_there_is_passed_over():
    bike = replace(VAN, key="bike", cost_s_per_km=500)
    both = Plan(DEPOT, (Shift(van(), (Trip(1),)), Shift(replace(van(), key=2, kind=bike), (Trip(2),))))
    slots = Slots.of([[(0, 5_000)] * 3], [[frozenset(), frozenset({"van"}), frozenset({"van", "bike"})]])

    scores = score(build_tape(both), visit_at(NEAR), slots, TRAVEL)

    assert scores.row[0].tolist() == [0, 2, -1]
    assert scores.reason[0].tolist() == [Reason.FITS, Reason.FITS, Reason.NO_TIME]


def test_a_day_without_vehicles_says_so():
    assert score_one(Plan(DEPOT, ()), visit_at(NEAR)) == (-1, 0, 0, 0, Reason.NO_VEHICLE)
    assert score_one(plan_of(), visit_at(NEAR))[4] == Reason.NO_VEHICLE


def test_an_absent_slot_is_never_served():
    assert (
        score_one(plan_of(Trip(1), starts_s=-500), visit_at(DEPOT), Slots.of([[(0, 0)]]))[4] == Reason.NO_TIME
    )


def test_days_with_fewer_slots_are_filled_with_absent_ones():
    slots = Slots.of([[(1, 2), (3, 4)], [(5, 6)], []])

    assert slots.opens_s.tolist() == [[1, 3], [5, 0], [0, 0]]
    assert slots.closes_s.tolist() == [[2, 4], [6, 0], [0, 0]]


def test_slots_of_other_days_or_loads_of_other_dimensions_are_refused():
    tape = build_tape(plan_of(Trip(1)))

    with pytest.raises(ValueError, match="tape of 1 days"):
        score(tape, visit_at(NEAR), Slots.of([[(0, 9)], [(0, 9)]]), TRAVEL)
    with pytest.raises(ValueError, match="1 dimensions"):
        score(tape, visit_at(NEAR, delivered=(1, 1), collected=(0, 0)), ALL_DAY, TRAVEL)


def test_neither_a_seam_nor_no_row_is_a_gap():
    tape = build_tape(plan_of(trip_of(visit_at(NEAR))))

    assert gap_of(tape, 1) == Gap(0, 1, 1, 1)
    for row in (-1, 2):
        with pytest.raises(ValueError, match="no gap"):
            gap_of(tape, row)


def test_a_row_of_a_later_day_names_that_day():
    days = concatenate(
        [build_tape(plan_of(Trip(7))), build_tape(Plan(DEPOT, ())), build_tape(plan_of(Trip(8)))]
    )

    assert [gap_of(days, 0).day, gap_of(days, 2)] == [0, Gap(2, 1, 8, 0)]


def test_inserting_keeps_the_legs_that_were_stored():
    old = Trip(1, (visit_at(NEAR),), (Leg(111, 1), Leg(112, 2)))
    (trip,) = insert(plan_of(old), Gap(0, 1, 1, 1), visit_at(FAR, 2), TRAVEL).shifts[0].trips

    assert [visit.key for visit in trip.visits] == [1, 2]
    assert trip.legs == (Leg(111, 1), Leg(50, 500), Leg(200, 2_000))


def test_removing_what_was_inserted_gives_the_plan_back():
    plan = plan_of(Trip(5), trip_of(visit_at(NEAR), visit_at(FAR, 2), visit_at(NEAR, 3)))
    for gap in [Gap(0, 1, 5, 0), *(Gap(0, 1, 1, position) for position in range(4))]:
        assert remove(insert(plan, gap, visit_at(FAR, 9), TRAVEL), 9, TRAVEL) == plan


def test_what_a_plan_does_not_have_cannot_be_changed():
    plan = plan_of(trip_of(visit_at(NEAR)))

    for gap in (Gap(0, 1, 1, 2), Gap(0, 1, 1, -1), Gap(0, 2, 1, 0), Gap(0, 1, 2, 0)):
        with pytest.raises(ValueError, match="no Gap"):
            insert(plan, gap, visit_at(FAR, 2), TRAVEL)
    with pytest.raises(ValueError, match="no visit 4"):
        remove(plan, 4, TRAVEL)


def test_a_visit_next_door_on_the_great_circle_adds_next_to_nothing():
    depot, door, next_door = Place(60.25, 24.9), Place(60.17, 24.94), Place(60.1701, 24.94)
    empty = Plan(depot, (Shift(van(ends_s=9_000, max_shift_s=9_000), (Trip(1),)),))
    plan = insert(empty, Gap(0, 1, 1, 0), visit_at(door), GreatCircle())
    found = best_gap(build_tape(plan), visit_at(next_door, 2), GreatCircle())

    assert found is not None
    assert 0 <= found[1] < 30
