"""When a shift is where, with how much on board, and what that breaks.

The forward pass starts everything as early as it can: a vehicle leaves the depot when its shift starts or
its reload ends, and waits where it comes before a window opens. The backward pass asks how late it may
come everywhere without making anything after it late, up to the return that ends the shift.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scheduling.routing.problem import Shift, Trip, Vehicle, Visit

NEVER = -(2**30)
"""A latest time that nothing meets: what comes after is late whatever happens before."""

Load = tuple[int, ...]
Kind = Literal["window", "load", "shift", "range", "skills", "access"]


@dataclass(frozen=True, slots=True)
class TripSchedule:
    """One trip of n visits. An empty trip has only `departs_s`, `returns_s` (equal) and `latest_return_s`.

    departs_s, returns_s: earliest departure from the depot, and return to it
    arrivals_s, starts_s, departures_s: at each visit, shape (n,); service starts at the window's opening
        at the earliest, whether or not that is too late
    latest_s: the latest arrival at each visit that keeps it and all that follows, shape (n,), or NEVER
    latest_departure_s, latest_return_s: the same at the depot, or (about) NEVER
    loads: on board on each leg, shape (n + 1, dimensions)
    """

    departs_s: int
    arrivals_s: tuple[int, ...]
    starts_s: tuple[int, ...]
    departures_s: tuple[int, ...]
    returns_s: int
    latest_s: tuple[int, ...]
    latest_departure_s: int
    latest_return_s: int
    loads: tuple[Load, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """Something a shift breaks, and by how much.

    window: seconds service starts too late at the visit
    load: the most by which one dimension is exceeded on a leg of a trip; the visit is the one the leg
        leaves, or the trip's first; one violation per trip and dimension
    shift: seconds the last return is late; no visit
    range: metres that the shift drives too far; no visit
    skills: the number of skills the vehicle lacks for the visit
    access: 1 where the vehicle's class may not stop at the visit
    """

    kind: Kind
    visit_key: int | None
    by: int


@dataclass(frozen=True, slots=True)
class _Forward:
    departs_s: int
    arrivals_s: tuple[int, ...]
    starts_s: tuple[int, ...]
    departures_s: tuple[int, ...]
    returns_s: int


@dataclass(frozen=True, slots=True)
class _Backward:
    latest_s: tuple[int, ...]
    latest_departure_s: int
    latest_return_s: int


def schedule(shift: Shift) -> tuple[TripSchedule, ...]:
    """The schedule of every trip of a shift. Raises ValueError if loads differ in dimensions."""
    _check_dimensions(shift)
    forward, backward = _forward(shift), _backward(shift)
    return tuple(
        TripSchedule(
            departs_s=ahead.departs_s,
            arrivals_s=ahead.arrivals_s,
            starts_s=ahead.starts_s,
            departures_s=ahead.departures_s,
            returns_s=ahead.returns_s,
            latest_s=back.latest_s,
            latest_departure_s=back.latest_departure_s,
            latest_return_s=back.latest_return_s,
            loads=loads_of(trip.visits),
        )
        for trip, ahead, back in zip(shift.trips, forward, backward, strict=True)
    )


def violations(shift: Shift) -> list[Violation]:
    """All that a shift breaks, trip by trip. Raises ValueError if loads differ in dimensions.

    Legs are judged as stored, so neither the depot's place nor a source of travel times is needed.
    """
    timed = schedule(shift)
    found: list[Violation] = []
    for trip, times in zip(shift.trips, timed, strict=True):
        found += _late(trip, times)
        found += misfits(trip, times, shift.vehicle)
    # A reload after the last trip is never needed, so the returns of empty trips do not count.
    returns = [times.returns_s for trip, times in zip(shift.trips, timed, strict=True) if trip.visits]
    late_s = max(returns, default=shift.vehicle.latest_return_s) - shift.vehicle.latest_return_s
    if late_s > 0:
        found.append(Violation("shift", None, late_s))
    if shift.metres_left is not None and shift.metres_left < 0:
        found.append(Violation("range", None, -shift.metres_left))
    return found


def misfits(trip: Trip, times: TripSchedule, vehicle: Vehicle) -> list[Violation]:
    """The loads, skills and access that the vehicle of a trip lacks: what no other hour would mend."""
    return [
        *_overloads(trip, times.loads, vehicle.kind.capacity),
        *_lacking(trip, vehicle),
        *(Violation("access", visit.key, 1) for visit in trip.visits if vehicle.kind.key in visit.barred),
    ]


def loads_of(visits: Sequence[Visit]) -> tuple[Load, ...]:
    """What is on board on each leg: what is still to be delivered, and what was collected already."""
    if not visits:
        return ()
    load = tuple(map(sum, zip(*(visit.delivered for visit in visits), strict=True)))
    loads = [load]
    for visit in visits:
        load = tuple(
            now - left + taken
            for now, left, taken in zip(load, visit.delivered, visit.collected, strict=True)
        )
        loads.append(load)
    return tuple(loads)


def _check_dimensions(shift: Shift) -> None:
    expected = len(shift.vehicle.kind.capacity)
    for trip in shift.trips:
        for visit in trip.visits:
            if len(visit.delivered) != expected:
                raise ValueError(f"visit {visit.key}: loads need {expected} dimensions, as the vehicle has")


def _forward(shift: Shift) -> list[_Forward]:
    passes: list[_Forward] = []
    ready_s = shift.vehicle.starts_s
    for trip in shift.trips:
        passes.append(_drive(trip, ready_s))
        if trip.visits:
            ready_s = passes[-1].returns_s + shift.vehicle.reload_s
    return passes


def _drive(trip: Trip, departs_s: int) -> _Forward:
    if not trip.visits:
        return _Forward(departs_s, (), (), (), departs_s)
    now, arrivals, starts, departures = departs_s, [], [], []
    for visit, leg in zip(trip.visits, trip.legs, strict=False):
        now += leg.seconds
        arrivals.append(now)
        now = max(now, visit.opens_s)
        starts.append(now)
        now += visit.service_s
        departures.append(now)
    return _Forward(departs_s, tuple(arrivals), tuple(starts), tuple(departures), now + trip.legs[-1].seconds)


def _backward(shift: Shift) -> list[_Backward]:
    passes: list[_Backward] = []
    latest_s = shift.vehicle.latest_return_s
    for trip in reversed(shift.trips):
        passes.append(_trace(trip, latest_s))
        if trip.visits:
            latest_s = passes[-1].latest_departure_s - shift.vehicle.reload_s
    return passes[::-1]


def _trace(trip: Trip, latest_return_s: int) -> _Backward:
    if not trip.visits:
        return _Backward((), latest_return_s, latest_return_s)
    now, latest = latest_return_s, []
    for visit, leg in zip(reversed(trip.visits), reversed(trip.legs), strict=False):
        now = min(visit.closes_s - 1, now - leg.seconds - visit.service_s)
        # Coming earlier does not help who has to wait for the window to open.
        now = now if now >= visit.opens_s else NEVER
        latest.append(now)
    return _Backward(tuple(latest[::-1]), now - trip.legs[0].seconds, latest_return_s)


def _late(trip: Trip, times: TripSchedule) -> list[Violation]:
    return [
        Violation("window", visit.key, start_s - (visit.closes_s - 1))
        for visit, start_s in zip(trip.visits, times.starts_s, strict=True)
        if start_s >= visit.closes_s
    ]


def _overloads(trip: Trip, loads: tuple[Load, ...], capacity: Load) -> list[Violation]:
    found = []
    for dimension, room in enumerate(capacity):
        over = [load[dimension] - room for load in loads]
        worst = max(over, default=0)
        if worst > 0:
            leg = over.index(worst)
            found.append(Violation("load", trip.visits[max(leg - 1, 0)].key, worst))
    return found


def _lacking(trip: Trip, vehicle: Vehicle) -> list[Violation]:
    missing = ((visit.key, (visit.skills & ~vehicle.skills).bit_count()) for visit in trip.visits)
    return [Violation("skills", key, count) for key, count in missing if count]
