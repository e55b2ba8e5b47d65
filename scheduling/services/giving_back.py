"""A stop given to a vehicle that has not left, while its old driver stood at the door: it is theirs again."""

from datetime import datetime

from scheduling.driven import day_of
from scheduling.editor import PlanEditor
from scheduling.errors import NotOnTheRoad
from scheduling.models import DayPlan, Route, Stop
from scheduling.routing.by_hand import trip_of, with_visit_at, without_visit
from scheduling.routing.improve import visits_of
from scheduling.routing.lived import in_order, split
from scheduling.services.plans import edit
from scheduling.snapshots import ROAD

OUT = (Route.State.STARTED, Route.State.FINISHED)


def give_back(stop: Stop, *, actor: str, now: datetime) -> None:
    """Put a stop back on the route of the vehicle whose driver speaks, behind what is served there.

    Else it would be over on a route that never left, and planned there. The caller holds the day's lock.
    Raises NotOnTheRoad unless that vehicle is out on this day, or was, and is not the one it was given to.
    """
    route = _driven_by(actor, stop)
    plan_id = route.shift.plan_id
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    _give(editor, stop, route, actor=actor, now=now)
    editor.save()


def _driven_by(actor: str, stop: Stop) -> Route:
    """The last route that a shift's driver left for on the stop's day."""
    shift_id = actor.removeprefix("shift:")
    if actor == shift_id or not shift_id.isdecimal() or int(shift_id) == stop.route.shift_id:
        raise NotOnTheRoad
    of_day = Route.objects.filter(shift=int(shift_id), shift__plan=stop.route.shift.plan_id, state__in=OUT)
    route: Route | None = of_day.select_related("shift__plan").order_by("trip").last()
    if route is None:
        raise NotOnTheRoad
    return route


def _give(editor: PlanEditor, stop: Stop, route: Route, *, actor: str, now: datetime) -> None:
    day = day_of(editor.row, editor.plan, now=now)
    plan = in_order(day.plan, day.left, ROAD)
    visit = next(visit for visit in visits_of(plan) if visit.key == stop.pk)
    without = without_visit(plan, stop.pk, ROAD)
    behind, _ahead = split(trip_of(without, route.pk)[1], day.left[route.pk])
    editor.give(stop, with_visit_at(without, visit, route.pk, len(behind), ROAD), route, actor=actor)
