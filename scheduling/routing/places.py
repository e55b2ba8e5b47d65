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
class Lines:
    """Some of n gaps, read: their columns, whose numbers lie a line apart.

    rows: which gaps, shape (k,); places: where all n begin
    columns: x of where each begins and of where it ends, y of both, z of both, metres per chord and metres an
        hour of the vehicle, and what else the lines have; shape (8 + m, k)
    """

    rows: Ints
    places: Places
    columns: Floats

    @property
    def speed_m_per_h(self) -> Floats:
        speed_m_per_h: Floats = self.columns[7]
        return speed_m_per_h

    @property
    def others(self) -> Floats:
        """What the lines have besides ends and rates, shape (m, k)."""
        return self.columns[8:]

    def ways_m(self, target: Place) -> Floats:
        """Metres between both ends and `target`, not rounded; shape (2, 2, k), of which [1] has them.

        There is room for as many numbers before them, so that the seconds can be laid beside.
        """
        apart = np.empty((3, 2, len(self.rows)))
        for axis, at in enumerate(unit_vector(target)):
            np.subtract(self.columns[2 * axis : 2 * axis + 2], at, out=apart[axis])
        apart *= apart
        metres: Floats = apart[1]
        metres += apart[0]
        metres += apart[2]
        np.sqrt(metres, out=metres)
        metres *= self.columns[6]
        return apart[:2]


@dataclass(frozen=True, slots=True)
class Gaps:
    """n gaps, each from its place to the next one's: a line of 8 + m numbers for each.

    What is asked together lies together: a line is read at once, wherever it is. The last gap has no end.

    places: where the gaps begin
    lines: as `Lines` has them, but a line for each gap; shape (n, 8 + m)
    """

    places: Places
    lines: Floats

    @classmethod
    def of(cls, places: Places, rates: Rates, *others: Ints) -> "Gaps":
        """Gaps, and m other numbers of each that are asked with the way: whole ones below 2**53."""
        ends = [end for of in (places.x, places.y, places.z) for end in (of, np.roll(of, -1))]
        columns = (*ends, rates.metres_per_chord, rates.speed_m_per_h, *others)
        return cls(places, np.stack(columns, axis=1))

    def take(self, rows: Ints) -> Lines:
        return Lines(rows, self.places, self.lines.take(rows, axis=0).T)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a visit that takes so long asks of an outline: the gaps that have time for it on their own way.

    rows: which of the outline's, in order, shape (k,); at_m: half way between their ends, shape (2, k)
    squared_m: how far from there a visit may lie, squared; shape (k,)
    """

    rows: Ints
    at_m: Singles
    squared_m: Singles


@dataclass(frozen=True, slots=True)
class Outline:
    """How far around each of n gaps a visit may lie, in single precision: enough to rule most of them out.

    Both ways together are at least twice as long as the one from half way between the ends, and at least as
    long as the way from end to end. Both are seen from above the first place, on the plane that touches the
    sphere there: it shortens every line.

    places, slack_s: where the gaps begin, and their seconds from departure to arrival
    at_m: half way between the ends, metres east and north, shape (2, n)
    apart_m: half of what lies between the ends, shape (n,)
    reach_m: how far off a visit may lie that takes no time, and what single precision may hide;
        m_per_s: by how much nearer it must be for each second that it takes
    """

    places: Places
    slack_s: Ints
    at_m: Singles
    apart_m: Singles
    reach_m: Singles
    m_per_s: Singles
    _reaches: dict[int, Reach] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, places: Places, rates: Rates, slack_s: Ints) -> "Outline":
        start_m = np.stack(_from_above(_middle(places), places.x, places.y, places.z))
        end_m = np.roll(start_m, -1, axis=1)
        m_per_s = rates.speed_m_per_h / 3600 * EARTH_RADIUS_M / rates.metres_per_chord / 2
        hidden_m = 5 * ROUNDING * np.abs(start_m).max(initial=0)
        return cls(
            places,
            slack_s,
            at_m=((start_m + end_m) / 2).astype(np.float32),
            apart_m=(np.hypot(*(end_m - start_m)) / 2).astype(np.float32),
            reach_m=(slack_s * m_per_s * (1 + 5 * ROUNDING) + hidden_m).astype(np.float32),
            m_per_s=m_per_s.astype(np.float32),
        )

    def wide_enough(self, target: Place, service_s: int) -> Ints:
        """The rows, in order, of all gaps with time for the ways and the service, and of few others."""
        reach = self._reaches.get(service_s) or self._keep_reach(service_s)
        at_m = np.array(_from_above(_middle(self.places), *unit_vector(target)), dtype=np.float32)
        apart = reach.at_m - at_m[:, np.newaxis]
        apart *= apart
        squares = apart[0]
        squares += apart[1]
        rows: Ints = reach.rows.take((squares <= reach.squared_m).nonzero()[0])
        return rows

    def _keep_reach(self, service_s: int) -> Reach:
        """The gaps that may have so much time. They are kept: visits take one of a few times."""
        reach_m = self.reach_m - self.m_per_s * np.float32(service_s)
        rows = np.flatnonzero(reach_m >= self.apart_m)
        reach = Reach(rows, self.at_m.take(rows, axis=1), np.square(reach_m.take(rows)))
        if len(self._reaches) >= MOST_SERVICES:
            self._reaches.clear()
        self._reaches[service_s] = reach
        return reach


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
