"""The day itself: vehicles are loaded, leave and come back. Each step is whole or not at all."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet

from scheduling import events
from scheduling.errors import NotOnTheRoad
from scheduling.models import Attempt, DayException, DayPlan, Delivery, Route, Stop
from scheduling.services.changes import one_change
from scheduling.services.drivers import give_drivers
from scheduling.services.plans import edit
from scheduling.services.points import give_places_back


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
    give_drivers(plan)
    events.record("plan.locked", actor=actor, now=now, data=said_of(plan))
    return plan


def plans_to_lock(*, now: datetime, before: timedelta) -> list[int]:
    """Return the closed day plans of which a vehicle is to leave within `before`. One query."""
    booked = Q(shifts__routes__stops__state=Stop.State.BOOKED)
    closed = DayPlan.objects.filter(state=DayPlan.State.CLOSED, origin_at__lte=now + timedelta(days=1))
    due = closed.annotate(leaves_at=Min("shifts__starts_at", filter=booked)).filter(
        leaves_at__lte=now + before
    )
    return list(due.order_by("service_date", "depot_id").values_list("pk", flat=True))


@one_change
def start_route(*, route_id: int, actor: str, now: datetime) -> Route:
    """Send a loaded vehicle out: what it brings is on board from here on. Repeating it changes nothing.

    Raises IllegalMove before the day is locked, and NotOnTheRoad while an earlier trip of the vehicle is not
    over.
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
        events.record("plan.started", actor=actor, now=now, data=said_of(plan))
    events.record("route.started", actor=actor, now=now, data=said_of(plan) | {"route": route.pk})
    for delivery in _brought(route):
        put_on_board(delivery, actor=actor, now=now)
    return route


def put_on_board(delivery: Delivery, *, actor: str, now: datetime) -> None:
    """Note that the vehicle that brings a delivery is out; its row is locked by its caller."""
    delivery.move_to(Delivery.State.ON_BOARD)
    delivery.save(update_fields=["state"])
    events.record("delivery.on_the_way", delivery=delivery, actor=actor, now=now)


@one_change
def finish_route(*, route_id: int, actor: str, now: datetime) -> Route:
    """Note that a vehicle is back, and with it what it could not hand over. Repeating it changes nothing.

    What was refused, or was tried in vain so often that its shop wants it back, is returned; the rest waits
    at the depot until its customer chooses a time again. Raises NotOnTheRoad while stops are left:
    `coming_back.end_route` settles them.
    """
    route, plan = lock_route(route_id)
    if route.state == Route.State.FINISHED:
        return route
    if Stop.objects.booked().filter(route=route, done_at__isnull=True).exists():
        raise NotOnTheRoad
    route.move_to(Route.State.FINISHED)
    route.finished_at = now
    route.save(update_fields=["state", "finished_at"])
    events.record("route.finished", actor=actor, now=now, data=said_of(plan) | {"route": route.pk})
    for stop in _came_back(route):
        _put_back(stop, actor=actor, now=now)
    _mark_broken(route, plan, now=now)
    finish_plan_if_over(plan, actor=actor, now=now)
    return route


def finish_plan_if_over(plan: DayPlan, *, actor: str, now: datetime) -> None:
    """End a locked plan's day once its last vehicle is back and nothing waits for one any more."""
    if plan.state != DayPlan.State.STARTED or _still_out(plan).exists():
        return
    plan.move_to(DayPlan.State.FINISHED)
    plan.save(update_fields=["state"])
    events.record("plan.finished", actor=actor, now=now, data=said_of(plan))


@one_change
def finish_day(*, plan_id: int, actor: str, now: datetime) -> DayPlan:
    """End a started day of which nothing is left to be driven: its last stop may have been cancelled."""
    plan = DayPlan.objects.lock({plan_id})[plan_id]
    finish_plan_if_over(plan, actor=actor, now=now)
    return plan


def plans_to_finish() -> list[int]:
    """Return the started day plans of which nothing is left to be driven. One query."""
    started = DayPlan.objects.filter(state=DayPlan.State.STARTED)
    out = Route.objects.filter(_out(), shift__plan=OuterRef("pk"))
    return list(started.exclude(Exists(out)).order_by("pk").values_list("pk", flat=True))


def _still_out(plan: DayPlan) -> QuerySet[Route]:
    return Route.objects.filter(_out(), shift__plan=plan)


def _out() -> Q:
    """Routes that are on the road, or have somebody waiting: also one whose vehicle broke down."""
    waiting = Stop.objects.booked().filter(route=OuterRef("pk"), done_at__isnull=True)
    return Q(state=Route.State.STARTED) | Q(Exists(waiting))


def lock_route(route_id: int) -> tuple[Route, DayPlan]:
    """Lock the day plan of a route; return both as they then are."""
    plan_id = Route.objects.values_list("shift__plan_id", flat=True).get(pk=route_id)
    plan = DayPlan.objects.lock({plan_id})[plan_id]
    return Route.objects.select_related("shift").get(pk=route_id), plan


def _require_earlier_trips_over(route: Route) -> None:
    """Raise NotOnTheRoad while its vehicle is out, was to leave before, or stands broken somewhere."""
    of_shift = Route.objects.filter(shift_id=route.shift_id).exclude(pk=route.pk)
    if of_shift.filter(broke_down_at__isnull=False).exists():
        raise NotOnTheRoad
    earlier = of_shift.filter(trip__lt=route.trip)
    waiting = Stop.objects.to_do().filter(route=OuterRef("pk"), state=Stop.State.BOOKED)
    if earlier.filter(Q(state=Route.State.STARTED) | Q(Exists(waiting))).exists():
        raise NotOnTheRoad


def _brought(route: Route) -> list[Delivery]:
    found = Delivery.objects.filter(
        stops__in=Stop.objects.booked().to_do().filter(route=route),
        direction=Delivery.Direction.OUT,
        state=Delivery.State.CONFIRMED,
    )
    return Delivery.objects.lock(found.values_list("pk", flat=True))


def _came_back(route: Route) -> list[Stop]:
    """The stops of a route whose goods are back with it."""
    failed = Stop.objects.booked().filter(
        route=route, delivery__state=Delivery.State.FAILED, delivery__direction=Delivery.Direction.OUT
    )
    return list(failed.select_related("delivery__merchant", "pickup_point").order_by("pk"))


def _put_back(stop: Stop, *, actor: str, now: datetime) -> None:
    [delivery] = Delivery.objects.lock({stop.delivery_id or 0})
    delivery.move_to(Delivery.State.AT_DEPOT)
    tries = (
        Attempt.objects.filter(delivery=delivery, undone_at=None).exclude(outcome__in=Attempt.SERVED).count()
    )
    # What was refused at the door nobody waits for: it goes back to its shop.
    most = 0 if _was_refused(delivery) else delivery.merchant.most_attempts
    data = {"tries": tries, "tries_left": max(0, most - tries)}
    events.record("delivery.back_at_depot", delivery=delivery, actor=actor, now=now, data=data)
    if tries >= most:
        delivery.move_to(Delivery.State.RETURNED)
        give_places_back(stop, delivery.parcel_count)
        events.record("delivery.returned", delivery=delivery, actor=actor, now=now, data={"tries": tries})
    delivery.save(update_fields=["state"])


def _was_refused(delivery: Delivery) -> bool:
    last = Attempt.objects.filter(delivery=delivery, undone_at=None).order_by("number").last()
    return last is not None and last.outcome == Attempt.Outcome.REFUSED


def _mark_broken(route: Route, plan: DayPlan, *, now: datetime) -> None:
    """Keep on file each promise of a route that was broken, also one that nobody saw coming."""
    marked = DayException.objects.filter(kind__in=(DayException.Kind.LATE, DayException.Kind.MISSED))
    late = Stop.objects.booked().filter(route=route, arrived_at__gte=F("closes_at"))
    for stop in late.exclude(pk__in=marked.filter(stop__route=route).values("stop")):
        DayException.objects.create(
            plan=plan,
            route=route,
            stop=stop,
            kind=DayException.Kind.LATE,
            breaks_at=stop.closes_at,
            raised_at=now,
            settled_at=now,
            settled_by="clock",
        )


def said_of(plan: DayPlan) -> dict[str, Any]:
    """Return what an event says of a day."""
    return {"depot": plan.depot.slug, "date": str(plan.service_date)}
