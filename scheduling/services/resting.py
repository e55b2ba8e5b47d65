"""What a driver says of the way itself: a rest begins, it is over, everything takes longer."""

from datetime import datetime, timedelta
from typing import Final

from scheduling import events
from scheduling.errors import BadFacts, NotOnTheRoad
from scheduling.models import Route, Stop
from scheduling.services.changes import one_change
from scheduling.services.days import lock_route
from scheduling.services.expecting import note_late

ROUTE_LATE: Final = "route.running_late"
DELIVERY_LATE: Final = "delivery.running_late"
MOST_LATE: Final = timedelta(hours=4)


@one_change
def begin_rest(*, stop_id: int, at: datetime, now: datetime) -> Stop:
    """Note that a vehicle has come to its rest. Repeating it changes nothing. Raises NotOnTheRoad."""
    stop = _lock_rest(stop_id)
    if stop.arrived_at is None and stop.done_at is None:
        stop.arrived_at = min(at, now)
        stop.save(update_fields=["arrived_at"])
    return stop


@one_change
def end_rest(*, stop_id: int, at: datetime, now: datetime) -> Stop:
    """Note that a rest is over. Repeating it changes nothing. Raises NotOnTheRoad."""
    stop = _lock_rest(stop_id)
    if stop.done_at is None:
        stop.arrived_at = stop.arrived_at or min(at, now)
        stop.done_at = max(stop.arrived_at, min(at, now))
        stop.save(update_fields=["arrived_at", "done_at"])
    return stop


@one_change
def tell_running_late(*, route_id: int, late_by: timedelta, at: datetime, actor: str, now: datetime) -> None:
    """Record that a driver will be later at all stops to come than was expected, by their own estimate.

    Who is next is told by name of their delivery; what it means for the others is for the expected times to
    say. Raises NotOnTheRoad unless the route is out, BadFacts for what is no delay.
    """
    if not timedelta() < late_by <= MOST_LATE:
        raise BadFacts
    route, plan = lock_route(route_id)
    if route.state != Route.State.STARTED:
        raise NotOnTheRoad
    minutes = int(late_by.total_seconds() // 60)
    data = {"depot": plan.depot.slug, "date": str(plan.service_date), "route": route.pk}
    said = {"minutes": minutes, "at": at.isoformat()}
    note_late(route_id=route.pk, minutes=minutes, at=at)
    events.record(ROUTE_LATE, actor=actor, now=now, data=data | said)
    to_come = Stop.objects.booked().to_do().filter(route=route).select_related("delivery")
    stop = to_come.order_by("position").first()
    if stop is not None and stop.delivery is not None:
        events.record(DELIVERY_LATE, delivery=stop.delivery, actor=actor, now=now, data=said)


def _lock_rest(stop_id: int) -> Stop:
    route_id = (
        Stop.objects.filter(pk=stop_id, state=Stop.State.REST).values_list("route_id", flat=True).first()
    )
    if route_id is None:
        raise NotOnTheRoad
    route, _plan = lock_route(route_id)
    stop = Stop.objects.get(pk=stop_id)
    if stop.route_id != route.pk or route.state != Route.State.STARTED:
        raise NotOnTheRoad
    return stop
