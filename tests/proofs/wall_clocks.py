"""The oracle of `clocks`: what a wall clock shows, read off the C library one minute after the other.

It shares nothing with `scheduling.windows`, nor with Python's zoneinfo but the files both read.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import TZPATH

import numpy as np

DAY_MINUTES = 24 * 60
EPOCH = date(1970, 1, 1)


def file_of(zone: str) -> Path:
    """The file of a zone that zoneinfo reads too: the system's, else that of the tzdata wheel."""
    for folder in TZPATH:
        if (Path(folder) / zone).is_file():
            return Path(folder) / zone
    import tzdata

    return Path(tzdata.__file__).parent / "zoneinfo" / zone


class WallClock:
    """What the clock of a zone shows at each UTC minute of some days.

    `step` is how many minutes apart it is looked at; where two looks differ in their distance from UTC, every
    minute between them is looked at.
    """

    def __init__(self, zone: str, first: date, days: int, *, step: int = 1) -> None:
        os.environ["TZ"] = f":{file_of(zone)}"
        time.tzset()
        self.zone, self.first, self.days = zone, first, days
        self.start = minutes_of(first) - 20 * DAY_MINUTES
        count = (days + 50) * DAY_MINUTES
        self.ahead = np.repeat([self._ahead_at(at) for at in range(0, count + step, step)], step)[:count]
        for look in range(step, count, step):
            if step > 1 and self.ahead[look] != self.ahead[look - 1]:
                self.ahead[look - step : look] = [self._ahead_at(at) for at in range(look - step, look)]
        self.shown = np.arange(self.start, self.start + count) + self.ahead
        self.reached = np.maximum.accumulate(self.shown)

    def _ahead_at(self, index: int) -> int:
        return time.localtime((self.start + index) * 60).tm_gmtoff // 60

    def instant(self, day: date, minute: int) -> datetime:
        """The first instant at which the clock shows a minute of a day.

        Where the clock leaps over it: when it would have shown it had it not been put forward.
        """
        wanted = minutes_of(day) + minute
        index = int(np.searchsorted(self.reached, wanted))
        if self.reached[index] != wanted:
            index += int(wanted - self.reached[index - 1]) - 1
        return self.at(index)

    def date_at(self, at: datetime) -> date:
        """The date shown at an instant."""
        return EPOCH + timedelta(days=int(self.shown[self.index(at)]) // DAY_MINUTES)

    def minutes_shown(self, day: date) -> int:
        """For how many minutes a date is shown."""
        return int(self._lengths[minutes_of(day) // DAY_MINUTES - int(self.shown[0]) // DAY_MINUTES])

    @cached_property
    def _lengths(self) -> np.ndarray:
        return np.bincount((self.shown - self.shown[0] // DAY_MINUTES * DAY_MINUTES) // DAY_MINUTES)

    def index(self, at: datetime) -> int:
        """Which look was at an instant."""
        return int(at.timestamp()) // 60 - self.start

    def at(self, index: int) -> datetime:
        """The instant of a look."""
        return datetime.fromtimestamp((self.start + index) * 60, UTC)

    def changes(self) -> list[date]:
        """The days on which the clock is put forward or back."""
        indices = np.flatnonzero(np.diff(self.ahead)) + 1
        found = {self.date_at(self.at(int(index))) for index in indices}
        return [day for day in sorted(found) if self.first <= day < self.first + timedelta(days=self.days)]

    def every_day(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.days))


def minutes_of(day: date) -> int:
    """Minutes from 1970 to the beginning of a date, as if all its days had 24 hours."""
    return (day - EPOCH).days * DAY_MINUTES
