"""What a change by hand does to a day under way: what it breaks, and where a visit fits best.

Whoever dispatches may break a promise, but sees before which ones, by how much, and what else. Both plans,
the present and the changed one, are judged as they are driven from now on.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from scheduling.routing.improve import cost_s
from scheduling.routing.lived import Left, as_driven, in_order, split, with_visits
from scheduling.routing.onward import Ahead, fewest_broken
from scheduling.routing.problem import Plan, Shift, Trip, Visit
from scheduling.routing.schedule import Kind, loads_of, schedule, violations
from scheduling.routing.travel import Travel

WORSE_S: Final = 60
"""Who is late anyway and becomes so little later is not worth a word."""


@dataclass(frozen=True, slots=True)
class Break:
    """What breaks: a window by seconds at a visit, or what `schedule.Violation` says of a vehicle."""

    kind: Kind
    key: int
    by: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What is late of all that is to come, in seconds, by its visit's key; what else breaks, by its shift's.

    starts_s: when service starts at each visit to come
    """

    late_s: Mapping[int, int]
    other: Mapping[tuple[Kind, int], int]
    starts_s: Mapping[int, int]

    def worse_than(self, before: "Judged") -> tuple[Break, ...]:
        """Return what breaks here and did not before, or did by less; promises first."""
        late = [
            Break("window", key, by)
            for key, by in self.late_s.items()
            if by > before.late_s.get(key, 0) + (WORSE_S if key in before.late_s else 0)
        ]
        other = [
            Break(kind, key, by)
            for (kind, key), by in self.other.items()
            if by > before.other.get((kind, key), 0)
        ]
        return (*late, *other)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a visit could go: before the visit at `position` of a trip, or behind its last.

    breaks: what that would break; added_s, added_m: the driving that it adds; starts_s: when it is served
    has_left: whether the trip's vehicle is out, so that goods must be brought to it
    """

    shift_key: int
    trip_key: int
    position: int
    breaks: tuple[Break, ...]
    added_s: int
    added_m: int
    starts_s: int
    has_left: bool

    @property
    def cost(self) -> tuple[int, int, int]:
        """What placements are compared by: how much breaks, by how much, and the driving."""
        return len(self.breaks), sum(each.by for each in self.breaks if each.kind == "window"), self.added_s


def judged(plan: Plan, left: Mapping[int, Left], travel: Travel, *, now_s: int) -> Judged:
    """Judge a plan as it is driven from now on."""
    lived = as_driven(plan, left, travel, now_s=now_s)
    last_s = {v.key: v.closes_s - 1 for shift in plan.shifts for trip in shift.trips for v in trip.visits}
    late_s = {key: at_s - last_s[key] for key, at_s in lived.starts_s.items() if at_s > last_s[key]}
    other: dict[tuple[Kind, int], int] = {}
    for shift in lived.plan.shifts:
        if not shift.used:
            continue
        for found in violations(shift):
            if found.kind != "window":
                key = (found.kind, shift.vehicle.key)
                other[key] = max(found.by, other.get(key, 0))
    return Judged(late_s, other, lived.starts_s)


def reordered(plan: Plan, trip_key: int, keys: Sequence[int], travel: Travel) -> Plan:
    """The plan with a trip's visits in another order. Raises ValueError unless they are the same visits."""
    shift, trip = trip_of(plan, trip_key)
    by_key = {visit.key: visit for visit in trip.visits}
    if sorted(keys) != sorted(by_key):
        raise ValueError(f"trip {trip_key} has other visits")
    changed = with_visits(plan.depot, trip, [by_key[key] for key in keys], shift.vehicle, travel)
    return _with_trip(plan, shift, changed)


def without_visit(plan: Plan, key: int, travel: Travel) -> Plan:
    """The plan without a visit. Raises ValueError if it does not have it."""
    for shift in plan.shifts:
        for trip in shift.trips:
            if any(visit.key == key for visit in trip.visits):
                others = [visit for visit in trip.visits if visit.key != key]
                return _with_trip(plan, shift, with_visits(plan.depot, trip, others, shift.vehicle, travel))
    raise ValueError(f"the plan has no visit {key}")


def with_visit_at(plan: Plan, visit: Visit, trip_key: int, position: int, travel: Travel) -> Plan:
    """The plan with a visit before the one at `position` of a trip. Raises ValueError without the trip."""
    shift, trip = trip_of(plan, trip_key)
    visits = [*trip.visits[:position], visit, *trip.visits[position:]]
    return _with_trip(plan, shift, with_visits(plan.depot, trip, visits, shift.vehicle, travel))


def placements(
    plan: Plan,
    left: Mapping[int, Left],
    visit: Visit,
    travel: Travel,
    *,
    now_s: int,
    closed: Collection[int] = (),
) -> list[Placement]:
    """Return the best place on each trip that can take a visit, what breaks least first, then the cheapest.

    The plan does not have the visit. Trips whose keys are in `closed`, that are over, or whose vehicle lacks
    a skill, must not stop there, or is too small even when empty take nothing.
    """
    plan = in_order(plan, left, travel)
    found = []
    for shift in plan.shifts:
        alone = replace(plan, shifts=(shift,))
        before = judged(alone, left, travel, now_s=now_s)
        for trip in shift.trips:
            if trip.key in closed or not _may_take(shift, visit) or _is_over(shift, trip, left):
                continue
            tried = (
                _tried(alone, before, left, visit, trip, at, travel, now_s=now_s)
                for at in _positions(trip, left)
            )
            found.append(min(tried, key=lambda each: each.cost))
    return sorted(found, key=lambda each: each.cost)


def _tried(
    alone: Plan,
    before: Judged,
    left: Mapping[int, Left],
    visit: Visit,
    trip: Trip,
    position: int,
    travel: Travel,
    *,
    now_s: int,
) -> Placement:
    longer = with_visit_at(alone, visit, trip.key, position, travel)
    after = judged(longer, left, travel, now_s=now_s)
    return Placement(
        shift_key=alone.shifts[0].vehicle.key,
        trip_key=trip.key,
        position=position,
        breaks=after.worse_than(before),
        added_s=cost_s(longer) - cost_s(alone),
        added_m=longer.shifts[0].metres - alone.shifts[0].metres,
        starts_s=after.starts_s[visit.key],
        has_left=trip.key in left,
    )


def _may_take(shift: Shift, visit: Visit) -> bool:
    kind = shift.vehicle.kind
    loads = (*visit.delivered, *visit.collected)
    fits = all(load <= room for load, room in zip(loads, kind.capacity * 2, strict=True))
    return fits and not visit.skills & ~shift.vehicle.skills and kind.key not in visit.barred


def _is_over(shift: Shift, trip: Trip, left: Mapping[int, Left]) -> bool:
    """Whether a trip is back, or another of its vehicle left after it."""
    if trip.key in left and left[trip.key].back_s is not None:
        return True
    at = [each.key for each in shift.trips].index(trip.key)
    return any(later.key in left for later in shift.trips[at + 1 :])


def _positions(trip: Trip, left: Mapping[int, Left]) -> Iterable[int]:
    """Where something may come in: never before what is served, or the door at which its vehicle stands."""
    first = 0
    if trip.key in left:
        behind, ahead = split(trip, left[trip.key])
        first = len(behind) + sum(visit.key in left[trip.key].there for visit in ahead)
    return range(first, len(trip.visits) + 1)


def resequenced(
    plan: Plan,
    left: Mapping[int, Left],
    trip_key: int,
    travel: Travel,
    *,
    now_s: int,
    keep_next: bool = True,
) -> Plan:
    """The plan with what is ahead on one trip in the order in which fewest promises break.

    What is served stays, so does the door at which its vehicle stands, and with `keep_next` the one that it
    drives to.
    """
    plan = in_order(plan, left, travel)
    shift, trip = trip_of(plan, trip_key)
    if _is_over(shift, trip, left):
        return plan
    ahead, fixed = _ahead(replace(plan, shifts=(shift,)), left, trip, travel, now_s, keep_next=keep_next)
    visits = (*trip.visits[:fixed], *fewest_broken(ahead, travel))
    return _with_trip(plan, shift, with_visits(plan.depot, trip, visits, shift.vehicle, travel))


def _ahead(
    alone: Plan, left: Mapping[int, Left], trip: Trip, travel: Travel, now_s: int, *, keep_next: bool
) -> tuple[Ahead, int]:
    """What a vehicle has before it, and how many visits of the trip stay first."""
    driven = as_driven(alone, left, travel, now_s=now_s)
    now = driven.plan.shifts[0]
    as_it_is = next(each for each in now.trips if each.key == trip.key)
    fixed = driven.begun.get(trip.key, 0)
    last = trip.visits[fixed - 1].key if 0 < fixed <= len(trip.visits) else None
    drives = trip.key in left and last in driven.starts_s and last not in left[trip.key].there
    free_next = drives and not keep_next
    if free_next:
        fixed -= 1
    elif fixed:
        now_s = as_it_is.visits[fixed - 1].opens_s
    else:
        now_s = _departs_s(now, trip.key)
    on_board = loads_of(as_it_is.visits)[fixed] if as_it_is.visits else (0,) * len(now.vehicle.kind.capacity)
    if free_next:  # its goods are still on board, and what it collects is not
        visit = trip.visits[fixed]
        back = zip(on_board, visit.delivered, strict=True)
        on_board = tuple(load + goods for load, goods in back)
    start = trip.visits[fixed - 1].place if fixed else alone.depot
    visits = trip.visits[fixed:]
    return Ahead(start, alone.depot, now.vehicle, now_s, on_board, visits), fixed


def _departs_s(shift: Shift, trip_key: int) -> int:
    times = zip(shift.trips, schedule(shift), strict=True)
    return next(each.departs_s for trip, each in times if trip.key == trip_key)


def trip_of(plan: Plan, key: int) -> tuple[Shift, Trip]:
    """Return a trip and its shift. Raises ValueError if the plan has no such trip."""
    for shift, trip in _trips(plan):
        if trip.key == key:
            return shift, trip
    raise ValueError(f"the plan has no trip {key}")


def _trips(plan: Plan) -> Iterator[tuple[Shift, Trip]]:
    return ((shift, trip) for shift in plan.shifts for trip in shift.trips)


def _with_trip(plan: Plan, shift: Shift, trip: Trip) -> Plan:
    trips = tuple(trip if old.key == trip.key else old for old in shift.trips)
    changed = replace(shift, trips=trips)
    return replace(plan, shifts=tuple(changed if old is shift else old for old in plan.shifts))
