"""The cheapest of many ranges for every slot of every day.

A candidate is a range of seconds, lo to hi, in which a service may start; a slot is another, from its
opening to its last second. They fit if they have a second in common. An empty slot's last second is NEVER.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from scheduling.routing.travel import Ints

Mask = NDArray[np.bool_]

DEAR = 2**62
"""More than anything costs."""

INDEX_BITS = 24
"""A cost and below it, in so many bits, a candidate's index: the least of them is the first cheapest."""

MANY, SAMPLE, CHEAP = 512, 16, 4
"""Of more than MANY candidates a day, those not dearer than the fifth of every 16th are tried first."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """n gaps that have time for a visit in some window, in the order of the tape.

    row: of the tape; lo, hi: first and last second in which its service may start, lo <= hi; shape (n,)
    cuts: those of day d are cuts[d] to cuts[d + 1]; shape (n_days + 1,)
    """

    row: Ints
    lo: Ints
    hi: Ints
    cuts: Ints

    @classmethod
    def of(cls, row: Ints, lo: Ints, hi: Ints, first: Ints) -> "Candidates":
        return cls(row, lo, hi, np.searchsorted(row, first))

    def among(self, chosen: Mask, first: Ints) -> "Candidates":
        if chosen.all():
            return self
        return self.of(self.row[chosen], self.lo[chosen], self.hi[chosen], first)

    def of_day(self, day: int) -> slice:
        return slice(int(self.cuts[day]), int(self.cuts[day + 1]))


def cheapest(found: Candidates, cost_s: Ints, opens_s: Ints, last_s: Ints) -> Ints:
    """The index of the first cheapest candidate that fits each slot, or -1; shape (n_days, n_slots)."""
    key = (cost_s << INDEX_BITS) + np.arange(len(cost_s))
    cheap = _cheap(key, found.cuts)
    if len(cheap) == len(key):
        best = _least(found, key, opens_s, last_s)
    else:
        few = Candidates(cheap, found.lo[cheap], found.hi[cheap], np.searchsorted(cheap, found.cuts))
        best = _least(few, key[cheap], opens_s, last_s)
        _look_further(best, found, key, opens_s, last_s)
    return np.where(best == DEAR, -1, best & ((1 << INDEX_BITS) - 1))


def any_fit(found: Candidates, opens_s: Ints, last_s: Ints) -> Mask:
    """Whether any candidate fits each slot, shape (n_days, n_slots)."""
    fits = np.zeros(opens_s.shape, dtype=np.bool_)
    for day in range(len(opens_s)):
        here = found.of_day(day)
        fits[day] = _fit(found.lo[here], found.hi[here], opens_s[day, :, None], last_s[day, :, None]).any(
            axis=1
        )
    return fits


def _fit(lo: Ints, hi: Ints, opens_s: Ints, last_s: Ints) -> Mask:
    fits: Mask = lo <= last_s
    fits &= hi >= opens_s
    return fits


def _least(found: Candidates, key: Ints, opens_s: Ints, last_s: Ints) -> Ints:
    """The least key that fits each slot, or DEAR; shape (n_days, n_slots)."""
    best = np.full(opens_s.shape, DEAR)
    counts = found.cuts[1:] - found.cuts[:-1]
    busy = counts > 0
    if busy.any():
        opens, last = np.repeat(opens_s.T, counts, axis=1), np.repeat(last_s.T, counts, axis=1)
        priced = np.where(_fit(found.lo, found.hi, opens, last), key, DEAR)
        best[busy] = np.minimum.reduceat(priced, found.cuts[:-1][busy], axis=1).T
    return best


def _cheap(key: Ints, cuts: Ints) -> Ints:
    """The indices of those to try first: where few are, all."""
    counts = cuts[1:] - cuts[:-1]
    if counts.max(initial=0) <= MANY:
        return np.arange(len(key))
    limits = [_limit(key[start:end]) for start, end in pairwise(cuts.tolist())]
    return np.flatnonzero(key <= np.repeat(limits, counts))


def _limit(key: Ints) -> int:
    return int(np.partition(key[::SAMPLE], CHEAP)[CHEAP]) if len(key) > MANY else DEAR


def _look_further(best: Ints, found: Candidates, key: Ints, opens_s: Ints, last_s: Ints) -> None:
    """Try all for the slots that none of the cheap ones fits. Where one does, nothing dearer matters."""
    for day, slot in np.argwhere((best == DEAR) & (opens_s <= last_s)).tolist():
        here = found.of_day(day)
        fits = _fit(found.lo[here], found.hi[here], opens_s[day, slot], last_s[day, slot])
        best[day, slot] = key[here][fits].min(initial=DEAR)
