"""A clock that can be moved, forward only. Its offset is a file, so that a restart does not forget it."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from scheduling import clock


class MovableClock:
    """The wall's time plus an offset, which is never negative."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.offset = timedelta(seconds=_read(file))

    def now(self) -> datetime:
        """The demo's present, aware and in UTC."""
        return self.wall() + self.offset

    def wall(self) -> datetime:
        """The time that everybody else has."""
        return clock.wall()

    def move_to(self, at: datetime) -> None:
        """Jump forward. Raises ValueError for an instant that is over."""
        now = self.now()
        if at <= now:
            raise ValueError("The clock goes forward only")
        self._set(self.offset + (at - now))

    def start_again(self) -> None:
        """Show the wall's time again."""
        self._set(timedelta(0))

    def install(self) -> None:
        """From here on everybody reads this clock."""
        clock.set_source(self.now)

    def _set(self, offset: timedelta) -> None:
        self.offset = offset
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"offset_s": offset.total_seconds()}))


def _read(file: Path) -> float:
    try:
        return max(0.0, float(json.loads(file.read_text())["offset_s"]))
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
