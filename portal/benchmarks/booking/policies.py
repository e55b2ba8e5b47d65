"""How times are put before a shopper: each policy says, of the feasible windows, how much it nudges to each.

A nudge is between 0 (nothing is said for a window) and 1. All policies offer the same windows: those that
the routes can serve. They differ in what they point at.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Final

import numpy as np

from portal.benchmarks.booking.instances import Instance
from portal.benchmarks.booking.scenarios import WINDOWS
from scheduling.routing.insertion import Scores
from scheduling.routing.offers import Candidate, Option, options_for

CELLS: Final = 6
"""The grid has so many columns and rows over all nodes."""

HEED: Final = exp(2.0)
"""How many times more often a window is thought to be chosen where it is pointed at: as by a nudge of 2."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: who asks, which windows are feasible, what the routes answered, what is booked where."""

    node: int
    feasible: Sequence[int]
    scores: Scores
    booked: Mapping[int, int]
    cell_of: Sequence[int]


def nudge_first(asked: Asked) -> list[float]:
    """Point at nothing."""
    return [0.0 for _ in asked.feasible]


def nudge_grid(asked: Asked) -> list[float]:
    """Point at windows in which many of the same cell of the map are booked."""
    cell = asked.cell_of[asked.node]
    here = [window for node, window in asked.booked.items() if asked.cell_of[node] == cell]
    return _between([-here.count(window) for window in asked.feasible])


def nudge_insertion(asked: Asked) -> list[float]:
    """Point at what adds little driving, in proportion."""
    return _between([int(asked.scores.seconds[0, window]) for window in asked.feasible])


def nudge_below(asked: Asked) -> list[float]:
    """Point at what adds less driving than is chosen on average, once this is pointed at; at nothing else.

    Of all nudges between 0 and 1 these make the driving that is expected least: it is a ratio of linear
    functions of the shares, so that each nudge is best at one of its ends. Shoppers are thought to like all
    windows equally.
    """
    seconds = [int(asked.scores.seconds[0, window]) for window in asked.feasible]
    most = min(sorted(set(seconds)), key=lambda most: _expected(seconds, most))
    return [float(added <= most < max(seconds)) for added in seconds]


def _expected(seconds: Sequence[int], most: int) -> float:
    """The seconds that the average shopper adds where all windows that add at most so many are pointed at."""
    shares = [HEED if added <= most else 1.0 for added in seconds]
    return sum(share * added for share, added in zip(shares, seconds, strict=True)) / sum(shares)


def nudge_label(asked: Asked) -> list[float]:
    """Point at what the product points out, at nothing else."""
    pointed_out = {option.key for option in options_of(asked) if option.pointed_out}
    return [float(str(window) in pointed_out) for window in asked.feasible]


POLICIES: Final[dict[str, Callable[[Asked], list[float]]]] = {
    "first": nudge_first,
    "grid": nudge_grid,
    "insertion": nudge_insertion,
    "below": nudge_below,
    "label": nudge_label,
}


def options_of(asked: Asked) -> tuple[Option, ...]:
    """The feasible windows as the product would offer them."""
    candidates = [
        Candidate(
            key=str(window),
            day=0,
            opens=WINDOWS[window][0],
            closes=WINDOWS[window][1],
            base_price_minor=0,
            metres=int(asked.scores.metres[0, window]),
            grams_per_km=0,
            boundary="",
        )
        for window in asked.feasible
    ]
    return options_for(candidates, days_with_bookings={0} if asked.booked else set(), cap_minor=0)


def cells_of(instance: Instance) -> list[int]:
    """The cell of the map that each node lies in."""
    low, high = instance.where.min(axis=0), instance.where.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    column, row = np.minimum((instance.where - low) / span * CELLS, CELLS - 1).astype(int).T
    return [int(cell) for cell in column * CELLS + row]


def _between(scores: Sequence[int]) -> list[float]:
    """1 for the least of some scores, 0 for the most, in proportion; 0 for all where they are equal."""
    worst, best = max(scores), min(scores)
    return [(worst - score) / (worst - best) if worst > best else 0.0 for score in scores]
