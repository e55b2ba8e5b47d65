"""When a van comes to the stops that it still has before it: ranges that hold.

From the last thing that is certain on, a day is gone through in SCENARIOS courses at once, each with ways
and doors as long as the habits say, waiting where a window opens later. What is said of a stop are quantiles
of when its service starts: uncertainty grows by itself with what lies between, and ends where a van waits.
The courses are the same each time, so what is said changes only where what is known does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, floor
from typing import Final

import numpy as np
import numpy.typing as npt

from scheduling.routing.habits import SCENARIOS, SOFT_S, Floats, Habits, Kind, Today, bell

LEVELS: Final = (0.05, 0.10, 0.50, 0.90, 0.95)
REST: Final = "rest"
"""The building of breaks and charging: they take as long as they take."""
LEAST_LEFT: Final = SCENARIOS // 16
"""So many courses at least go on where something takes longer than nearly all of them said."""
HOUR_S: Final = 3600
SLACK_S: Final = 120
NARROWER: Final = 0.6
"""A range narrows once it can be so much of what it was: less is no news."""


@dataclass(frozen=True, slots=True)
class Onward:
    """A stop that is still to come, in planned seconds.

    `apart_s` passes before the way and never varies: loading again at the depot. `extra_s` at the
    door was asked for by its customer, on top of `door_s`; it is taken as it is.
    """

    key: int
    way_s: int
    opens_s: int
    door_s: int
    extra_s: int = 0
    building: str = ""
    apart_s: int = 0


@dataclass(frozen=True, slots=True)
class Certain:
    """The last thing that is certain: at `at_s` the van left somewhere, or was somewhere on its way.

    `serving`: at `at_s` it arrived at that stop, and it is still there. `late_s`: at `said_s` its driver said
    that they will be at the first stop to come by so much later than was expected then.
    """

    at_s: int
    serving: Onward | None = None
    said_s: int = 0
    late_s: int = 0


@dataclass(frozen=True, slots=True)
class Range:
    """When service starts at a stop: expected, and between what it lies in 80 and in 90 of 100 cases."""

    key: int
    at_s: int
    from_s: int
    until_s: int
    from90_s: int
    until90_s: int

    @property
    def wide_s(self) -> int:
        return self.until_s - self.from_s


def ranges(
    certain: Certain, onward: Sequence[Onward], *, habits: Habits, today: Today, now_s: int
) -> list[Range]:
    """Return a range for each stop to come, in their order; none begins before `now_s`.

    All times are seconds after the plan's origin, local midnight.
    """
    if not onward:
        return []
    courses = _Courses(habits, today)
    at = np.full(SCENARIOS, float(certain.at_s))
    if certain.serving:
        at = courses.leaves(certain.serving, np.maximum(at, certain.serving.opens_s), 0)
        at = _not_yet(at, now_s, since_s=certain.at_s)
    starts = []
    for number, stop in enumerate(onward):
        at = courses.comes(stop, at, number)
        if number == 0 and certain.serving is None:
            at = _not_yet(at, certain.said_s if certain.late_s else now_s, since_s=certain.at_s)
        at = np.maximum(at, stop.opens_s)
        if number == 0 and certain.late_s:
            at = _not_yet(at + certain.late_s, now_s, since_s=certain.at_s)
        starts.append(at)
        at = courses.leaves(stop, at, number + 1)
    quantiles = np.quantile(np.array(starts), LEVELS, axis=1)
    return [_range(stop.key, quantiles[:, number], now_s) for number, stop in enumerate(onward)]


def _range(key: int, quantiles: Floats, now_s: int) -> Range:
    low90, low, middle, high, high90 = (float(each) for each in quantiles)
    return Range(
        key=key,
        at_s=max(now_s, round(middle)),
        from_s=max(now_s, floor(low)),
        until_s=max(now_s, ceil(high)),
        from90_s=max(now_s, floor(low90)),
        until90_s=max(now_s, ceil(high90)),
    )


@dataclass(frozen=True, slots=True)
class _Courses:
    """The courses that one van's day may take."""

    habits: Habits
    today: Today

    def comes(self, stop: Onward, left: Floats, number: int) -> Floats:
        """Return when the van comes to a stop, having left the place before."""
        left = left + stop.apart_s
        return left + self._takes("way", "", stop.way_s, left, number)

    def leaves(self, stop: Onward, began: Floats, number: int) -> Floats:
        """Return when the van leaves a stop at which service began."""
        if stop.building == REST:
            return began + stop.door_s
        return began + stop.extra_s + self._takes("door", stop.building, stop.door_s, began, number)

    def _takes(self, kind: Kind, building: str, planned_s: int, at: Floats, number: int) -> Floats:
        if planned_s == 0:
            return np.zeros(SCENARIOS)
        habit, day = self.habits.of(kind), self.today.of(kind)
        hour = int(at.mean()) // HOUR_S % 24
        pace = habit.pace(building, hour)
        chance: Floats = habit.shape[_order(f"{kind} {number}")]
        log: Floats = pace.mean + day.mean + pace.sd * chance
        log += day.sd * bell()[_order(f"{kind} day")]
        log += habit.hour_sd * bell()[_order(f"{kind} at {hour}")]
        return np.asarray(np.maximum(0.0, (planned_s + SOFT_S) * np.exp(log) - SOFT_S))


@lru_cache(maxsize=2048)
def _order(purpose: str) -> npt.NDArray[np.intp]:
    """Return the points of a shape in an order of chance, the same for a purpose each time.

    All points stand in it once: quantiles of sums are surer than of as many throws of dice.
    """
    return np.random.default_rng(list(purpose.encode())).permutation(SCENARIOS)


def _not_yet(at: Floats, now_s: int, *, since_s: int) -> Floats:
    """Return the courses given that it has not happened until `now_s`, as many as there were.

    Where hardly any foresaw that it takes so long, the last go on: what took long goes on for long.
    """
    if at.min() >= now_s:
        return at
    inorder = np.sort(at)
    first = min(int(np.searchsorted(inorder, now_s, side="right")), SCENARIOS - LEAST_LEFT)
    left = inorder[first:]
    if left[0] <= now_s:
        stretch = max(1.0, (now_s - since_s) / max(1.0, left[0] - since_s))
        left = now_s + 1 + (left - left[0]) * stretch
    spread_out = left[np.arange(SCENARIOS) * len(left) // SCENARIOS]
    return np.asarray(spread_out[_order("not yet")])


def steady(shown: Range | None, new: Range, *, now_s: int) -> Range:
    """Return what to show: the shown range while it is true, a narrower one within it, or the new one.

    A range is true while the new one stays within it, give or take a quarter of its width and two minutes at
    least. So small changes to and fro move nothing; what is known better narrows it, once that is news.
    """
    if shown is None:
        return new
    slack_s = max(SLACK_S, shown.wide_s // 4)
    if new.from_s < shown.from_s - slack_s or new.until_s > shown.until_s + slack_s:
        return new
    if new.wide_s <= NARROWER * shown.wide_s:
        return new
    at_s = shown.at_s if shown.at_s >= now_s else new.at_s
    from_s, until_s = max(shown.from_s, now_s), max(shown.until_s, at_s, now_s)
    return replace(new, at_s=min(max(at_s, from_s), until_s), from_s=from_s, until_s=until_s)
