"""Another order for a route under way: the one that somebody wants, or the best that there is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scheduling.routing.by_hand import judged, reordered, resequenced, trip_of
from scheduling.routing.improve import BeyondRange, cost_s, improve
from scheduling.routing.lived import Left, as_driven, in_order, split
from scheduling.routing.onward import EXACT
from scheduling.routing.problem import Plan, Shift
from scheduling.routing.travel import Travel


def as_wanted(
    plan: Plan, left: Mapping[int, Left], trip_key: int, wanted: Sequence[int], travel: Travel
) -> Plan:
    """The plan with a trip's visits to come in a wanted order; who is not named comes behind, as before.

    What is served stays, and so does the door at which its vehicle stands.
    """
    plan = in_order(plan, left, travel)
    _shift, trip = trip_of(plan, trip_key)
    fixed: set[int] = set()
    if trip_key in left:
        behind, _ahead = split(trip, left[trip_key])
        fixed = {visit.key for visit in behind} | set(left[trip_key].there)
    there = [visit.key for visit in trip.visits]
    free = [key for key in there if key not in fixed]
    first = [key for key in dict.fromkeys(wanted) if key in set(free)]
    order = [key for key in there if key in fixed] + first + [key for key in free if key not in set(first)]
    return reordered(plan, trip_key, order, travel)


def best_order(
    plan: Plan,
    left: Mapping[int, Left],
    trip_key: int,
    travel: Travel,
    *,
    now_s: int,
    seconds: float,
    seed: int = 0,
) -> Plan:
    """The plan with what is to come on one trip in the best order: fewest promises break, then least driving.

    The visit that its vehicle drives to stays the next, unless that breaks more.
    """
    plan = in_order(plan, left, travel)
    tried = [
        plan,
        *(
            resequenced(plan, left, trip_key, travel, now_s=now_s, keep_next=keep_next)
            for keep_next in (True, False)
        ),
    ]
    on_time = not judged(plan, left, travel, now_s=now_s).late_s
    long = len(trip_of(plan, trip_key)[1].visits) > EXACT
    if on_time or long:  # else all orders were looked at
        tried += _solved(plan, left, trip_key, travel, now_s=now_s, seconds=seconds, seed=seed)

    def cost(one: Plan) -> tuple[int, int, int, int]:
        found = judged(one, left, travel, now_s=now_s)
        return len(found.other), len(found.late_s), sum(found.late_s.values()), cost_s(one)

    return min(tried, key=cost)


def _solved(
    plan: Plan,
    left: Mapping[int, Left],
    trip_key: int,
    travel: Travel,
    *,
    now_s: int,
    seconds: float,
    seed: int,
) -> list[Plan]:
    """What the solver finds for the trip, if it keeps everything and the trip keeps its visits."""
    shift, trip = trip_of(plan, trip_key)
    alone = replace(plan, shifts=(_only(shift, trip_key),))
    lived = as_driven(alone, left, travel, now_s=now_s)
    try:
        better = improve(lived.plan, travel, seconds=seconds, seed=seed, begun=lived.begun)
    except BeyondRange:
        return []
    order = [visit.key for visit in trip_of(better, trip_key)[1].visits]
    if sorted(order) != sorted(visit.key for visit in trip.visits):
        return []
    return [reordered(plan, trip_key, order, travel)]


def _only(shift: Shift, trip_key: int) -> Shift:
    """The shift without the trips that come after: what they bring stays with them."""
    at = [trip.key for trip in shift.trips].index(trip_key)
    return replace(shift, trips=shift.trips[: at + 1])
