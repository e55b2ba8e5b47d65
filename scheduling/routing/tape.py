"""Day plans as contiguous arrays, one row per gap: what quotes are read from.

Node after node, each trip lies as depot, visits, depot. Row r is the gap between node r and node r + 1, so
legs to and from a new visit are computed once per node. The row of a trip's last depot is a seam: no gap,
never in time. The tape of several days is theirs, end to end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate, chain, repeat
from operator import or_, sub
from typing import Any

import numpy as np

from scheduling.routing.places import Gaps, Ints, Outline, Places, Rates
from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, VehicleClass, Visit
from scheduling.routing.schedule import NEVER, Load, TripSchedule, misfits, schedule

LATE = -NEVER
"""A departure after which nothing is in time: something before it already is late."""

UNLIMITED = 2**40
"""More metres than anybody drives."""

TIMES, ARCS, ROOMS = slice(0, 2), slice(2, 4), slice(7, None)
COST_S_PER_KM, OPENING_COST_S, METRES_LEFT = 4, 5, 6
"""Where a line of a tape's gaps has departs_s and latest_s; arc_s and arc_m; room_before and room_after."""


@lru_cache(maxsize=1024)
def number_of(kind: str) -> int:
    """A number that stands for a vehicle class in arrays: the same in every tape, another for each key."""
    return int.from_bytes(sha256(kind.encode()).digest()[:7], "big")


@dataclass(frozen=True, slots=True)
class Stops:
    """The booked visits of n_days, day after day, as neighbours see them.

    Those of day d are first[d] to first[d + 1]; opens_s and closes_s are their promises.
    """

    first: Ints
    places: Places
    opens_s: Ints
    closes_s: Ints
    household: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """n gaps (seams among them) of n_days. Arrays have shape (n,) unless stated.

    first: the rows of day d are first[d] to first[d + 1]; shape (n_days + 1,)
    nodes, rates: where row r starts, and how its vehicle drives
    departs_s, latest_s: earliest departure there, and latest arrival at the next node, that keep all else
    arc_s, arc_m: the leg that an insertion replaces, 0 in an empty trip; less the ways to the rests of a
        shift that nobody drives yet, since they come with it
    room_before, room_after: what can be added to all legs up to the gap, and to all from it on; shape
        (dimensions, n); -1 throughout a shift that is overloaded or lacks a skill already
    metres_left: how far the shift can still go, UNLIMITED where nothing limits it
    kind: the number of the vehicle's class, as `number_of` has it
    skills, cost_s_per_km, opening_cost_s: of the vehicle; the last is 0 once the vehicle is used
    shift_key, trip_key, position: which gap it is; -1 at a seam
    """

    first: Ints
    nodes: Places
    rates: Rates
    departs_s: Ints
    latest_s: Ints
    arc_s: Ints
    arc_m: Ints
    room_before: Ints
    room_after: Ints
    metres_left: Ints
    kind: Ints
    skills: Ints
    cost_s_per_km: Ints
    opening_cost_s: Ints
    shift_key: Ints
    trip_key: Ints
    position: Ints
    stops: Stops

    @property
    def n_days(self) -> int:
        return len(self.first) - 1


@dataclass(frozen=True, slots=True)
class Tape(Rows):
    """Rows, and their numbers once more as a quote reads them: together what it asks together.

    vacant: days without rows
    outline: what tells at a glance which gaps are too narrow for a visit; only of the others are read
    gaps: of each its ends and rates, and then, at TIMES, ARCS and so on, what else is asked of it
    """

    vacant: tuple[int, ...]
    outline: Outline
    gaps: Gaps


@dataclass(frozen=True, slots=True)
class Strip:
    """The rows of one shift, as long as it stays the shift that it is."""

    shift: Shift
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Row:
    """One row before it joins the arrays; the defaults are those of a seam."""

    place: Place
    kind: VehicleClass
    departs_s: int = LATE
    latest_s: int = NEVER
    arc_s: int = 0
    arc_m: int = 0
    room_before: Load | None = None
    room_after: Load | None = None
    metres_left: int = 0
    skills: int = 0
    opening_cost_s: int = 0
    shift_key: int = -1
    trip_key: int = -1
    position: int = -1


def build_tape(plan: Plan, known: Mapping[int, Strip] | None = None) -> Tape:
    """The tape of one day. Raises ValueError if loads or capacities differ in dimensions.

    `known` are strips of an earlier plan by shift: those whose shifts are the same are not made again.
    """
    return tape_of(strips_of(plan, known))


def strips_of(plan: Plan, known: Mapping[int, Strip] | None = None) -> dict[int, Strip]:
    """The strips of a plan's shifts by their keys, in order; of unused shifts of a kind only the first's."""
    dimensions = _dimensions(plan)
    strips = {}
    for shift in _distinct(plan.shifts):
        key = shift.vehicle.key
        old = known.get(key) if known else None
        rows = old.rows if old and old.shift == shift else _rows(shift, plan.depot, dimensions)
        strips[key] = Strip(shift, rows)
    return strips


def tape_of(strips: Mapping[int, Strip]) -> Tape:
    """The tape of the day that the strips are of."""
    rows = _joined([strip.rows for strip in strips.values()]) if strips else _columns([], [], 0)
    stops = replace(rows.stops, first=rows.stops.first[[0, -1]])
    return _outlined(replace(rows, first=rows.first[[0, -1]], stops=stops))


def concatenate(tapes: Sequence[Tape]) -> Tape:
    """The tapes of one or more days as one, in the order given. Raises ValueError if dimensions differ."""
    return _outlined(_joined(tapes))


def _outlined(rows: Rows) -> Tape:
    # Of several days, too: each alone would be seen from a first place of its own.
    columns = {field.name: getattr(rows, field.name) for field in fields(Rows)}
    return Tape(
        **columns,
        vacant=tuple(np.flatnonzero(np.diff(rows.first) == 0).tolist()),
        outline=Outline.of(rows.nodes, rows.rates, rows.latest_s - rows.departs_s),
        gaps=Gaps.of(rows.nodes, rows.rates, *_asked(rows)),
    )


def _asked(rows: Rows) -> tuple[Ints, ...]:
    """What a quote asks of a gap besides its ends, in the order of a line."""
    times = (rows.departs_s, rows.latest_s, rows.arc_s, rows.arc_m)
    return (
        *times,
        rows.cost_s_per_km,
        rows.opening_cost_s,
        rows.metres_left,
        *rows.room_before,
        *rows.room_after,
    )


def _rows(shift: Shift, depot: Place, dimensions: int) -> Rows:
    """The rows of one shift."""
    visits = [visit for trip in shift.trips for visit in trip.visits if visit.booked]
    return _columns(list(_rows_of(shift, depot)), visits, dimensions)


def _columns(rows: Sequence[_Row], booked: Sequence[Visit], dimensions: int) -> Rows:
    return Rows(
        first=_ints([0, len(rows)]),
        nodes=Places.of([row.place for row in rows]),
        rates=Rates.of([row.kind for row in rows]),
        departs_s=_ints([row.departs_s for row in rows]),
        latest_s=_ints([row.latest_s for row in rows]),
        arc_s=_ints([row.arc_s for row in rows]),
        arc_m=_ints([row.arc_m for row in rows]),
        room_before=_by_dimension([row.room_before for row in rows], dimensions),
        room_after=_by_dimension([row.room_after for row in rows], dimensions),
        metres_left=_ints([row.metres_left for row in rows]),
        kind=_ints([number_of(row.kind.key) for row in rows]),
        skills=_ints([row.skills for row in rows]),
        cost_s_per_km=_ints([row.kind.cost_s_per_km for row in rows]),
        opening_cost_s=_ints([row.opening_cost_s for row in rows]),
        shift_key=_ints([row.shift_key for row in rows]),
        trip_key=_ints([row.trip_key for row in rows]),
        position=_ints([row.position for row in rows]),
        stops=Stops(
            first=_ints([0, len(booked)]),
            places=Places.of([visit.place for visit in booked]),
            opens_s=_ints([visit.opens_s for visit in booked]),
            closes_s=_ints([visit.closes_s for visit in booked]),
            household=tuple(visit.household for visit in booked),
        ),
    )


def _dimensions(plan: Plan) -> int:
    lengths = {len(shift.vehicle.kind.capacity) for shift in plan.shifts}
    if len(lengths) > 1:
        raise ValueError("the vehicles of a plan differ in dimensions of capacity")
    return max(lengths, default=0)


def _distinct(shifts: Sequence[Shift]) -> Iterator[Shift]:
    """All used shifts, and of those that are not used the first of each kind."""
    seen = set()
    for shift in shifts:
        vehicle = shift.vehicle
        hours = (vehicle.starts_s, vehicle.ends_s, vehicle.max_shift_s, vehicle.reload_s)
        rests = () if shift.used else tuple(_rests_of(trip) for trip in shift.trips)
        alike = (vehicle.kind, hours, vehicle.skills, len(shift.trips), rests)
        if shift.used or alike not in seen:
            yield shift
        if not shift.used:
            seen.add(alike)


def _rests_of(trip: Trip) -> tuple[Any, ...]:
    """What tells the rests of one trip from those of another, whosever they are."""
    return (*(replace(visit, key=0) for visit in trip.visits), *trip.legs)


def _rows_of(shift: Shift, depot: Place) -> Iterator[_Row]:
    timed = list(zip(shift.trips, schedule(shift), strict=True))
    sound = not any(misfits(trip, times, shift.vehicle) for trip, times in timed)
    late, after_empty = False, False
    for trip, times in timed:
        if trip.visits or not after_empty:
            yield from _rows_of_trip(shift, trip, times, depot, late=late, sound=sound)
        late = late or _lateness(trip, times)[-1]
        after_empty = not trip.visits


def _rows_of_trip(
    shift: Shift, trip: Trip, times: TripSchedule, depot: Place, *, late: bool, sound: bool
) -> Iterator[_Row]:
    vehicle = shift.vehicle
    opening_cost_s = 0 if shift.used else vehicle.kind.opening_cost_s
    idle = shift.idle
    metres_left = UNLIMITED if shift.metres_left is None else shift.metres_left
    gaps = zip(
        (depot, *(visit.place for visit in trip.visits)),
        (times.departs_s, *times.departures_s),
        _lateness(trip, times),
        (*times.latest_s, times.latest_return_s),
        trip.legs or (Leg(0, 0),),
        _rooms(times.loads, vehicle.kind.capacity) if sound else repeat((None, None)),
        strict=False,
    )
    for position, (place, departs_s, late_here, latest_s, leg, (before, after)) in enumerate(gaps):
        yield _Row(
            place=place,
            kind=vehicle.kind,
            departs_s=LATE if late or late_here else departs_s,
            latest_s=latest_s,
            arc_s=leg.seconds - idle.seconds,
            arc_m=leg.metres - idle.metres,
            room_before=before,
            room_after=after,
            metres_left=metres_left,
            skills=vehicle.skills,
            opening_cost_s=opening_cost_s,
            shift_key=vehicle.key,
            trip_key=trip.key,
            position=position,
        )
    yield _Row(depot, vehicle.kind)


def _lateness(trip: Trip, times: TripSchedule) -> list[bool]:
    """Whether a promise of this trip is broken before each of its gaps."""
    late = (start_s >= visit.closes_s for visit, start_s in zip(trip.visits, times.starts_s, strict=True))
    return list(accumulate(late, or_, initial=False))


def _rooms(loads: Sequence[Load], capacity: Load) -> list[tuple[Load, Load]]:
    """What can be added to all legs up to each gap, and to all legs from it on."""
    loads = loads or [(0,) * len(capacity)]
    before = accumulate(loads, _worst)
    after = list(accumulate(reversed(loads), _worst))[::-1]
    return [
        (_less(capacity, most), _less(capacity, later)) for most, later in zip(before, after, strict=True)
    ]


def _worst(one: Load, other: Load) -> Load:
    return tuple(map(max, one, other))


def _less(capacity: Load, load: Load) -> Load:
    return tuple(map(sub, capacity, load))


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _by_dimension(rooms: Sequence[Load | None], dimensions: int) -> Ints:
    none = (-1,) * dimensions
    table = np.array([none if room is None else room for room in rooms], dtype=np.int64)
    return np.ascontiguousarray(table.reshape(len(rooms), dimensions).T)


def _joined(records: Sequence[Rows]) -> Rows:
    """Several rows end to end, day after day."""
    rows: Rows = _end_to_end(Rows, records)
    return rows


def _end_to_end(kind: Any, records: Sequence[Any]) -> Any:
    """Records of arrays as one of a kind: every array, tuple and record in them end to end."""
    columns = {field.name: [getattr(record, field.name) for record in records] for field in fields(kind)}
    return kind(**{name: _joined_column(name, parts) for name, parts in columns.items()})


def _joined_column(name: str, parts: Sequence[Any]) -> Any:
    if name == "first":
        return _ints([0, *accumulate(length for part in parts for length in np.diff(part).tolist())])
    if isinstance(parts[0], tuple):
        return tuple(chain.from_iterable(parts))
    if isinstance(parts[0], np.ndarray):
        filled = [part for part in parts if part.shape[-1]]  # a day without vehicles has no dimensions
        return np.concatenate(filled or parts[:1], axis=-1)
    return _end_to_end(type(parts[0]), parts)
