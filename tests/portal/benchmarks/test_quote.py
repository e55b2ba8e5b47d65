import ast
from dataclasses import replace
from pathlib import Path

import pytest

from portal.benchmarks import reference
from portal.benchmarks.quote import answers_of, arrays_of, measure, slots_for
from portal.benchmarks.town import ROAD, lay_out
from scheduling.routing.insertion import score
from scheduling.routing.problem import Plan
from scheduling.routing.tape import build_tape, concatenate, number_of


def both(town, days):
    """What core and reference say of each of a town's visits."""
    tape = concatenate([build_tape(plan) for plan in town.plans])
    lists = reference.Lists.of(tape)
    for visit in town.visits:
        barred = [number_of(key) for key in visit.barred]
        core = answers_of(score(tape, visit, slots_for(visit, days), ROAD))
        plainly = reference.answers(lists, visit, days, barred)
        assert reference.answers_sharing_ways(lists, visit, days, barred) == plainly
        yield core, plainly


@pytest.mark.parametrize("seed", range(2))
def test_the_reference_answers_what_the_core_answers(seed):
    town = lay_out(days=3, stops=700, slots=12, visits=25, seed=seed)
    reasons = set()

    for core, plainly in both(town, [town.windows] * 3):
        assert core == plainly
        reasons |= {answer.reason for day in plainly for answer in day}

    assert reference.FITS in reasons
    assert len(reasons) > 1


def test_they_agree_about_small_days_days_without_vans_and_slots_that_are_not_sold():
    town = lay_out(days=3, stops=30, slots=4, visits=25, seed=3)
    town = replace(town, plans=(town.plans[0], Plan(town.plans[1].depot, ()), town.plans[2]))
    days = [[*town.windows[:3], (0, 0)], list(town.windows), [(0, 0), *town.windows[1:]]]

    for core, plainly in both(town, days):
        assert core == plainly
        assert {answer.reason for answer in plainly[1]} == {reference.NO_VEHICLE}
        assert plainly[0][3].row == plainly[2][0].row == -1


def test_the_reference_takes_nothing_from_what_it_is_measured_against():
    tree = ast.parse(Path(reference.__file__).read_text())
    taken = {
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if node.module not in {"collections.abc", "dataclasses", "math", "typing"}
    }

    assert taken == {("scheduling.routing.problem", "Visit"), ("scheduling.routing.tape", "Tape")}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))


def test_one_read_sums_every_array_with_a_number_for_each_row():
    town = lay_out(days=2, stops=60, slots=4, visits=1, seed=1)
    tape = concatenate([build_tape(plan) for plan in town.plans])
    read = {id(array) for array in arrays_of(tape)}

    for array in (
        tape.nodes.x,
        tape.departs_s,
        tape.latest_s,
        tape.arc_s,
        tape.room_before,
        tape.rates.speed_m_per_h,
    ):
        assert id(array) in read
    assert id(tape.first) not in read
    assert id(tape.stops.opens_s) not in read


def test_figures_fit_together():
    figures = measure(days=2, stops=120, slots=6, seed=1, visits=3, rounds=3)

    assert figures.answers_equal
    assert figures.ratio == figures.reference_ms / figures.quote_ms
    assert figures.reads == figures.quote_ms / figures.read_ms
    assert 0 < figures.quote_ms <= figures.quote_median_ms
    assert figures.rows > 2 * 120
