"""What a dispatcher does to a day: another order, another vehicle, another driver; a vehicle breaks down.

What touches a promise is shown before it is done, with all that it breaks; it is done only if it breaks no
more by then. Who did it is recorded, and stops put somewhere by hand are not moved by better routes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from scheduling import events
from scheduling.conversion import lone_visit
from scheduling.driven import Day, day_of
from scheduling.editor import PlanEditor
from scheduling.errors import BreaksMore, NotChangeable, NotOnTheRoad
from scheduling.models import DayPlan, Delivery, Route, Stop
from scheduling.routing import problem
from scheduling.routing.by_hand import Break, Placement, placements, trip_of, with_visit_at, without_visit
from scheduling.routing.improve import visits_of
from scheduling.routing.lived import in_order
from scheduling.routing.orders import as_wanted, best_order
from scheduling.services.changes import one_change
from scheduling.services.days import put_on_board, said_of
from scheduling.services.plans import edit
from scheduling.snapshots import ROAD, snapshots_of
from scheduling.states import DISPATCH_STATES

SOLVING_S: Final = 0.4
"""So long the solver looks for less driving on one route; somebody waits for the page."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change as it would be: what it breaks, and by how much the driving grows (or shrinks).

    order: the route's stops, those that are over among them; late_before, late: promises that are late with
    the present order, and with this one; at: when service starts at each stop to come
    """

    order: tuple[int, ...]
    breaks: tuple[Break, ...]
    late_before: Collection[int]
    late: Collection[int]
    at: dict[int, datetime]
    added_s: int
    added_m: int

    @property
    def seen(self) -> frozenset[str]:
        """What whoever says yes to it has seen."""
        return names_of_breaks(self.breaks)


def names_of_breaks(breaks: Collection[Break]) -> frozenset[str]:
    """Return breaks as a form carries them."""
    return frozenset(f"{each.kind}:{each.key}" for each in breaks)


def propose_order(*, route: Route, wanted: Sequence[int] | None, now: datetime) -> Proposal:
    """Return what another order of a route would do: the `wanted` stops first, or the best where None.

    What is served stays, and the door at which the vehicle stands. Takes half a second where it solves.
    """
    plan = route.shift.plan
    day = day_of(plan, snapshots_of([plan], now=now)[0].plan, now=now)
    return _ordered(day, route.pk, wanted)


def _ordered(day: Day, route_id: int, wanted: Sequence[int] | None) -> Proposal:
    if wanted is None:
        changed = best_order(day.plan, day.left, route_id, ROAD, now_s=day.now_s, seconds=SOLVING_S)
    else:
        changed = as_wanted(day.plan, day.left, route_id, wanted, ROAD)
    return _proposal(day, changed, route_id)


def _proposal(day: Day, changed: problem.Plan, route_id: int) -> Proposal:
    before, after = day.judged(), day.judged(changed)
    old, new = (sum_of(plan) for plan in (day.plan, changed))
    return Proposal(
        order=tuple(visit.key for visit in trip_of(changed, route_id)[1].visits),
        breaks=after.worse_than(before),
        late_before=frozenset(before.late_s),
        late=frozenset(after.late_s),
        at={key: day.at(at_s) for key, at_s in after.starts_s.items()},
        added_s=new.seconds - old.seconds,
        added_m=new.metres - old.metres,
    )


def sum_of(plan: problem.Plan) -> problem.Leg:
    """Return all driving of a plan in one."""
    legs = [leg for shift in plan.shifts for trip in shift.trips for leg in trip.legs]
    return problem.Leg(sum(leg.seconds for leg in legs), sum(leg.metres for leg in legs))


@one_change
def reorder_route(
    *, route_id: int, order: Sequence[int], seen: Collection[str], actor: str, now: datetime, by: str = "hand"
) -> Route:
    """Give a route another order, as it was shown. Asking for the order that it has changes nothing.

    Raises NotChangeable for a day or route that takes none, or if its stops are not those shown, BreaksMore
    if it would by now break something that was not shown.
    """
    route, editor, day = _lock(route_id, now=now)
    _require_open(route)
    if sorted(order) != sorted(visit.key for visit in trip_of(day.plan, route_id)[1].visits):
        raise NotChangeable
    changed = as_wanted(day.plan, day.left, route_id, order, ROAD)
    proposal = _proposal(day, changed, route_id)
    _require_seen(proposal.breaks, seen)
    if not _apply(editor, changed):
        editor.save()
        return route
    editor.save()
    data = said_of(editor.row) | {"route": route.pk, "by": by, "breaks": _stops_broken(proposal.breaks)}
    events.record("route.resequenced", actor=actor, now=now, data=data)
    return route


def places_for(*, stop: Stop, now: datetime) -> list[Placement]:
    """Return where else a stop could go, what breaks least first, then the cheapest."""
    plan = stop.route.shift.plan
    day = day_of(plan, snapshots_of([plan], now=now)[0].plan, now=now)
    without, visit = _taken_out(day, stop)
    return _places(day, without, visit, stop)


def _places(day: Day, without: problem.Plan, visit: problem.Visit, stop: Stop) -> list[Placement]:
    closed = day.closed if stop.unassigned_at else day.closed | {stop.route_id}
    return placements(without, day.left, visit, ROAD, now_s=day.now_s, closed=closed)


def _taken_out(day: Day, stop: Stop) -> tuple[problem.Plan, problem.Visit]:
    """The day without a stop, and its visit: it may be on no route already."""
    plan = in_order(day.plan, day.left, ROAD)
    found = next((visit for visit in visits_of(plan) if visit.key == stop.pk), None)
    if found is None:
        return plan, lone_visit(stop.pk, day.row)
    return without_visit(plan, stop.pk, ROAD), found


@one_change
def reassign_stop(*, stop_id: int, route_id: int, seen: Collection[str], actor: str, now: datetime) -> Stop:
    """Have another vehicle bring a stop, at the best place on its route. Repeating it changes nothing.

    The promise stays as it is. Raises NotChangeable for a stop that is over, at whose door somebody stands,
    or that the route can't take, BreaksMore if it would break something that was not shown.
    """
    route, editor, day = _lock(route_id, now=now)
    stop = Stop.objects.select_related("delivery", "route").get(pk=stop_id)
    if stop.route_id == route.pk and stop.unassigned_at is None:
        editor.save()
        return stop
    _require_movable(stop, day)
    without, visit = _taken_out(day, stop)
    found = next((p for p in _places(day, without, visit, stop) if p.trip_key == route.pk), None)
    if found is None:
        raise NotChangeable
    _require_seen(found.breaks, seen)
    came_from = stop.route_id
    editor.give(stop, with_visit_at(without, visit, route.pk, found.position, ROAD), route, actor=actor)
    editor.save()
    _note_vehicle(stop, route, actor=actor, now=now)
    data = said_of(editor.row) | {
        "route": route.pk,
        "from_route": came_from,
        "breaks": _stops_broken(found.breaks),
    }
    events.record("delivery.reassigned", delivery=stop.delivery, actor=actor, now=now, data=data)
    return stop


def _note_vehicle(stop: Stop, route: Route, *, actor: str, now: datetime) -> None:
    """A route that had nothing to bring has, and what joins a vehicle that is out is on its way."""
    if route.state == Route.State.TENTATIVE and route.shift.plan.state != DayPlan.State.CLOSED:
        route.move_to(Route.State.LOADED)
        route.loaded_at = now
        route.save(update_fields=["state", "loaded_at"])
    [delivery] = Delivery.objects.lock({stop.delivery_id or 0})
    outward = delivery.direction == Delivery.Direction.OUT
    if route.state == Route.State.STARTED and outward and delivery.state == Delivery.State.CONFIRMED:
        put_on_board(delivery, actor=actor, now=now)


@one_change
def break_down(*, route_id: int, actor: str, now: datetime) -> Route:
    """Note that a vehicle on the road can't go on: what it has not served is on no route, promises stay.

    So is what its later trips were to bring. Repeating it changes nothing. Raises NotOnTheRoad for a vehicle
    that is not out.
    """
    route, editor, _day = _lock(route_id, now=now)
    if route.broke_down_at is not None:
        editor.save()
        return route
    if route.state != Route.State.STARTED:
        raise NotOnTheRoad
    left = Stop.objects.booked().to_do().filter(route__shift=route.shift_id)
    stops = list(left.select_related("delivery").order_by("route__trip", "position"))
    editor.set_aside(stops, route=route)
    route.broke_down_at = now
    route.save(update_fields=["broke_down_at"])
    editor.touch()
    editor.save()
    data = said_of(editor.row) | {"route": route.pk, "stops": len(stops)}
    events.record("route.broke_down", actor=actor, now=now, data=data)
    return route


def _lock(route_id: int, *, now: datetime) -> tuple[Route, PlanEditor, Day]:
    """Lock the day of a route. Raises NotChangeable for a day in which nobody moves stops by hand."""
    plan_id = Route.objects.values_list("shift__plan_id", flat=True).get(pk=route_id)
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    if editor.row.state not in DISPATCH_STATES:
        raise NotChangeable
    route = Route.objects.select_related("shift__plan").get(pk=route_id)
    return route, editor, day_of(editor.row, editor.plan, now=now)


def _require_open(route: Route) -> None:
    if route.finished_at is not None or route.broke_down_at is not None:
        raise NotChangeable


def _require_movable(stop: Stop, day: Day) -> None:
    here = DayPlan.objects.filter(pk=day.row.pk, shifts__routes=stop.route_id).exists()
    over = stop.done_at is not None or stop.state != Stop.State.BOOKED
    standing = stop.arrived_at is not None and stop.unassigned_at is None
    if over or standing or not here:
        raise NotChangeable


def _require_seen(breaks: Collection[Break], seen: Collection[str]) -> None:
    if not names_of_breaks(breaks) <= set(seen):
        raise BreaksMore


def _stops_broken(breaks: Collection[Break]) -> list[int]:
    return sorted(each.key for each in breaks if each.kind == "window")


def _apply(editor: PlanEditor, changed: problem.Plan) -> bool:
    """Give the plan's stops the places they have in `changed`; whether any is another."""
    wanted = editor.arranged_as(changed)
    if wanted == editor.plan:
        return False
    editor.reroute(wanted)
    return True
