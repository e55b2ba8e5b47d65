"""Rows that many tests begin with are laid out by their services once in a process, and copied afterwards.

Half of what tests cost was laying out the same networks and bookings. A function marked `laid_out_once` says:
what I leave is decided by what I am given and by the rows there are. Where all tables that it reads or writes
hold what such calls have left in them, and nothing else, its rows are known from the test that made the same
call first, and are written as they are. So a test has the very rows that services made, on each database.

Whatever else a test writes makes a table unknown, and calls that touch it are made in earnest; so are all in
tests that may look at how it is done (`LOOKING`), or whose rows others have to see.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import connection, models
from django.utils import translation

from scheduling import clock, snapshots
from tests.copies import (
    Contents,
    Row,
    gone_of,
    in_bytes,
    new_of,
    out_of_bytes,
    read_rows,
    rows_in,
    tables,
    write_rows,
)

P = ParamSpec("P")
R = TypeVar("R")
Key = bytes

LOOKING = {"monkeypatch", "caplog", "django_capture_on_commit_callbacks"}
"""Fixtures of tests that change how rows are laid out, or watch it."""
OF_NO_ROW = re.compile(r"EMAIL_|SMS_|TWILIO_|MEDIA_ROOT|STRIPE_API_BASE|WEBHOOK_TEST_TARGETS")
"""Settings that say where things go to: no row depends on them."""
READS = ("SELECT", "(SELECT", "BEGIN", "SAVEPOINT", "RELEASE")
WRITTEN = re.compile(r'(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM) "(\w+)"')
READ = re.compile(r'(?:FROM|JOIN) "(\w+)"')


class Numbers:
    """Numbers that tell rows of one test apart. Each test begins anew: equal calls leave equal rows."""

    def __init__(self) -> None:
        self.last = 0

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.last += 1
        return self.last


numbers = Numbers()


@dataclass
class Layout:
    """What the database holds after some calls, and what each further call makes of it."""

    contents: Contents
    steps: dict[Key, "Step"] = field(default_factory=dict)


@dataclass
class Step:
    """What one call touches, and leaves: rows, what it returned and did to its arguments, tapes, numbers."""

    to: Layout
    touches: set[str]
    removed: list[tuple[str, list[Any]]]
    added: list[tuple[str, list[Row]]]
    left: bytes
    tapes: "Tapes"
    numbers: int


@dataclass
class Tapes:
    """What `snapshots` keeps in the process."""

    cached: dict[Any, Any]
    joined: dict[Any, Any]
    unsure: set[int]

    @classmethod
    def now(cls) -> "Tapes":
        return cls(dict(snapshots._cache), dict(snapshots._joined), set(snapshots._unsure.plans))

    def since(self, before: "Tapes") -> "Tapes":
        return Tapes(
            {key: value for key, value in self.cached.items() if before.cached.get(key) is not value},
            {key: value for key, value in self.joined.items() if before.joined.get(key) is not value},
            self.unsure - before.unsure,
        )

    def put_back(self) -> None:
        snapshots._cache.update(self.cached)
        snapshots._joined.update(self.joined)
        snapshots._unsure.plans |= self.unsure


@dataclass
class Touched:
    """Tables that a call has to do with."""

    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)


class _Test:
    """The test that runs: the layout it begins with, but for tables of which nothing is known.

    `here` is None where nothing is known of any. `call` is the call that is made in earnest.
    """

    def __init__(self) -> None:
        self.here: Layout | None = None
        self.unknown: set[str] = set()
        self.call: Touched | None = None
        self.quiet = False


EMPTY = Layout({})
_test = _Test()


def begin(fixtures: Iterable[str]) -> None:
    """Begin a test in an empty database."""
    numbers.last = 0
    _test.here = None if LOOKING.intersection(fixtures) else EMPTY
    _test.unknown, _test.call = set(), None


def watch() -> None:
    """Notice from now on what this thread's connection is asked for."""
    if _notice not in connection.execute_wrappers:
        connection.execute_wrappers.append(_notice)


def _notice(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    if _test.here is not None and not _test.quiet:
        if _test.call is not None:
            _test.call.read.update(READ.findall(sql))
        if not sql.startswith(READS):
            _notice_write(sql)
    return execute(sql, *rest)


def _notice_write(sql: str) -> None:
    found = WRITTEN.match(sql)
    if found is None or found[1] not in tables():
        _test.here = None
    elif _test.call is not None:
        _test.call.written.add(found[1])
    else:
        _test.unknown.add(found[1])


def laid_out_once(make: Callable[P, R]) -> Callable[P, R]:
    """Have equal calls of `make` in equal databases leave copies of the first one's rows."""

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _may_copy():
            return make(*args, **kwargs)
        given = (args, kwargs)
        key = in_bytes((make.__module__, make.__qualname__, given, _circumstances()))
        if key is None:
            _test.here = None
            return make(*args, **kwargs)
        rows, here = rows_in(given), _test.here
        step = here.steps.get(key)
        if step is None or not step.touches.isdisjoint(_test.unknown):
            result = _make(here, key, rows, partial(make, *args, **kwargs))
            if _test.here is None or _test.here is here:
                return result
        else:
            with _unnoticed():
                write_rows(step.removed, step.added)
            _test.here = step.to
        # The first time too: what a test is given must not depend on which tests ran before.
        return _restore(here.steps[key], rows)

    return made


def _may_copy() -> bool:
    """Whether what is there is known, and neither watched nor being laid out by another call."""
    return (
        _test.here is not None
        and _test.call is None
        and _notice in connection.execute_wrappers  # a thread's own connection is not watched
        and connection.in_atomic_block
        and not connection.force_debug_cursor
        and not settings.SET_UP_KEPT_S
    )


def _circumstances() -> tuple[Any, ...]:
    """What a call may depend on besides its arguments and the rows there are."""
    now = None if clock._source is clock.wall else clock.now()
    return now, translation.get_language(), numbers.last, _changed_settings()


def _changed_settings() -> list[tuple[str, str]]:
    changed, layer = {}, settings._wrapped
    while "default_settings" in vars(layer):
        changed = {name: repr(value) for name, value in vars(layer).items() if name.isupper()} | changed
        layer = layer.default_settings
    return sorted((name, value) for name, value in changed.items() if not OF_NO_ROW.match(name))


# The first time


def _make(here: Layout, key: Key, rows: list[models.Model], make: Callable[[], R]) -> R:
    """Lay rows out in earnest, and keep what came of it if that is decided by what is known."""
    before, call = Tapes.now(), Touched()
    _test.call = call
    try:
        result = make()
    except BaseException:
        _test.here = None
        raise
    finally:
        _test.call = None
    touches = call.read | call.written
    left = _kept(result, rows) if touches.isdisjoint(_test.unknown) else None
    if left is None:
        _test.unknown |= call.written
    elif _test.here is not None:
        here.steps[key] = _step(here, call, left, Tapes.now().since(before))
        _test.here = here.steps[key].to
    return result


def _kept(result: Any, rows: list[models.Model]) -> bytes | None:
    """Return what a call returned, and what became of its arguments' rows, in bytes if that can be."""
    return in_bytes((result, [row.__dict__ for row in rows]), rows)


def _step(here: Layout, call: Touched, left: bytes, tapes: Tapes) -> Step:
    with _unnoticed():
        new = {table: read_rows(table, here.contents) for table in call.written}
    old, written = here.contents, sorted(call.written)
    return Step(
        to=Layout({**old, **new}),
        touches=call.read | call.written,
        removed=[(table, gone) for table in written if (gone := gone_of(table, old, new))],
        added=[(table, rows) for table in written if (rows := new_of(table, old, new))],
        left=left,
        tapes=tapes,
        numbers=numbers.last,
    )


# Every other time


def _restore(step: Step, rows: list[models.Model]) -> Any:
    """Return what the call returned, its arguments as it left them."""
    numbers.last = step.numbers
    step.tapes.put_back()
    result, states = out_of_bytes(step.left, rows)
    for row, state in zip(rows, states, strict=True):
        row.__dict__.clear()
        row.__dict__.update(state)
    return result


@contextmanager
def _unnoticed() -> Iterator[None]:
    _test.quiet = True
    try:
        yield
    finally:
        _test.quiet = False
