"""A cache that may be away: pages go on without it.

Throttles then let everybody through, and the geocoder's turn is free: a shop's checkout matters more than the
minutes in which nobody counts. It is a decision: docs/decisions/0010-pages-go-on-without-redis.md.
"""

import logging
from collections.abc import Callable
from functools import cache as once
from threading import Lock
from time import monotonic
from typing import Any, Final, TypeVar

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis
from redis.exceptions import RedisError

from portal.metrics import cache_failures

log = logging.getLogger(__name__)
T = TypeVar("T")

REST_S: Final = 3.0


class Rest:
    """After a failure nobody asks again for a while, then one does: not every request waits for a timeout."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until: float | None = None
        self._lock = Lock()

    def over(self) -> bool:
        """Whether to ask: always while all is well, once a while when not."""
        if self._until is None:
            return True
        with self._lock:
            if self._until is None:
                return True
            if monotonic() < self._until:
                return False
            self._until = monotonic() + self.seconds
            return True

    def begin(self) -> bool:
        """Note a failure; return whether it is the first in a row."""
        with self._lock:
            first, self._until = self._until is None, monotonic() + self.seconds
            return first

    def end(self) -> None:
        """Note that all is well."""
        self._until = None


rest: Final = Rest(REST_S)
"""Of this process: every thread has a cache object of its own."""


class OneClient(RedisCacheClient):
    """Django's, which makes a client for each operation: that takes as long as asking. One will do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = once(Redis)  # for each pool of connections


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache; while Redis is away it knows nothing, keeps nothing and raises nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._class = OneClient

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return ask(super().add, True, *args, **kwargs)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return ask(super().get, default, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        ask(super().set, None, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return ask(super().touch, False, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return ask(super().delete, False, *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return ask(super().has_key, False, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return ask(super().get_many, {}, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        return ask(super().set_many, [], *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        ask(super().delete_many, None, *args, **kwargs)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Count; raise ValueError where there is nothing to count from, as for a key that ran out."""
        counted = ask(super().incr, None, key, delta, version)
        if counted is None:
            raise ValueError("the cache is away")
        return counted

    def clear(self) -> None:
        ask(super().clear, None)


def ask(operation: Callable[..., T], otherwise: T, *args: Any, **kwargs: Any) -> T:
    """Return what the cache answers, or `otherwise` while it is away."""
    if not rest.over():
        return otherwise
    try:
        answer = operation(*args, **kwargs)
    except RedisError as error:
        cache_failures.inc()
        if rest.begin():
            log.error("The cache is away (%s): nobody is counted until it is back", type(error).__name__)
        return otherwise
    rest.end()
    return answer
