"""Access rules: at some hours vehicles of some classes may not stop in a part of what a depot serves.

No service of a barred class may overlap the hours; driving through is not judged. What is left of a window
are its parts, each for those vehicles that it does not bar. Customers are promised the whole window; only the
routes keep to a part.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import combinations
from typing import Final
from zoneinfo import ZoneInfo

from scheduling import windows
from scheduling.facts import MOST_SERVICE_S
from scheduling.windows import DAY, Window

LONGEST: Final = timedelta(seconds=MOST_SERVICE_S)
"""A service that begins in a window may meet hours that begin so long after it."""


@dataclass(frozen=True, slots=True)
class Ban:
    """When vehicles of some classes may not stand somewhere: aware datetimes, `ends_at` exclusive."""

    starts_at: datetime
    ends_at: datetime
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class AccessHours:
    """Local hours, `ends` exclusive, of some weekdays (bitmask) at which some classes may not stop.

    None for `starts` is midnight, for `ends` the next one.
    """

    weekdays: int
    starts: time | None
    ends: time | None
    classes: frozenset[str]

    def ban_on(self, day: date, zone: ZoneInfo) -> Ban | None:
        """Return the hours of a local day as instants; None on other weekdays.

        Clock changes never make them shorter: an hour that comes twice is barred both times, and hours
        that begin or end in one that is skipped reach as far as either clock has them.
        """
        if not windows.runs_on(self.weekdays, day):
            return None
        begun = windows.midnight(day, zone) if self.starts is None else min(_readings(day, self.starts, zone))
        ended = (
            windows.midnight(day + DAY, zone) if self.ends is None else max(_readings(day, self.ends, zone))
        )
        return Ban(begun, ended, self.classes) if begun < ended else None


@dataclass(frozen=True, slots=True)
class Part:
    """What routes keep to within a promise: a service neither begins before it nor ends after it.

    `barred` are the slugs of vehicle classes that may not serve it.
    """

    not_before_at: datetime | None = None
    done_by_at: datetime | None = None
    barred: frozenset[str] = frozenset()


WHOLE: Final = (Part(),)
"""No rule has a say."""


def parts_of(rules: Collection[AccessHours], window: Window, zone: ZoneInfo) -> tuple[Part, ...]:
    """Return all parts of a window that are not part of a better one, those that bar fewest first.

    One part for each set of barred classes and each time between hours that bar others. A service must also
    be done before hours that begin after the window: it may become longer later on.
    """
    if not rules:  # nearly always
        return WHOLE
    day = windows.local_date(window.opens_at, zone)
    days = [day - DAY, day, day + DAY]
    bans = (rule.ban_on(each, zone) for rule in rules for each in days)
    near = frozenset(
        ban
        for ban in bans
        if ban and ban.ends_at > window.opens_at and ban.starts_at < window.closes_at + LONGEST
    )
    return _parts(near, window) if near else WHOLE


@lru_cache(maxsize=4096)  # the next shopper of the same street asks for the same week
def _parts(bans: frozenset[Ban], window: Window) -> tuple[Part, ...]:
    found = {part for barred in _barred_sets(bans) for part in _parts_barring(barred, bans, window)}
    best = [part for part in found if not any(_worse(part, other) for other in found)]
    return tuple(
        sorted(best, key=lambda p: (len(p.barred), sorted(p.barred), p.not_before_at or window.opens_at))
    )


def _barred_sets(bans: frozenset[Ban]) -> set[frozenset[str]]:
    """All that may be barred in some stretch between two instants at which anything begins or ends."""
    instants = sorted({at for ban in bans for at in (ban.starts_at, ban.ends_at)})
    sets = {frozenset[str]()}
    for begun, ended in combinations(instants, 2):
        met = (ban.classes for ban in bans if ban.starts_at < ended and begun < ban.ends_at)
        sets.add(frozenset().union(*met))
    return sets


def _parts_barring(barred: frozenset[str], bans: frozenset[Ban], window: Window) -> Iterable[Part]:
    """The times between the hours that bar other classes too, as far as they meet the window."""
    not_before_at: datetime | None = None
    walls = sorted((b for b in bans if not b.classes <= barred), key=lambda ban: ban.starts_at)
    for wall in walls:
        begun = max(not_before_at or window.opens_at, window.opens_at)
        if begun < min(wall.starts_at, window.closes_at):
            yield Part(not_before_at, wall.starts_at, barred)
        not_before_at = max(not_before_at or wall.ends_at, wall.ends_at)
    if not_before_at is None or not_before_at < window.closes_at:
        yield Part(not_before_at, None, barred)


def _worse(part: Part, other: Part) -> bool:
    """Whether another part reaches as far and bars less, or further and bars no more."""
    if part == other or not other.barred <= part.barred:
        return False
    return _begun(other) <= _begun(part) and _ended(part) <= _ended(other)


def _begun(part: Part) -> datetime:
    return part.not_before_at or datetime.min.replace(tzinfo=UTC)


def _ended(part: Part) -> datetime:
    return part.done_by_at or datetime.max.replace(tzinfo=UTC)


def _readings(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants that clocks may mean by a local time: two where it comes twice or is skipped."""
    first, again = (datetime.combine(day, at.replace(fold=fold), zone) for fold in (0, 1))
    return first.astimezone(UTC), again.astimezone(UTC)
