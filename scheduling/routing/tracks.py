"""Where a vehicle was last, out of fixes that come late, twice, shuffled, and sometimes from nowhere near.

What is believed depends on the fixes alone, never on the order in which they came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_RADIUS_M: Final = 6_371_000
FASTEST_M_PER_S: Final = 300 / 3.6
SLOPPY_M: Final = 200
"""Two good fixes may be so far apart at one moment: places are only about right."""
LOOKED_AT: Final = 12
LOOKED_BACK_S: Final = 600


@dataclass(frozen=True, slots=True)
class Fix:
    """A place at an instant, in seconds."""

    at_s: float
    lat: float
    lon: float


def last_possible(fixes: Sequence[Fix]) -> int:
    """Return which of some fixes, in order of time, is the last to be believed; -1 without any.

    Of the last few those are believed that lie on the longest way that a vehicle could have driven, at 300
    km/h at most: a leap away and back is left out, wherever it led. Of equally long ways the one that began
    first. A lone first fix is believed.
    """
    if not fixes:
        return -1
    newest = fixes[-1].at_s
    first = max(0, len(fixes) - LOOKED_AT)
    while fixes[first].at_s < newest - LOOKED_BACK_S:
        first += 1
    # For each fix: how many lie on the longest way to it, and where that began (the sooner, the better).
    ways: list[tuple[int, int]] = []
    for this in range(first, len(fixes)):
        before = [
            (ways[other - first][0] + 1, ways[other - first][1])
            for other in range(first, this)
            if reachable(fixes[other], fixes[this])
        ]
        ways.append(max(before, default=(1, -this)))
    best = max(range(len(ways)), key=lambda number: (*ways[number], number))
    return first + best


def reachable(before: Fix, after: Fix) -> bool:
    """Whether a vehicle could have driven from one fix to another."""
    seconds = max(0.0, after.at_s - before.at_s)
    return apart_m(before, after) <= SLOPPY_M + FASTEST_M_PER_S * seconds


def apart_m(one: Fix, other: Fix) -> float:
    """Return the great-circle distance in metres (haversine)."""
    half_lat, half_lon = radians(other.lat - one.lat) / 2, radians(other.lon - one.lon) / 2
    a = sin(half_lat) ** 2 + cos(radians(one.lat)) * cos(radians(other.lat)) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(a)))
