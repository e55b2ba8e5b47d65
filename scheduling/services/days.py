"""The day itself: vehicles are loaded, leave and come back. Each step is whole or not at all."""

from datetime import datetime
from typing import Any

from scheduling import events
from scheduling.errors import NotOnTheRoad
from scheduling.models import DayPlan, Delivery, Route, Stop
from scheduling.services.changes import one_change
from scheduling.services.plans import edit


@one_change
def lock_plan(*, plan_id: int, actor: str, now: datetime) -> DayPlan:
    """Lock a closed day: what is loaded stays on its vehicle. Repeating it changes nothing.

    Raises IllegalMove for a day that is still open.
    """
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    plan = editor.row
    editor.save()
    if plan.state in (DayPlan.State.LOCKED, DayPlan.State.STARTED, DayPlan.State.FINISHED):
        return plan
    plan.move_to(DayPlan.State.LOCKED)
    plan.save(update_fields=["state"])
    loaded = Route.objects.filter(shift__plan=plan, stops__state=Stop.State.BOOKED)
    Route.objects.filter(pk__in=set(loaded.values_list("pk", flat=True))).update(
        state=Route.State.LOADED, loaded_at=now
    )
    events.record("plan.locked", actor=actor, now=now, data=_said_of(plan))
    return plan


@one_change
def start_route(*, route_id: int, actor: str, now: datetime) -> Route:
    """Send a loaded vehicle out: what it brings is on board from here on. Repeating it changes nothing.

    Raises IllegalMove before the day is locked, and while an earlier trip of the vehicle is not over.
    """
    route, plan = lock_route(route_id)
    if route.state in (Route.State.STARTED, Route.State.FINISHED):
        return route
    _require_earlier_trips_over(route)
    route.move_to(Route.State.STARTED)
    route.started_at = now
    route.save(update_fields=["state", "started_at"])
    if plan.state == DayPlan.State.LOCKED:
        plan.move_to(DayPlan.State.STARTED)
        plan.save(update_fields=["state"])
        events.record("plan.started", actor=actor, now=now, data=_said_of(plan))
    events.record("route.started", actor=actor, now=now, data=_said_of(plan) | {"route": route.pk})
    for delivery in _brought(route):
        delivery.move_to(Delivery.State.ON_BOARD)
        delivery.save(update_fields=["state"])
        events.record("delivery.on_the_way", delivery=delivery, actor=actor, now=now)
    return route


@one_change
def finish_route(*, route_id: int, actor: str, now: datetime) -> Route:
    """Note that a vehicle is back. Repeating it changes nothing. Raises NotOnTheRoad while stops are left."""
    route, plan = lock_route(route_id)
    if route.state == Route.State.FINISHED:
        return route
    if Stop.objects.to_do().filter(route=route, state=Stop.State.BOOKED).exists():
        raise NotOnTheRoad
    route.move_to(Route.State.FINISHED)
    route.finished_at = now
    route.save(update_fields=["state", "finished_at"])
    events.record("route.finished", actor=actor, now=now, data=_said_of(plan) | {"route": route.pk})
    on_the_road = Route.objects.filter(shift__plan=plan).exclude(state=Route.State.FINISHED)
    if not on_the_road.exclude(state=Route.State.TENTATIVE).exists():
        plan.move_to(DayPlan.State.FINISHED)
        plan.save(update_fields=["state"])
        events.record("plan.finished", actor=actor, now=now, data=_said_of(plan))
    return route


def lock_route(route_id: int) -> tuple[Route, DayPlan]:
    """Lock the day plan of a route; return both as they then are."""
    plan_id = Route.objects.values_list("shift__plan_id", flat=True).get(pk=route_id)
    plan = DayPlan.objects.lock({plan_id})[plan_id]
    return Route.objects.select_related("shift").get(pk=route_id), plan


def _require_earlier_trips_over(route: Route) -> None:
    earlier = Route.objects.filter(shift_id=route.shift_id, trip__lt=route.trip)
    if earlier.filter(state__in=(Route.State.LOADED, Route.State.STARTED)).exists():
        raise NotOnTheRoad


def _brought(route: Route) -> list[Delivery]:
    found = Delivery.objects.filter(
        stops__route=route,
        stops__state=Stop.State.BOOKED,
        direction=Delivery.Direction.OUT,
        state=Delivery.State.CONFIRMED,
    )
    return Delivery.objects.lock(found.values_list("pk", flat=True))


def _said_of(plan: DayPlan) -> dict[str, Any]:
    return {"depot": plan.depot.slug, "date": str(plan.service_date)}
