"""One change is one transaction; waiting too long for a lock is a refusal, not a fault."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import Final, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from scheduling.errors import PlanBusy

P = ParamSpec("P")
R = TypeVar("R")

LOCK_STATES = {"55P03", "40P01", "40001"}  # lock_not_available, deadlock_detected, serialization_failure
TURN_S: Final = 8
"""How long a change waits for its turn on SQLite; after that, for another process's lock."""

_turn = Lock()
_check: ContextVar[Callable[[], object] | None] = ContextVar("check", default=None)


@contextmanager
def checked_by(check: Callable[[], object]) -> Iterator[None]:
    """Have each change inside the block begin with `check()`, in its own transaction, before its other locks.

    What may end at any moment (a customer's link) is looked at once more there, and held until the change is
    certain. What `check` raises undoes the change.
    """
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def is_lock_wait(error: OperationalError) -> bool:
    """Whether the database gave up waiting for another writer."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state in LOCK_STATES or "database is locked" in str(error)


@contextmanager
def _in_turn() -> Iterator[None]:
    """Let this process's changes queue where the database has no queue.

    Who waits for SQLite's lock looks every now and then whether it is free, and the unlucky look at the
    wrong moments. Inside a transaction the lock is ours already. Raises PlanBusy.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    if not _turn.acquire(timeout=TURN_S):
        raise PlanBusy
    try:
        yield
    finally:
        _turn.release()


def one_change(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service in one transaction; raise PlanBusy when a lock did not come free in time."""

    @wraps(service)
    def change(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with _in_turn(), transaction.atomic():
                if check := _check.get():
                    check()
                return service(*args, **kwargs)
        except OperationalError as error:
            if is_lock_wait(error):
                raise PlanBusy from error
            raise

    return change
