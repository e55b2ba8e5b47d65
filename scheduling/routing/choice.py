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

FAR, FULL, DEAR = 2**60, 2**61, 2**62
"""More than anything costs: what a candidate costs that is out of range, has no room, or does not fit."""

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
    kind: a bit for the class of the vehicle, or 0 where no slot bars it; shape (n,), or None for all 0
    """

    row: Ints
    lo: Ints
    hi: Ints
    cuts: Ints
    kind: Ints | None = None

    @classmethod
    def of(cls, row: Ints, lo: Ints, hi: Ints, first: Ints, kind: Ints | None = None) -> "Candidates":
        return cls(row, lo, hi, np.searchsorted(row, first), kind)

    def only(self, chosen: Mask) -> "Candidates":
        """The same, of which the others fit nothing."""
        return Candidates(self.row, self.lo, np.where(chosen, self.hi, NEVER), self.cuts, self.kind)

    def take(self, index: Ints) -> "Candidates":
        """Those at some indices, which rise."""
        cuts = np.searchsorted(index, self.cuts)
        kind = None if self.kind is None else self.kind.take(index)
        return Candidates(self.row.take(index), self.lo.take(index), self.hi.take(index), cuts, kind)

    @property
    def counts(self) -> Ints:
        """How many each day has, shape (n_days,)."""
        return self.cuts[1:] - self.cuts[:-1]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Slots, shape (n_days, n_slots): first and last second, and bits of the classes that none may be of."""

    opens_s: Ints
    last_s: Ints
    barred: Ints | None = None

    def columns(self, index: Ints) -> "Wanted":
        """Some of the slots of each day."""
        barred = None if self.barred is None else self.barred[:, index]
        return Wanted(self.opens_s[:, index], self.last_s[:, index], barred)


@dataclass(frozen=True, slots=True)
class Choice:
    """For each slot, shape (n_days, n_slots): its candidate's index or -1.

    far: whether only range lacks; full: whether only room does, or room as well as range
    """

    pick: Ints
    far: Mask
    full: Mask


def cheapest(found: Candidates, cost_s: Ints, room: Mask, near: Mask, wanted: Wanted) -> Choice:
    """The first cheapest candidate that fits each slot, has room, and is near enough for its range."""
    key = np.where(room, (cost_s << INDEX_BITS) + np.arange(len(cost_s)), FULL)
    if not near.all():
        key[room & ~near] = FAR
    if len(key) <= FEW * wanted.opens_s.size:
        best = _least(found, key, wanted)
    else:
        cheap = _cheap(found, cost_s)
        best = _least(found.take(cheap), key.take(cheap), wanted)
        _look_further(best, found, key, wanted)
    pick = np.where(best < FAR, best & ((1 << INDEX_BITS) - 1), -1)
    return Choice(pick, best == FAR, best == FULL)


def _least(found: Candidates, key: Ints, wanted: Wanted) -> Ints:
    """The least key that fits each slot, or DEAR; shape (n_days, n_slots)."""
    best, counts = np.full(wanted.opens_s.shape, DEAR), found.counts
    busy = counts > 0
    if busy.any():
        fits = found.lo <= np.repeat(wanted.last_s.T, counts, axis=1)
        fits &= found.hi >= np.repeat(wanted.opens_s.T, counts, axis=1)
        if found.kind is not None and wanted.barred is not None:
            fits &= np.repeat(wanted.barred.T, counts, axis=1) & found.kind == 0
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


def _look_further(best: Ints, found: Candidates, key: Ints, wanted: Wanted) -> None:
    """Try all for the slots that no cheap one fits with room. Where one does, nothing dearer matters."""
    missing = (best >= FAR) & (wanted.opens_s <= wanted.last_s)
    columns = np.flatnonzero(missing.any(axis=0))
    if len(columns):
        further = _least(found, key, wanted.columns(columns))
        best[:, columns] = np.minimum(best[:, columns], further)
