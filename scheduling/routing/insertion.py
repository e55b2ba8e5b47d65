"""What serving one more visit adds, at every gap of every day at once; and doing so.

For a visit between two nodes, service starts at `lo = departure + way in` at the earliest, and at
`hi = latest arrival at the next node - way out - service` at the latest. A slot [opens, closes) fits if
that range and the slot's have a second in common. The loads of all legs before the gap grow by what is
delivered, of all legs after it by what is collected. The vehicle's class must not be among those that the
slot bars, and its shift must be able to go as much further as it adds. It adds the two ways less the leg
that they replace, which may be negative where ways break the triangle inequality.

The arrays it reads are in `tape`; booked neighbours are counted in `neighbours`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import reduce
from itertools import chain

import numpy as np

from scheduling.routing.choice import (
    DEAR,
    FAR,
    FULL,
    INDEX,
    Candidates,
    Mask,
    Wanted,
    cheapest,
    cost_of,
    keys_of,
)
from scheduling.routing.places import Floats, Ints, Lines
from scheduling.routing.problem import Plan, Shift, Trip, Visit
from scheduling.routing.schedule import NEVER
from scheduling.routing.tape import (
    ARCS,
    COST_S_PER_KM,
    METRES_LEFT,
    OPENING_COST_S,
    ROOMS,
    TIMES,
    Tape,
    number_of,
)
from scheduling.routing.travel import Travel


class Reason(IntEnum):
    """Why a slot cannot be served. NO_ROOM: a gap has the time, but none of those the load and skills.

    NO_RANGE: a gap has all of these, but its vehicle cannot go so far.
    """

    FITS = 0
    NO_TIME = 1
    NO_ROOM = 2
    NO_VEHICLE = 3
    NO_RANGE = 4


FITS, NO_TIME, NO_ROOM, NO_VEHICLE, NO_RANGE = map(int, Reason)  # NumPy is slow with members of an enum
NOTHING = np.array([-1, 0, 0, 0]).reshape(4, 1, 1)
"""No row, and what it adds: of an answer the row, cost, seconds and metres."""
GRADES, REASONS = np.array([FAR, FULL, DEAR]), np.array([FITS, NO_RANGE, NO_ROOM, NO_TIME])


@dataclass(frozen=True, slots=True)
class Slots:
    """Windows of n_slots on each of n_days, shape (n_days, n_slots); an absent one is 0 and 0.

    `last_s` is the last second in which service may start, or NEVER in an empty slot. The caller clips
    `opens_s` to now, where a slot has begun. `barred` are keys of vehicle classes that must not serve a
    slot, in as many tuples as days have slots; empty where no slot bars any.
    """

    opens_s: Ints
    closes_s: Ints
    last_s: Ints
    barred: tuple[tuple[frozenset[str], ...], ...] = ()

    @classmethod
    def of(
        cls,
        days: Sequence[Sequence[tuple[int, int]]],
        barred: Sequence[Sequence[frozenset[str]]] = (),
    ) -> "Slots":
        """Windows (opens_s, closes_s) per day; days with fewer than others get absent ones."""
        width = max(map(len, days), default=0)
        padded = [[*day, *[(0, 0)] * (width - len(day))] for day in days]
        table = np.array(padded, dtype=np.int64).reshape(len(days), width, 2)
        opens_s, closes_s = np.ascontiguousarray(table[:, :, 0]), np.ascontiguousarray(table[:, :, 1])
        kept = tuple(map(tuple, barred)) if any(map(any, barred)) else ()
        return cls(opens_s, closes_s, np.where(opens_s < closes_s, closes_s - 1, NEVER), kept)

    @property
    def kinds(self) -> list[str]:
        """The classes that any slot bars, in order."""
        if not self.barred:  # nearly always
            return []
        return sorted(frozenset().union(*set(chain.from_iterable(self.barred))))

    def wanted(self, kinds: Sequence[str]) -> Wanted:
        """The slots as the choice reads them: a bit for each of the classes that any slot bars."""
        if not kinds:
            return Wanted(self.opens_s, self.last_s)
        bits = {
            keys: sum(1 << kinds.index(key) for key in keys) for keys in set(chain.from_iterable(self.barred))
        }
        width = self.opens_s.shape[1]
        table = [[*(bits[keys] for keys in day), *[0] * (width - len(day))] for day in self.barred]
        return Wanted(self.opens_s, self.last_s, np.array(table, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Scores:
    """The cheapest gap of each slot, shape (n_days, n_slots); of equally cheap ones the first.

    row: of the tape, or -1; cost_s, seconds, metres: what it adds (0 without a row); reason: a Reason
    """

    row: Ints
    cost_s: Ints
    seconds: Ints
    metres: Ints
    reason: Ints


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a visit goes: before the visit at `position` of a trip, or after its last one."""

    day: int
    shift_key: int
    trip_key: int
    position: int


def score(tape: Tape, visit: Visit, slots: Slots, travel: Travel) -> Scores:
    """The cheapest feasible gap for `visit` in every slot; the visit's own window does not count.

    Cost is in seconds: of driving, the vehicle class's seconds for each added kilometre (rounded down),
    and its opening cost if the vehicle is not used yet. Raises ValueError if the tape's days are not
    those of the slots, or the visit's loads not of the tape's dimensions.
    """
    _check(tape, visit, slots)
    # Few gaps have time at all. From here on arrays are of their rows only, shape (n,) or (..., n).
    row = travel.wide_enough(tape.outline, visit.place, visit.service_s)
    gaps = tape.gaps.take(row)
    ways = travel.legs_through(gaps, visit.place)
    lo, hi = _starts(gaps, ways, visit.service_s)
    added = _added(gaps, ways)
    kinds = slots.kinds
    found = Candidates.of(lo, hi, row.searchsorted(tape.first), _kind_bits(tape, row, kinds))
    keys = keys_of(
        _cost_s(gaps, added),
        far=added[1] > gaps.others[METRES_LEFT],
        full=_lacking(tape, visit, gaps),
        late=lo > hi,
    )
    best = cheapest(found, keys, slots.wanted(kinds))
    return _scores(tape, row, added, best)


def gap_of(tape: Tape, row: int) -> Gap:
    """The gap that a row stands for. Raises ValueError for -1 and for a seam: neither is a gap."""
    if row < 0 or tape.position[row] < 0:
        raise ValueError(f"row {row} is no gap")
    day = int(np.searchsorted(tape.first, row, side="right")) - 1
    return Gap(day, int(tape.shift_key[row]), int(tape.trip_key[row]), int(tape.position[row]))


def best_gap(tape: Tape, visit: Visit, travel: Travel) -> tuple[Gap, int, int, int] | None:
    """The cheapest gap of one day for `visit` in its own window, with its metres, seconds and cost."""
    found = cheapest_of(tape, [visit], travel)
    return found and found[1:]


def cheapest_of(tape: Tape, visits: Sequence[Visit], travel: Travel) -> tuple[int, Gap, int, int, int] | None:
    """Which of some visits one day serves cheapest (of equals the first), its gap and what it adds.

    They are one visit with several windows and what is barred in each. Metres, seconds and cost are added.
    """
    slots = Slots.of([[(v.opens_s, v.closes_s) for v in visits]], [[v.barred for v in visits]])
    scores = score(tape, visits[0], slots, travel)
    served = [(int(scores.cost_s[0, at]), at) for at in np.flatnonzero(scores.row[0] >= 0).tolist()]
    if not served:
        return None
    cost_s, at = min(served)
    row, metres, seconds = (int(of[0, at]) for of in (scores.row, scores.metres, scores.seconds))
    return at, gap_of(tape, row), metres, seconds, cost_s


def insert(plan: Plan, gap: Gap, visit: Visit, travel: Travel) -> Plan:
    """The plan with `visit` in `gap`; only its own two legs are new. Nothing is checked.

    Raises ValueError if the plan has no such gap.
    """
    shift, trip = _find_trip(plan, gap)
    at = gap.position
    before = trip.visits[at - 1].place if at else plan.depot
    after = trip.visits[at].place if at < len(trip.visits) else plan.depot
    kind = shift.vehicle.kind
    legs = (travel.leg(before, visit.place, kind), travel.leg(visit.place, after, kind))
    longer = Trip(
        trip.key,
        (*trip.visits[:at], visit, *trip.visits[at:]),
        (*trip.legs[:at], *legs, *trip.legs[at + 1 :]),
    )
    return _with_trip(plan, shift, longer)


def remove(plan: Plan, visit_key: int, travel: Travel) -> Plan:
    """The plan without the visit; only the leg that closes its gap is new. Nothing is checked.

    Where ways break the triangle inequality, what follows may come later. Raises ValueError if the plan
    does not have the visit.
    """
    shift, trip, at = _find_visit(plan, visit_key)
    if len(trip.visits) == 1:
        return _with_trip(plan, shift, Trip(trip.key))
    before = trip.visits[at - 1].place if at else plan.depot
    after = trip.visits[at + 1].place if at + 1 < len(trip.visits) else plan.depot
    leg = travel.leg(before, after, shift.vehicle.kind)
    shorter = Trip(
        trip.key,
        (*trip.visits[:at], *trip.visits[at + 1 :]),
        (*trip.legs[:at], leg, *trip.legs[at + 2 :]),
    )
    return _with_trip(plan, shift, shorter)


def _check(tape: Tape, visit: Visit, slots: Slots) -> None:
    if slots.opens_s.shape != slots.closes_s.shape or len(slots.opens_s) != tape.n_days:
        raise ValueError(f"slots of shape {slots.opens_s.shape} for a tape of {tape.n_days} days")
    if len(tape.departs_s) and len(visit.delivered) != len(tape.room_before):
        raise ValueError(f"the visit's loads need {len(tape.room_before)} dimensions")


def _starts(gaps: Lines, ways: Floats, service_s: int) -> tuple[Floats, Floats]:
    """The first and the last second in which service may start at each row."""
    departs_s, latest_s = gaps.others[TIMES]
    to_s, back_s = ways[0]
    lo, hi = departs_s + to_s, latest_s - back_s
    hi -= service_s
    return lo, hi


def _kind_bits(tape: Tape, row: Ints, kinds: Sequence[str]) -> Ints | None:
    """A bit for each row whose vehicle is of one of the classes, and one more; None where there are none."""
    if not kinds:
        return None
    kind, bits = tape.kind.take(row), np.zeros(len(row) + 1, dtype=np.int64)
    for number, key in enumerate(kinds):
        bits[:-1][kind == number_of(key)] = 1 << number
    return bits


def _lacking(tape: Tape, visit: Visit, gaps: Lines) -> Mask:
    """Whether the vehicle of each row cannot take the visit's loads on every leg, or lacks a skill."""
    loads = (*visit.delivered, *visit.collected)
    limits = [*zip(gaps.others[ROOMS], loads, strict=False)]  # a tape without rows has no dimensions
    # A shift that is broken already has no room in any dimension: those that the visit loads tell so too.
    lacking = [most < load for most, load in [limit for limit in limits if limit[1]] or limits]
    if visit.skills:
        lacking.append(tape.skills.take(gaps.rows) & visit.skills != visit.skills)
    return reduce(np.logical_or, lacking) if lacking else np.zeros(len(gaps.rows), dtype=np.bool_)


def _added(gaps: Lines, ways: Floats) -> Floats:
    """The seconds and metres that each row adds, all whole; shape (2, n)."""
    added: Floats = ways[:, 0] + ways[:, 1]
    added -= gaps.others[ARCS]
    return added


def _cost_s(gaps: Lines, added: Floats) -> Floats:
    """What each row costs, in whole seconds; shape (n,)."""
    seconds, metres = added
    # As with seconds, the floor of the rounded quotient is that of the exact one.
    cost_s: Floats = metres * gaps.others[COST_S_PER_KM]
    cost_s /= 1000
    np.floor(cost_s, out=cost_s)
    cost_s += seconds
    cost_s += gaps.others[OPENING_COST_S]
    return cost_s


def _scores(tape: Tape, row: Ints, added: Floats, best: Ints) -> Scores:
    """What the best keys stand for: the rows behind them, what these add, or why there is none."""
    reason = REASONS.take(GRADES.searchsorted(best, side="right"))
    if tape.vacant:
        reason[[*tape.vacant]] = NO_VEHICLE
    answers = np.empty((4, *best.shape), dtype=np.int64)
    if len(row):
        pick = best & INDEX
        row.take(pick, out=answers[0], mode="clip")
        cost_of(best, out=answers[1])
        answers[2:] = added.take(pick, axis=1, mode="clip")
    picked, cost_s, seconds, metres = np.where(best < FAR, answers, NOTHING)
    return Scores(picked, cost_s, seconds, metres, reason)


def _find_trip(plan: Plan, gap: Gap) -> tuple[Shift, Trip]:
    for shift in plan.shifts:
        for trip in shift.trips:
            if (shift.vehicle.key, trip.key) == (gap.shift_key, gap.trip_key):
                if not 0 <= gap.position <= len(trip.visits):
                    break
                return shift, trip
    raise ValueError(f"the plan has no {gap}")


def _find_visit(plan: Plan, visit_key: int) -> tuple[Shift, Trip, int]:
    for shift in plan.shifts:
        for trip in shift.trips:
            for at, visit in enumerate(trip.visits):
                if visit.key == visit_key:
                    return shift, trip, at
    raise ValueError(f"the plan has no visit {visit_key}")


def _with_trip(plan: Plan, shift: Shift, trip: Trip) -> Plan:
    trips = tuple(trip if old.key == trip.key else old for old in shift.trips)
    changed = replace(shift, trips=trips)
    return replace(plan, shifts=tuple(changed if old is shift else old for old in plan.shifts))
