"""Better routes for a day plan: solved outside the lock, taken under it, or thrown away.

A run starts from one version. While the solver works shoppers go on: who left meanwhile is taken out of
what it found, who came is put in. The result is taken only if every promise holds, it is worth it, and what
shoppers are looking at right now stays possible.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any, Final

from django.db.models import QuerySet

from scheduling import events
from scheduling.access import parts_of
from scheduling.conversion import visit_for, visit_within
from scheduling.facts import VisitFacts
from scheduling.models import DayPlan, Improvement, Quote, Stop
from scheduling.models.slots import AccessRule, access_at, access_rules_of
from scheduling.routing import problem
from scheduling.routing.improve import (
    cost_s,
    driving,
    goes_too_far,
    improve,
    is_sound,
    keeps_visits,
    visits_of,
)
from scheduling.routing.insertion import Slots, best_gap, insert, remove, score
from scheduling.routing.tape import Tape, build_tape
from scheduling.selectors.slots import answers_of
from scheduling.services.changes import one_change
from scheduling.services.plans import edit
from scheduling.snapshots import ROAD, snapshots_of

LEAST_MS, MOST_MS, MS_A_VISIT = 300, 10_000, 25
WORTH: Final = 0.005
"""The part of the cost that better routes must save to be taken."""

Outcome = Improvement.Outcome


@dataclass(frozen=True, slots=True)
class Looked:
    """Offers as old as `under`, of which at most the part `may_go` may be lost to better routes."""

    under: timedelta
    may_go: float


LOOKED_AT: Final = (Looked(timedelta(minutes=2), 0.005), Looked(timedelta(minutes=10), 0.02))
MOST_QUOTES: Final = 200


@dataclass(frozen=True, slots=True)
class Begun:
    """A run, and the plan that the solver gets."""

    run: Improvement
    plan: problem.Plan
    staying: frozenset[int] = frozenset()
    """Stops that somebody put on their vehicle by hand."""

    @property
    def seconds(self) -> float:
        return self.run.budget_ms / 1000


def budget_ms(visits: int) -> int:
    """Return how long the solver may take for so many visits."""
    return min(MOST_MS, LEAST_MS + MS_A_VISIT * visits)


def ask_for_improvement(*, plan: DayPlan, actor: str, now: datetime) -> None:
    """Have a plan improved soon, whatever has changed since the last time."""
    asked = DayPlan.objects.filter(pk=plan.pk)
    asked.update(improvement_asked_at=now, improvement_asked_by=actor)


@one_change
def begin_improvement(*, plan_id: int, actor: str, now: datetime) -> Begun | None:
    """Begin a run; None where one is under way, or the plan has nothing to improve.

    It is whoever asked for it who is named, else `actor`.
    """
    plan = DayPlan.objects.lock({plan_id})[plan_id]
    _lost_runs(now=now).filter(plan=plan).update(outcome=Outcome.LOST, finished_at=now)
    if Improvement.objects.filter(plan=plan, outcome=Outcome.RUNNING).exists():
        return None
    snapshot = snapshots_of([plan], now=now)[0]
    visits = sum(not visit.rest for visit in visits_of(snapshot.plan))
    actor = plan.improvement_asked_by or actor
    plan.improvement_asked_at, plan.improvement_asked_by = None, ""
    plan.improved_version = plan.version
    plan.save(update_fields=["improvement_asked_at", "improvement_asked_by", "improved_version"])
    if visits < 2 or not plan.allows("improve"):
        return None
    run = Improvement.objects.create(
        plan=plan,
        version=plan.version,
        visits=visits,
        budget_ms=budget_ms(visits),
        actor=actor,
        started_at=now,
    )
    by_hand = Stop.objects.of_plan(plan).booked().exclude(placed_by="")
    return Begun(run, snapshot.plan, frozenset(by_hand.values_list("pk", flat=True)))


def solve(begun: Begun) -> problem.Plan:
    """Return better routes for what a run began with. Takes its seconds; reads and writes nothing.

    Raises BeyondRange where those that were found go further than a battery reaches.
    """
    return improve(begun.plan, ROAD, seconds=begun.seconds, seed=begun.run.version, staying=begun.staying)


@one_change
def finish_improvement(*, begun: Begun, found: problem.Plan, now: datetime) -> Improvement:
    """Take what the solver found, if it still is good; note what became of the run."""
    plan_id = begun.run.plan_id
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    run = Improvement.objects.get(pk=begun.run.pk)
    if run.outcome != Outcome.RUNNING:  # it came back too late: another has begun
        editor.save()
        return run
    present = editor.plan
    better = rebased(found, present)
    outcome = _judged(editor.row, present, better, now=now)
    if outcome == Outcome.SWAPPED and better is not None:
        editor.reroute(better)
    editor.save()
    if outcome == Outcome.SWAPPED:
        DayPlan.objects.filter(pk=plan_id).update(improved_version=editor.row.version)
    _note(run, outcome, present, better, now=now)
    if outcome == Outcome.SWAPPED:
        events.record("plan.improved", actor=run.actor, now=now, data=_said(editor.row, run))
    return run


def give_up(*, begun: Begun, outcome: str, now: datetime) -> None:
    """Note that a run came to nothing."""
    running = Improvement.objects.filter(pk=begun.run.pk, outcome=Outcome.RUNNING)
    running.update(outcome=outcome, finished_at=now)


def _lost_runs(*, now: datetime) -> QuerySet[Improvement]:
    """Runs that have not come back in time: who worked on them must have died."""
    return Improvement.objects.filter(outcome=Outcome.RUNNING, started_at__lte=now - Improvement.LEASE)


def plans_with_lost_runs(*, now: datetime) -> list[int]:
    """Return the day plans whose run was lost and that no other run has taken over. One query."""
    return list(_lost_runs(now=now).order_by("plan_id").values_list("plan_id", flat=True))


@one_change
def give_up_lost(*, plan_id: int, now: datetime) -> int:
    """Note a plan's lost run as such and ask for another; return how many were lost.

    The version that it began with counts as improved: without being asked for, nobody would try again
    before somebody books, and on a day that is full or over the run would be under way for good.
    """
    plan = DayPlan.objects.lock({plan_id})[plan_id]
    lost = _lost_runs(now=now).filter(plan=plan).update(outcome=Outcome.LOST, finished_at=now)
    if lost:
        ask_for_improvement(plan=plan, actor="clock", now=now)
    return lost


def rebased(found: problem.Plan, present: problem.Plan) -> problem.Plan | None:
    """Return what was found for the stops that there are now; None where one who came does not fit.

    Each visit is the present one (a hold may have been booked), each shift the present one, too.
    """
    now = {visit.key: visit for visit in visits_of(present)}
    for key in [visit.key for visit in visits_of(found) if visit.key not in now]:
        found = remove(found, key, ROAD)
    found = replace(
        found,
        shifts=tuple(
            replace(
                shift,
                trips=tuple(replace(t, visits=tuple(now[v.key] for v in t.visits)) for t in shift.trips),
            )
            for shift in found.shifts
        ),
    )
    there = {visit.key for visit in visits_of(found)}
    for key in sorted(set(now) - there):
        place = best_gap(build_tape(found), now[key], ROAD)
        if place is None:
            return None
        found = insert(found, place[0], now[key], ROAD)
    return found


def _judged(
    plan: DayPlan, present: problem.Plan, better: problem.Plan | None, *, now: datetime
) -> Improvement.Outcome:
    if not plan.allows("improve"):
        return Outcome.OVER
    if better is None:
        return Outcome.NO_PLACE
    worth_it = cost_s(present) - cost_s(better) >= max(1, WORTH * cost_s(present))
    if is_sound(present) and goes_too_far(better):
        return Outcome.RANGE
    sound = is_sound(better) and keeps_visits(present, better)
    if not sound or (is_sound(present) and not worth_it):
        return Outcome.NO_GAIN
    if not keeps_offers(plan, present, better, now=now):
        return Outcome.OFFERS
    return Outcome.SWAPPED


def keeps_offers(plan: DayPlan, present: problem.Plan, better: problem.Plan, *, now: datetime) -> bool:
    """Whether nearly all times that shoppers were shown lately, and could still have, stay possible."""
    before, after = build_tape(present), build_tape(better)
    oldest = max(looked.under for looked in LOOKED_AT)
    recent = Quote.objects.filter(asked_at__gt=now - oldest, expires_at__gt=now, chosen_at=None)
    rules = list(access_rules_of([plan.depot_id]))
    lost: list[tuple[datetime, int, int]] = []
    for quote in recent.order_by("-asked_at")[:MOST_QUOTES]:
        lost.append((quote.asked_at, *_possible(before, after, _shown(quote, plan, rules))))
    return all(
        sum(was - stays for asked_at, was, stays in lost if asked_at > now - looked.under)
        <= looked.may_go * sum(was for asked_at, was, _ in lost if asked_at > now - looked.under)
        for looked in LOOKED_AT
    )


Times = list[list[problem.Visit]]
"""For each time that a quote showed, its visit in every part of it that access rules leave."""


def _shown(quote: Quote, plan: DayPlan, rules: Iterable[AccessRule]) -> Times:
    facts = VisitFacts.from_json(quote.facts)
    at, visit = facts.address, visit_for(facts)
    hours = access_at(rules, lat=at.lat, lon=at.lon, postcode=at.postcode)
    return [
        [
            visit_within(visit, answer.window, buffer_s=answer.buffer_s, part=part, origin_at=plan.origin_at)
            for part in parts_of(hours, answer.window, plan.depot.zone)
        ]
        for answer in answers_of(quote)
        if answer.open and answer.plan_id == plan.pk
    ]


def _possible(before: Tape, after: Tape, times: Times) -> tuple[int, int]:
    """Return how many of a quote's times the present routes can serve, and of those how many the new."""
    if not times:
        return 0, 0
    was, stays = _served(before, times), _served(after, times)
    return sum(was), sum(old and new for old, new in zip(was, stays, strict=True))


def _served(tape: Tape, times: Times) -> list[bool]:
    visits = list(chain.from_iterable(times))
    slots = Slots.of([[(v.opens_s, v.closes_s) for v in visits]], [[v.barred for v in visits]])
    rows = iter((score(tape, visits[0], slots, ROAD).row[0] >= 0).tolist())
    return [any(tuple(islice(rows, len(parts)))) for parts in times]


def _note(
    run: Improvement,
    outcome: Improvement.Outcome,
    present: problem.Plan,
    better: problem.Plan | None,
    *,
    now: datetime,
) -> None:
    run.outcome, run.finished_at = outcome, now
    run.before_s, run.before_m = cost_s(present), driving(present).metres
    if better is not None:
        run.after_s, run.after_m = cost_s(better), driving(better).metres
    run.save()


def _said(plan: DayPlan, run: Improvement) -> dict[str, Any]:
    return {
        "depot": plan.depot.slug,
        "date": str(plan.service_date),
        "saved_m": (run.before_m or 0) - (run.after_m or 0),
        "saved_s": (run.before_s or 0) - (run.after_s or 0),
    }
