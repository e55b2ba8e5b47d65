"""Rows -> plan and tape for the core, and plan -> rows. The only caller of both sides.

Snapshots are cached in the process by day plan and version; one that holds live holds goes stale when the
first of them runs out. Inside a transaction that bumped a plan's version that plan is not cached: were it
rolled back, another change would come to the same version.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from operator import is_not
from threading import local
from typing import Any, Final

from django.db import connection

from scheduling.facts import VisitFacts
from scheduling.models import DayPlan, Delivery, Depot, Route, Shift, Stop
from scheduling.models.network import skill_bits
from scheduling.models.orders import household_key
from scheduling.models.plans import seconds_after
from scheduling.routing import problem
from scheduling.routing.insertion import remove
from scheduling.routing.tape import Strip, Tape, build_tape, concatenate, strips_of, tape_of
from scheduling.routing.travel import GreatCircle, Travel

ROAD: Final[Travel] = GreatCircle()
"""Where legs come from: quote and commit use the same."""

A_LONG_DAY_S: Final = 14 * 24 * 3600
MOST_CACHED: Final = 128
MOST_JOINED: Final = 16


@dataclass(frozen=True, slots=True)
class StopRow:
    """What is stored of an active stop: its row, its place in the trip, its arc, and what it is for."""

    pk: int
    route_id: int
    position: int
    arc: problem.Leg
    state: str
    delivery_id: int
    merchant_id: int
    opens_at: datetime
    closes_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class Snapshot:
    """One day plan at one version: the core's plan, its tape, and the rows behind it.

    `stale_from` is when the first live hold in it runs out; `lapsed` are stops whose hold had run out
    when the rows were read: they are in `rows`, but no longer in `plan`. `known` are strips of an earlier
    version, of which most are strips of this one too.
    """

    plan_id: int
    version: int
    origin_at: datetime
    plan: problem.Plan
    rows: Mapping[int, StopRow]
    returns: Mapping[int, problem.Leg]
    lapsed: tuple[int, ...]
    stale_from: datetime | None
    known: Mapping[int, Strip] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def strips(self) -> Mapping[int, Strip]:
        """Return the rows of each shift."""
        return strips_of(self.plan, self.known)

    @cached_property
    def tape(self) -> Tape:
        """Return the plan as contiguous arrays."""
        return tape_of(self.strips)

    def tape_without(self, stops: Iterable[int]) -> Tape:
        """Return the tape of the plan as it were without some stops."""
        return build_tape(without(self.plan, stops), self.strips)

    def counts(self, *, leaving_out: Delivery | None = None) -> Counter[tuple[Any, ...]]:
        """Return how many stops each merchant has that day: by (merchant,) and (merchant, opens, closes).

        `leaving_out` is a delivery that is being moved: its present stop does not count.
        """
        own = leaving_out.pk if leaving_out else None
        rows = (row for row in self.rows.values() if row.pk not in self.lapsed and row.delivery_id != own)
        return counts_of(rows)

    def stops_of(self, delivery: Delivery | None) -> list[int]:
        """Return the stops that leave the routes when a delivery does."""
        return [
            row.pk
            for row in self.rows.values()
            if delivery is not None
            and row.delivery_id == delivery.pk
            and row.pk not in self.lapsed
            and row.state != Stop.State.WAYPOINT
        ]

    def fresh_at(self, now: datetime) -> bool:
        """Whether no hold in it has run out since it was read."""
        return self.stale_from is None or now < self.stale_from


def counts_of(rows: Iterable[StopRow]) -> Counter[tuple[Any, ...]]:
    """Count stops, those that are only driven through aside, as `Snapshot.counts` says."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        if row.state != Stop.State.WAYPOINT:
            counts[row.merchant_id,] += 1
            counts[row.merchant_id, row.opens_at, row.closes_at] += 1
    return counts


def row_of(stop: Stop, *, expires_at: datetime | None) -> StopRow:
    """Return what is stored of a stop just made; its delivery is loaded."""
    return StopRow(
        pk=stop.pk,
        route_id=stop.route_id,
        position=stop.position,
        arc=problem.Leg(stop.arc_s, stop.arc_m),
        state=stop.state,
        delivery_id=stop.delivery_id,
        merchant_id=stop.delivery.merchant_id,
        opens_at=stop.opens_at,
        closes_at=stop.closes_at,
        expires_at=expires_at,
    )


_cache: dict[int, Snapshot] = {}
_joined: dict[tuple[int, ...], tuple[list[Tape], Tape]] = {}


class _Unsure(local):
    """The plans whose version this thread's open transaction has bumped."""

    def __init__(self) -> None:
        self.plans: set[int] = set()


_unsure = _Unsure()


def forget_all() -> None:
    """Empty the cache: the database was replaced under us."""
    _cache.clear()
    _joined.clear()
    _unsure.plans.clear()


def note_bump(plan_id: int) -> None:
    """Say that the open transaction changed a plan, so that what it reads of it is not cached."""
    _unsure.plans.add(plan_id)


def _may_cache(plan_id: int) -> bool:
    if not connection.in_atomic_block:
        _unsure.plans.clear()
    return plan_id not in _unsure.plans


def snapshots_of(plans: Iterable[DayPlan], *, now: datetime) -> list[Snapshot]:
    """Return snapshots of day plans just read, from the cache where the version is the same."""
    return [cached_snapshot(plan, now=now) or _read_steadily(plan, now=now) for plan in plans]


def cached_snapshot(plan: DayPlan, *, now: datetime) -> Snapshot | None:
    """Return the cached snapshot of this very version, if there is one and no hold in it has run out."""
    found = _cache.get(plan.pk)
    same = found is not None and found.version == plan.version and found.origin_at == plan.origin_at
    return found if found is not None and same and found.fresh_at(now) else None


def _read_steadily(plan: DayPlan, *, now: datetime) -> Snapshot:
    """Read version, rows, version again, until nobody wrote in between; cache the result."""
    version = plan.version
    while True:
        snapshot = read_snapshot(plan, version=version, now=now)
        after = DayPlan.objects.values_list("version", flat=True).get(pk=plan.pk)
        if after == version:
            if _may_cache(plan.pk):
                _keep(snapshot)
            return snapshot
        version = after


def keep_newer(snapshot: Snapshot) -> None:
    """Cache what a change has just made of a plan, unless another came first with a later version."""
    found = _cache.get(snapshot.plan_id)
    if found is None or found.version < snapshot.version:
        _keep(snapshot)


def _keep(snapshot: Snapshot) -> None:
    _cache[snapshot.plan_id] = snapshot
    while len(_cache) > MOST_CACHED:
        _cache.pop(next(iter(_cache)))  # the oldest: days that are over are never asked for again


def joined_tape(snapshots: Sequence[Snapshot]) -> Tape:
    """Return the tapes of several days as one, in the order given.

    It is kept for the next who asks about the same days, until one of them is another: joining costs more
    than a quote. Days are told apart by their tapes themselves, so whatever makes a snapshot stale counts.
    """
    key = tuple(snapshot.plan_id for snapshot in snapshots)
    tapes = [snapshot.tape for snapshot in snapshots]
    made_of, joined = _joined.get(key, ([], None))
    if joined is None or any(map(is_not, made_of, tapes)):
        joined = concatenate(tapes)
        _joined.pop(key, None)
        _joined[key] = (tapes, joined)
        for old in list(_joined)[:-MOST_JOINED]:
            _joined.pop(old, None)
    return joined


def read_snapshot(plan: DayPlan, *, version: int, now: datetime) -> Snapshot:
    """Read a day plan's rows, lapsed holds left out of the routes. Three queries."""
    routes = list(Route.objects.filter(shift__plan_id=plan.pk).order_by("shift_id", "trip"))
    visits, rows = _read_stops(plan)
    trips = _trips_by_shift(routes, visits, rows)
    lapsed = tuple(pk for pk, row in rows.items() if row.expires_at is not None and row.expires_at <= now)
    full = problem.Plan(
        depot=problem.Place(plan.depot.lat, plan.depot.lon),
        shifts=tuple(_shift(shift, trips[shift.pk], plan.origin_at) for shift in _read_shifts(plan)),
    )
    return Snapshot(
        plan_id=plan.pk,
        version=version,
        origin_at=plan.origin_at,
        plan=without(full, lapsed),
        rows=rows,
        returns={route.pk: problem.Leg(route.return_s, route.return_m) for route in routes},
        lapsed=lapsed,
        stale_from=first_expiry(rows.values(), after=now),
        known=before.strips if (before := _cache.get(plan.pk)) else {},
    )


def first_expiry(rows: Iterable[StopRow], *, after: datetime) -> datetime | None:
    """Return when the first of the holds runs out that live at an instant."""
    live = (row.expires_at for row in rows if row.expires_at is not None and row.expires_at > after)
    return min(live, default=None)


def without(plan: problem.Plan, keys: Iterable[int]) -> problem.Plan:
    """Return the plan without some stops, their neighbours joined by new legs."""
    for key in keys:
        plan = remove(plan, key, ROAD)
    return plan


def _read_shifts(plan: DayPlan) -> list[Shift]:
    shifts = Shift.objects.filter(plan_id=plan.pk).select_related("vehicle__vehicle_class")
    return list(shifts.order_by("pk"))


STOP_COLUMNS: Final = (
    "pk", "route_id", "position", "arc_s", "arc_m", "state", "delivery_id", "delivery__merchant_id",
    "opens_at", "closes_at", "hold__expires_at", "delivery__direction", "delivery__load_g",
    "delivery__load_ml", "delivery__service_s", "delivery__requirements", "delivery__address__lat",
    "delivery__address__lon", "delivery__address__line", "delivery__address__unit",
    "delivery__address__postcode",
)  # fmt: skip


def _read_stops(plan: DayPlan) -> tuple[dict[int, problem.Visit], dict[int, StopRow]]:
    visits, rows = {}, {}
    for values in Stop.objects.of_plan(plan).active().order_by("route_id", "position").values(*STOP_COLUMNS):
        visits[values["pk"]] = _visit_of(values, plan.origin_at)
        rows[values["pk"]] = StopRow(
            pk=values["pk"],
            route_id=values["route_id"],
            position=values["position"],
            arc=problem.Leg(values["arc_s"], values["arc_m"]),
            state=values["state"],
            delivery_id=values["delivery_id"],
            merchant_id=values["delivery__merchant_id"],
            opens_at=values["opens_at"],
            closes_at=values["closes_at"],
            # A booked stop keeps the hold it came from; only a held one can run out.
            expires_at=values["hold__expires_at"] if values["state"] == Stop.State.HELD else None,
        )
    return visits, rows


def _visit_of(values: Mapping[str, Any], origin_at: datetime) -> problem.Visit:
    place = problem.Place(values["delivery__address__lat"], values["delivery__address__lon"])
    if values["state"] == Stop.State.WAYPOINT:
        return waypoint(values["pk"], place)
    return problem.Visit(
        key=values["pk"],
        place=place,
        opens_s=seconds_after(origin_at, values["opens_at"]),
        closes_s=seconds_after(origin_at, values["closes_at"]),
        service_s=values["delivery__service_s"],
        skills=skill_bits(values["delivery__requirements"]),
        household=household_key(
            line=values["delivery__address__line"],
            unit=values["delivery__address__unit"],
            postcode=values["delivery__address__postcode"],
        ),
        booked=values["state"] == Stop.State.BOOKED,
        **loads(values["delivery__direction"], values["delivery__load_g"], values["delivery__load_ml"]),
    )


def waypoint(key: int, place: problem.Place) -> problem.Visit:
    """Return a visit that only drives through a place: no window, no service, no load."""
    return problem.Visit(key, place, 0, A_LONG_DAY_S, 0, (0, 0), (0, 0), booked=False)


def loads(direction: str, load_g: int, load_ml: int) -> dict[str, tuple[int, int]]:
    """Return what a visit brings and what it takes away, in grams and millilitres."""
    carried, nothing = (load_g, load_ml), (0, 0)
    if direction == Delivery.Direction.IN:
        return {"delivered": nothing, "collected": carried}
    return {"delivered": carried, "collected": nothing}


def visit_for(
    facts: VisitFacts, *, key: int = 0, opens_s: int = 0, closes_s: int = A_LONG_DAY_S
) -> problem.Visit:
    """Return the visit that a quote's facts describe, with a window in seconds after the plan's origin."""
    address = facts.address
    return problem.Visit(
        key=key,
        place=problem.Place(address.lat, address.lon),
        opens_s=opens_s,
        closes_s=closes_s,
        service_s=facts.service_s,
        skills=skill_bits(list(facts.requirements)),
        household=household_key(line=address.line, unit=address.unit, postcode=address.postcode),
        booked=False,
        **loads(facts.direction, facts.load_g, facts.load_ml),
    )


def _shift(shift: Shift, trips: list[problem.Trip], origin_at: datetime) -> problem.Shift:
    kind = shift.vehicle.vehicle_class
    return problem.Shift(
        vehicle=problem.Vehicle(
            key=shift.pk,
            kind=problem.VehicleClass(
                key=kind.slug,
                capacity=(kind.capacity_g, kind.capacity_ml),
                speed_m_per_h=kind.speed_m_per_h,
                detour_percent=kind.detour_percent,
                cost_s_per_km=kind.cost_s_per_km,
                opening_cost_s=kind.opening_cost_s,
                grams_per_km=kind.grams_per_km,
            ),
            starts_s=seconds_after(origin_at, shift.starts_at),
            ends_s=seconds_after(origin_at, shift.ends_at),
            max_shift_s=shift.max_shift_s,
            reload_s=shift.reload_s,
            skills=skill_bits(shift.vehicle.skills),
        ),
        trips=tuple(trips),
    )


def _trips_by_shift(
    routes: Iterable[Route], visits: Mapping[int, problem.Visit], rows: Mapping[int, StopRow]
) -> dict[int, list[problem.Trip]]:
    """Return each shift's trips in order; `rows` come in the order of their positions."""
    stops_of, trips = defaultdict(list), defaultdict(list)
    for pk, row in rows.items():
        stops_of[row.route_id].append(pk)
    for route in routes:
        stops = stops_of[route.pk]
        back = (problem.Leg(route.return_s, route.return_m),) if stops else ()
        legs = tuple(rows[pk].arc for pk in stops) + back
        trips[route.shift_id].append(problem.Trip(route.pk, tuple(visits[pk] for pk in stops), legs))
    return trips


def plans_between(depot: Depot, first: date, last: date) -> list[DayPlan]:
    """Return a depot's day plans from `first` to `last`, both included, in order. One query."""
    plans = DayPlan.objects.filter(depot=depot, service_date__range=(first, last)).select_related("depot")
    return list(plans.order_by("service_date"))


def at(origin_at: datetime, seconds: int) -> datetime:
    """Return the instant that lies whole seconds after a plan's origin."""
    return origin_at + timedelta(seconds=seconds)
