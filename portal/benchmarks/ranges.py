"""Whether ranges hold: learned from one made-up month, judged on another."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from json import dumps
from time import perf_counter
from typing import Final

import numpy as np

from portal.benchmarks.months import DAYS, FAMILIES, VANS, Tour, month
from scheduling.routing.arrivals import HOUR_S, Certain, Onward, Range, ranges, steady
from scheduling.routing.habits import Habits, Seen, learned, today_of

AHEAD: Final = ((1, 1), (2, 4), (5, 9), (10, 99))
"""How many stops away a customer is, in groups."""
LONG_S: Final = 240
"""A stop that takes longer than this is looked at while it lasts, too."""


@dataclass(frozen=True, slots=True)
class Group:
    """Ranges of customers who were so many stops away. Percent in which service did start, and mean widths.

    fixed_s: the narrowest pair of fixed offsets from the expected time that covers as many of this group; it
        knows this month already
    """

    away: str
    ranges: int
    covers_80: float
    covers_90: float
    shown_covers_80: float
    wide_s: float
    fixed_s: float


@dataclass(frozen=True, slots=True)
class Family:
    """What came of one family of noise, on a month that nothing was learned from.

    covers_80, covers_90: percent of the ranges in which service did start
    shown_covers_80: the same of what a customer reads, which is kept steady
    wide_s: mean width of 80 % ranges; shown_wide_s: of those that are read
    fixed_wide_s: one fixed range, however far away a customer is, that covers as many in each group
    morning_wide_s: one fixed range around what was expected when the van left, that covers as many over all
    pooled_wide_s: one fixed range around the latest expected time that covers as many over all, with
        pooled_far_covers percent of those ten or more stops away and pooled_next_covers of those who are next
    changes_a_stop: how often what is read changes; back_and_forth: how often it turns around
    """

    name: str
    ranges: int
    covers_80: float
    covers_90: float
    shown_covers_80: float
    wide_s: float
    shown_wide_s: float
    fixed_wide_s: float
    morning_wide_s: float
    pooled_wide_s: float
    pooled_far_covers: float
    pooled_next_covers: float
    changes_a_stop: float
    back_and_forth: float
    ms_a_moment: float
    groups: tuple[Group, ...]

    @property
    def holds(self) -> bool:
        """Whether ranges are what they say, and narrower than fixed ones that are as true."""
        true = 76 <= self.covers_80 <= 84 and 87 <= self.covers_90 <= 93
        # A width pooled over all distances is no rival: it is far from true for who is far away.
        return true and self.wide_s < min(self.fixed_wide_s, self.morning_wide_s)


@dataclass(frozen=True, slots=True)
class Judged:
    """One range beside what came: when service began, and what was expected in the morning."""

    away: int
    new: Range
    shown: Range
    came_s: int
    morning_s: int

    @property
    def inside(self) -> bool:
        return self.new.from_s <= self.came_s <= self.new.until_s

    @property
    def inside90(self) -> bool:
        return self.new.from90_s <= self.came_s <= self.new.until90_s

    @property
    def inside_shown(self) -> bool:
        return self.shown.from_s <= self.came_s <= self.shown.until_s


def measured(*, seed: int = 1, days: int = DAYS, vans: int = VANS) -> list[Family]:
    """Learn from a month and judge another, for each family of noise."""
    return [family_of(name, seed=seed, days=days, vans=vans) for name in FAMILIES]


def family_of(name: str, *, seed: int, days: int, vans: int) -> Family:
    """Learn from a month of one family of noise and judge another of it."""
    fitted, other = (month(name, seed=2 * seed + which, days=days, vans=vans) for which in (0, 1))
    habits = learned(
        [each for tour in fitted for each in ways_of(tour, len(tour.stops))],
        [each for tour in fitted for each in doors_of(tour, len(tour.stops))],
    )
    began = perf_counter()
    watched = [Watched(tour, habits) for tour in other]
    judged = [each for tour in watched for each in tour.judged()]
    moments = sum(tour.moments for tour in watched)
    return _figures(name, judged, watched, ms_a_moment=1000 * (perf_counter() - began) / moments)


def ways_of(tour: Tour, over: int) -> list[Seen]:
    """Return the ways to the first `over` stops, as they were."""
    left_s = [tour.left_s, *tour.done_s]
    return [
        Seen(stop.way_s, tour.came_s[number] - left_s[number], left_s[number] // HOUR_S, tour.key)
        for number, stop in enumerate(tour.stops[:over])
    ]


def doors_of(tour: Tour, over: int) -> list[Seen]:
    """Return how long the first `over` stops took at the door, without what their customers asked for."""
    return [
        Seen(
            stop.door_s,
            tour.done_s[number] - tour.began_s[number] - stop.extra_s,
            tour.began_s[number] // HOUR_S,
            tour.key,
            stop.building,
        )
        for number, stop in enumerate(tour.stops[:over])
    ]


class Watched:
    """One tour as a customer of each stop watches it: at each thing that happens a range for all to come."""

    def __init__(self, tour: Tour, habits: Habits) -> None:
        self.tour, self.habits = tour, habits
        self.shown: dict[int, Range] = {}
        self.morning: dict[int, int] = {}
        self.went: dict[int, int] = {}
        self.changes = self.turns = self.moments = 0

    def judged(self) -> Iterator[Judged]:
        """Go through the day."""
        for certain, onward, over, now_s in self._moments():
            self.moments += 1
            today = today_of(self.habits, ways_of(self.tour, over), doors_of(self.tour, over))
            found = ranges(certain, onward, habits=self.habits, today=today, now_s=now_s)
            for away, new in enumerate(found, start=1):
                yield self._shown(away, new, now_s)

    def _shown(self, away: int, new: Range, now_s: int) -> Judged:
        before = self.shown.get(new.key)
        shown = self.shown[new.key] = steady(before, new, now_s=now_s)
        if before is not None:
            self._count(before, shown)
        morning_s = self.morning.setdefault(new.key, new.at_s)
        return Judged(away, new, shown, self.tour.began_s[new.key], morning_s)

    def _moments(self) -> Iterator[tuple[Certain, tuple[Onward, ...], int, int]]:
        """Return what is certain, what is to come, how many stops are over, and when that is.

        A van leaves, is half way by what a phone says, arrives, and is at the door for long.
        """
        tour = self.tour
        for number, stop in enumerate(tour.stops):
            left_s = tour.done_s[number - 1] if number else tour.left_s
            came_s, later = tour.came_s[number], tour.stops[number + 1 :]
            half_s = (left_s + came_s) // 2
            yield Certain(left_s), (stop, *later), number, left_s
            yield Certain(half_s), (replace(stop, way_s=stop.way_s // 2), *later), number, half_s
            yield Certain(came_s, serving=stop), later, number, came_s
            if tour.done_s[number] > tour.began_s[number] + LONG_S:
                yield Certain(came_s, serving=stop), later, number, tour.began_s[number] + LONG_S

    def _count(self, before: Range, shown: Range) -> None:
        if (shown.at_s, shown.until_s) == (before.at_s, before.until_s):
            return
        self.changes += 1
        # Later is one way, earlier the other; a range that narrows goes neither.
        way = (shown.until_s > before.until_s) - (shown.from_s < before.from_s)
        self.turns += way != 0 and self.went.get(shown.key) == -way
        self.went[shown.key] = way or self.went.get(shown.key, 0)


def _figures(name: str, judged: Sequence[Judged], tours: Sequence[Watched], *, ms_a_moment: float) -> Family:
    groups = tuple(_group(judged, low, high) for low, high in AHEAD)
    stops = sum(len(each.tour.stops) for each in tours)
    part = _part(each.inside for each in judged)
    pooled = _fixed([each.came_s - each.new.at_s for each in judged], part)
    return Family(
        name=name,
        ranges=len(judged),
        covers_80=_percent(each.inside for each in judged),
        covers_90=_percent(each.inside90 for each in judged),
        shown_covers_80=_percent(each.inside_shown for each in judged),
        wide_s=_mean(each.new.wide_s for each in judged),
        shown_wide_s=_mean(each.shown.wide_s for each in judged),
        fixed_wide_s=max(each.fixed_s for each in groups),
        morning_wide_s=_wide(_fixed([each.came_s - each.morning_s for each in judged], part)),
        pooled_wide_s=_wide(pooled),
        pooled_far_covers=_percent(_in_fixed(each, pooled) for each in judged if each.away >= AHEAD[-1][0]),
        pooled_next_covers=_percent(_in_fixed(each, pooled) for each in judged if each.away == 1),
        changes_a_stop=round(sum(each.changes for each in tours) / stops, 2),
        back_and_forth=round(sum(each.turns for each in tours) / stops, 2),
        ms_a_moment=round(ms_a_moment, 2),
        groups=groups,
    )


def _group(judged: Sequence[Judged], low: int, high: int) -> Group:
    those = [each for each in judged if low <= each.away <= high]
    errors = [each.came_s - each.new.at_s for each in those]
    return Group(
        away=str(low) if low == high else f"{low} or more" if high == AHEAD[-1][1] else f"{low} to {high}",
        ranges=len(those),
        covers_80=_percent(each.inside for each in those),
        covers_90=_percent(each.inside90 for each in those),
        shown_covers_80=_percent(each.inside_shown for each in those),
        wide_s=_mean(each.new.wide_s for each in those),
        fixed_s=_wide(_fixed(errors, _part(each.inside for each in those))),
    )


def _fixed(errors: Sequence[int], part: float) -> tuple[int, int]:
    """Return the narrowest pair of offsets between which a part of all errors lies."""
    inorder = np.sort(np.array(errors))
    many = max(1, int(np.ceil(part * len(inorder))))
    first = int(np.argmin(inorder[many - 1 :] - inorder[: len(inorder) - many + 1]))
    return int(inorder[first]), int(inorder[first + many - 1])


def _in_fixed(judged: Judged, fixed: tuple[int, int]) -> bool:
    return fixed[0] <= judged.came_s - judged.new.at_s <= fixed[1]


def _wide(fixed: tuple[int, int]) -> float:
    return float(fixed[1] - fixed[0])


def _part(true: Iterator[bool]) -> float:
    found = list(true)
    return sum(found) / max(1, len(found))


def _percent(true: Iterator[bool]) -> float:
    return round(100 * _part(true), 1)


def _mean(numbers: Iterator[int]) -> float:
    found = list(numbers)
    return round(sum(found) / max(1, len(found)), 1)


def as_json(families: Sequence[Family]) -> str:
    """Return the figures as one object."""
    return dumps({"holds": families[0].holds, "families": [asdict(each) for each in families]})


def as_text(family: Family) -> str:
    """Return the figures of a family in a few lines."""
    f = family
    minutes = [
        f"{each / 60:.1f} min" for each in (f.wide_s, f.fixed_wide_s, f.morning_wide_s, f.pooled_wide_s)
    ]
    lines = [
        f"{f.name}: {f.ranges} ranges, service starts in {f.covers_80} % of those of 80 and {f.covers_90} % "
        f"of those of 90",
        f"  as read     {f.shown_covers_80} %, {f.changes_a_stop} changes a stop, {f.back_and_forth} back",
        f"  width       {minutes[0]}; fixed ones that hold as often: {minutes[1]} wherever one is, "
        f"{minutes[2]} told in the morning",
        f"  over all    {minutes[3]} fixed holds as often: {f.pooled_next_covers} % next, "
        f"{f.pooled_far_covers} % ten or more stops away",
        f"  a moment    {f.ms_a_moment} ms for all stops of a route",
    ]
    lines += [
        f"  {each.away} away: {each.covers_80} and {each.covers_90} %, {each.wide_s / 60:.1f} min"
        for each in f.groups
    ]
    return "\n".join(lines)
