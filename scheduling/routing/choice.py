"""The cheapest of many ranges for every slot of every day.

A candidate is a range of seconds, lo to hi, in which a service may start; a slot is another, from its
opening to its last second. They fit if they have a second in common. An empty slot's last second is NEVER.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduling.routing.schedule import NEVER
from scheduling.routing.travel import Ints

Mask = NDArray[np.bool_]

DEAR = 2**62
"""More than anything costs."""

INDEX_BITS = 24
"""A cost and below it, in so many bits, a candidate's index: the least of them is the first cheapest."""

FEW = 32
"""Of more candidates than this for each slot of a day, the cheaper ones are tried first."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """n gaps that may have time for a visit in some window, in the order of the tape.

    row: of the tape; lo, hi: first and last second in which its service may start, shape (n,); hi is NEVER
        where it fits nothing
    cuts: those of day d are cuts[d] to cuts[d + 1]; shape (n_days + 1,)
    """

    row: Ints
    lo: Ints
    hi: Ints
    cuts: Ints

    @classmethod
    def of(cls, row: Ints, lo: Ints, hi: Ints, first: Ints) -> "Candidates":
        return cls(row, lo, hi, np.searchsorted(row, first))

    def only(self, chosen: Mask) -> "Candidates":
        """The same, of which the others fit nothing."""
        return Candidates(self.row, self.lo, np.where(chosen, self.hi, NEVER), self.cuts)

    def take(self, index: Ints) -> "Candidates":
        """Those at some indices, which rise."""
        cuts = np.searchsorted(index, self.cuts)
        return Candidates(self.row.take(index), self.lo.take(index), self.hi.take(index), cuts)

    @property
    def counts(self) -> Ints:
        """How many each day has, shape (n_days,)."""
        return self.cuts[1:] - self.cuts[:-1]


def cheapest(found: Candidates, cost_s: Ints, opens_s: Ints, last_s: Ints) -> Ints:
    """The index of the first cheapest candidate that fits each slot, or -1; shape (n_days, n_slots)."""
    key = (cost_s << INDEX_BITS) + np.arange(len(cost_s))
    if len(key) <= FEW * opens_s.size:
        best = _least(found, key, opens_s, last_s)
    else:
        cheap = _cheap(found, cost_s)
        best = _least(found.take(cheap), key.take(cheap), opens_s, last_s)
        _look_further(best, found, key, opens_s, last_s)
    return np.where(best == DEAR, -1, best & ((1 << INDEX_BITS) - 1))


def any_fit(found: Candidates, opens_s: Ints, last_s: Ints) -> Mask:
    """Whether any candidate fits each slot, shape (n_days, n_slots)."""
    return _least(found, np.zeros_like(found.row), opens_s, last_s) < DEAR


def _least(found: Candidates, key: Ints, opens_s: Ints, last_s: Ints) -> Ints:
    """The least key that fits each slot, or DEAR; shape (n_days, n_slots)."""
    best, counts = np.full(opens_s.shape, DEAR), found.counts
    busy = counts > 0
    if busy.any():
        fits = found.lo <= np.repeat(last_s.T, counts, axis=1)
        fits &= found.hi >= np.repeat(opens_s.T, counts, axis=1)
        priced = np.where(fits, key, DEAR)
        best[busy] = np.minimum.reduceat(priced, found.cuts[:-1][busy], axis=1).T
    return best


def _cheap(found: Candidates, cost_s: Ints) -> Ints:
    """The indices of those that are nearer to the least of their day than to the mean."""
    counts = found.counts
    busy = counts > 0
    starts, many = found.cuts[:-1][busy], counts[busy]
    least = np.minimum.reduceat(cost_s, starts)
    mean = np.add.reduceat(cost_s, starts) // many
    return np.flatnonzero(cost_s <= np.repeat((least + mean) // 2, many))


def _look_further(best: Ints, found: Candidates, key: Ints, opens_s: Ints, last_s: Ints) -> None:
    """Try all for the slots that none of the cheap ones fits. Where one does, nothing dearer matters."""
    missing = (best == DEAR) & (opens_s <= last_s)
    columns = np.flatnonzero(missing.any(axis=0))
    if len(columns):
        further = _least(found, key, opens_s[:, columns], last_s[:, columns])
        best[:, columns] = np.minimum(best[:, columns], further)
