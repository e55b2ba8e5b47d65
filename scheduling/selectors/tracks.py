"""How far vehicles really drove: by their positions where there are enough, else by what they visited."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from scheduling.conversion import shift_of
from scheduling.models import Position, Route, Stop
from scheduling.models.network import distance_m
from scheduling.routing import problem
from scheduling.snapshots import ROAD

LONGEST_GAP: Final = timedelta(minutes=5)
"""Between two fixes at most: in five minutes a van in town comes round few corners that nobody sees."""
STILL_M: Final = 30.0
"""Fixes of a vehicle that stands wander about by so much."""
COARSE_M: Final = 100.0
"""Fixes that are less exact say nothing about metres."""
FASTEST_M_PER_S: Final = 300 / 3.6
"""Who seems to be faster was not there."""


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a vehicle was."""

    at: datetime
    lat: float
    lon: float


def driven_m(fixes: Sequence[Fix], *, left_at: datetime, back_at: datetime) -> int | None:
    """Return the metres along a vehicle's fixes, in order; None where there are too few to tell.

    They must reach from its departure to its return without a gap, but where it stood.
    """
    kept = list(_plausible(fixes))
    if not kept:
        return None
    ends = [Fix(left_at, kept[0].lat, kept[0].lon), *kept, Fix(back_at, kept[-1].lat, kept[-1].lon)]
    for before, after in pairwise(ends):
        if after.at - before.at > LONGEST_GAP and _apart_m(before, after) > STILL_M:
            return None
    if kept[0].at - left_at > LONGEST_GAP or back_at - kept[-1].at > LONGEST_GAP:
        return None
    metres, last = 0.0, kept[0]
    for fix in kept[1:]:
        if (apart := _apart_m(last, fix)) > STILL_M:
            metres, last = metres + apart, fix
    return round(metres)


def _plausible(fixes: Sequence[Fix]) -> Iterable[Fix]:
    last: Fix | None = None
    for fix in fixes:
        seconds = (fix.at - last.at).total_seconds() if last else 0
        if last is not None and _apart_m(last, fix) > max(STILL_M, FASTEST_M_PER_S * seconds):
            continue
        last = fix
        yield fix


def _apart_m(one: Fix, other: Fix) -> float:
    return distance_m(one.lat, one.lon, other.lat, other.lon)


def fixes_of(route: Route) -> list[Fix]:
    """Return where a route's vehicle was while it was out, by the source that said most. One query."""
    rows = Position.objects.filter(
        shift=route.shift_id, at__gte=route.started_at, at__lte=route.finished_at
    ).order_by("at")
    by_source: dict[str, list[Fix]] = {}
    for source, at, lat, lon, accuracy_m in rows.values_list("source", "at", "lat", "lon", "accuracy_m"):
        if accuracy_m is None or accuracy_m <= COARSE_M:
            by_source.setdefault(source, []).append(Fix(at, lat, lon))
    return max(by_source.values(), key=len, default=[])


def visited_on(route: Route) -> list[Stop]:
    """Return where a route's vehicle stopped, in order: whoever was tried, and its rests. One query."""
    rows = Stop.objects.filter(route=route).select_related("rest", "pickup_point", "delivery__address")
    tried = [stop for stop in rows if stop.delivery_id is not None and stop.done_at is not None]
    tried.sort(key=lambda stop: (stop.done_at, stop.pk))
    rests = [stop for stop in rows if stop.state == Stop.State.REST]
    return sorted([*tried, *_rested(rests, tried)], key=lambda stop: _order(stop, tried))


def _rested(rests: Iterable[Stop], tried: Sequence[Stop]) -> list[Stop]:
    """Rests that were taken: told so, or before somebody who was served."""
    last = max((stop.position for stop in tried), default=None)
    return [rest for rest in rests if rest.done_at is not None or (last is not None and rest.position < last)]


def _order(stop: Stop, tried: Sequence[Stop]) -> tuple[float, int]:
    """When a stop was over; a rest that nobody told of comes after those before it on its route."""
    if stop.done_at is not None:
        return stop.done_at.timestamp(), stop.position
    before = [each.done_at.timestamp() for each in tried if each.done_at and each.position < stop.position]
    return max(before, default=0.0), stop.position


def legs_m(route: Route, stops: Sequence[Stop]) -> int:
    """Return the metres of the planned ways between stops in the order in which they were visited.

    `route` has its shift with plan, depot, vehicle and class; from the depot and back to it.
    """
    plan = route.shift.plan
    kind = shift_of(route.shift, [], plan.origin_at).vehicle.kind
    depot = problem.Place(plan.depot.lat, plan.depot.lon)
    ways = pairwise([depot, *map(place_of, stops), depot]) if stops else ()
    return sum(ROAD.leg(start, end, kind).metres for start, end in ways)


def place_of(stop: Stop) -> problem.Place:
    """Return where a stop stands. No query where what it is for is loaded."""
    if stop.rest is not None:
        return problem.Place(stop.rest.lat, stop.rest.lon)
    if stop.pickup_point is not None:
        return problem.Place(stop.pickup_point.lat, stop.pickup_point.lon)
    if stop.delivery is None:
        raise ValueError(f"stop {stop.pk} is nowhere")
    return problem.Place(stop.delivery.address.lat, stop.delivery.address.lon)
