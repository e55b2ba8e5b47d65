"""One change is one transaction; waiting too long for a lock is a refusal, not a fault."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, transaction

from scheduling.errors import PlanBusy

P = ParamSpec("P")
R = TypeVar("R")

LOCK_STATES = {"55P03", "40P01", "40001"}  # lock_not_available, deadlock_detected, serialization_failure


def is_lock_wait(error: OperationalError) -> bool:
    """Whether the database gave up waiting for another writer."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state in LOCK_STATES or "database is locked" in str(error)


def one_change(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service in one transaction; raise PlanBusy when a lock did not come free in time."""

    @wraps(service)
    def change(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with transaction.atomic():
                return service(*args, **kwargs)
        except OperationalError as error:
            if is_lock_wait(error):
                raise PlanBusy from error
            raise

    return change
