"""How long a way takes: the great circle and a detour factor, or a given matrix.

Metres and seconds are whole and rounded up. One leg and a whole array of legs give the same numbers bit
for bit: only operations that IEEE 754 rounds correctly (no trigonometry) happen to arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, radians, sin, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scheduling.routing.problem import Leg, Place, VehicleClass

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of the Earth (IUGG)."""


def unit_vector(place: Place) -> tuple[float, float, float]:
    """The place on a sphere of radius 1. Always computed one by one, so that it never varies."""
    lat, lon = radians(place.lat), radians(place.lon)
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)


@dataclass(frozen=True, slots=True)
class Places:
    """Many places as arrays of shape (n,): unit vectors, and rows in a given matrix."""

    x: Floats
    y: Floats
    z: Floats
    node: Ints

    @classmethod
    def of(cls, places: Sequence[Place]) -> "Places":
        vectors = np.array([unit_vector(place) for place in places], dtype=np.float64).reshape(-1, 3)
        x, y, z = (np.ascontiguousarray(vectors[:, axis]) for axis in range(3))
        return cls(x, y, z, np.array([place.node for place in places], dtype=np.int64))

    def chords_to(self, target: Place) -> Floats:
        """Straight lines through a sphere of radius 1 to `target`, shape (n,)."""
        x, y, z = unit_vector(target)
        squares, other = self.x - x, self.y - y
        squares *= squares
        other *= other
        squares += other
        np.subtract(self.z, z, out=other)
        other *= other
        squares += other
        return np.sqrt(squares, out=squares)


@dataclass(frozen=True, slots=True)
class Rates:
    """How the vehicle at each of n places drives: metres a chord of 1 stands for, and metres an hour."""

    metres_per_chord: Floats
    speed_m_per_h: Floats

    @classmethod
    def of(cls, kinds: Sequence[VehicleClass]) -> "Rates":
        return cls(
            np.array([metres_per_chord(kind) for kind in kinds], dtype=np.float64),
            np.array([kind.speed_m_per_h for kind in kinds], dtype=np.float64),
        )


@dataclass(frozen=True, slots=True)
class Legs:
    """Many legs as arrays of shape (n,)."""

    seconds: Ints
    metres: Ints


class Travel(Protocol):
    """Where legs come from. Quote and commit use the same source."""

    @property
    def source(self) -> str:
        """A short word for where the legs come from, kept with each stop."""

    def leg(self, origin: Place, target: Place, kind: VehicleClass) -> Leg:
        """The single leg from `origin` to `target`."""

    def legs_around(self, places: Places, visit: Place, rates: Rates) -> tuple[Legs, Legs]:
        """The legs from each of n places to `visit`, and those from `visit` to each of them."""


def metres_per_chord(kind: VehicleClass) -> float:
    return EARTH_RADIUS_M * kind.detour_percent / 100


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

    def legs_around(self, places: Places, visit: Place, rates: Rates) -> tuple[Legs, Legs]:
        metres = places.chords_to(visit)
        metres *= rates.metres_per_chord
        np.ceil(metres, out=metres)
        # Dividing whole numbers below 2**53 as floats never rounds a fraction to a whole number, so the
        # ceiling is that of the exact quotient.
        seconds = metres * 3600.0
        seconds /= rates.speed_m_per_h
        np.ceil(seconds, out=seconds)
        legs = Legs(seconds.astype(np.int64), metres.astype(np.int64))
        return legs, legs


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

    def legs_around(self, places: Places, visit: Place, rates: Rates) -> tuple[Legs, Legs]:
        node = _known(visit)
        if places.node.size and places.node.min() < 0:
            raise ValueError("a place without a node has no row in the matrix")
        return (
            self._legs(places.node, node, rates),
            self._legs(node, places.node, rates),
        )

    def _legs(self, start: Ints | int, end: Ints | int, rates: Rates) -> Legs:
        seconds = self.seconds[start, end]
        if self.metres is None:
            return Legs(seconds, np.ceil(seconds * rates.speed_m_per_h / 3600.0).astype(np.int64))
        return Legs(seconds, self.metres[start, end])


def _square(values: Ints) -> Ints:
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"a matrix of shape {array.shape} is not square")
    if not np.issubdtype(array.dtype, np.integer) or (array.size and array.min() < 0):
        raise ValueError("a matrix needs whole numbers, none below 0")
    return array.astype(np.int64)


def _known(place: Place) -> int:
    if place.node < 0:
        raise ValueError("a place without a node has no row in the matrix")
    return place.node
