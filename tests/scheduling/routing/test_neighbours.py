from dataclasses import replace

from scheduling.routing.insertion import Slots
from scheduling.routing.neighbours import booked_stops, neighbours
from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, VehicleClass, Visit
from scheduling.routing.tape import build_tape, concatenate

VAN = Vehicle(1, VehicleClass("van", (9,), 30_000, 130, 0, 0, 300), 0, 90_000, 90_000, 0)
HERE = Place(60.17, 24.94)
NEXT_DOOR = Place(60.171, 24.94)
FAR = Place(60.18, 24.94)
MORNING, NOON = (36_000, 43_200), (43_200, 50_400)
SLOTS = Slots.of([[MORNING, NOON]])


def stop(household: str, window: tuple[int, int] = MORNING, place: Place = NEXT_DOOR, **changes) -> Visit:
    return replace(Visit(1, place, *window, 60, (1,), (0,), household=household), **changes)


def day(*visits: Visit):
    trips = tuple(Trip(key, (visit,), (Leg(9, 9), Leg(9, 9))) for key, visit in enumerate(visits))
    return build_tape(Plan(HERE, (Shift(VAN, trips),)))


def count(*visits: Visit) -> list[int]:
    return neighbours(day(*visits), HERE, "me", SLOTS)[0].tolist()


def test_neighbours_count_where_their_windows_overlap_the_slot():
    assert count(stop("a"), stop("b", NOON), stop("c", (43_199, 43_201))) == [2, 2]
    assert count(stop("a", (0, 36_000)), stop("b", (50_400, 60_000))) == [0, 0]


def test_a_household_counts_once_and_ones_own_and_unknown_ones_never():
    assert count(stop("a"), stop("a"), stop("me"), stop("")) == [1, 0]


def test_held_and_distant_stops_are_no_neighbours():
    assert count(stop("a", booked=False), stop("b", place=FAR)) == [0, 0]


def test_near_is_as_far_as_the_caller_says():
    tape = day(stop("a"), stop("b", place=FAR))

    assert neighbours(tape, HERE, "me", SLOTS, within_m=2_000).tolist() == [[2, 0]]
    assert neighbours(tape, HERE, "me", SLOTS, within_m=100).tolist() == [[0, 0]]


def test_every_day_counts_its_own_and_absent_slots_nobody():
    days = concatenate([day(stop("a")), day(), day(stop("b"), stop("c", NOON), stop("d", booked=False))])
    slots = Slots.of([[MORNING, NOON], [MORNING], [(0, 90_000)]])

    assert booked_stops(days).tolist() == [1, 0, 2]
    assert neighbours(days, HERE, "me", slots).tolist() == [[1, 0], [0, 0], [2, 0]]
