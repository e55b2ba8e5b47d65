"""Made-up months on the road, for `benchmark ranges`: what was planned, and what became of it.

Two families of noise. `lognormal`: ways and doors vary as bell curves of their logs, by hour and building,
with a part common to a van's day. `heavy`: tails are long, hours go badly for all vans at once and for some
hours on, and now and then a way is closed. Windows, buildings and hours are those of a town in both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from scheduling.routing.arrivals import HOUR_S, Onward

BUILDINGS: Final = {
    "house": (-0.20, 0.35),
    "lift": (0.05, 0.45),
    "stairs": (0.30, 0.50),
    "point": (-0.45, 0.30),
}
"""How the seconds at a door differ there: mean and spread of the log of their ratio to the planned ones."""
RUSH: Final = {7: 0.25, 8: 0.30, 9: 0.12, 15: 0.15, 16: 0.30, 17: 0.28, 18: 0.10}
"""By how much the log of ways is longer in these hours."""
LUNCH: Final = {11: 0.10, 12: 0.15}
FIRST_H, DAYS, VANS = 8, 22, 16
FAMILIES: Final = ("lognormal", "heavy")


@dataclass(frozen=True, slots=True)
class Tour:
    """One van's day: its stops as planned, and when it came, began and left there."""

    key: str
    left_s: int
    stops: tuple[Onward, ...]
    came_s: tuple[int, ...]
    began_s: tuple[int, ...]
    done_s: tuple[int, ...]


def month(family: str, *, seed: int, days: int = DAYS, vans: int = VANS) -> list[Tour]:
    """Return a month of days; another seed is another month of the same town."""
    chance = np.random.default_rng([seed, FAMILIES.index(family)])
    return [tour for day in range(days) for tour in _day(_Day(family, chance), day, vans)]


def _day(weather: "_Day", day: int, vans: int) -> Iterator[Tour]:
    for van in range(vans):
        yield _driven(f"{day}-{van}", _planned(weather.chance), weather.for_van())


def _planned(chance: np.random.Generator) -> list[Onward]:
    """Lay out a tour as a planner would: each stop in the two hours around when it is due."""
    at_s, stops = float(FIRST_H * HOUR_S), []
    for key in range(int(chance.integers(18, 30))):
        way_s = int(np.clip(chance.lognormal(5.5, 0.6), 45, 1_500))
        extra_s = 180 if chance.random() < 0.06 else 0
        at_s += way_s * 1.1
        opens_s = FIRST_H * HOUR_S if chance.random() < 0.25 else int(at_s - chance.uniform(600, 6_600))
        building = str(chance.choice(list(BUILDINGS)))
        stops.append(Onward(key, way_s, opens_s, 60 if building == "point" else 180, extra_s, building))
        at_s = max(at_s, opens_s) + stops[-1].door_s * 1.05 + extra_s
    return stops


def _driven(key: str, stops: list[Onward], noise: "_Van") -> Tour:
    at_s, came, began, done = FIRST_H * HOUR_S, [], [], []
    for stop in stops:
        came.append(at_s + noise.way_s(stop.way_s, at_s))
        began.append(max(came[-1], stop.opens_s))
        done.append(began[-1] + stop.extra_s + noise.door_s(stop.door_s, stop.building, began[-1]))
        at_s = done[-1]
    return Tour(key, FIRST_H * HOUR_S, tuple(stops), tuple(came), tuple(began), tuple(done))


class _Day:
    """What all vans of a day have in common: in the heavy family, how its hours go."""

    def __init__(self, family: str, chance: np.random.Generator) -> None:
        self.family, self.chance = family, chance
        self.hours = self._hours() if family == "heavy" else np.zeros(24)

    def _hours(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        hours, last = np.zeros(24), 0.0
        for hour in range(24):
            last = 0.6 * last + 0.12 * self.chance.standard_normal()
            hours[hour] = last
        return hours

    def for_van(self) -> "_Van":
        return _Van(self)


class _Van:
    """One van's noise."""

    def __init__(self, day: _Day) -> None:
        self.day, self.chance = day, day.chance
        self.way_off, self.door_off = (
            0.08 * self.chance.standard_normal(),
            0.12 * self.chance.standard_normal(),
        )

    def way_s(self, planned_s: int, at_s: int) -> int:
        hour = at_s // HOUR_S % 24
        log = RUSH.get(hour, 0.0) + self.way_off + self.day.hours[hour] + 0.22 * self._noise()
        closed_s = 240 * self.chance.pareto(1.6) if self._happens(0.02) else 0.0
        return max(10, round(float(planned_s * np.exp(log) + closed_s)))

    def door_s(self, planned_s: int, building: str, at_s: int) -> int:
        hour, (mean, spread) = at_s // HOUR_S % 24, BUILDINGS[building]
        log = mean + LUNCH.get(hour, 0.0) + self.door_off + spread * self._noise()
        return max(5, round(float(planned_s * np.exp(np.clip(log, -3, 2.5)))))

    def _noise(self) -> float:
        if self.day.family == "heavy":
            return float(self.chance.standard_t(3)) / 3**0.5
        return float(self.chance.standard_normal())

    def _happens(self, often: float) -> bool:
        return self.day.family == "heavy" and bool(self.chance.random() < often)
