"""How long ways and doors take on a depot's days, beside what was planned: learned, and shrunk where thin.

What varies is a ratio: what something took over what was planned, each with SOFT_S added, since a short way
varies more for its length than a long one. The log of that ratio has a mean by building and hour; a part that
all of one van's day have in common (its driver, that day's streets), and one that all of an hour of it have
(a bridge, a shower); a spread of its own; and a shape that is learned too: roads and doors have longer tails
than a bell curve.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist
from typing import Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Kind = Literal["way", "door"]
Key = TypeVar("Key", bound=Hashable)

SOFT_S: Final = 30
SCENARIOS: Final = 512
"""Courses of a day that a prediction goes through; also the points of a shape."""
GROUP_WEIGHT: Final = 20
"""So many observations weigh as much as what is assumed of their group."""
SHAPE_WEIGHT: Final = 300
GROUPS_WEIGHT: Final = 10
FAR: Final = 2.5
"""What lies further out, in spreads, counts as that far: one closed bridge makes no slow day."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A way or a door that is over. Seconds; `hour` of the local day; `shift` tells vans' days apart."""

    planned_s: int
    took_s: int
    hour: int
    shift: Hashable
    building: str = ""

    @property
    def ratio(self) -> float:
        """The log of how much longer it took than planned."""
        return log_ratio(self.planned_s, self.took_s)


def log_ratio(planned_s: float, took_s: float) -> float:
    """Return the log of how much longer something took than planned."""
    return float(np.log((max(0.0, took_s) + SOFT_S) / (planned_s + SOFT_S)))


@dataclass(frozen=True, slots=True)
class Pace:
    """The log of a ratio: its mean, and its spread around the day's own pace."""

    mean: float
    sd: float


@lru_cache(maxsize=1)
def bell() -> Floats:
    """Return the quantiles of a bell curve in the middle of SCENARIOS equal parts."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((number + 0.5) / SCENARIOS) for number in range(SCENARIOS)])


@dataclass(frozen=True)
class Habit:
    """How long ways, or doors, take; `cells` add to what an hour and a building say of each by itself."""

    usual: Pace
    day_sd: float
    hour_sd: float
    hours: Mapping[int, float] = field(default_factory=dict)
    buildings: Mapping[str, float] = field(default_factory=dict)
    cells: Mapping[tuple[str, int], float] = field(default_factory=dict)
    spreads: Mapping[str, float] = field(default_factory=dict)
    shape: Floats = field(default_factory=bell)

    def pace(self, building: str, hour: int) -> Pace:
        """Return the pace for a building ("" for ways) at an hour."""
        mean = self.usual.mean + self.hours.get(hour, 0.0) + self.buildings.get(building, 0.0)
        return Pace(mean + self.cells.get((building, hour), 0.0), self.spreads.get(building, self.usual.sd))


@dataclass(frozen=True, slots=True)
class Habits:
    """Of one depot."""

    way: Habit
    door: Habit

    def of(self, kind: Kind) -> Habit:
        """Return how long ways or doors take."""
        return self.way if kind == "way" else self.door


# What we assume before a depot has days of its own: docs/ranges.md says why.
PRIOR: Final = Habits(
    way=Habit(usual=Pace(0.0, 0.25), day_sd=0.08, hour_sd=0.04),
    door=Habit(usual=Pace(0.0, 0.50), day_sd=0.12, hour_sd=0.04),
)


def learned(ways: Sequence[Seen], doors: Sequence[Seen], *, prior: Habits = PRIOR) -> Habits:
    """Return the habits that observations tell, pulled to `prior` the more the fewer there are."""
    return Habits(way=_learned(ways, prior.way), door=_learned(doors, prior.door))


def _learned(seen: Sequence[Seen], prior: Habit) -> Habit:
    if not seen:
        return prior
    left = np.array([each.ratio for each in seen]) - prior.usual.mean
    # One after another, each from what those before leave unexplained; the finest last, so that where a
    # building was hardly seen at an hour, the building and the hour speak for it.
    usual, left = _explained(left, [""] * len(seen))
    hours, left = _explained(left, [each.hour for each in seen])
    buildings, left = _explained(left, [each.building for each in seen])
    cells, left = _explained(left, [(each.building, each.hour) for each in seen])
    spread = _spread(left, prior)
    day_sd = _common(left, [each.shift for each in seen], spread, prior.day_sd)
    in_hours = _common(left, [(each.shift, each.hour) for each in seen], spread, prior.hour_sd)
    hour_sd = max(in_hours**2 - day_sd**2, (prior.hour_sd / 4) ** 2) ** 0.5
    shared = day_sd**2 + hour_sd**2
    own = max(spread**2 - shared, (spread / 4) ** 2) ** 0.5
    spreads = _spreads(left, [each.building for each in seen], own, shared)
    scale = np.array([(spreads[each.building] ** 2 + shared) ** 0.5 for each in seen])
    return Habit(
        usual=Pace(prior.usual.mean + usual[""], own),
        day_sd=day_sd,
        hour_sd=hour_sd,
        hours=hours,
        buildings=buildings,
        cells=cells,
        spreads=spreads,
        shape=_shape(left / scale),
    )


def _explained(left: Floats, keys: Sequence[Key]) -> tuple[dict[Key, float], Floats]:
    """Return each group's mean, shrunk to nothing where it is small, and what that leaves."""
    names, index = _indexed(keys)
    counts = np.bincount(index, minlength=len(names))
    means = np.bincount(index, weights=left, minlength=len(names)) / (counts + GROUP_WEIGHT)
    return dict(zip(names, means.tolist(), strict=True)), left - means[index]


def _indexed(keys: Iterable[Key]) -> tuple[list[Key], npt.NDArray[np.int64]]:
    numbers: dict[Key, int] = {}
    index = [numbers.setdefault(key, len(numbers)) for key in keys]
    return list(numbers), np.array(index)


def _spread(left: Floats, prior: Habit) -> float:
    assumed = prior.usual.sd**2 + prior.day_sd**2 + prior.hour_sd**2
    return float(np.sqrt((np.sum(left**2) + GROUP_WEIGHT * assumed) / (len(left) + GROUP_WEIGHT)))


def _spreads(left: Floats, buildings: Sequence[str], own: float, shared: float) -> dict[str, float]:
    found = {}
    for building in set(buildings):
        those = left[[each == building for each in buildings]]
        variance = (np.sum(those**2) + GROUP_WEIGHT * (own**2 + shared)) / (len(those) + GROUP_WEIGHT)
        found[building] = float(np.sqrt(max(variance - shared, (own / 4) ** 2)))
    return found


def _common(left: Floats, groups: Sequence[Hashable], spread: float, assumed: float) -> float:
    """Return how much whole groups differ: what their means vary more than their parts' spread explains."""
    names, index = _indexed(groups)
    counts = np.bincount(index, minlength=len(names))
    means = np.bincount(index, weights=left, minlength=len(names)) / counts
    several = counts > 1
    parts = 1 / counts[several]
    found = (np.clip(means[several], -FAR * spread, FAR * spread) ** 2 - spread**2 * parts) / (1 - parts)
    # Groups of two say little: each weighs by how surely its mean is known.
    weights = 1 - parts
    variance = (np.sum(weights * found) + GROUPS_WEIGHT * assumed**2) / (np.sum(weights) + GROUPS_WEIGHT)
    return float(np.sqrt(max(variance, (assumed / 4) ** 2)))


def _shape(standard: Floats) -> Floats:
    """Return the quantiles of what was seen, as far as that was often; mean 0 and spread 1, as a bell's."""
    points = (np.arange(SCENARIOS) + 0.5) / SCENARIOS
    weight = len(standard) / (len(standard) + SHAPE_WEIGHT)
    shape = weight * np.quantile(standard, points) + (1 - weight) * bell()
    shape -= shape.mean()
    return np.asarray(shape / shape.std())


@dataclass(frozen=True, slots=True)
class Today:
    """How one van's day goes beside its depot's habits: what is added to every log ratio, and how surely."""

    way: Pace
    door: Pace

    def of(self, kind: Kind) -> Pace:
        """Return how ways or doors go today."""
        return self.way if kind == "way" else self.door


def today_of(habits: Habits, ways: Sequence[Seen] = (), doors: Sequence[Seen] = ()) -> Today:
    """Return how a day goes, by what of it is over: nothing is known in the morning, much at noon."""
    return Today(way=_today(habits.way, ways), door=_today(habits.door, doors))


def _today(habit: Habit, seen: Sequence[Seen]) -> Pace:
    # Bell curves multiplied: what days are like, and what each hour of this one says of it.
    certainty, pull = 1 / habit.day_sd**2, 0.0
    for hour in {each.hour for each in seen}:
        sure, off = _heard(habit, [each for each in seen if each.hour == hour])
        weight = 1 / (habit.hour_sd**2 + 1 / sure)
        certainty, pull = certainty + weight, pull + weight * off
    return Pace(pull / certainty, certainty**-0.5)


def _heard(habit: Habit, seen: Sequence[Seen]) -> tuple[float, float]:
    """Return how surely some of an hour tell their common part, and that part."""
    sure = pull = 0.0
    for each in seen:
        pace = habit.pace(each.building, each.hour)
        off = min(max(each.ratio - pace.mean, -FAR * pace.sd), FAR * pace.sd)
        sure, pull = sure + pace.sd**-2, pull + off * pace.sd**-2
    return sure, pull / sure
