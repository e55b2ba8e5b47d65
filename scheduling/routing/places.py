"""Many places, and gaps between them, as arrays.

One distance and a whole array of them are the same bit for bit: only operations that IEEE 754 rounds
correctly (no trigonometry) happen to arrays. Only what rules gaps out at a glance is less exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, hypot, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scheduling.routing.problem import Place, VehicleClass

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of the Earth (IUGG)."""


def unit_vector(place: Place) -> tuple[float, float, float]:
    """The place on a sphere of radius 1. Always computed one by one, so that it never varies."""
    lat, lon = radians(place.lat), radians(place.lon)
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)


def metres_per_chord(kind: VehicleClass) -> float:
    return EARTH_RADIUS_M * kind.detour_percent / 100


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

MOST_SERVICES = 8
"""For so many lengths of service it is kept how far off a visit may lie."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """n gaps, each from its place to the next one's: a line of four numbers for each end.

    What is asked together lies together: a line is read at once, wherever it is. The last gap has no end.

    places: where the gaps begin
    start, end: unit vectors, and after them metres per chord and metres an hour of the vehicle; shape (n, 4)
    """

    places: Places
    start: Floats
    end: Floats

    @classmethod
    def of(cls, places: Places, rates: Rates) -> "Gaps":
        vectors = np.stack((places.x, places.y, places.z))
        start, end = (*vectors, rates.metres_per_chord), (*np.roll(vectors, -1, axis=1), rates.speed_m_per_h)
        return cls(places, np.stack(start, axis=1), np.stack(end, axis=1))

    def ways_m(self, rows: Ints, target: Place) -> tuple[Floats, Floats]:
        """Metres from both ends of some gaps to `target`, not rounded, shape (2, n); and metres an hour."""
        start, end = self.start.take(rows, axis=0), self.end.take(rows, axis=0)
        apart = np.empty((3, 2, len(rows)))
        for axis, at in enumerate(unit_vector(target)):
            np.subtract(start[:, axis], at, out=apart[axis, 0])
            np.subtract(end[:, axis], at, out=apart[axis, 1])
        apart *= apart
        squares: Floats = apart[0]
        squares += apart[1]
        squares += apart[2]
        np.sqrt(squares, out=squares)
        squares *= start[:, 3]
        return squares, end[:, 3]


@dataclass(frozen=True, slots=True)
class Outline:
    """How far around each of n gaps a visit may lie, in single precision: enough to rule most of them out.

    Both ways together are at least twice as long as the one from half way between the ends. That is seen
    from above the first place, on the plane that touches the sphere there: it shortens every line.

    places, slack_s: where the gaps begin, and their seconds from departure to arrival
    east_m, north_m: half way between the ends, shape (n,)
    reach_m: how far from there a visit may lie that takes no time, and what single precision may hide;
        m_per_s: by how much nearer it must be for each second that it takes
    """

    places: Places
    slack_s: Ints
    east_m: Singles
    north_m: Singles
    reach_m: Singles
    m_per_s: Singles
    _squares: dict[int, Singles] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, places: Places, rates: Rates, slack_s: Ints) -> "Outline":
        east_m, north_m = _from_above(_middle(places), places.x, places.y, places.z)
        extent_m = max(np.abs(east_m).max(initial=0), np.abs(north_m).max(initial=0))
        m_per_s = rates.speed_m_per_h / 3600 * EARTH_RADIUS_M / rates.metres_per_chord / 2
        reach_m = slack_s * m_per_s * (1 + 5 * ROUNDING) + 5 * ROUNDING * extent_m
        return cls(
            places,
            slack_s,
            east_m=_between(east_m).astype(np.float32),
            north_m=_between(north_m).astype(np.float32),
            reach_m=reach_m.astype(np.float32),
            m_per_s=m_per_s.astype(np.float32),
        )

    def wide_enough(self, target: Place, service_s: int) -> Ints:
        """The rows, in order, of all gaps with time for the ways and the service, and of few others."""
        east_m, north_m = _from_above(_middle(self.places), *unit_vector(target))
        squares, other = self.east_m - np.float32(east_m), self.north_m - np.float32(north_m)
        squares *= squares
        other *= other
        squares += other
        return np.flatnonzero(squares <= self._reach_squared(service_s))

    def _reach_squared(self, service_s: int) -> Singles:
        """How far off a visit may lie, squared, or -1. It is kept: visits take one of a few times."""
        kept = self._squares.get(service_s)
        if kept is None:
            if len(self._squares) >= MOST_SERVICES:
                self._squares.clear()
            reach_m = self.reach_m - self.m_per_s * np.float32(service_s)
            kept = np.where(reach_m < 0, np.float32(-1), reach_m * reach_m)
            self._squares[service_s] = kept
        return kept


def _between(ends: Floats) -> Floats:
    """Half way between each and the next."""
    return (ends + np.roll(ends, -1)) / 2


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
