"""Ways along the town's real streets, as the map draws them: its pieces meet at junctions."""

import heapq
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

MAP: Final = Path(__file__).resolve().parents[2] / "static" / "demo" / "helsinki-map.json"
DRIVEN: Final = frozenset({"main", "street", "walk", "lane"})
M_PER_DEGREE: Final = 111_195.0

Point = tuple[float, float]
"""Latitude and longitude in degrees."""


def metres(one: Point, other: Point) -> float:
    """Return the distance of two points near each other, on a flat earth."""
    east = (one[1] - other[1]) * math.cos(math.radians(one[0]))
    return math.hypot(one[0] - other[0], east) * M_PER_DEGREE


@cache
def network() -> dict[Point, dict[Point, float]]:
    """Return how far it is from each point of the streets to those next to it; only what hangs together."""
    ways: dict[Point, dict[Point, float]] = defaultdict(dict)
    for feature in json.loads(MAP.read_text(encoding="utf-8"))["features"]:
        if feature["properties"]["class"] in DRIVEN:
            line = [(lat, lon) for lon, lat in feature["geometry"]["coordinates"]]
            for one, other in pairwise(line):
                ways[one][other] = ways[other][one] = metres(one, other)
    largest = max(_pieces(ways), key=len)
    return {point: ways[point] for point in largest}


def _pieces(ways: dict[Point, dict[Point, float]]) -> list[set[Point]]:
    pieces: list[set[Point]] = []
    left = set(ways)
    while left:
        piece, waiting = set(), [next(iter(left))]
        while waiting:
            point = waiting.pop()
            if point not in piece:
                piece.add(point)
                waiting.extend(ways[point])
        pieces.append(piece)
        left -= piece
    return pieces


@lru_cache(maxsize=4096)
def way(start: Point, end: Point) -> tuple[Point, ...]:
    """Return the shortest way along streets from one place to another; straight where no street is drawn."""
    first, last = _nearest(start), _nearest(end)
    best, before = {first: 0.0}, {first: first}
    queue = [(0.0, first)]
    while queue:
        far, point = heapq.heappop(queue)
        if point == last:
            break
        if far > best[point]:
            continue
        for other, length in network()[point].items():
            if (reached := far + length) < best.get(other, math.inf):
                best[other], before[other] = reached, point
                heapq.heappush(queue, (reached, other))
    found = [last]
    while found[-1] != first:
        found.append(before[found[-1]])
    return (start, *reversed(found), end)


def _nearest(place: Point) -> Point:
    return min(network(), key=lambda point: metres(point, place))


def along(line: Sequence[Point], share: float) -> Point:
    """Return the point at a share (0 to 1) of a line's length."""
    legs = [metres(one, other) for one, other in pairwise(line)]
    left = min(max(share, 0.0), 1.0) * sum(legs)
    for (one, other), length in zip(pairwise(line), legs, strict=True):
        if left <= length and length > 0:
            part = left / length
            return (one[0] + (other[0] - one[0]) * part, one[1] + (other[1] - one[1]) * part)
        left -= length
    return line[-1]
