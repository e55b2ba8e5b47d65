"""How long a way takes: the great circle and a detour factor, or a given matrix.

Metres and seconds are whole and rounded up. One leg and a whole array of legs give the same numbers bit
for bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Protocol

import numpy as np

from scheduling.routing.places import Floats, Ints, Lines, Outline, Places, metres_per_chord, unit_vector
from scheduling.routing.problem import Leg, Place, VehicleClass


@dataclass(frozen=True, slots=True)
class Legs:
    """Many legs as arrays of one shape."""

    seconds: Ints
    metres: Ints


class Travel(Protocol):
    """Where legs come from. Quote and commit use the same source."""

    @property
    def source(self) -> str:
        """A short word for where the legs come from, kept with each stop."""

    def leg(self, origin: Place, target: Place, kind: VehicleClass) -> Leg:
        """The single leg from `origin` to `target`."""

    def wide_enough(self, outline: Outline, visit: Place, service_s: int) -> Ints:
        """The rows, in order, of all gaps with time for the ways to `visit` and on and for the service.

        A few that lack seconds may be among them.
        """

    def legs_through(self, gaps: Lines, visit: Place) -> Floats:
        """Whole seconds and metres from where each of k gaps begins to `visit`, and on to its end.

        Shape (2, 2, k): first seconds, then metres. The last gap has no end: nobody may ask for it.
        """

    def table(self, places: Sequence[Place], kind: VehicleClass) -> Legs:
        """The legs between all of n places, as arrays of shape (n, n): row = from, column = to."""


def seconds_for(metres: int, speed_m_per_h: int) -> int:
    return -(-metres * 3600 // speed_m_per_h)


@dataclass(frozen=True, slots=True)
class GreatCircle:
    """Straight lines, made longer by the class's detour factor, at the class's speed.

    The line is the chord, not the arc: 2 cm short at 25 km, and the same way round.
    """

    @property
    def source(self) -> str:
        return "estimated"

    def leg(self, origin: Place, target: Place, kind: VehicleClass) -> Leg:
        (ax, ay, az), (bx, by, bz) = unit_vector(origin), unit_vector(target)
        dx, dy, dz = ax - bx, ay - by, az - bz
        metres = ceil(sqrt((dx * dx + dy * dy) + dz * dz) * metres_per_chord(kind))
        return Leg(seconds_for(metres, kind.speed_m_per_h), metres)

    def wide_enough(self, outline: Outline, visit: Place, service_s: int) -> Ints:
        return outline.wide_enough(visit, service_s)

    def legs_through(self, gaps: Lines, visit: Place) -> Floats:
        ways = gaps.ways_m(visit)
        seconds, metres = ways
        np.ceil(metres, out=metres)
        # Dividing whole numbers below 2**53 as floats never rounds a fraction to a whole number, so the
        # ceiling is that of the exact quotient.
        np.multiply(metres, 3600.0, out=seconds)
        seconds /= gaps.speed_m_per_h
        np.ceil(seconds, out=seconds)
        return ways

    def table(self, places: Sequence[Place], kind: VehicleClass) -> Legs:
        known = Places.of(places)
        chords = np.stack([known.chords_to(place) for place in places])
        metres = np.ceil(chords * metres_per_chord(kind))
        seconds = np.ceil(metres * 3600.0 / kind.speed_m_per_h)
        return Legs(seconds.astype(np.int64), metres.astype(np.int64))


class Matrix:
    """Given times, and metres where known, between all nodes; the same for every vehicle class.

    `seconds` and `metres` have shape (n, n), row = from, column = to. Without metres, they are what the
    class drives in that time. Raises ValueError for arrays that are not square, not alike, not whole or
    negative; IndexError is numpy's for a node outside.
    """

    source = "matrix"

    def __init__(self, seconds: Ints, metres: Ints | None = None) -> None:
        self.seconds = _square(seconds)
        self.metres = None if metres is None else _square(metres)
        if self.metres is not None and self.metres.shape != self.seconds.shape:
            raise ValueError("seconds and metres differ in shape")

    def leg(self, origin: Place, target: Place, kind: VehicleClass) -> Leg:
        start, end = _known(origin), _known(target)
        seconds = int(self.seconds[start, end])
        if self.metres is None:
            return Leg(seconds, -(-seconds * kind.speed_m_per_h // 3600))
        return Leg(seconds, int(self.metres[start, end]))

    def wide_enough(self, outline: Outline, visit: Place, service_s: int) -> Ints:
        nodes, node = _all_known(outline.places), _known(visit)
        needed_s = self.seconds[nodes, node] + self.seconds[node, np.roll(nodes, -1)] + service_s
        return np.flatnonzero(needed_s <= outline.slack_s)

    def legs_through(self, gaps: Lines, visit: Place) -> Floats:
        nodes, node, speed = _all_known(gaps.places), _known(visit), gaps.speed_m_per_h
        to = self._legs(nodes.take(gaps.rows), node, speed)
        back = self._legs(node, nodes.take(gaps.rows + 1), speed)
        return np.array(((to.seconds, back.seconds), (to.metres, back.metres)), float)

    def table(self, places: Sequence[Place], kind: VehicleClass) -> Legs:
        nodes, speeds = _all_known(Places.of(places)), np.full(len(places), float(kind.speed_m_per_h))
        return self._legs(nodes[:, np.newaxis], nodes[np.newaxis, :], speeds)

    def _legs(self, start: Ints | int, end: Ints | int, speed_m_per_h: Floats) -> Legs:
        seconds = self.seconds[start, end]
        if self.metres is None:
            return Legs(seconds, np.ceil(seconds * speed_m_per_h / 3600.0).astype(np.int64))
        return Legs(seconds, self.metres[start, end])


def _square(values: Ints) -> Ints:
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"a matrix of shape {array.shape} is not square")
    if not np.issubdtype(array.dtype, np.integer) or (array.size and array.min() < 0):
        raise ValueError("a matrix needs whole numbers, none below 0")
    return array.astype(np.int64)


def _all_known(places: Places) -> Ints:
    if places.node.size and places.node.min() < 0:
        raise ValueError("a place without a node has no row in the matrix")
    return places.node


def _known(place: Place) -> int:
    if place.node < 0:
        raise ValueError("a place without a node has no row in the matrix")
    return place.node
