"""The portal as a WSGI application that tells where the time of each request goes: `Server-Timing`.

Only `manage.py benchmark http` serves it, in a run of its own: watching slows a little. The portal itself
knows nothing of it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from threading import local
from time import perf_counter, thread_time
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.template.backends.django import Template

from portal.wsgi import application as portal
from scheduling import editor, quoting, snapshots

PARTS = ("core", "queries", "template", "session", "rest")


class Meter(local):
    """One thread's request: milliseconds of each part, those of a part inside another counted once."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget the request before."""
        self.spent_ms = dict.fromkeys(PARTS, 0.0)
        self.queries = 0
        self._open = ["rest"]
        self._since, self._cpu = perf_counter(), thread_time()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what happens inside for a part, and no longer for the one around it."""
        self._turn()
        self._open.append(name)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def _turn(self) -> None:
        now = perf_counter()
        self.spent_ms[self._open[-1]] += (now - self._since) * 1000
        self._since = now

    def report(self) -> str:
        """Return what was counted, as the value of `Server-Timing`."""
        self._turn()
        cpu_ms = (thread_time() - self._cpu) * 1000
        told = {"total": sum(self.spent_ms.values()), "cpu": cpu_ms, **self.spent_ms}
        times = ", ".join(f"{name};dur={ms:.3f}" for name, ms in told.items())
        return f"{times}, count;dur={self.queries}"


meter = Meter()


def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, what it does counted for a part."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with meter.part(part):
            return function(*args, **kwargs)

    return run


def count_query(execute: Callable[..., Any], *args: Any) -> Any:
    """Count one statement. Django calls it around each."""
    meter.queries += 1
    with meter.part("queries"):
        return execute(*args)


def watched() -> Iterator[tuple[Any, str, str]]:
    """Yield the owner and the name of each function that belongs to a part, and the part."""
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    yield from ((quoting, name, "core") for name in ("score", "neighbours", "_tape_of"))
    yield from ((editor, name, "core") for name in ("cheapest_of", "read_snapshot"))
    yield snapshots, "read_snapshot", "core"
    yield from ((BaseDatabaseWrapper, name, "queries") for name in ("connect", "commit"))
    yield Template, "render", "template"
    yield from ((store, name, "session") for name in ("load", "save"))


def watching() -> Callable[..., Iterable[bytes]]:
    """Return the application, its parts watched from now on.

    Raises AttributeError where one of them has another name by now.
    """
    for owner, name, part in watched():
        setattr(owner, name, timed(part, getattr(owner, name)))
    return application


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as the portal does, and say what it took."""

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        return start_response(status, [*headers, ("Server-Timing", meter.report())], *more)

    meter.begin()
    with connection.execute_wrapper(count_query):
        return portal(environ, start)
