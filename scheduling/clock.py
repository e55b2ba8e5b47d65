"""The only clock. Views, tasks and commands ask it and pass `now` on; nothing else does."""

from collections.abc import Callable
from datetime import UTC, datetime


def wall() -> datetime:
    """Return what everybody's clocks say: for what others judge by their own. All else asks now()."""
    return datetime.now(UTC)


_source: Callable[[], datetime] = wall


def now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return _source()


def set_source(source: Callable[[], datetime] | None) -> None:
    """Let another source tell the time (the demo's movable clock); `None` restores the wall clock."""
    global _source
    _source = source or wall
