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

ALWAYS = np.array([np.iinfo(np.int32).min, np.iinfo(np.int32).max], dtype=np.int32)
"""The range that has a second in common with any other."""

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

    ranges: lo and hi, the first and last second in which its service may start; shape (2, n + 1)
    cuts: those of day d are cuts[d] to cuts[d + 1]; shape (n_days + 1,)
    kind: a bit for the class of the vehicle, or 0 where no slot bars it; shape (n + 1,), or None for all 0
    """

    ranges: Shorts
    cuts: Ints
    kind: Ints | None = None

    @classmethod
    def of(cls, lo: Floats, hi: Floats, cuts: Ints, kind: Ints | None = None) -> "Candidates":
        """n candidates, whose times are whole; `kind` already counts the one that fits any."""
        ranges = np.empty((2, len(lo) + 1), dtype=np.int32)  # short, since all slots look at each
        ranges[0, :-1] = lo
        ranges[1, :-1] = hi
        ranges[:, -1] = ALWAYS
        return cls(ranges, cuts, kind)


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


def keys_of(cost_s: Floats, *, far: Mask, full: Mask, late: Mask) -> Ints:
    """A key for each candidate, shape (n,). What lacks range and room is said to lack room.

    `far` and `full` are those out of range and without room, `late` those that have no time at all.
    """
    keys = cost_s.astype(np.int64)
    keys <<= INDEX_BITS
    np.putmask(keys, far, FAR)
    np.putmask(keys, full, FULL)
    np.putmask(keys, late, DEAR)
    keys += np.arange(len(keys))
    return keys


def cost_of(keys: Ints, out: Ints) -> None:
    """The cost in each key, in seconds; of FAR and above it is none."""
    np.right_shift(keys, INDEX_BITS, out=out)


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
    lo, hi = found.ranges.take(index, axis=1)
    fits = lo <= wanted.last_s.astype(np.int32)[:, :, np.newaxis]
    fits &= hi >= wanted.opens_s.astype(np.int32)[:, :, np.newaxis]
    if found.kind is not None and wanted.barred is not None:
        fits &= wanted.barred[:, :, np.newaxis] & found.kind.take(index) == 0
    first = fits.argmax(axis=2)
    first += np.arange(0, table.size, table.shape[1])[:, np.newaxis]
    best: Ints = table.take(first)
    return best
