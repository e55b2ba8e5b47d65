"""A day plan as it is driven: what its rows say happened, for the core.

What is served bumps no version, so it is read afresh; the plan itself may come from the cache. On the day the
whole promise counts: the buffers that plans keep free at the end of windows are there to be used up.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from scheduling.models import Attempt, DayPlan, Delivery, Route, Stop
from scheduling.models.plans import seconds_after
from scheduling.routing import problem
from scheduling.routing.by_hand import Judged, judged
from scheduling.routing.lived import Left, split
from scheduling.routing.schedule import Load
from scheduling.snapshots import ROAD, at

COLUMNS: Final = (
    "pk", "route_id", "opens_at", "closes_at", "done_by_at", "arrived_at", "done_at", "delivery_id",
    "delivery__direction", "delivery__load_g", "delivery__load_ml", "delivery__parcel_count",
    "delivery__takes_g", "delivery__takes_ml",
    "attempt__outcome", "attempt__reason", "attempt__parcels",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it is driven.

    plan: as the core sees it, with whole promises; left: the trips that have left; closed: trips that take
    nothing any more, since they are over or their vehicle broke down
    """

    row: DayPlan
    plan: problem.Plan
    left: Mapping[int, Left]
    closed: frozenset[int]
    now: datetime

    @property
    def now_s(self) -> int:
        """Return now as the core counts it."""
        return seconds_after(self.row.origin_at, self.now)

    def judged(self, plan: problem.Plan | None = None) -> Judged:
        """Judge the day, or the day as it would be with another plan."""
        return judged(plan or self.plan, self.left, ROAD, now_s=self.now_s)

    def at(self, seconds: int) -> datetime:
        """Return an instant of the core's."""
        return at(self.row.origin_at, seconds)


def day_of(row: DayPlan, plan: problem.Plan, *, now: datetime) -> Day:
    """Return a day as it is driven; `plan` is what its rows make for the core. Two queries."""
    stops = list(Stop.objects.of_plan(row).active().order_by("pk").values(*COLUMNS))
    routes = list(Route.objects.filter(shift__plan_id=row.pk))
    plan = _with_whole_promises(plan, stops, row.origin_at)
    left = _left(routes, stops, row.origin_at)
    return Day(
        row=row,
        plan=plan,
        left=dict(_with_headings(plan, left)),
        closed=_closed(routes),
        now=now,
    )


def _with_headings(plan: problem.Plan, left: Mapping[int, Left]) -> Iterator[tuple[int, Left]]:
    """Say where each vehicle drives to: where its route, as it is, has its next door."""
    for shift in plan.shifts:
        for trip in shift.trips:
            if trip.key in left:
                _behind, ahead = split(trip, left[trip.key])
                heading = ahead[0].key if ahead else None
                yield trip.key, replace(left[trip.key], heading=heading)


def _closed(routes: Iterable[Route]) -> frozenset[int]:
    routes = list(routes)
    broken = {route.shift_id for route in routes if route.broke_down_at is not None}
    over = (route.pk for route in routes if route.finished_at or route.shift_id in broken)
    return frozenset(over)


def _with_whole_promises(
    plan: problem.Plan, stops: Iterable[Mapping[str, Any]], origin_at: datetime
) -> problem.Plan:
    """The plan with each visit's window as promised. What access rules leave of one stays as it is."""
    closes_s = {
        stop["pk"]: seconds_after(origin_at, stop["closes_at"])
        for stop in stops
        if stop["done_by_at"] is None and stop["delivery_id"] is not None
    }

    def whole(visit: problem.Visit) -> problem.Visit:
        promised_s = closes_s.get(visit.key, visit.closes_s)
        # A place that is only driven past promises nothing.
        if not (visit.booked or any(visit.delivered) or any(visit.collected)):
            return visit
        return visit if promised_s == visit.closes_s else replace(visit, closes_s=promised_s)

    return replace(
        plan,
        shifts=tuple(
            replace(shift, trips=tuple(replace(t, visits=tuple(map(whole, t.visits))) for t in shift.trips))
            for shift in plan.shifts
        ),
    )


def _left(
    routes: Iterable[Route], stops: Iterable[Mapping[str, Any]], origin_at: datetime
) -> dict[int, Left]:
    stops = list(stops)
    return {
        route.pk: Left(
            left_s=seconds_after(origin_at, route.started_at),
            served=_instants(stops, route, "done_at", origin_at),
            there={
                pk: at_s
                for pk, at_s in _instants(stops, route, "arrived_at", origin_at).items()
                if pk not in _instants(stops, route, "done_at", origin_at)
            },
            kept={
                stop["pk"]: load
                for stop in stops
                if stop["route_id"] == route.pk and (load := _kept(stop)) is not None
            },
            back_s=seconds_after(origin_at, route.finished_at) if route.finished_at else None,
        )
        for route in routes
        if route.started_at is not None
    }


def _instants(
    stops: Iterable[Mapping[str, Any]], route: Route, column: str, origin_at: datetime
) -> dict[int, int]:
    return {
        stop["pk"]: seconds_after(origin_at, stop[column])
        for stop in stops
        if stop["route_id"] == route.pk and stop[column] is not None
    }


def _kept(stop: Mapping[str, Any]) -> Load | None:
    """What is on board of a stop that is over: all, a part of its parcels, or what it collected."""
    if stop["attempt__outcome"] is None:
        return None
    load = stop["delivery__load_g"], stop["delivery__load_ml"]
    served = stop["attempt__outcome"] in Attempt.SERVED
    if stop["delivery__direction"] == Delivery.Direction.IN:
        return load if served else (0, 0)
    takes = stop["delivery__takes_g"], stop["delivery__takes_ml"]  # nothing but in an exchange
    if stop["attempt__outcome"] == Attempt.Outcome.PARTLY:
        parcels = stop["delivery__parcel_count"]
        left = max(0, parcels - len(stop["attempt__parcels"]))
        return takes[0] + load[0] * left // parcels, takes[1] + load[1] * left // parcels
    missing = stop["attempt__reason"] == Attempt.Reason.NOT_ON_BOARD
    return takes if served else (0, 0) if missing else load
