"""How long a way takes: the great circle and a detour factor, or a given matrix.

Metres and seconds are whole and rounded up. One leg and a whole array of legs give the same numbers bit
for bit: only operations that IEEE 754 rounds correctly (no trigonometry) happen to arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, hypot, radians, sin, sqrt
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from scheduling.routing.problem import Leg, Place, VehicleClass

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Numbers = Ints | Singles

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
        return _chords(self.x, self.y, self.z, target)


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


ROUNDING = 1e-6
"""More than single precision is wrong by after a handful of operations, as a part of the largest number."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Where n places lie, seen from above the first, in single precision: enough to rule most of them out.

    The view from above shortens every line, so what is far here is as far in truth. It is half the size of
    `Places` and takes a third of the arithmetic.

    places: as they are; east_m, north_m: on the plane that touches the sphere at the first, shape (n,)
    s_per_m: how long a straight metre takes at least
    """

    places: Places
    east_m: Singles
    north_m: Singles
    s_per_m: Singles

    @classmethod
    def of(cls, places: Places, rates: Rates) -> "Outline":
        east_m, north_m = _from_above(_middle(places), places.x, places.y, places.z)
        s_per_m = rates.metres_per_chord / EARTH_RADIUS_M * 3600.0 / rates.speed_m_per_h
        return cls(
            places,
            east_m.astype(np.float32),
            north_m.astype(np.float32),
            (s_per_m * (1 - ROUNDING)).astype(np.float32),
        )

    @property
    def unsure_s(self) -> Singles:
        """By how many seconds a way may come out too long here, shape (n,)."""
        extent_m = max(np.abs(self.east_m).max(initial=0), np.abs(self.north_m).max(initial=0))
        unsure: Singles = self.s_per_m * np.float32(2 * ROUNDING * extent_m)
        return unsure

    def seconds_to(self, target: Place) -> Singles:
        """At least how long it takes to `target` or from it, less `unsure_s`; shape (n,)."""
        east_m, north_m = _from_above(_middle(self.places), *unit_vector(target))
        squares, other = self.east_m - np.float32(east_m), self.north_m - np.float32(north_m)
        squares *= squares
        other *= other
        squares += other
        np.sqrt(squares, out=squares)
        squares *= self.s_per_m
        return squares


def _middle(places: Places) -> tuple[float, float, float]:
    """The vector of the first place, or any where there is none."""
    if not len(places.x):
        return 1.0, 0.0, 0.0
    return float(places.x[0]), float(places.y[0]), float(places.z[0])


def _from_above(middle: tuple[float, float, float], x: Any, y: Any, z: Any) -> tuple[Any, Any]:
    """Metres east and north of `middle`, of unit vectors seen on the plane that touches the sphere there."""
    mx, my, mz = middle
    flat = hypot(mx, my)
    cos_lon, sin_lon = (mx / flat, my / flat) if flat else (1.0, 0.0)
    east = y * cos_lon - x * sin_lon
    north = z * flat - mz * (x * cos_lon + y * sin_lon)
    return east * EARTH_RADIUS_M, north * EARTH_RADIUS_M


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

    def seconds_at_least(self, outline: Outline, visit: Place) -> tuple[Numbers, Numbers]:
        """No more than the seconds from each of n places to `visit`, and from `visit` to each of them.

        Each may be `outline.unsure_s` too long all the same.
        """

    def legs_through(self, places: Places, rates: Rates, rows: Ints, visit: Place) -> tuple[Legs, Legs]:
        """The legs from the place of each row to `visit`, and on from there to the place of the next row.

        Both are driven by the vehicle of the row. Raises IndexError for the last row: there is no next.
        """

    def table(self, places: Sequence[Place], kind: VehicleClass) -> Legs:
        """The legs between all of n places, as arrays of shape (n, n): row = from, column = to."""


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

    def seconds_at_least(self, outline: Outline, visit: Place) -> tuple[Singles, Singles]:
        seconds = outline.seconds_to(visit)
        return seconds, seconds

    def legs_through(self, places: Places, rates: Rates, rows: Ints, visit: Place) -> tuple[Legs, Legs]:
        ends = np.concatenate((rows, rows + 1))
        chords = _chords(places.x.take(ends), places.y.take(ends), places.z.take(ends), visit)
        metres = chords.reshape(2, len(rows))
        metres *= rates.metres_per_chord.take(rows)
        np.ceil(metres, out=metres)
        # Dividing whole numbers below 2**53 as floats never rounds a fraction to a whole number, so the
        # ceiling is that of the exact quotient.
        seconds = metres * 3600.0
        seconds /= rates.speed_m_per_h.take(rows)
        np.ceil(seconds, out=seconds)
        whole_s, whole_m = seconds.astype(np.int64), metres.astype(np.int64)
        return Legs(whole_s[0], whole_m[0]), Legs(whole_s[1], whole_m[1])

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

    def seconds_at_least(self, outline: Outline, visit: Place) -> tuple[Ints, Ints]:
        node, nodes = _known(visit), _all_known(outline.places)
        return self.seconds[nodes, node], self.seconds[node, nodes]

    def legs_through(self, places: Places, rates: Rates, rows: Ints, visit: Place) -> tuple[Legs, Legs]:
        nodes, node, speed = _all_known(places), _known(visit), rates.speed_m_per_h.take(rows)
        return self._legs(nodes.take(rows), node, speed), self._legs(node, nodes.take(rows + 1), speed)

    def table(self, places: Sequence[Place], kind: VehicleClass) -> Legs:
        nodes, speeds = _all_known(Places.of(places)), np.full(len(places), float(kind.speed_m_per_h))
        return self._legs(nodes[:, np.newaxis], nodes[np.newaxis, :], speeds)

    def _legs(self, start: Ints | int, end: Ints | int, speed_m_per_h: Floats) -> Legs:
        seconds = self.seconds[start, end]
        if self.metres is None:
            return Legs(seconds, np.ceil(seconds * speed_m_per_h / 3600.0).astype(np.int64))
        return Legs(seconds, self.metres[start, end])


def _chords(xs: Floats, ys: Floats, zs: Floats, target: Place) -> Floats:
    x, y, z = unit_vector(target)
    squares, other = xs - x, ys - y
    squares *= squares
    other *= other
    squares += other
    np.subtract(zs, z, out=other)
    other *= other
    squares += other
    return np.sqrt(squares, out=squares)


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
