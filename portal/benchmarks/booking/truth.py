"""Was what we pointed at true? Quotes against the day's final routes, and against solving the day anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter

from portal.benchmarks.booking.day import Booking
from portal.benchmarks.booking.policies import Asked, options_of
from portal.benchmarks.booking.scenarios import WINDOWS
from scheduling.routing.improve import cost_s, improve, visits_of
from scheduling.routing.insertion import Slots, gap_of, insert, remove, score
from scheduling.routing.offers import suggestions_for
from scheduling.routing.problem import Plan, Visit
from scheduling.routing.tape import Tape, build_tape, strips_of, tape_of
from scheduling.routing.travel import Travel

NEARLY = 2
"""Pointed out truly: among so many cheapest windows."""


def pointed_at(asked: Asked) -> int | None:
    """The window that a quote puts first, if it points out any."""
    options = [option for option in options_of(asked) if option.pointed_out]
    return int(suggestions_for(options)[0].option.key) if options else None


def share_true(booking: Booking, pointed: dict[int, int]) -> float | None:
    """The share of quotes whose window is among the cheapest against the final routes, less the visit itself.

    `pointed` has the window for each node that asked. None where nothing was pointed out.
    """
    if not pointed:
        return None
    served, strips = {visit.key for visit in visits_of(booking.plan)}, strips_of(booking.plan)
    true = 0
    for node, window in pointed.items():
        plan = remove(booking.plan, node, booking.travel) if node in served else booking.plan
        tape = tape_of(strips_of(plan, strips))
        scores = score(tape, booking.day.visit(node), Slots.of([WINDOWS]), booking.travel)
        costs = {w: int(scores.cost_s[0, w]) for w in range(len(WINDOWS)) if scores.row[0, w] >= 0}
        true += window in costs and sorted(costs.values())[:NEARLY][-1] >= costs[window]
    return true / len(pointed)


@dataclass(frozen=True, slots=True)
class Resolved:
    """One quote against solving the day anew with the stop forced into each window in turn."""

    quote_s: float
    solves_s: float
    same: bool


def resolved(plan: Plan, asked: Asked, booking: Booking, *, seconds: float) -> Resolved | None:
    """Compare; None where fewer than two windows are feasible."""
    if len(asked.feasible) < 2:
        return None
    visit, tape, slots = booking.day.visit(asked.node), build_tape(plan), Slots.of([WINDOWS])
    quote_s = median(_timed(tape, visit, slots, booking.travel) for _ in range(20))
    began, costs = perf_counter(), {}
    for window in asked.feasible:
        opens_s, closes_s = WINDOWS[window]
        gap = gap_of(tape, int(asked.scores.row[0, window]))
        forced = insert(plan, gap, replace(visit, opens_s=opens_s, closes_s=closes_s), booking.travel)
        costs[window] = cost_s(improve(forced, booking.travel, seconds=seconds, seed=window))
    solves_s = perf_counter() - began
    ours = min(asked.feasible, key=lambda window: int(asked.scores.cost_s[0, window]))
    return Resolved(quote_s, solves_s, costs[ours] == min(costs.values()))


def _timed(tape: Tape, visit: Visit, slots: Slots, travel: Travel) -> float:
    began = perf_counter()
    score(tape, visit, slots, travel)
    return perf_counter() - began


def summary(found: Sequence[Resolved]) -> dict[str, float]:
    """How much faster a quote is, and how often it finds the same cheapest window."""
    if not found:
        return {}
    return {
        "quotes": len(found),
        "times_faster": round(median(each.solves_s / each.quote_s for each in found)),
        "same_cheapest": round(sum(each.same for each in found) / len(found), 3),
    }
