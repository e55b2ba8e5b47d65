"""Buffers: slack that routes keep at the end of a promise for what usually goes wrong at some hours.

Which of them applies to a window, and how much of it. What customers are promised stays as it was sold.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling import windows
from scheduling.windows import Window


@dataclass(frozen=True, slots=True)
class BufferRule:
    """So many seconds for windows that meet local hours, `ends` exclusive, of some weekdays (bitmask)."""

    weekdays: int
    starts: time
    ends: time
    seconds: int

    def meets(self, window: Window, zone: ZoneInfo) -> bool:
        """Whether the rule's hours overlap a window, on the local day on which the window opens."""
        day = windows.local_date(window.opens_at, zone)
        starts_at, ends_at = (windows.instant(day, at, zone) for at in (self.starts, self.ends))
        if starts_at >= ends_at or not windows.runs_on(self.weekdays, day):  # a clock change may swallow it
            return False
        return starts_at < window.closes_at and window.opens_at < ends_at


def buffer_s(rules: Iterable[BufferRule], window: Window, zone: ZoneInfo) -> int:
    """Return the seconds to keep free at the end of a window: what the strongest rule that meets it asks for.

    Half of the window at most: a buffer makes a promise safer, it does not take it away.
    """
    return _buffer_s(tuple(rules), window, zone)


@lru_cache(maxsize=8192)  # every quote asks for the same weeks
def _buffer_s(rules: tuple[BufferRule, ...], window: Window, zone: ZoneInfo) -> int:
    strongest = max((rule.seconds for rule in rules if rule.meets(window, zone)), default=0)
    return min(strongest, (window.closes_at - window.opens_at) // timedelta(seconds=2))
