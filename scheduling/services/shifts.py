"""A day's shifts are made of patterns: their hours, their trips, and their rests as the first stops."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from scheduling import conversion, windows
from scheduling.models import DayPlan, Depot, Rest, RestKind, RestPattern, Route, Shift, ShiftPattern, Stop
from scheduling.models.plans import POSITION_STEP, seconds_after
from scheduling.rests import RestTime, spread
from scheduling.routing import problem
from scheduling.routing.insertion import best_gap, insert
from scheduling.routing.tape import build_tape
from scheduling.snapshots import ROAD

logger = logging.getLogger(__name__)

MINUTE: Final = timedelta(minutes=1)
A_PLAIN_DAY: Final = date(2026, 1, 14)  # on which no clock changes


@dataclass(frozen=True, slots=True)
class Hours:
    """When one shift of a pattern works, and its rests: each set-up row with the time it gets."""

    starts_at: datetime
    ends_at: datetime
    rests: tuple[tuple[RestPattern, RestTime], ...]


def open_shift(plan: DayPlan, pattern: ShiftPattern, *, now: datetime) -> Shift | None:
    """Make a pattern's shift of a day, its first trip with its rests and nothing else.

    None where a clock change swallowed it, or where it cannot keep its rests: it is not driven at all then.
    """
    hours = hours_of(pattern, list(pattern.rests.all()), depot=plan.depot, day=plan.service_date)
    if hours is None:
        return None
    shift = _shift(plan, pattern, hours)
    trip = _resting(shift, hours)
    if trip is None:
        logger.warning("%s cannot keep its rests on %s: it has no shift then", pattern, plan.service_date)
        return None
    shift.save()
    routes = [Route(shift=shift, trip=number) for number in range(1, pattern.trips + 1)]
    _save_way_back(routes[0], trip)
    Route.objects.bulk_create(routes)
    for place, (visit, leg) in enumerate(zip(trip.visits, trip.legs, strict=False)):
        rest, time = hours.rests[visit.key]
        _save_rest(routes[0], rest, time, position=place * POSITION_STEP, leg=leg, now=now)
    return shift


def keeps_rests(pattern: ShiftPattern, rests: Iterable[RestPattern]) -> bool:
    """Whether a pattern's shifts can keep their rests. Nothing is saved; rows may be new. One query."""
    depot = pattern.vehicle.depot
    hours = hours_of(pattern, rests, depot=depot, day=A_PLAIN_DAY)
    if hours is None:
        return True
    plan = DayPlan(depot=depot, service_date=A_PLAIN_DAY, origin_at=windows.midnight(A_PLAIN_DAY, depot.zone))
    return _resting(_shift(plan, pattern, hours), hours) is not None


def hours_of(pattern: ShiftPattern, rests: Iterable[RestPattern], *, depot: Depot, day: date) -> Hours | None:
    """Return when a pattern works on a day and when it may rest; None where a clock change swallowed it."""
    zone, rests = depot.zone, list(rests)
    starts_at = windows.instant(day, pattern.starts, zone)
    ends_at = windows.instant(day, pattern.ends, zone)
    if starts_at >= ends_at:
        return None
    times = [
        RestTime(
            number,
            windows.instant(day, rest.opens, zone),
            windows.instant(day, rest.closes, zone),
            rest.minutes * MINUTE,
            rest.kind == RestKind.BREAK,
        )
        for number, rest in enumerate(rests)
    ]
    limit = depot.break_after_minutes
    latest = min(ends_at, starts_at + timedelta(seconds=pattern.max_shift_s))
    kept, due_at = spread(
        times, starts_at=starts_at, ends_at=latest, limit=None if limit is None else limit * MINUTE
    )
    if due_at < latest:  # no rest is left for what would come after that
        ends_at = due_at
    return Hours(starts_at, ends_at, tuple((rests[time.number], time) for time in kept))


def _shift(plan: DayPlan, pattern: ShiftPattern, hours: Hours) -> Shift:
    limit = plan.depot.break_after_minutes
    return Shift(
        plan=plan,
        vehicle=pattern.vehicle,
        starts_at=hours.starts_at,
        ends_at=hours.ends_at,
        max_shift_s=pattern.max_shift_s,
        break_after_s=None if limit is None else 60 * limit,
        reload_s=pattern.reload_s,
    )


def _resting(shift: Shift, hours: Hours) -> problem.Trip | None:
    """Return a shift's first trip with its rests, keyed by their places in `hours`; None if one is late."""
    if not hours.rests:
        return problem.Trip(0)
    origin_at, depot = shift.plan.origin_at, shift.plan.depot
    core = conversion.shift_of(shift, [problem.Trip(0)], origin_at)
    core = replace(core, vehicle=replace(core.vehicle, key=0))  # it may have no row yet
    plan = problem.Plan(problem.Place(depot.lat, depot.lon), (core,))
    for number, (rest, time) in enumerate(hours.rests):
        window_s = seconds_after(origin_at, time.opens_at), seconds_after(origin_at, time.closes_at)
        visit = conversion.rest(number, problem.Place(*_place(rest, depot)), window_s, minutes=rest.minutes)
        gap = best_gap(build_tape(plan), visit, ROAD)
        if gap is None:
            return None
        plan = insert(plan, gap[0], visit, ROAD)
    return plan.shifts[0].trips[0]


def _place(rest: RestPattern, depot: Depot) -> tuple[float, float]:
    return (depot.lat, depot.lon) if rest.lat is None or rest.lon is None else (rest.lat, rest.lon)


def _save_way_back(route: Route, trip: problem.Trip) -> None:
    if trip.legs:
        route.return_s, route.return_m, route.return_source = *_both(trip.legs[-1]), ROAD.source


def _both(leg: problem.Leg) -> tuple[int, int]:
    return leg.seconds, leg.metres


def _save_rest(
    route: Route, rest: RestPattern, time: RestTime, *, position: int, leg: problem.Leg, now: datetime
) -> None:
    lat, lon = _place(rest, route.shift.plan.depot)
    made = Rest.objects.create(
        shift=route.shift, kind=rest.kind, place=rest.place, lat=lat, lon=lon, minutes=rest.minutes
    )
    Stop.objects.create(
        route=route,
        rest=made,
        state=Stop.State.REST,
        position=position,
        opens_at=time.opens_at,
        closes_at=time.closes_at,
        arc_s=leg.seconds,
        arc_m=leg.metres,
        arc_source=ROAD.source,
        created_at=now,
    )
