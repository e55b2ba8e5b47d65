"""What `/readyz` looks at. Each check returns what is wrong, or nothing; or raises whatever it met."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache as once
from functools import wraps
from secrets import token_hex
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from portal.celery import app
from portal.services.messages import oldest_due_message
from scheduling import clock
from scheduling.selectors.outbox import oldest_waiting_event

BROKER_S: Final = 2
CACHE_KEEPS_S: Final = 5


def plain(error: Exception) -> str:
    """Return what went wrong without what was said: it may name a user or repeat an address."""
    return type(error).__name__


def with_own_connection(check: Callable[[], str]) -> Callable[[], str]:
    """Close the connection that a check opened in its thread."""

    @wraps(check)
    def checked() -> str:
        try:
            return check()
        finally:
            connection.close()

    return checked


@with_own_connection
def database() -> str:
    """Whether the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return "" if cursor.fetchone() == (1,) else "strange answer"


@with_own_connection
def migrations() -> str:
    """Whether every migration of this release is applied; newer ones are fine: a release may be rolling."""
    try:
        missing = shipped() - set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError as error:
        return plain(error)
    return f"{len(missing)} not applied" if missing else ""


@once
def shipped() -> frozenset[tuple[str, str]]:
    """Return the migrations of this release, read from disk once."""
    return frozenset(MigrationLoader(None).disk_migrations or {})


def cache_answers() -> str:
    """Whether the cache gives back what it was given. Probes of all processes share it, so each has a key."""
    given = token_hex(8)
    key = f"readyz:{given}"
    cache.set(key, given, timeout=CACHE_KEEPS_S)
    answered = cache.get(key)
    cache.delete(key)
    return "" if answered == given else "no answer"


def broker() -> str:
    """Whether the queue can be reached."""
    with app.connection_for_write(connect_timeout=BROKER_S) as queue:
        queue.connect()
    return ""


@with_own_connection
def relay() -> str:
    """Whether events and mails are handed on in time: the worker's pulse."""
    lag_s = relay_lag_s(now=clock.now())
    return f"{lag_s:.0f} s behind" if lag_s > settings.RELAY_LAG_LIMIT_S else ""


def relay_lag_s(*, now: datetime) -> float:
    """Return how many seconds the oldest event or mail that could go has been waiting. Two queries."""
    waiting = [at for at in (oldest_waiting_event(now=now), oldest_due_message(now=now)) if at is not None]
    return max((now - min(waiting, default=now)) / timedelta(seconds=1), 0.0)
