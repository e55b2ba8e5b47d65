"""Rows that hardly change and every page needs, kept in the process for a moment (SET_UP_KEPT_S)."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from django.conf import settings

MOST_KEPT: Final = 1_000

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """What was read for each key, and when. Threads may share it: at worst two of them read the same."""

    def __init__(self) -> None:
        self._found: dict[Key, tuple[datetime, Value]] = {}

    def get(self, key: Key, read: Callable[[], Value], *, now: datetime) -> Value:
        """Return what was read for a key, at most SET_UP_KEPT_S before `now`."""
        found = self._found.get(key)
        if found and found[0] <= now < found[0] + timedelta(seconds=settings.SET_UP_KEPT_S):
            return found[1]
        value = read()
        self._found[key] = now, value
        for oldest in list(self._found)[:-MOST_KEPT]:
            self._found.pop(oldest, None)
        return value

    def forget(self) -> None:
        """Keep nothing of it: the database was replaced under us."""
        self._found.clear()
