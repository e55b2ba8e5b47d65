from dataclasses import replace

import pytest

from scheduling.routing.problem import Leg, Place, Shift, Trip, Vehicle, VehicleClass, Visit
from scheduling.routing.schedule import NEVER, Violation, loads_of, schedule, violations
from tests.scheduling.routing.reference import Way, keeps_range, keeps_room, keeps_time, rounds_of
from tests.scheduling.routing.worlds import make_world

HOME = Place(60.0, 25.0)
VAN = VehicleClass("van", (10, 4), 36_000, 100, 0, 0, 300)
DRIVER = Vehicle(1, VAN, starts_s=1_000, ends_s=9_000, max_shift_s=5_000, reload_s=300, skills=0b1)


def visit(key: int, opens_s: int = 0, closes_s: int = 9_000, **changes) -> Visit:
    return replace(Visit(key, HOME, opens_s, closes_s, 60, (3, 1), (0, 0)), **changes)


def trip(key: int, *visits: Visit, leg_s: int = 100) -> Trip:
    return Trip(key, visits, (Leg(leg_s, 0),) * (len(visits) + 1) if visits else ())


def all_shifts(seeds: range) -> list[Shift]:
    return [shift for seed in seeds for plan in make_world(seed).plans for shift in plan.shifts]


def test_a_trip_starts_with_its_shift_and_waits_for_windows():
    (timed,) = schedule(Shift(DRIVER, (trip(1, visit(1), visit(2, opens_s=2_000)),)))

    assert timed.departs_s == 1_000
    assert timed.arrivals_s == (1_100, 1_260)
    assert timed.starts_s == (1_100, 2_000)
    assert timed.departures_s == (1_160, 2_060)
    assert timed.returns_s == 2_160


def test_a_reload_passes_between_trips_and_empty_trips_take_no_time():
    first, empty, second, last = schedule(
        Shift(DRIVER, (trip(1, visit(1)), trip(2), trip(3, visit(2)), trip(4)))
    )

    assert (first.returns_s, empty.departs_s, empty.returns_s, second.departs_s) == (
        1_260,
        1_560,
        1_560,
        1_560,
    )
    assert last.departs_s == second.returns_s + 300
    assert (first.latest_return_s, empty.latest_return_s) == (second.latest_departure_s - 300,) * 2
    assert (second.latest_return_s, last.latest_return_s) == (6_000, 6_000)


def test_what_a_shift_drives_beyond_its_range_is_told_in_metres():
    short = replace(DRIVER, kind=replace(VAN, range_m=1_000))
    drives = Shift(short, (Trip(1, (visit(1),), (Leg(1, 600), Leg(1, 401))), trip(2)))

    assert violations(drives) == [Violation("range", None, 1)]
    assert drives.metres_left == -1
    assert violations(replace(drives, vehicle=DRIVER)) == []


def test_where_a_class_may_not_stop_is_told_visit_by_visit():
    barred = Shift(DRIVER, (trip(1, visit(1), visit(2, barred=frozenset({"van", "bike"}))),))

    assert violations(barred) == [Violation("access", 2, 1)]


def test_loads_leave_at_their_doors_and_come_on_board_at_others():
    visits = (
        visit(1),
        visit(2, delivered=(0, 0), collected=(5, 0)),
        visit(3, delivered=(1, 0), collected=(0, 2)),
    )

    assert loads_of(visits) == ((4, 1), (1, 0), (6, 0), (5, 2))
    assert loads_of(()) == ()


def test_every_break_is_named_with_its_size():
    late = visit(1, closes_s=1_050)
    heavy = visit(2, delivered=(9, 0), collected=(0, 6), skills=0b110)

    assert violations(Shift(replace(DRIVER, max_shift_s=200), (trip(1, late, heavy),))) == [
        Violation("window", 1, 51),
        Violation("load", 1, 2),
        Violation("load", 2, 2),
        Violation("skills", 2, 2),
        Violation("shift", None, 220),
    ]


def test_an_empty_trip_after_the_last_return_does_not_count():
    shift = Shift(replace(DRIVER, max_shift_s=260), (trip(1, visit(1)), trip(2)))

    assert violations(shift) == []


def test_an_unused_shift_breaks_nothing_even_if_it_ends_before_it_starts():
    assert violations(Shift(replace(DRIVER, ends_s=0), (trip(1),))) == []
    assert violations(Shift(DRIVER, ())) == []


def test_nothing_is_broken_exactly_where_driving_it_breaks_nothing():
    judged = [(violations(shift), shift) for shift in all_shifts(range(300))]

    for found, shift in judged:
        kinds, rounds = {one.kind for one in found}, rounds_of(shift)
        assert (not kinds & {"window", "shift"}) == keeps_time(shift, rounds)
        assert (not kinds & {"load", "skills", "access"}) == keeps_room(shift, rounds)
        assert ("range" not in kinds) == keeps_range(shift, rounds)
    assert 50 < sum(bool(found) for found, _ in judged) < len(judged) / 2


def test_the_latest_arrival_is_the_last_that_keeps_all_that_follows():
    checked = 0
    for shift in all_shifts(range(150)):
        for index, timed in enumerate(schedule(shift)):
            for position, latest_s in enumerate(timed.latest_s):
                checked += 1
                earliest = timed.arrivals_s[position]
                for arrives_s in {earliest, latest_s, latest_s + 1} - {NEVER, NEVER + 1}:
                    assert keeps_time_from(shift, index, position, arrives_s) == (arrives_s <= latest_s)
    assert checked > 500


def keeps_time_from(shift: Shift, index: int, position: int, arrives_s: int) -> bool:
    """Whether all from that visit on is kept, were it reached at that second straight from the start."""
    rounds = rounds_of(shift)[index:]
    here = rounds[0]
    here.stops, here.ways = here.stops[position:], [Way(0, 0), *here.ways[position + 1 :]]
    limit = shift.vehicle.latest_return_s
    vehicle = replace(shift.vehicle, starts_s=arrives_s, ends_s=limit, max_shift_s=10**9)
    return keeps_time(Shift(vehicle, shift.trips[index:]), rounds)


def test_loads_of_other_dimensions_than_the_vehicles_are_refused():
    with pytest.raises(ValueError, match="2 dimensions"):
        schedule(Shift(DRIVER, (trip(1, visit(1, delivered=(1,), collected=(0,))),)))
