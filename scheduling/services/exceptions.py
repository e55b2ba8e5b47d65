"""What will break a promise, or has, unless somebody acts: found, raised once, and settled when it is over.

A task looks every few seconds. It reads first, and takes the day's lock only where something differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from scheduling.driven import day_of
from scheduling.errors import NotChangeable
from scheduling.models import (
    Attempt,
    DayException,
    DayPlan,
    Delivery,
    Depot,
    Device,
    Expected,
    LastSeen,
    Route,
    Stop,
)
from scheduling.services.changes import one_change
from scheduling.snapshots import snapshots_of

Kind = DayException.Kind

SILENT_AFTER: Final = timedelta(minutes=5)
FRESH: Final = timedelta(minutes=10)
"""An expected time is believed for so long; then the schedule tells."""
SOON: Final = timedelta(hours=1)
"""So long before a promise breaks it is at risk as soon as it may be late; earlier only if it is likely."""
EASED: Final = timedelta(minutes=2)
"""So much better than late it must be before nobody is called late any more: else it would come and go."""
WATCHED: Final = frozenset({Kind.LATE, Kind.MISSED, Kind.SILENT, Kind.UNASSIGNED})
"""Kinds that are over by themselves. Others somebody settles."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an exception is about: a stop, or a route where no stop is named."""

    kind: str
    route_id: int | None = None
    stop_id: int | None = None


def plans_to_watch() -> list[int]:
    """Return the day plans that are locked or under way, or have something open. One query."""
    open_ = DayException.objects.filter(settled_at__isnull=True, kind__in=WATCHED)
    watched = Q(state__in=(DayPlan.State.LOCKED, DayPlan.State.STARTED)) | Q(pk__in=open_.values("plan"))
    return list(DayPlan.objects.filter(watched).order_by("pk").values_list("pk", flat=True))


def look(*, plan_id: int, now: datetime) -> int:
    """Raise what has become an exception of a day, settle what is none any more; return how many changed.

    At most sixteen queries where nothing changed. Raises PlanBusy.
    """
    plan = DayPlan.objects.select_related("depot").get(pk=plan_id)
    wanted, easing = _wanted(plan, now=now)
    there = {_subject(row): row for row in _open(plan)}
    new = wanted.keys() - there.keys()
    over = {subject for subject in there.keys() - wanted.keys() - easing if subject.kind in WATCHED}
    return _write(plan_id, {key: wanted[key] for key in new}, over, now=now) if new or over else 0


@one_change
def _write(plan_id: int, new: Mapping[Subject, datetime], over: set[Subject], *, now: datetime) -> int:
    plan = DayPlan.objects.lock({plan_id})[plan_id]
    there = {_subject(row): row for row in _open(plan)}
    for subject, breaks_at in new.items():
        if subject not in there:
            _raise(plan, subject, breaks_at=breaks_at, now=now)
    for subject in over & there.keys():
        _settle(there[subject], actor="clock", now=now)
    return len(new) + len(over)


def _raise(plan: DayPlan, subject: Subject, *, breaks_at: datetime, now: datetime) -> None:
    DayException.objects.create(
        plan=plan,
        route_id=subject.route_id,
        stop_id=subject.stop_id,
        kind=subject.kind,
        breaks_at=breaks_at,
        raised_at=now,
    )


def _settle(row: DayException, *, actor: str, now: datetime) -> None:
    row.settled_at, row.settled_by = now, actor
    row.save(update_fields=["settled_at", "settled_by"])


def _open(plan: DayPlan) -> list[DayException]:
    return list(DayException.objects.filter(plan=plan, settled_at__isnull=True).order_by("pk"))


def _subject(row: DayException) -> Subject:
    """What a row is about; the route of a stop may have become another since."""
    return Subject(row.kind, None if row.stop_id else row.route_id, row.stop_id)


def _wanted(plan: DayPlan, *, now: datetime) -> tuple[dict[Subject, datetime], set[Subject]]:
    """What is an exception now, with when its promise breaks; and what is no longer, but nearly."""
    snapshot = snapshots_of([plan], now=now)[0]
    day = day_of(plan, snapshot.plan, now=now)
    booked = Stop.objects.of_plan(plan).booked().select_related("delivery")
    stops = {stop.pk: stop for stop in booked}
    starts = {pk: (day.at(at_s), day.at(at_s)) for pk, at_s in day.judged().starts_s.items() if pk in stops}
    starts |= _expected(plan, now=now)
    late, easing = {}, set()
    for pk, (likely, latest) in starts.items():
        stop = stops.get(pk)
        if stop is None or stop.done_at is not None:
            continue
        # Far ahead ranges are wide: their ends say something only once there is little time left.
        worst = latest if stop.closes_at - now <= SOON else likely
        if worst >= stop.closes_at:
            late[Subject(Kind.LATE, stop_id=pk)] = stop.closes_at
        elif worst > stop.closes_at - EASED:
            easing.add(Subject(Kind.LATE, stop_id=pk))
    answered = _answered(plan) if late else set()
    late = {subject: at for subject, at in late.items() if subject.stop_id not in answered}
    return late | _missed(plan) | _unassigned(stops) | _silent(plan, stops, now=now), easing


def _expected(plan: DayPlan, *, now: datetime) -> dict[int, tuple[datetime, datetime]]:
    """When service is expected, and by when at the latest, where that was worked out just now. One query."""
    fresh = Expected.objects.filter(
        stop__route__shift__plan=plan, stop__done_at__isnull=True, made_at__gt=now - FRESH
    )
    return {pk: (at, until) for pk, at, until in fresh.values_list("stop_id", "at", "until_at")}


def _answered(plan: DayPlan) -> set[int]:
    """Return stops that are late and whose customers said what is to happen. One query."""
    said = DayException.objects.filter(plan=plan, kind=Kind.LATE, settled_by__startswith="link:")
    return set(said.filter(stop__isnull=False).values_list("stop_id", flat=True))


def _missed(plan: DayPlan) -> dict[Subject, datetime]:
    """Stops that were tried in vain, whose customer has not chosen again nor was spoken with. One query."""
    spoken_with = DayException.objects.filter(kind=Kind.MISSED, settled_at__isnull=False)
    failed = (
        Attempt.objects.exclude(outcome__in=Attempt.SERVED)
        .filter(
            stop__route__shift__plan=plan,
            stop__state=Stop.State.BOOKED,
            delivery__state__in=(Delivery.State.FAILED, Delivery.State.AT_DEPOT),
        )
        .exclude(stop__in=spoken_with.exclude(settled_by="clock").values("stop"))
    )
    rows = failed.values_list("stop_id", "stop__closes_at")
    return {Subject(Kind.MISSED, stop_id=pk): closes_at for pk, closes_at in rows}


def _unassigned(stops: Mapping[int, Stop]) -> dict[Subject, datetime]:
    return {
        Subject(Kind.UNASSIGNED, stop_id=pk): stop.closes_at
        for pk, stop in stops.items()
        if stop.unassigned_at is not None and stop.done_at is None
    }


def _silent(plan: DayPlan, stops: Mapping[int, Stop], *, now: datetime) -> dict[Subject, datetime]:
    """Routes on the road whose vehicle fell silent, of those that say anything. Three queries."""
    out = Route.objects.filter(
        shift__plan=plan, state=Route.State.STARTED, broke_down_at__isnull=True
    ).select_related("shift")
    routes = [route for route in out if route.started_at and route.started_at <= now - SILENT_AFTER]
    if not routes:
        return {}
    seen = dict(LastSeen.objects.filter(shift__plan=plan).values_list("shift_id", "at"))
    sending = set(
        Device.objects.filter(active=True, vehicle__shifts__plan=plan).values_list("vehicle_id", flat=True)
    )
    quiet = {}
    for route in routes:
        last = seen.get(route.shift_id)
        if last is None and route.shift.vehicle_id not in sending:
            continue
        if last is None or last <= now - SILENT_AFTER:
            quiet[Subject(Kind.SILENT, route_id=route.pk)] = _next_promise(route, stops) or now
    return quiet


def _next_promise(route: Route, stops: Mapping[int, Stop]) -> datetime | None:
    waiting = (s.closes_at for s in stops.values() if s.route_id == route.pk and s.done_at is None)
    return min(waiting, default=None)


@one_change
def acknowledge_exception(*, depot: Depot, exception_id: int, actor: str, now: datetime) -> DayException:
    """Note that somebody has seen it; the first to do so stays named."""
    row = _lock(depot, exception_id)
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by = now, actor
        row.save(update_fields=["acknowledged_at", "acknowledged_by"])
    return row


@one_change
def assign_exception(*, depot: Depot, exception_id: int, to: str, actor: str, now: datetime) -> DayException:
    """Give it to one of the depot's people, by how events name them; nobody where `to` is empty."""
    row = _lock(depot, exception_id)
    row.assigned_to = to
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by = now, actor
    row.save(update_fields=["assigned_to", "acknowledged_at", "acknowledged_by"])
    return row


@one_change
def settle_exception(*, depot: Depot, exception_id: int, actor: str, now: datetime) -> DayException:
    """Note that it is dealt with. Of what is over by itself only a miss: somebody spoke with the customer."""
    row = _lock(depot, exception_id)
    if row.kind in WATCHED - {Kind.MISSED}:
        raise NotChangeable
    if row.settled_at is None:
        _settle(row, actor=actor, now=now)
    return row


def _lock(depot: Depot, exception_id: int) -> DayException:
    """Raise NotChangeable for one that is not of the depot, or is gone."""
    rows = DayException.objects.filter(plan__depot=depot, pk=exception_id)
    found = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise NotChangeable
    return found
