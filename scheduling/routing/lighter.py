"""A plan with its rests taken out, to be improved more freely, and with them put back.

Among rests the solver empties vehicles badly: one stays at the depot only once all of its visits have moved
and then its rests are dropped, step by step, and each step but the last one may cost more than it saves.
"""

from collections.abc import Sequence
from dataclasses import replace

from scheduling.routing.insertion import best_gap, insert, remove
from scheduling.routing.problem import Plan, Shift, Visit
from scheduling.routing.tape import build_tape
from scheduling.routing.travel import Travel


def without_rests(plan: Plan, travel: Travel) -> Plan:
    """The plan as if nobody had to rest."""
    for rest in (rest for shift in plan.shifts for rest in shift.rests):
        plan = remove(plan, rest.key, travel)
    return plan


def with_rests_of(plan: Plan, lighter: Plan, travel: Travel) -> Plan | None:
    """The lighter plan with the rests of `plan`, each in its vehicle's cheapest gap.

    None where one does not fit. A vehicle that stays at the depot in both rests as before.
    """
    shifts = []
    for old, new in zip(plan.shifts, lighter.shifts, strict=True):
        resting = old if not (old.used or new.used) else _resting(plan, new, old.rests, travel)
        if resting is None:
            return None
        shifts.append(resting)
    return replace(plan, shifts=tuple(shifts))


def _resting(plan: Plan, shift: Shift, rests: Sequence[Visit], travel: Travel) -> Shift | None:
    alone = replace(plan, shifts=(shift,))
    for rest in rests:
        found = best_gap(build_tape(alone), rest, travel)
        if found is None:
            return None
        alone = insert(alone, found[0], rest, travel)
    return alone.shifts[0]
