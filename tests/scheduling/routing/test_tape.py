from dataclasses import fields, replace

import numpy as np
import pytest

from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, VehicleClass, Visit
from scheduling.routing.schedule import NEVER
from scheduling.routing.tape import (
    ARCS,
    COST_S_PER_KM,
    LATE,
    METRES_LEFT,
    OPENING_COST_S,
    ROOMS,
    TIMES,
    Rows,
    build_tape,
    concatenate,
)
from tests.scheduling.routing.worlds import make_world

KIND = VehicleClass("van", (10, 4), 36_000, 100, 25, 500, 300)
VAN = Vehicle(1, KIND, starts_s=0, ends_s=5_000, max_shift_s=5_000, reload_s=300, skills=0b101)
DEPOT = Place(60.2, 25.0)


def visit(key: int, **changes) -> Visit:
    return replace(Visit(key, Place(60.1, 25.0), 0, 4_000, 60, (3, 1), (0, 0)), **changes)


def trip(key: int, *visits: Visit) -> Trip:
    return Trip(key, visits, (Leg(100, 70),) * (len(visits) + 1) if visits else ())


def tape_of(*trips: Trip, **vehicle):
    return build_tape(Plan(DEPOT, (Shift(replace(VAN, **vehicle), trips),)))


def gaps(tape) -> list[tuple[int, int]]:
    return [pair for pair in zip(tape.trip_key.tolist(), tape.position.tolist(), strict=True) if pair[1] >= 0]


def test_a_trip_has_a_row_for_every_gap_and_a_seam():
    tape = tape_of(trip(7, visit(1), visit(2, delivered=(0, 0), collected=(6, 0))))

    assert tape.trip_key.tolist() == [7, 7, 7, -1]
    assert tape.departs_s.tolist() == [0, 160, 320, LATE]
    assert tape.latest_s.tolist() == [3_839, 3_999, 5_000, NEVER]
    assert (tape.arc_s.tolist(), tape.arc_m.tolist()) == ([100, 100, 100, 0], [70, 70, 70, 0])
    assert tape.room_before.tolist() == [[7, 7, 4, -1], [3, 3, 3, -1]]
    assert tape.room_after.tolist() == [[4, 4, 4, -1], [3, 4, 4, -1]]
    assert tape.skills.tolist()[:3] == [0b101] * 3
    assert tape.opening_cost_s.tolist() == [0] * 4


def test_what_is_asked_together_lies_together_and_is_the_same():
    tape = tape_of(trip(7, visit(1), visit(2, delivered=(0, 0), collected=(6, 0))), trip(8))

    asked = tape.gaps.take(np.arange(len(tape.position))).others
    assert asked[TIMES].tolist() == [tape.departs_s.tolist(), tape.latest_s.tolist()]
    assert asked[ARCS].tolist() == [tape.arc_s.tolist(), tape.arc_m.tolist()]
    assert asked[COST_S_PER_KM].tolist() == tape.cost_s_per_km.tolist()
    assert asked[OPENING_COST_S].tolist() == tape.opening_cost_s.tolist()
    assert asked[METRES_LEFT].tolist() == tape.metres_left.tolist()
    assert asked[ROOMS].tolist() == [*tape.room_before.tolist(), *tape.room_after.tolist()]


def test_runs_of_empty_trips_give_one_gap_each():
    tape = tape_of(trip(1), trip(2), trip(3, visit(1)), trip(4), trip(5), trip(6, visit(2)), trip(7))

    assert gaps(tape) == [(1, 0), (3, 0), (3, 1), (4, 0), (6, 0), (6, 1), (7, 0)]


def test_an_empty_trip_reloads_only_beside_trips_that_are_driven():
    tape = tape_of(trip(1), trip(2, visit(1)), trip(3), trip(4, visit(2)), trip(5))
    empty = {
        int(key): (int(start), int(end))
        for key, start, end in zip(tape.trip_key, tape.departs_s, tape.latest_s, strict=True)
        if key in (1, 3, 5)
    }

    assert empty == {1: (0, 3_899 - 560 - 300), 3: (560, 3_899 - 300), 5: (560 + 560, 5_000)}


def test_vehicles_that_stay_at_home_and_are_alike_share_a_row():
    others = [replace(VAN, key=key) for key in range(2, 6)]
    others[3] = replace(others[3], reload_s=0)
    shifts = (
        Shift(VAN, (trip(1, visit(1)),)),
        *(Shift(other, (trip(10 * other.key),)) for other in others),
        Shift(replace(VAN, key=6), (trip(60), trip(61))),
    )
    tape = build_tape(Plan(DEPOT, shifts))

    assert gaps(tape) == [(1, 0), (1, 1), (20, 0), (50, 0), (60, 0)]
    assert tape.opening_cost_s[tape.trip_key == 20].tolist() == [500]


@pytest.mark.parametrize("broken", [visit(1, delivered=(11, 0)), visit(1, skills=0b10)])
def test_a_shift_that_is_overloaded_or_lacks_a_skill_has_no_room_anywhere(broken):
    tape = tape_of(trip(1, broken), trip(2, visit(2)), trip(3))

    assert set(tape.room_before.ravel().tolist()) == set(tape.room_after.ravel().tolist()) == {-1}


def test_after_a_promise_that_is_late_nothing_is_in_time_and_before_it_all_must_be():
    tape = tape_of(trip(1, visit(1, closes_s=100)), trip(2))

    assert tape.departs_s.tolist() == [0, LATE, LATE, LATE, LATE]
    assert tape.latest_s.tolist()[0] == 99


def test_a_plan_without_vehicles_is_a_tape_without_rows():
    tape = build_tape(Plan(DEPOT, ()))

    assert (tape.n_days, len(tape.departs_s), tape.room_before.shape) == (1, 0, (0, 0))


def test_days_end_to_end_are_the_days():
    plans = [plan for seed in (3, 4, 5) for plan in make_world(seed).plans]
    plans = [plan for plan in plans if not plan.shifts or len(plan.shifts[0].vehicle.kind.capacity) == 1]
    tapes = [build_tape(plan) for plan in plans]
    joined = concatenate(tapes)

    assert joined.n_days == len(tapes) > 1
    for day, tape in enumerate(tapes):
        rows = slice(*joined.first[day : day + 2])
        for name in [field.name for field in fields(Rows) if field.name != "first"]:
            if isinstance(getattr(tape, name), np.ndarray) and len(tape.departs_s):
                assert np.array_equal(getattr(joined, name)[..., rows], getattr(tape, name))
        for name in ("times", "prices", "rooms") if len(tape.departs_s) else ():
            assert np.array_equal(getattr(joined, name)[rows], getattr(tape, name))
    assert joined.vacant == tuple(day for day, tape in enumerate(tapes) if not len(tape.departs_s))
    assert joined.stops.household == tuple(name for tape in tapes for name in tape.stops.household)


def test_days_without_vehicles_alone_can_be_joined():
    empty = build_tape(Plan(DEPOT, ()))

    assert concatenate([empty, empty]).first.tolist() == [0, 0, 0]


def test_vehicles_and_days_with_other_dimensions_are_refused():
    other = Shift(replace(VAN, kind=replace(KIND, capacity=(1,))), (trip(1),))

    with pytest.raises(ValueError, match="dimensions"):
        build_tape(Plan(DEPOT, (Shift(VAN, (trip(1),)), other)))
    with pytest.raises(ValueError, match="dimension"):
        concatenate([tape_of(trip(1)), build_tape(Plan(DEPOT, (other,)))])
