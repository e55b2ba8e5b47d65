"""Whose booked stops are near, and when. Stops that are only held say nothing."""

import numpy as np

from scheduling.routing.insertion import Slots
from scheduling.routing.places import EARTH_RADIUS_M, Ints
from scheduling.routing.problem import Place
from scheduling.routing.tape import Tape


def booked_stops(tape: Tape) -> Ints:
    """The number of booked stops of each day, shape (n_days,)."""
    return np.diff(tape.stops.first)


def neighbours(tape: Tape, place: Place, household: str, slots: Slots, within_m: int = 300) -> Ints:
    """How many other households have a booked stop near `place` whose window overlaps each slot.

    Near is at most `within_m` in a straight line. Each household counts once a slot; a stop whose
    household is unknown ("") does not count, since it may be one that does. Shape (n_days, n_slots).
    """
    near = np.flatnonzero(tape.stops.places.chords_to(place) * EARTH_RADIUS_M <= within_m)
    names = np.array([tape.stops.household[stop] for stop in near.tolist()], dtype=object)
    days = np.searchsorted(tape.stops.first, near, side="right") - 1
    stop, slot = np.nonzero(_meeting(tape, near, days, slots))
    met = set(zip(days[stop].tolist(), slot.tolist(), names[stop].tolist(), strict=True))
    counts = np.zeros(slots.opens_s.shape, dtype=np.int64)
    for day, column, name in met:
        counts[day, column] += name not in {household, ""}
    return counts


def _meeting(tape: Tape, near: Ints, days: Ints, slots: Slots) -> np.typing.NDArray[np.bool_]:
    """Whether the window of each near stop overlaps each slot of its day, shape (n_near, n_slots)."""
    opens_s, closes_s = slots.opens_s[days], slots.closes_s[days]
    overlap = tape.stops.opens_s[near, np.newaxis] < closes_s
    overlap &= tape.stops.closes_s[near, np.newaxis] > opens_s
    overlap &= opens_s < closes_s
    return overlap
