"""Day plans are made ahead, closed at their cut-off, and moved from state to state."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from scheduling import events, windows
from scheduling.editor import PlanEditor
from scheduling.models import (
    DayPlan,
    Delivery,
    Depot,
    Hold,
    ShiftPattern,
    SlotPattern,
    Stop,
)
from scheduling.services.changes import one_change
from scheduling.services.shifts import open_shift
from scheduling.statements import NUMBER, Instances

HORIZON_DAYS = 14

_OF_DAY: Final = Instances(
    lambda depot, day: DayPlan.objects.filter(depot=depot, service_date=day), NUMBER, date.min
)


def edit(plans: Iterable[DayPlan], *, now: datetime) -> dict[int, PlanEditor]:
    """Return an editor for each locked plan, lapsed holds taken out first."""
    editors = {plan.pk: PlanEditor(plan, now=now) for plan in plans}
    for editor in editors.values():
        drop_lapsed_holds(editor, now=now)
    return editors


def save_all(editors: Mapping[int, PlanEditor]) -> None:
    """Write what editors changed."""
    for editor in editors.values():
        editor.save()


def drop_lapsed_holds(editor: PlanEditor, *, now: datetime) -> int:
    """Record as lapsed the holds whose time is over; return how many. The editor is saved by its owner."""
    if not editor.lapsed:
        return 0
    stops = list(Stop.objects.filter(pk__in=editor.lapsed).select_related("hold__delivery"))
    editor.drop_lapsed(stops)
    for stop in stops:
        stop.hold.move_to(Hold.State.LAPSED)
        stop.hold.save(update_fields=["state"])
        delivery = stop.hold.delivery
        if delivery.state == Delivery.State.DRAFT:
            delivery.move_to(Delivery.State.LAPSED)
            delivery.save(update_fields=["state"])
        events.record("hold.lapsed", delivery=delivery, actor="clock", now=now)
    return len(stops)


@one_change
def sweep_plan(*, plan_id: int, now: datetime) -> int:
    """Take lapsed holds out of one day plan; return how many."""
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    editor.save()
    return len(editor.lapsed)


@one_change
def extend_horizon(*, depot: Depot, now: datetime, days: int = HORIZON_DAYS) -> int:
    """Make the coming days' plans, shifts and routes that are not there yet; return how many days."""
    today = windows.local_date(now, depot.zone)
    there = set(
        DayPlan.objects.filter(depot=depot, service_date__gte=today).values_list("service_date", flat=True)
    )
    patterns = patterns_of(depot)
    missing = [day for day in windows.days_from(today, days) if day not in there]
    for day in missing:
        open_day(depot=depot, day=day, patterns=patterns, now=now)
    return len(missing)


def patterns_of(depot: Depot) -> list[ShiftPattern]:
    """Return the shift patterns of a depot's active vehicles, as days are made of them. Two queries."""
    patterns = ShiftPattern.objects.filter(vehicle__depot=depot, vehicle__active=True)
    return list(patterns.select_related("vehicle__vehicle_class").prefetch_related("rests").order_by("pk"))


def open_day(*, depot: Depot, day: date, patterns: Iterable[ShiftPattern], now: datetime) -> DayPlan:
    """Make one day plan with its patterns' shifts and their rests, or return the one there is."""
    create = partial(
        DayPlan.objects.create, depot=depot, service_date=day, origin_at=windows.midnight(day, depot.zone)
    )
    plan, new = _OF_DAY.get_or(create, depot.pk, day)
    if new:
        for pattern in patterns:
            if windows.runs_on(pattern.weekdays, day):
                open_shift(plan, pattern, now=now)
    return plan


def last_cutoff_at(plan: DayPlan) -> datetime | None:
    """Return the instant after which nothing new can be chosen for a day; None if nothing is sold then."""
    patterns = SlotPattern.objects.filter(outlet__depot_id=plan.depot_id, active=True, outlet__active=True)
    cutoffs = [
        pattern.cutoff_at(plan.service_date, plan.depot.zone)
        for pattern in patterns
        if windows.runs_on(pattern.weekdays, plan.service_date)
    ]
    return max(cutoffs, default=None)


def plans_to_close(*, now: datetime) -> list[int]:
    """Return the open day plans whose last cut-off has passed. One query a plan that may be due."""
    soon = (now + timedelta(days=2)).date()
    due = DayPlan.objects.filter(state=DayPlan.State.OPEN, service_date__lte=soon).select_related("depot")
    cutoffs = {plan.pk: last_cutoff_at(plan) or plan.origin_at for plan in due}
    return [pk for pk, cutoff_at in cutoffs.items() if cutoff_at <= now]


@one_change
def close_plan(*, plan_id: int, now: datetime) -> None:
    """Close a day plan at its cut-off: nothing new comes in from here on. Repeating it changes nothing."""
    plan = DayPlan.objects.lock({plan_id})[plan_id]
    if plan.state != DayPlan.State.OPEN:
        return
    plan.move_to(DayPlan.State.CLOSED)
    plan.improvement_asked_at = now  # all who come are known: the solver has its last word
    plan.save(update_fields=["state", "improvement_asked_at"])
    events.record(
        "plan.closed", actor="clock", now=now, data={"depot": plan.depot.slug, "date": str(plan.service_date)}
    )
