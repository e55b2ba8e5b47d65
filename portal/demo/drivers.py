"""Who drives in the demo: every vehicle does what its route says, a little early, late, or in vain.

What comes next is worked out from rows alone, so that a restart or a jump of the clock changes nothing: all
that would have happened meanwhile happens, in order, each at its own moment, through the ordinary services.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from portal.demo.held_up import held_until
from portal.demo.shown import report
from portal.demo.town import TIME_ZONE
from portal.demo.week import SEEDED_CONTACTS
from portal.models.driving import ShiftLink
from scheduling import windows
from scheduling.errors import DomainError
from scheduling.models import Attempt, DayPlan, Delivery, Depot, Route, Shift, Stop
from scheduling.services.days import finish_route, lock_plan, start_route
from scheduling.services.handing_over import Handover, arrive
from scheduling.services.plans import close_plan
from scheduling.services.resting import end_rest
from scheduling.statements import NUMBER, Instances, Statement

SEED: Final = "demo"
LOADED_BEFORE: Final = timedelta(minutes=40)
"""So long before its first vehicle leaves a day is locked, and vehicles are loaded."""
NOBODY_HOME_EVERY: Final = 14
HELD_UP_EVERY: Final = 12
HELD_UP: Final = timedelta(minutes=14)
ON_FOOT_S: Final = 20

_TO_DO: Final = Instances(
    lambda route: (
        Stop.objects.to_do()
        .filter(route=route)
        .select_related("delivery__address", "pickup_point", "rest")
        .order_by("position")
    ),
    NUMBER,
)
_ROUTES: Final = Instances(lambda shift: Route.objects.filter(shift=shift).order_by("trip"), NUMBER)
_LAST_DONE: Final = Statement(
    lambda route: (
        Stop.objects.filter(route=route, done_at__isnull=False)
        .order_by("-done_at")
        .values_list("done_at")[:1]
    ),
    NUMBER,
)
_TO_SETTLE: Final = Instances(
    lambda stop: Stop.objects.filter(pk=stop).select_related(
        "route__shift", "delivery__address", "pickup_point"
    ),
    NUMBER,
)

_at_work = Lock()


@dataclass(frozen=True, slots=True)
class Act:
    """What a driver, or their dispatcher, does next, and when. No two of a shift are the same step."""

    at: datetime
    do: Callable[[datetime], object]
    step: tuple[str, int]


def drive(*, now: datetime, depot: Depot) -> int:
    """Do all that is due by now, in order; return how much was done. One at a time: a second call waits."""
    with _at_work:
        done = 0
        for act in _due(depot, now=now):
            _do(act)
            done += 1
        return done


def drive_until(
    is_there: Callable[[], bool],
    *,
    depot: Depot,
    latest: datetime,
    move_to: Callable[[datetime], object] = lambda _at: None,
) -> datetime | None:
    """Let things happen until `is_there()`, at the latest until an instant; return when, None if never.

    `move_to` is called with the instant of each thing before it happens.
    """
    with _at_work:
        for act in _due(depot, now=latest):
            move_to(act.at)
            _do(act)
            if is_there():
                return act.at
    return None


def _do(act: Act) -> None:
    # Somebody else may have acted meanwhile: cancelled, reassigned, taken the sheet over. Then it is theirs.
    with suppress(DomainError):
        act.do(act.at)


def _due(depot: Depot, *, now: datetime) -> Iterator[Act]:
    """Yield what is due, the earliest first; each is worked out when those before it are done."""
    for plan in _plans(depot, now=now):
        if plan.state in (DayPlan.State.OPEN, DayPlan.State.CLOSED):
            loading = _loading(plan)
            if loading is None or loading.at > now:
                continue
            yield loading
        yield from _due_on_the_road(plan, now=now)


def _due_on_the_road(plan: DayPlan, *, now: datetime) -> Iterator[Act]:
    acts = {shift: act for shift in _shifts(plan) if (act := _next_of_shift(shift)) is not None}
    while acts:
        shift = min(acts, key=lambda each: (acts[each].at, each.pk))
        act = acts.pop(shift)
        if act.at > now:
            return
        yield act
        following = _next_of_shift(shift)
        if following is not None and following.step != act.step:  # else somebody else has to act there first
            acts[shift] = following


def _plans(depot: Depot, *, now: datetime) -> list[DayPlan]:
    today = windows.local_date(now, ZoneInfo(TIME_ZONE))
    rows = DayPlan.objects.filter(depot=depot, service_date__lte=today).exclude(state=DayPlan.State.FINISHED)
    return list(rows.select_related("depot").order_by("service_date"))


def _loading(plan: DayPlan) -> Act | None:
    """Return the locking of a day, which is closed then at the latest; None where nobody drives."""
    leaves = Stop.objects.booked().of_plan(plan).order_by("route__shift__starts_at")
    first = leaves.values_list("route__shift__starts_at", flat=True).first()
    return Act(first - LOADED_BEFORE, partial(_load, plan.pk), ("load", plan.pk)) if first else None


def _load(plan_id: int, at: datetime) -> None:
    close_plan(plan_id=plan_id, now=at)
    lock_plan(plan_id=plan_id, actor="demo", now=at)


def _shifts(plan: DayPlan) -> list[Shift]:
    """Return the shifts that have something to do; not those whose sheet a visitor has taken over."""
    routes = Route.objects.filter(state__in=(Route.State.LOADED, Route.State.STARTED), shift__plan=plan)
    rows = Shift.objects.filter(pk__in=routes.values("shift")).exclude(pk__in=taken_over())
    return list(rows.select_related("plan__depot"))


def taken_over() -> QuerySet[ShiftLink, int]:
    """Return the shifts that a visitor drives, on a sheet of their own."""
    return ShiftLink.objects.filter(bound_at__isnull=False).values_list("shift_id", flat=True)


def _next_of_shift(shift: Shift) -> Act | None:
    routes = _ROUTES.all(shift.pk)
    if any(route.broke_down_at for route in routes):
        return None  # it stands where it stands; what it has not brought others bring
    to_drive = (each for each in routes if each.state in (Route.State.LOADED, Route.State.STARTED))
    if (route := next(to_drive, None)) is None:
        return None
    route.shift = shift
    if route.state == Route.State.LOADED:
        begins = max(shift.starts_at, _free_since(shift, routes))
        return Act(_leaves_at(route, begins), partial(_start, route.pk), ("start", route.pk))
    return _next_on(route)


def _free_since(shift: Shift, routes: Sequence[Route]) -> datetime:
    finished = [route for route in routes if route.state == Route.State.FINISHED]
    before = finished[-1] if finished else None
    if before is None or before.finished_at is None:
        return shift.starts_at
    return before.finished_at + timedelta(seconds=shift.reload_s)


def _leaves_at(route: Route, begins: datetime) -> datetime:
    """Leave so that nobody waits at the first door for its window, and not before the shift begins."""
    first = _to_do(route)[:1]
    if not first:
        return begins
    return max(begins, first[0].opens_at - timedelta(seconds=first[0].arc_s))


def _start(route_id: int, at: datetime) -> None:
    start_route(route_id=route_id, actor="demo", now=at)


def _to_do(route: Route) -> list[Stop]:
    """Return what is left of a route, its rests too, in order."""
    return _TO_DO.all(route.pk)


def _next_on(route: Route) -> Act:
    stop, since = next_stop(route), left_at(route)
    if stop is None:
        back = since + timedelta(seconds=route.return_s)
        return Act(back, partial(_finish, route.pk), ("finish", route.pk))
    if stop.rest is not None:
        over = max(comes_at(stop, since), stop.opens_at) + timedelta(minutes=stop.rest.minutes)
        return Act(over, partial(_end_rest, stop.pk), ("rest", stop.pk))
    if stop.arrived_at is None:
        return Act(comes_at(stop, since), partial(_arrive, stop.pk), ("arrive", stop.pk))
    return Act(_done_at(stop), partial(_settle, stop.pk), ("settle", stop.pk))


def next_stop(route: Route) -> Stop | None:
    """Return the next stop at which somebody is served, or rests; None once a route is on its way back."""
    return next(iter(_to_do(route)), None)


def left_at(route: Route) -> datetime:
    """Return since when a route's vehicle is on its way: it left the depot, or the last door."""
    last: datetime | None = _LAST_DONE.value(route.pk)
    return last or route.started_at or route.shift.starts_at


def comes_at(stop: Stop, since: datetime) -> datetime:
    """Return when a vehicle that left at an instant comes to a stop: a little more or less than planned."""
    chance = _chance(stop)
    seconds = stop.arc_s * (0.85 + 0.4 * chance.random()) + ON_FOOT_S
    held_up = HELD_UP if stop.pk % HELD_UP_EVERY == 0 else timedelta(0)
    comes = since + timedelta(seconds=round(seconds)) + held_up
    return max(comes, held_until(stop.route_id) or comes)


def _done_at(stop: Stop) -> datetime:
    service_s = stop.service_s if stop.pickup_point_id or stop.delivery is None else stop.delivery.service_s
    seconds = (service_s or 60) * (0.6 + 0.7 * _chance(stop).random())
    return max(stop.arrived_at or stop.opens_at, stop.opens_at) + timedelta(seconds=round(seconds))


def _chance(stop: Stop) -> Random:
    return Random(f"{SEED}-{stop.pk}")  # noqa: S311 - the same day every time


def _arrive(stop_id: int, at: datetime) -> None:
    stop = _TO_SETTLE.get(stop_id)
    arrive(stop_id=stop_id, at=at, actor=_driver_of(stop), now=at)


def _settle(stop_id: int, at: datetime) -> None:
    stop = _TO_SETTLE.get(stop_id)
    report(stop, _outcome(stop, at), actor=_driver_of(stop))


def _end_rest(stop_id: int, at: datetime) -> None:
    end_rest(stop_id=stop_id, at=at, now=at)


def _driver_of(stop: Stop) -> str:
    return f"shift:{stop.route.shift_id}"


def _outcome(stop: Stop, at: datetime) -> Handover:
    delivery = stop.delivery
    assert delivery is not None  # noqa: S101 - rests are never settled
    whole = Handover(Attempt.Outcome.HANDED_OVER, at, to_whom=delivery.contact_name)
    if stop.pickup_point_id:
        return replace(whole, outcome=Attempt.Outcome.AT_POINT, to_whom="")
    if delivery.direction == Delivery.Direction.IN:
        return replace(whole, outcome=Attempt.Outcome.COLLECTED, to_whom="")
    if delivery.left_at.neighbour:
        return replace(whole, outcome=Attempt.Outcome.NEIGHBOUR, to_whom=delivery.left_at.neighbour)
    if delivery.left_at.place:
        return replace(whole, outcome=Attempt.Outcome.SAFE_PLACE, to_whom="")
    if stop.pk % NOBODY_HOME_EVERY == 0 and delivery.contact_email.endswith(SEEDED_CONTACTS):
        failed, why = Attempt.Outcome.NOT_POSSIBLE, Attempt.Reason.NOBODY_HOME
        return replace(whole, outcome=failed, reason=why, to_whom="")
    return whole


def _finish(route_id: int, at: datetime) -> None:
    finish_route(route_id=route_id, actor="demo", now=at)
