"""What a quote costs: the core, a plain reference that gives the same answers, and reading the tape once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from statistics import median
from timeit import repeat

import numpy as np

from portal.benchmarks import reference
from portal.benchmarks.town import ROAD, Town, lay_out
from scheduling.routing.insertion import Scores, Slots, score
from scheduling.routing.problem import Visit
from scheduling.routing.tape import Tape, build_tape, concatenate

GROWTH = (100, 300, 1_000, 3_000, 10_000, 20_000)
"""Stops a day for the picture of how cost grows."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, in milliseconds.

    quote_ms, reference_ms: of each visit the best of its runs, and of those the median
    quote_median_ms, reference_median_ms: the median of all runs of all visits
    read_ms: the best time of summing up each array of the tape that has a number per row
    ratio: reference_ms / quote_ms; reads: quote_ms / read_ms
    build_ms: making the tape of one day; concatenate_ms: joining the days' tapes, which are then kept
    """

    days: int
    stops: int
    slots: int
    seed: int
    visits: int
    rows: int
    quote_ms: float
    quote_median_ms: float
    reference_ms: float
    reference_median_ms: float
    read_ms: float
    ratio: float
    reads: float
    answers_equal: bool
    build_ms: float
    concatenate_ms: float


def measure(*, days: int, stops: int, slots: int, seed: int, visits: int = 20, runs: int = 50) -> Figures:
    """Return the figures of a town; the reference, being slow, is run a fifth as often as the quote."""
    town = lay_out(days=days, stops=stops, slots=slots, visits=visits, seed=seed)
    tapes = [build_tape(plan) for plan in town.plans]
    tape = concatenate(tapes)
    quotes, references, equal = _compare(town, tape, runs)
    quote_ms, reference_ms = median(map(min, quotes)), median(map(min, references))
    read_ms = min(_times_ms(lambda: [array.sum() for array in arrays_of(tape)], 4 * runs))
    return Figures(
        days=days,
        stops=stops,
        slots=slots,
        seed=seed,
        visits=visits,
        rows=len(tape.departs_s),
        quote_ms=quote_ms,
        quote_median_ms=median(time for times in quotes for time in times),
        reference_ms=reference_ms,
        reference_median_ms=median(time for times in references for time in times),
        read_ms=read_ms,
        ratio=reference_ms / quote_ms,
        reads=quote_ms / read_ms,
        answers_equal=equal,
        build_ms=min(_times_ms(lambda: build_tape(town.plans[0]), 5)),
        concatenate_ms=min(_times_ms(lambda: concatenate(tapes), 5)),
    )


def growth(*, days: int, slots: int, seed: int) -> Iterator[Figures]:
    """Return figures for more and more stops a day, each as soon as it is known."""
    for stops in GROWTH:
        yield measure(days=days, stops=stops, slots=slots, seed=seed, visits=8, runs=20)


def answers_of(scores: Scores) -> list[list[reference.Answer]]:
    """Return what the core says in the words of the reference."""
    parts = np.stack([scores.row, scores.cost_s, scores.seconds, scores.metres, scores.reason], axis=-1)
    return [[reference.Answer(*answer) for answer in day] for day in parts.tolist()]


def arrays_of(tape: Tape) -> list[np.ndarray]:
    """Return the arrays of a tape that have a number for each row."""
    records = (tape, tape.nodes, tape.rates)
    values = [getattr(record, field.name) for record in records for field in fields(record)]
    rows = len(tape.departs_s)
    return [value for value in values if isinstance(value, np.ndarray) and value.shape[-1] == rows]


def _compare(town: Town, tape: Tape, runs: int) -> tuple[list[list[float]], list[list[float]], bool]:
    """Return each visit's times of quotes and of references, and whether all their answers are equal."""
    quotes, references, equal = [], [], True
    days = [town.windows] * len(town.plans)
    slots, lists = Slots.of(days), reference.Lists.of(tape)
    for visit in town.visits:
        quote, plainly = _quoting(tape, visit, slots), _plainly(lists, visit, days)
        equal = equal and answers_of(quote()) == plainly()
        quotes.append(_times_ms(quote, runs))
        references.append(_times_ms(plainly, max(runs // 5, 1)))
    return quotes, references, equal


def _quoting(tape: Tape, visit: Visit, slots: Slots) -> Callable[[], Scores]:
    return lambda: score(tape, visit, slots, ROAD)


def _plainly(
    lists: reference.Lists, visit: Visit, days: list[tuple[tuple[int, int], ...]]
) -> Callable[[], list[list[reference.Answer]]]:
    return lambda: reference.answers(lists, visit, days)


def _times_ms(work: Callable[[], object], runs: int) -> list[float]:
    return [seconds * 1000 for seconds in repeat(work, repeat=runs, number=1)]
