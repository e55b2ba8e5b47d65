"""The cheapest of many ranges for every slot of every day.

A candidate is a range of seconds, lo to hi, in which a service may start; a slot is another, from its
opening to its last second. They fit if they have a second in common. An empty slot's last second is NEVER.
"""

from dataclasses import dataclass
from itertools import pairwise
from operator import sub

import numpy as np
from numpy.typing import NDArray

from scheduling.routing.places import Floats, Ints

Mask = NDArray[np.bool_]
Shorts = NDArray[np.int32]
LIMITS = np.iinfo(np.int32)

FAR, FULL, DEAR = 2**60, 2**61, 2**62
"""Keys above any cost's: of a candidate that is out of range, that has no room, and that fits nothing."""

INDEX_BITS = 24
INDEX = (1 << INDEX_BITS) - 1
"""A key is a cost and below it, in so many bits, a candidate's index: the least is the first cheapest."""

FEW, MANY = 128, 512
"""Of more than MANY candidates of a day, the FEW cheapest are tried first."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """n gaps that may have time for a visit in some window, in the order of the tape, and one that fits any.

    lo, hi: first and last second in which its service may start, shape (n + 1,)
    cuts: those of day d are cuts[d] to cuts[d + 1]; shape (n_days + 1,)
    kind: a bit for the class of the vehicle, or 0 where no slot bars it; shape (n + 1,), or None for all 0
    """

    lo: Shorts
    hi: Shorts
    cuts: Ints
    kind: Ints | None = None

    @classmethod
    def of(cls, lo: Floats, hi: Floats, cuts: Ints, kind: Ints | None = None) -> "Candidates":
        """n candidates, whose times are whole; `kind` already counts the one that fits any."""
        return cls(_and(LIMITS.min, lo), _and(LIMITS.max, hi), cuts, kind)


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


def keys_of(cost_s: Floats, timely: Mask, room: Mask, near: Mask) -> Ints:
    """A key for each candidate, shape (n,). What lacks range and room is said to lack room."""
    keys = cost_s.astype(np.int64)
    keys <<= INDEX_BITS
    keys = np.where(near, keys, FAR)
    keys = np.where(room, keys, FULL)
    keys = np.where(timely, keys, DEAR)
    keys += np.arange(len(keys))
    return keys


def cheapest(found: Candidates, keys: Ints, wanted: Wanted) -> Ints:
    """The least key that fits each slot, or DEAR or more; shape (n_days, n_slots)."""
    table = _by_day(found.cuts, keys)
    if table.shape[1] <= MANY:
        return _first(found, table, wanted)
    best = _first(found, np.hstack((table[:, :FEW], table[:, -1:])), wanted)
    # Where a cheap one fits with room, nothing dearer matters.
    missing = np.flatnonzero(((best >= FAR) & (wanted.opens_s <= wanted.last_s)).any(axis=0))
    if len(missing):
        best[:, missing] = _first(found, table, wanted.columns(missing))
    return best


def _by_day(cuts: Ints, keys: Ints) -> Ints:
    """The keys of each day in order, then at least one of the candidate that fits any slot."""
    ends = cuts.tolist()
    table = np.empty((len(ends) - 1, 1 + max(map(sub, ends[1:], ends), default=0)), dtype=np.int64)
    table.fill(DEAR + len(keys))
    for day, (start, end) in enumerate(pairwise(ends)):
        table[day, : end - start] = keys[start:end]
    table.sort(axis=1)
    return table


def _first(found: Candidates, table: Ints, wanted: Wanted) -> Ints:
    """The first key of its day that fits each slot."""
    index = table[:, np.newaxis] & INDEX
    fits = found.lo.take(index) <= wanted.last_s.astype(np.int32)[:, :, np.newaxis]
    fits &= found.hi.take(index) >= wanted.opens_s.astype(np.int32)[:, :, np.newaxis]
    if found.kind is not None and wanted.barred is not None:
        fits &= wanted.barred[:, :, np.newaxis] & found.kind.take(index) == 0
    first = fits.argmax(axis=2)
    first += np.arange(0, table.size, table.shape[1])[:, np.newaxis]
    best: Ints = table.take(first)
    return best


def _and(last: int, times_s: Floats) -> Shorts:
    """The times and one more. They are short, since all slots look at each."""
    longer = np.empty(len(times_s) + 1, dtype=np.int32)
    longer[:-1] = times_s
    longer[-1] = last
    return longer
