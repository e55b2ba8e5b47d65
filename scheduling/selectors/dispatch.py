"""A depot's day while it is driven, as its dispatcher sees it: who needs somebody first, and every route.

For the operator's and the depot's staff only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, Q

from scheduling import windows
from scheduling.driven import Day, day_of
from scheduling.models import (
    DayException,
    DayPlan,
    Depot,
    Driver,
    Expected,
    LastSeen,
    Route,
    Shift,
    Stop,
)
from scheduling.selectors.board import plan_of
from scheduling.selectors.dispatch_rows import DispatchRoute, DispatchStop, stop_seen
from scheduling.snapshots import at, snapshots_of

__all__ = ["DispatchBoard", "DispatchRoute", "DispatchStop", "ExceptionSeen", "Promises"]

FRESH = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ExceptionSeen:
    """One thing that needs somebody. `stop` or `route` says what it is about; actors as events name them."""

    pk: int
    kind: str
    kind_name: str
    breaks: datetime
    minutes: int
    stop: DispatchStop | None
    route: DispatchRoute | None
    acknowledged_by: str
    assigned_to: str


@dataclass(frozen=True, slots=True)
class Promises:
    """Of so many promises of a day those kept, broken, and to come."""

    made: int
    kept: int
    broken: int

    @property
    def to_come(self) -> int:
        """How many are neither kept nor broken yet."""
        return self.made - self.kept - self.broken


@dataclass(frozen=True, slots=True)
class DispatchBoard:
    """One day on the road. `mark` changes whenever what is shown does, and every minute.

    `alone` are stops on no route: their vehicle broke down. `vehicles` has that of each trip, by name, and
    which of its trips it is; also of those that serve nobody.
    """

    service_date: date
    state: str
    state_name: str
    mark: str
    now: datetime
    depot_lat: float
    depot_lon: float
    routes: tuple[DispatchRoute, ...]
    alone: tuple[DispatchStop, ...]
    exceptions: tuple[ExceptionSeen, ...]
    promises: Promises
    vehicles: Mapping[int, tuple[str, int]]

    def local(self, plan: DayPlan, seconds: int) -> datetime:
        """Return an instant of the core's in the depot's zone."""
        return at(plan.origin_at, seconds).astimezone(plan.depot.zone)


def dispatch_mark(*, depot: Depot, day: date, now: datetime) -> str | None:
    """Return the mark of a day's board without reading its routes; None without a plan. Five queries."""
    plan = plan_of(depot=depot, day=day)
    return _mark(plan, now=now) if plan else None


def _mark(plan: DayPlan, *, now: datetime) -> str:
    done = Stop.objects.of_plan(plan).aggregate(Count("done_at"), Count("arrived_at"))
    raised = DayException.objects.filter(plan=plan).aggregate(
        Count("pk"),
        Count("acknowledged_at"),
        Count("settled_at"),
        given=Count("pk", filter=~Q(assigned_to="")),
    )
    routes = Route.objects.filter(shift__plan=plan).aggregate(
        Count("loaded_at"), Count("started_at"), Count("finished_at"), Count("broke_down_at")
    )
    seen = LastSeen.objects.filter(shift__plan=plan).aggregate(last=Max("at"))["last"]
    counts = ".".join(str(n) for of in (done, raised, routes) for n in of.values())
    seen_s = int(seen.timestamp()) // 10 if seen else 0
    return f"{plan.pk}.{plan.version}.{plan.state}.{counts}.{seen_s}.{int(now.timestamp()) // 60}"


def dispatch_of(*, depot: Depot, day: date, now: datetime) -> DispatchBoard | None:
    """Return a day as it is on the road; None if there is no plan. At most twenty queries."""
    plan = plan_of(depot=depot, day=day)
    if plan is None:
        return None
    driven = day_of(plan, snapshots_of([plan], now=now)[0].plan, now=now)
    stops = stops_seen(driven)
    routes = sorted(_routes(driven, stops), key=_urgency)
    exceptions = _exceptions(plan, routes, stops, now=now)
    return DispatchBoard(
        service_date=day,
        state=plan.state,
        state_name=str(DayPlan.State(plan.state).label),
        mark=_mark(plan, now=now),
        now=now.astimezone(depot.zone),
        depot_lat=depot.lat,
        depot_lon=depot.lon,
        routes=tuple(routes),
        alone=tuple(stop for stop in stops.values() if stop.alone),
        exceptions=tuple(exceptions),
        promises=_promises(stops.values(), now=now),
        vehicles=_trips(plan),
    )


def _urgency(route: DispatchRoute) -> tuple[bool, int, str]:
    """Routes that have nothing more to lose come last."""
    return route.margin_s is None, route.margin_s or 0, route.name


def stops_seen(driven: Day) -> dict[int, DispatchStop]:
    """Return all stops of a day, as they were served, or when they are expected, by id. Three queries."""
    plan = driven.row
    starts = {pk: driven.at(at_s) for pk, at_s in driven.judged().starts_s.items()}
    fresh = Expected.objects.filter(stop__route__shift__plan=plan, made_at__gt=driven.now - FRESH)
    expected = {each.stop_id: each for each in fresh}
    rows = Stop.objects.of_plan(plan).filter(
        Q(state__in=Stop.ACTIVE) | Q(state=Stop.State.REPLACED, attempt__isnull=False)
    )
    related = ("delivery__address", "delivery__merchant", "delivery__order", "rest", "pickup_point")
    found = rows.select_related(*related, "attempt", "route").order_by("route_id", "position")
    return {
        row.pk: stop_seen(row, starts.get(row.pk), expected.get(row.pk), plan.depot.zone) for row in found
    }


def _trips(plan: DayPlan) -> dict[int, tuple[str, int]]:
    rows = Route.objects.filter(shift__plan=plan).values_list("pk", "shift__vehicle__name", "trip")
    return {pk: (name, trip) for pk, name, trip in rows}


def _routes(driven: Day, stops: Mapping[int, DispatchStop]) -> Iterable[DispatchRoute]:
    plan, zone = driven.row, driven.row.depot.zone
    rows = Route.objects.filter(shift__plan=plan).select_related(
        "shift__vehicle__vehicle_class", "shift__driver"
    )
    seen = {last.shift_id: last for last in LastSeen.objects.filter(shift__plan=plan)}
    order = {
        visit.key: at
        for shift in driven.plan.shifts
        for trip in shift.trips
        for at, visit in enumerate(trip.visits)
    }
    for row in rows.order_by("shift__starts_at", "shift_id", "trip"):
        own = [stop for stop in stops.values() if stop.route_key == row.pk and not stop.alone]
        if not any(stop.served_there for stop in own) and row.started_at is None:
            continue
        own.sort(key=lambda stop: (not stop.over, stop.done or driven.now, order.get(stop.key, 0)))
        yield DispatchRoute.of(row, own, seen.get(row.shift_id), zone)


def _exceptions(
    plan: DayPlan, routes: Iterable[DispatchRoute], stops: Mapping[int, DispatchStop], *, now: datetime
) -> list[ExceptionSeen]:
    """What is open, by when it breaks. One query."""
    by_key = {route.key: route for route in routes}
    rows = DayException.objects.filter(plan=plan, settled_at__isnull=True).order_by("breaks_at", "pk")
    found = []
    for row in rows:
        stop = stops.get(row.stop_id or 0)
        route = by_key.get(stop.route_key if stop else row.route_id or 0)
        found.append(
            ExceptionSeen(
                pk=row.pk,
                kind=row.kind,
                kind_name=str(DayException.Kind(row.kind).label),
                breaks=row.breaks_at.astimezone(plan.depot.zone),
                minutes=int((row.breaks_at - now).total_seconds() // 60),
                stop=stop,
                route=route,
                acknowledged_by=row.acknowledged_by,
                assigned_to=row.assigned_to,
            )
        )
    return found


def _promises(stops: Iterable[DispatchStop], *, now: datetime) -> Promises:
    served = [stop for stop in stops if stop.served_there and not stop.held]
    kept = sum(stop.kept for stop in served)
    broken = sum(stop.broken_by(now) for stop in served)
    return Promises(made=len(served), kept=kept, broken=broken)


def route_at(*, depot: Depot, route_id: int) -> Route | None:
    """Return a route of a depot, all that leads to its plan with it. One query."""
    rows = Route.objects.select_related("shift__plan__depot", "shift__vehicle", "shift__driver")
    return rows.filter(pk=route_id, shift__plan__depot=depot).first()


def stop_at(*, depot: Depot, stop_id: int) -> Stop | None:
    """Return a stop for somebody on one of a depot's days. One query."""
    rows = Stop.objects.booked().select_related(
        "route__shift__plan__depot", "route__shift__vehicle", "delivery__address", "pickup_point"
    )
    return rows.filter(pk=stop_id, route__shift__plan__depot=depot).first()


def shift_at(*, depot: Depot, shift_id: int) -> Shift | None:
    """Return a shift of a depot. One query."""
    return Shift.objects.filter(pk=shift_id, plan__depot=depot).select_related("plan__depot").first()


def first_route_of(shift: Shift) -> int:
    """Return the first of a shift's trips that is not back, or its last; 0 without any. One query."""
    rows = list(Route.objects.filter(shift=shift).order_by("trip"))
    found = next((row for row in rows if row.finished_at is None), rows[-1] if rows else None)
    return found.pk if found else 0


def drivers_of(depot: Depot) -> list[Driver]:
    """Return who drives for a depot, by name. One query."""
    return list(Driver.objects.filter(depot=depot, active=True).order_by("name", "pk"))


def day_at(*, depot: Depot, now: datetime) -> date:
    """Return which day it is at a depot."""
    return windows.local_date(now, depot.zone)
