"""Windows, local days, and what clock changes do to them. Arithmetic is in UTC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A promised arrival window about the start of service: aware datetimes, `closes_at` exclusive."""

    opens_at: datetime
    closes_at: datetime

    def __post_init__(self) -> None:
        if self.opens_at >= self.closes_at:
            raise ValueError(f"{self} closes before it opens")

    def contains(self, other: "Window") -> bool:
        """Whether `other` lies wholly inside this window."""
        return self.opens_at <= other.opens_at and other.closes_at <= self.closes_at


@lru_cache(maxsize=8192)  # every quote asks for the same weeks
def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the clocks of `zone` show `at` on `day`.

    A time that is skipped in spring is moved forward by the gap; of a time that comes twice in
    autumn the first is meant.
    """
    # zoneinfo reads a skipped time (fold=0) with the offset before the gap, which lands it after the gap.
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local day, also where midnight itself is skipped."""
    return instant(day, time(0), zone)


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """Return the date that the calendars of `zone` show at an instant."""
    return at.astimezone(zone).date()


def end_of_quiet(at: datetime, *, begins: time, ends: time, zone: ZoneInfo) -> datetime | None:
    """Return when the quiet hours that an instant falls into end, over midnight too; None outside of them."""
    today = local_date(at, zone)
    for day in (today - DAY, today):
        last = day if begins < ends else day + DAY
        start, end = instant(day, begins, zone), instant(last, ends, zone)
        if start <= at < end:
            return end
    return None


def days_from(first: date, count: int) -> Iterator[date]:
    """Yield `count` local dates in order."""
    for offset in range(count):
        yield first + offset * DAY


def runs_on(weekdays: int, day: date) -> bool:
    """Whether a bitmask of weekdays (Monday is bit 0) includes `day`."""
    return bool(weekdays >> day.weekday() & 1)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a shop packs: the same hours on each working weekday (bitmask), in its depot's zone."""

    opens: time
    closes: time
    weekdays: int
    zone: ZoneInfo

    def after(self, start: datetime, worked: timedelta) -> datetime:
        """Return the instant at which `worked` working time has passed since `start`.

        Raises ValueError if no weekday is worked.
        """
        if not self.weekdays & 0b1111111:
            raise ValueError("no working weekday")
        if worked <= timedelta(0):
            return start
        day, left = local_date(start, self.zone), worked
        while True:
            opens_at = max(instant(day, self.opens, self.zone), start)
            closes_at = instant(day, self.closes, self.zone)
            if runs_on(self.weekdays, day) and closes_at > opens_at:
                if left <= closes_at - opens_at:
                    return opens_at + left
                left -= closes_at - opens_at
            day += DAY
