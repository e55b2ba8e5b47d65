"""Day plans as the core reads them: rows -> plan and tape, kept by version.

Snapshots are cached in the process by day plan and version; one that holds live holds goes stale when the
first of them runs out. Inside a transaction that bumped a plan's version that plan is not cached: were it
rolled back, another change would come to the same version.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from operator import is_not
from threading import local
from typing import Any, Final

from django.db import connection

from scheduling import set_up
from scheduling.conversion import StopRow
from scheduling.day_rows import Made, read_routes, read_stops, read_vehicles, shifts_of, version_of
from scheduling.models import DayPlan, Delivery, Depot, Stop
from scheduling.routing import problem
from scheduling.routing.insertion import remove
from scheduling.routing.tape import Strip, Tape, build_tape, concatenate, strips_of, tape_of
from scheduling.routing.travel import GreatCircle, Travel
from scheduling.statements import NUMBER, Columns, Statement, as_fetched, instances_of

ROAD: Final[Travel] = GreatCircle()
"""Where legs come from: quote and commit use the same."""

MOST_CACHED: Final = 512  # forty depots' days ahead
MOST_JOINED: Final = 16


@dataclass(frozen=True)
class Snapshot:
    """One day plan at one version: the core's plan, its tape, and the rows behind it.

    `stale_from` is when the first live hold in it runs out; `lapsed` are stops whose hold had run out
    when the rows were read: they are in `rows`, but no longer in `plan`. `known` are strips of an earlier
    version, of which most are strips of this one too; `made` is what the rows last read were made into.
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
    made: Made = field(default_factory=Made, compare=False, repr=False)

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
        """Return how many stops there are that day: () all, (merchant,) its own, (merchant, opens, closes).

        `leaving_out` is a delivery that is being moved: its present stop does not count.
        """
        own = [self.rows[pk] for pk in self.stops_of(leaving_out)] if leaving_out else []
        return self._counts - counts_of(own) if own else self._counts

    @cached_property
    def _counts(self) -> Counter[tuple[Any, ...]]:
        return counts_of(row for row in self.rows.values() if row.pk not in self.lapsed)

    def stops_of(self, delivery: Delivery | None) -> list[int]:
        """Return the stops that leave the routes when a delivery does."""
        if delivery is None:  # most shoppers move nothing
            return []
        return [
            row.pk
            for row in self.rows.values()
            if row.delivery_id == delivery.pk and row.pk not in self.lapsed and row.state in Stop.FOR_SOMEBODY
        ]

    def fresh_at(self, now: datetime) -> bool:
        """Whether no hold in it has run out since it was read."""
        return self.stale_from is None or now < self.stale_from


def counts_of(rows: Iterable[StopRow]) -> Counter[tuple[Any, ...]]:
    """Count stops at which somebody is served, as `Snapshot.counts` says."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        if row.state in Stop.FOR_SOMEBODY:
            counts[()] += 1
            counts[row.merchant_id,] += 1
            counts[row.merchant_id, row.opens_at, row.closes_at] += 1
    return counts


_cache: dict[int, Snapshot] = {}
_joined: dict[tuple[int, ...], tuple[list[Tape], Tape]] = {}


class _Unsure(local):
    """The plans whose version this thread's open transaction has bumped."""

    def __init__(self) -> None:
        self.plans: set[int] = set()


_unsure = _Unsure()


def forget_all() -> None:
    """Empty the cache: the database was replaced under us."""
    set_up.forget_all()
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
        after = version_of(plan)
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
    for oldest in list(_cache)[:-MOST_CACHED]:  # days that are over are never asked for again
        _cache.pop(oldest, None)  # another thread may have been quicker


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
    """Read a day plan's rows, lapsed holds left out of the routes. Three queries.

    What an earlier snapshot made of a row that is as it was is used again, whatever became of the others.
    """
    before = _cache.get(plan.pk)
    made = before.made if before and before.origin_at == plan.origin_at else Made()
    routes = read_routes(plan)
    stops = read_stops(plan, made.stops)
    vehicles = read_vehicles(plan, made.vehicles)
    rows = {pk: stop.row for pk, (_raw, stop) in stops.items()}
    lapsed = tuple(pk for pk, row in rows.items() if row.expires_at is not None and row.expires_at <= now)
    full = problem.Plan(
        depot=problem.Place(plan.depot.lat, plan.depot.lon),
        shifts=shifts_of(routes, stops, vehicles, before.plan.shifts if before else ()),
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
        known=before.strips if before else {},
        made=Made(stops, vehicles),
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


_PLAN: Final = Columns(DayPlan)
_DEPOT: Final = Columns(Depot, "depot__")
_PLANS: Final = Statement(
    lambda depot, first, last: (
        DayPlan.objects.filter(depot_id=depot, service_date__range=(first, last))
        .order_by("service_date")
        .values_list(*as_fetched(*_PLAN.names, *_DEPOT.names))
    ),
    NUMBER,
    date.min,
    date.max,
)


def plans_between(depot: Depot, first: date, last: date) -> list[DayPlan]:
    """Return a depot's day plans from `first` to `last`, both included, in order. One query."""
    plans: list[DayPlan] = []
    for raw in _PLANS.rows(depot.pk, first, last):
        plan, its_depot = instances_of(_PLANS.values_of(raw), _PLAN, _DEPOT)
        plan.depot = plans[0].depot if plans else its_depot
        plans.append(plan)
    return plans


def at(origin_at: datetime, seconds: int) -> datetime:
    """Return the instant that lies whole seconds after a plan's origin."""
    return origin_at + timedelta(seconds=seconds)
