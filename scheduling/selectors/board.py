"""A depot's day as its planner sees it: every route with exact seconds, metres and grams.

Exact values are for the operator's and the depot's staff only; customers get bands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from django.db.models import Count, Q

from scheduling.models import DayPlan, Depot, Hold, Improvement, MerchantDepot, Stop
from scheduling.models import Shift as ShiftRow
from scheduling.selectors.board_routes import BoardRoute, routes_of
from scheduling.selectors.carbon import accounted_grams
from scheduling.selectors.plans import A_DAY, ImprovementSeen, improvements_of
from scheduling.snapshots import Snapshot, snapshots_of

LATEST_RUNS: Final = 20
Outcome = Improvement.Outcome


@dataclass(frozen=True, slots=True)
class Improving:
    """Better routes for a day: whether it may still have any, whether somebody asked, and the latest run."""

    allowed: bool
    asked: bool
    latest: ImprovementSeen | None

    @property
    def looking(self) -> bool:
        """Whether a solver is at work or soon will be."""
        running = self.latest is not None and self.latest.outcome == Outcome.RUNNING
        return running or (self.allowed and self.asked)

    @property
    def mark(self) -> str:
        """Changes when a run is asked for, begins or ends."""
        run = f"{self.latest.started.timestamp()}{self.latest.outcome}" if self.latest else ""
        return f"{self.allowed:d}{self.asked:d}{run}"


@dataclass(frozen=True, slots=True)
class PlacesKept:
    """So many places that a shop has not used yet, kept until hours before a slot's cut-off."""

    merchant: str
    places: int
    until_h: int


@dataclass(frozen=True, slots=True)
class Places:
    """How many places a depot has on a day, and how many of those left are kept for whom."""

    a_day: int
    taken: int
    kept: tuple[PlacesKept, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One depot's day. `mark` changes whenever what is shown does.

    `accounted` is when its grams were shared for good; until then they are as planned now.
    """

    service_date: date
    state: str
    state_name: str
    mark: str
    depot_lat: float
    depot_lon: float
    routes: tuple[BoardRoute, ...]
    idle: tuple[str, ...]
    improving: Improving
    places: Places | None
    accounted: datetime | None

    @property
    def improvable(self) -> bool:
        """Whether there is anything for a solver to do."""
        return self.improving.allowed and self.stops > 1

    @property
    def stops(self) -> int:
        """How many stops there are on all routes."""
        return sum(route.served for route in self.routes)

    @property
    def held(self) -> int:
        """How many of them are only kept."""
        return sum(route.held for route in self.routes)

    @property
    def metres(self) -> int:
        """How far all vehicles drive together."""
        return sum(route.metres for route in self.routes)


@dataclass(frozen=True, slots=True)
class BoardDay:
    """One day of the strip: how many stops it has, of which so many are only kept."""

    service_date: date
    stops: int
    held: int


def board_days(*, depot: Depot, first: date, now: datetime) -> list[BoardDay]:
    """Return the depot's day plans from `first` on, in order. One query."""
    stops = "shifts__routes__stops"
    alive = Q(**{f"{stops}__state": Stop.State.BOOKED}) | Q(
        **{f"{stops}__state": Stop.State.HELD, f"{stops}__hold__expires_at__gt": now}
    )
    plans = DayPlan.objects.filter(depot=depot, service_date__gte=first).annotate(
        alive=Count(stops, filter=alive),
        held=Count(stops, filter=alive & Q(**{f"{stops}__state": Stop.State.HELD})),
    )
    days = plans.order_by("service_date").values_list("service_date", "alive", "held")
    return [BoardDay(day, count, held) for day, count, held in days]


def day_last_kept(*, depot: Depot, now: datetime) -> date | None:
    """Return the day on which the place kept last lies, while it is kept. One query."""
    holds = Hold.objects.filter(
        state=Hold.State.LIVE, expires_at__gt=now, stop__route__shift__plan__depot=depot
    )
    days = holds.order_by("-placed_at").values_list("stop__route__shift__plan__service_date", flat=True)
    return days.first()


def plan_of(*, depot: Depot, day: date) -> DayPlan | None:
    """Return the depot's plan of a day, its depot with it. One query."""
    return DayPlan.objects.filter(depot=depot, service_date=day).select_related("depot").first()


def runs_on(*, depot: Depot, day: date, now: datetime) -> list[ImprovementSeen]:
    """Return the solver's latest runs on a day, newest first; none if there is no plan. Two queries."""
    plan = plan_of(depot=depot, day=day)
    return _runs(plan, LATEST_RUNS, now=now) if plan else []


def board_mark(*, depot: Depot, day: date, now: datetime) -> str | None:
    """Return the mark of a day's board without reading its routes; None without a plan. Three queries."""
    plan = plan_of(depot=depot, day=day)
    return _mark(plan, _live_holds(plan, now=now), _improving(plan, now=now)) if plan else None


def board_of(*, depot: Depot, day: date, now: datetime) -> Board | None:
    """Return the day's routes without lapsed holds; None if there is no plan. At most twelve queries."""
    plan = plan_of(depot=depot, day=day)
    if plan is None:
        return None
    snapshot = snapshots_of([plan], now=now)[0]
    rows = _rows(snapshot)
    shifts = ShiftRow.objects.filter(plan=plan).select_related("vehicle__vehicle_class")
    vehicles = {shift.pk: shift.vehicle for shift in shifts}
    accounted = accounted_grams(plan)
    routes = [
        route
        for shift in snapshot.plan.shifts
        if shift.used  # nobody drives for a rest alone
        for route in routes_of(shift, vehicles[shift.vehicle.key], snapshot, rows, accounted, depot.zone)
    ]
    used = {shift.vehicle.key for shift in snapshot.plan.shifts if shift.used}
    improving = _improving(plan, now=now)
    return Board(
        service_date=day,
        state=plan.state,
        state_name=str(DayPlan.State(plan.state).label),
        mark=_mark(plan, _live_holds(plan, now=now), improving),
        depot_lat=depot.lat,
        depot_lon=depot.lon,
        routes=tuple(routes),
        idle=tuple(vehicle.name for pk, vehicle in vehicles.items() if pk not in used),
        improving=improving,
        places=_places(plan, snapshot),
        accounted=plan.accounted_at.astimezone(depot.zone) if plan.accounted_at else None,
    )


def _places(plan: DayPlan, snapshot: Snapshot) -> Places | None:
    """Return how the day's places are taken; None where the depot does not count them. One query."""
    if plan.depot.places_a_day is None:
        return None
    counts = snapshot.counts()
    reserving = MerchantDepot.objects.filter(depot_id=plan.depot_id, active=True, reserved__gt=0)
    kept = [
        PlacesKept(str(outlet.merchant), unused, outlet.reserved_until_h)
        for outlet in reserving.select_related("merchant").order_by("merchant__name")
        if (unused := max(0, outlet.reserved - counts[outlet.merchant_id,])) and plan.allows("hold")
    ]
    return Places(plan.depot.places_a_day, counts[()], tuple(kept))


def _live_holds(plan: DayPlan, *, now: datetime) -> int:
    return Hold.objects.filter(
        state=Hold.State.LIVE, expires_at__gt=now, stop__route__shift__plan=plan
    ).count()


def _improving(plan: DayPlan, *, now: datetime) -> Improving:
    latest = _runs(plan, 1, now=now)
    return Improving(
        allowed=plan.allows("improve") and plan.origin_at > now - A_DAY,
        asked=plan.improvement_asked_at is not None,
        latest=latest[0] if latest else None,
    )


def _runs(plan: DayPlan, limit: int, *, now: datetime) -> list[ImprovementSeen]:
    return [_unless_lost(run, now=now) for run in improvements_of(plan, limit=limit)]


def _unless_lost(run: ImprovementSeen, *, now: datetime) -> ImprovementSeen:
    """Return a run as it is: that one never came back is noted only when the next begins."""
    if run.outcome != Outcome.RUNNING or run.started > now - Improvement.LEASE:
        return run
    return replace(run, outcome=Outcome.LOST, outcome_name=str(Outcome.LOST.label))


def _mark(plan: DayPlan, live_holds: int, improving: Improving) -> str:
    # A hold that runs out changes what is shown before anybody writes, so the version alone would not do.
    accounted = plan.accounted_at is not None
    return f"{plan.service_date:%Y%m%d}.{plan.version}.{live_holds}.{improving.mark}.{accounted:d}"


def _rows(snapshot: Snapshot) -> Mapping[int, Stop]:
    shown = [pk for pk in snapshot.rows if pk not in snapshot.lapsed]
    stops = Stop.objects.filter(pk__in=shown).select_related(
        "delivery__address",
        "delivery__merchant",
        "delivery__order",
        "hold",
        "booking",
        "rest",
        "pickup_point",
    )
    return {stop.pk: stop for stop in stops}
