"""What a quote costs: the core, a plain reference that gives the same answers, and reading the tape once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from statistics import median
from timeit import repeat
from typing import Any

import numpy as np

from portal.benchmarks import reference
from portal.benchmarks.town import ROAD, Town, lay_out
from scheduling.routing.insertion import Scores, Slots, score
from scheduling.routing.problem import Visit
from scheduling.routing.tape import Tape, build_tape, concatenate, number_of

GROWTH = (100, 300, 1_000, 3_000, 10_000, 20_000)
"""Stops a day for the picture of how cost grows."""


QUICK = 10
"""How often what is quick runs in a round in which plain Python runs once."""

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.number[Any]]]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, in milliseconds.

    quote_ms, reference_ms: of each visit the best of its runs, and of those the median
    quote_median_ms, reference_median_ms: the median of all runs of all visits
    sharing_ms: as reference_ms, of the reference that works out each way once
    read_ms: the best time of summing up each array of the tape that has a number per row
    ratio: reference_ms / quote_ms; sharing_ratio: sharing_ms / quote_ms; reads: quote_ms / read_ms
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
    sharing_ms: float
    read_ms: float
    ratio: float
    sharing_ratio: float
    reads: float
    answers_equal: bool
    build_ms: float
    concatenate_ms: float


@dataclass(frozen=True, slots=True)
class _Timed:
    """All runs of one visit, and whether their answers are equal."""

    quote_ms: list[float]
    reference_ms: list[float]
    sharing_ms: list[float]
    read_ms: list[float]
    equal: bool

    @classmethod
    def of(cls, tape: Tape, visit: Visit, town: Town, rounds: int) -> "_Timed":
        days = [town.windows] * len(town.plans)
        slots, lists = slots_for(visit, days), reference.Lists.of(tape)
        barred = frozenset(map(number_of, visit.barred))
        quote = partial(score, tape, visit, slots, ROAD)
        read = partial(_read, arrays_of(tape))
        plainly = partial(reference.answers, lists, visit, days, barred)
        sharing = partial(reference.answers_sharing_ways, lists, visit, days, barred)
        equal = answers_of(quote()) == plainly() == sharing()
        timed = cls([], [], [], [], equal)
        for _ in range(rounds):  # in turns, so that whatever else the machine does meets all alike
            timed.quote_ms.extend(_times_ms(quote, QUICK))
            timed.read_ms.extend(_times_ms(read, QUICK))
            timed.reference_ms.extend(_times_ms(plainly, 1))
            timed.sharing_ms.extend(_times_ms(sharing, 1))
        return timed


def measure(*, days: int, stops: int, slots: int, seed: int, visits: int = 20, rounds: int = 10) -> Figures:
    """Return the figures of a town: each visit is timed in so many rounds."""
    town = lay_out(days=days, stops=stops, slots=slots, visits=visits, seed=seed)
    tapes = [build_tape(plan) for plan in town.plans]
    tape = concatenate(tapes)
    timed = [_Timed.of(tape, visit, town, rounds) for visit in town.visits]
    quote_ms = median(min(of.quote_ms) for of in timed)
    reference_ms = median(min(of.reference_ms) for of in timed)
    sharing_ms = median(min(of.sharing_ms) for of in timed)
    read_ms = min(time_ms for of in timed for time_ms in of.read_ms)
    return Figures(
        days=days,
        stops=stops,
        slots=slots,
        seed=seed,
        visits=visits,
        rows=len(tape.departs_s),
        quote_ms=quote_ms,
        quote_median_ms=median(time_ms for of in timed for time_ms in of.quote_ms),
        reference_ms=reference_ms,
        reference_median_ms=median(time_ms for of in timed for time_ms in of.reference_ms),
        sharing_ms=sharing_ms,
        read_ms=read_ms,
        ratio=reference_ms / quote_ms,
        sharing_ratio=sharing_ms / quote_ms,
        reads=quote_ms / read_ms,
        answers_equal=all(of.equal for of in timed),
        build_ms=min(_times_ms(lambda: build_tape(town.plans[0]), 5)),
        concatenate_ms=min(_times_ms(lambda: concatenate(tapes), 5)),
    )


def growth(*, days: int, slots: int, seed: int) -> Iterator[Figures]:
    """Return figures for more and more stops a day, each as soon as it is known."""
    for stops in GROWTH:
        yield measure(days=days, stops=stops, slots=slots, seed=seed, visits=8, rounds=5)


def slots_for(visit: Visit, days: Sequence[Sequence[tuple[int, int]]]) -> Slots:
    """Return the windows of each day as slots that bar what the visit bars."""
    return Slots.of(days, [[visit.barred] * len(day) for day in days])


def answers_of(scores: Scores) -> list[list[reference.Answer]]:
    """Return what the core says in the words of the reference."""
    parts = np.stack([scores.row, scores.cost_s, scores.seconds, scores.metres, scores.reason], axis=-1)
    return [[reference.Answer(*answer) for answer in day] for day in parts.tolist()]


def arrays_of(tape: Tape) -> list[Numbers]:
    """Return the arrays of a tape that have a number for each row."""
    records = (tape, tape.nodes, tape.rates, tape.outline)
    values = [getattr(record, field.name) for record in records for field in fields(record)]
    rows = len(tape.departs_s)
    return [value for value in values if isinstance(value, np.ndarray) and value.shape[-1] == rows]


def _read(arrays: list[Numbers]) -> None:
    for array in arrays:
        array.sum()


def _times_ms(work: Callable[[], object], runs: int) -> list[float]:
    return [seconds * 1000 for seconds in repeat(work, repeat=runs, number=1)]
