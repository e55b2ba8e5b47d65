"""A quote in plain Python, as one would write it first: every gap of every day, and every slot.

It reads the tape's numbers as lists and shares nothing with the code it is measured against: neither its
ways, nor its choice. Whoever makes it faster first sees that a gap ends where the next begins, and works
out each way once: `answers_sharing_ways` does.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import ceil, cos, radians, sin, sqrt
from typing import NamedTuple

from scheduling.routing.problem import Visit
from scheduling.routing.tape import Tape

FITS, NO_TIME, NO_ROOM, NO_VEHICLE, NO_RANGE = range(5)


class Answer(NamedTuple):
    """The cheapest gap for a slot, as a row of the tape or -1, what it adds, and the reason's number."""

    row: int
    cost_s: int
    seconds: int
    metres: int
    reason: int


@dataclass(frozen=True, slots=True)
class Lists:
    """A tape as lists; room is (dimensions) lists of (n,) numbers."""

    first: list[int]
    x: list[float]
    y: list[float]
    z: list[float]
    metres_per_chord: list[float]
    speed_m_per_h: list[int]
    departs_s: list[int]
    latest_s: list[int]
    arc_s: list[int]
    arc_m: list[int]
    room_before: list[list[int]]
    room_after: list[list[int]]
    metres_left: list[int]
    kind: list[int]
    skills: list[int]
    cost_s_per_km: list[int]
    opening_cost_s: list[int]
    position: list[int]

    @classmethod
    def of(cls, tape: Tape) -> "Lists":
        return cls(
            first=tape.first.tolist(),
            x=tape.nodes.x.tolist(),
            y=tape.nodes.y.tolist(),
            z=tape.nodes.z.tolist(),
            metres_per_chord=tape.rates.metres_per_chord.tolist(),
            speed_m_per_h=[int(speed) for speed in tape.rates.speed_m_per_h.tolist()],
            departs_s=tape.departs_s.tolist(),
            latest_s=tape.latest_s.tolist(),
            arc_s=tape.arc_s.tolist(),
            arc_m=tape.arc_m.tolist(),
            room_before=tape.room_before.tolist(),
            room_after=tape.room_after.tolist(),
            metres_left=tape.metres_left.tolist(),
            kind=tape.kind.tolist(),
            skills=tape.skills.tolist(),
            cost_s_per_km=tape.cost_s_per_km.tolist(),
            opening_cost_s=tape.opening_cost_s.tolist(),
            position=tape.position.tolist(),
        )


Way = Callable[[int], tuple[int, int]]
"""Seconds and metres between the node of a row and the visit; both directions are the same."""


def answers(
    tape: Lists,
    visit: Visit,
    days: Sequence[Sequence[tuple[int, int]]],
    barred: Collection[int] = (),
) -> list[list[Answer]]:
    """Return the cheapest gap for each window (opens_s, closes_s) of each day; of equals the first.

    `barred` are the numbers, as in the tape, of the vehicle classes that may serve none of them.
    """
    way = _way(tape, visit)
    return [_answers_of_day(tape, visit, way, day, windows, barred) for day, windows in enumerate(days)]


def answers_sharing_ways(
    tape: Lists,
    visit: Visit,
    days: Sequence[Sequence[tuple[int, int]]],
    barred: Collection[int] = (),
) -> list[list[Answer]]:
    """Return the same, with one way for each node instead of two for each gap."""
    way = list(map(_way(tape, visit), range(len(tape.x)))).__getitem__
    return [_answers_of_day(tape, visit, way, day, windows, barred) for day, windows in enumerate(days)]


def _way(tape: Lists, visit: Visit) -> Way:
    lat, lon = radians(visit.place.lat), radians(visit.place.lon)
    to_x, to_y, to_z = cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)

    def way(row: int) -> tuple[int, int]:
        dx, dy, dz = tape.x[row] - to_x, tape.y[row] - to_y, tape.z[row] - to_z
        metres = ceil(sqrt((dx * dx + dy * dy) + dz * dz) * tape.metres_per_chord[row])
        return -(-metres * 3600 // tape.speed_m_per_h[row]), metres

    return way


def _answers_of_day(
    tape: Lists,
    visit: Visit,
    way: Way,
    day: int,
    windows: Sequence[tuple[int, int]],
    barred: Collection[int],
) -> list[Answer]:
    start, end = tape.first[day], tape.first[day + 1]
    best = [Answer(-1, 0, 0, 0, NO_VEHICLE if start == end else NO_TIME)] * len(windows)
    for row in range(start, end):
        if tape.position[row] < 0:
            continue  # a seam between two trips
        if barred and tape.kind[row] in barred:
            continue
        to_s, to_m = way(row)
        back_s, back_m = way(row + 1)
        lo = tape.departs_s[row] + to_s
        hi = tape.latest_s[row] - back_s - visit.service_s
        if lo > hi:
            continue
        if not _has_room(tape, visit, row):
            for slot, (opens_s, closes_s) in enumerate(windows):
                if best[slot].reason == NO_TIME and lo < closes_s and opens_s <= hi:
                    best[slot] = Answer(-1, 0, 0, 0, NO_ROOM)
            continue
        added_s, added_m = to_s + back_s - tape.arc_s[row], to_m + back_m - tape.arc_m[row]
        if added_m > tape.metres_left[row]:
            for slot, (opens_s, closes_s) in enumerate(windows):
                if best[slot].row < 0 and lo < closes_s and opens_s <= hi:
                    best[slot] = Answer(-1, 0, 0, 0, NO_RANGE)
            continue
        cost_s = added_s + added_m * tape.cost_s_per_km[row] // 1000 + tape.opening_cost_s[row]
        for slot, (opens_s, closes_s) in enumerate(windows):
            if lo < closes_s and opens_s <= hi and (best[slot].row < 0 or cost_s < best[slot].cost_s):
                best[slot] = Answer(row, cost_s, added_s, added_m, FITS)
    return best


def _has_room(tape: Lists, visit: Visit, row: int) -> bool:
    if visit.skills & ~tape.skills[row]:
        return False
    for room, load in zip(tape.room_before, visit.delivered, strict=True):
        if room[row] < load:
            return False
    for room, load in zip(tape.room_after, visit.collected, strict=True):  # noqa: SIM110 - like the other
        if room[row] < load:
            return False
    return True
