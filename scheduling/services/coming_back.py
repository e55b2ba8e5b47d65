"""A vehicle comes back though stops are left: each is a try in vain, with its reason."""

from datetime import datetime

from scheduling.models import Attempt, Route, Stop
from scheduling.services.changes import one_change
from scheduling.services.days import finish_route, lock_route
from scheduling.services.handing_over import Handover, settle_stop


@one_change
def end_route(*, route_id: int, actor: str, now: datetime, reason: str = Attempt.Reason.NOT_REACHED) -> Route:
    """Note that a vehicle is back; whoever was not reached is told why, and chooses a time again.

    Repeating it changes nothing. Raises NotOnTheRoad for a route that never left.
    """
    route, _plan = lock_route(route_id)
    if route.state == Route.State.STARTED:
        # What nobody fetched from a vehicle that broke down comes back with it.
        Stop.objects.booked().filter(route=route).update(unassigned_at=None)
        for stop_id in _left(route):
            handover = Handover(outcome=Attempt.Outcome.NOT_POSSIBLE, reason=reason, happened_at=now)
            settle_stop(stop_id=stop_id, handover=handover, actor=actor, now=now)
    return finish_route(route_id=route_id, actor=actor, now=now)


def _left(route: Route) -> list[int]:
    left = Stop.objects.to_do().filter(route=route, state=Stop.State.BOOKED)
    return list(left.order_by("position").values_list("pk", flat=True))
