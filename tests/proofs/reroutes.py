"""Routes in another order, as chance decides: what a solver with a stopwatch would not do twice alike."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from random import Random

from scheduling.models import DayPlan
from scheduling.routing.improve import cost_s, is_sound, keeps_visits, visits_of
from scheduling.routing.insertion import Gap, best_gap, insert
from scheduling.routing.problem import Plan, Visit
from scheduling.routing.tape import build_tape
from scheduling.services.changes import one_change
from scheduling.services.plans import edit
from scheduling.snapshots import ROAD

TRIES = 8


def best_of_some(plan: Plan, chance: Random) -> Plan:
    """The cheapest of a few plans into which the visits were put in another order, or the plan itself."""
    tried = [_put_in_again(plan, chance) for _try in range(TRIES)]
    sound = [one for one in tried if one is not None and is_sound(one) and keeps_visits(plan, one)]
    return min([plan, *sound], key=cost_s)


def _put_in_again(plan: Plan, chance: Random) -> Plan | None:
    """Each visit in its cheapest gap, one after the other; None where one does not fit any more."""
    found, visits = _taken_out(plan, chance)
    for visit in visits:
        place = best_gap(build_tape(found), visit, ROAD)
        if place is None:
            return None
        found = insert(found, place[0], visit, ROAD)
    return found


def out_of_order(plan: Plan, chance: Random) -> Plan:
    """Each visit in any gap where nothing breaks: the plan as bad luck makes it, or itself."""
    found, visits = _taken_out(plan, chance)
    for visit in visits:
        gaps = list(_gaps(found))
        chance.shuffle(gaps)
        fitting = (tried for gap in gaps if is_sound(tried := insert(found, gap, visit, ROAD)))
        found = next(fitting, found)
    return found if keeps_visits(plan, found) else plan


def _taken_out(plan: Plan, chance: Random) -> tuple[Plan, list[Visit]]:
    visits = list(visits_of(plan))
    chance.shuffle(visits)
    emptied = tuple(
        replace(shift, trips=tuple(replace(trip, visits=(), legs=()) for trip in shift.trips))
        for shift in plan.shifts
    )
    return replace(plan, shifts=emptied), visits


def _gaps(plan: Plan) -> Iterator[Gap]:
    for shift in plan.shifts:
        for trip in shift.trips:
            for position in range(len(trip.visits) + 1):
                yield Gap(0, shift.vehicle.key, trip.key, position)


@one_change
def put_out_of_order(*, plan_id: int, chance: Random, now: datetime) -> None:
    """Leave a day's routes as unlucky orders of booking might: every promise kept, for many more metres."""
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    editor.reroute(out_of_order(editor.plan, chance))
    editor.save()
