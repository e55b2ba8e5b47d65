"""Whose booked stops are near, and when. Stops that are only held say nothing."""

import numpy as np

from scheduling.routing.insertion import Slots
from scheduling.routing.problem import Place
from scheduling.routing.tape import Tape
from scheduling.routing.travel import EARTH_RADIUS_M, Ints


def booked_stops(tape: Tape) -> Ints:
    """The number of booked stops of each day, shape (n_days,)."""
    return np.diff(tape.stops.first)


def neighbours(tape: Tape, place: Place, household: str, slots: Slots, within_m: int = 300) -> Ints:
    """How many other households have a booked stop near `place` whose window overlaps each slot.

    Near is at most `within_m` in a straight line. Each household counts once a slot; a stop whose
    household is unknown ("") does not count, since it may be one that does. Shape (n_days, n_slots).
    """
    near = tape.stops.places.chords_to(place) * EARTH_RADIUS_M <= within_m
    counts = np.zeros(slots.opens_s.shape, dtype=np.int64)
    for day, slot in np.argwhere(slots.opens_s < slots.closes_s).tolist():
        window = (int(slots.opens_s[day, slot]), int(slots.closes_s[day, slot]))
        counts[day, slot] = len(_households(tape, near, day, window) - {household, ""})
    return counts


def _households(tape: Tape, near: np.typing.NDArray[np.bool_], day: int, window: tuple[int, int]) -> set[str]:
    stops, (start, end) = tape.stops, tape.stops.first[day : day + 2].tolist()
    met = near[start:end] & (stops.opens_s[start:end] < window[1]) & (stops.closes_s[start:end] > window[0])
    return {stops.household[start + index] for index in np.flatnonzero(met).tolist()}
