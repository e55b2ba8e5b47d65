"""`python -m portal.benchmarks.forking SOCKET`: the inside of the process that forks, see forks.py.

A fork is a process like any other: it has a number, a group and open files of its own, can be killed, and
reads its settings anew. What it does not do again is load code that is the same for all.
"""

import gc
import json
import os
import random
import runpy
import select
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, NoReturn

from portal.benchmarks.blank import ROOT
from portal.benchmarks.forks import ENDED, READY

LOADED: Final = (
    "django.core.management.commands.migrate",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.test.signals",
    "gunicorn.app.wsgiapp",
    "gunicorn.arbiter",
    "gunicorn.workers.gthread",
    "celery.bin.celery",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.prefork",
    "celery.worker",
    "kombu.transport.redis",
    "portal.broker",
    "returns.tasks",
    "scheduling.tasks",
)
"""What web, worker and commands load beside pages."""

READ_ANEW: Final = {"CACHES", "DATABASES", "LOGGING", "SESSION_COOKIE_NAME", "STORAGES"}
"""Settings that are read while the portal loads, and that a fork makes good: see `become`.

The name of the cookie is the default of an authentication of django-ninja's that we don't use.
"""


def load() -> None:
    """Load all that is the same whatever the settings."""
    import django
    from django.conf import settings
    from django.urls import reverse
    from django.utils.module_loading import import_string

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    reverse(settings.LOGIN_URL)  # loads every page, and puts their addresses in order
    for name in settings.MIDDLEWARE:
        import_string(name)
    for name in LOADED:
        import_module(name)
    _load_templates()
    gc.collect()
    gc.freeze()


def _load_templates() -> None:
    """Read all pages and messages: each process would read most of them for its first visitors."""
    from django.template import engines

    folder = ROOT / "templates"
    for path in folder.rglob("*.*"):
        engines["django"].get_template(path.relative_to(folder).as_posix())


def read_while_loading() -> dict[str, Any]:
    """The settings that somebody has read by now."""
    from django.conf import settings

    return {name: value for name, value in vars(settings).items() if name.isupper()}


def become(environment: Mapping[str, str], loaded: Mapping[str, Any]) -> None:
    """Go on with another environment, as if the portal had been loaded with it.

    The settings are read anew, and told as Django's own tests tell theirs. Raises RuntimeError if one of them
    was read while the portal loaded and would have been another: then nobody knows what was made of it.
    """
    import django
    from asgiref.local import Local
    from django.conf import Settings, settings
    from django.core.cache import caches
    from django.core.signals import setting_changed
    from django.db import connections

    os.environ.clear()
    os.environ.update(environment)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    sys.modules.pop("portal.settings", None)
    settings._wrapped = Settings("portal.settings")
    changed = {name for name, value in loaded.items() if getattr(settings, name) != value}
    if changed - READ_ANEW:
        raise RuntimeError(f"read while the portal loaded, and other now: {sorted(changed - READ_ANEW)}")
    for name in changed - {"DATABASES"}:
        setting_changed.send(sender=None, setting=name, value=getattr(settings, name), enter=True)
    for handler in (connections, caches):  # nothing is connected yet
        vars(handler).update(_settings=None, _connections=Local(handler.thread_critical))
        vars(handler).pop("settings", None)
    _configure_celery()
    django.setup()  # what writes logs


def _configure_celery() -> None:
    from portal.celery import app

    timetable = app.conf.beat_schedule
    app.config_from_object("django.conf:settings", namespace="CELERY", force=True)
    app.conf.beat_schedule = timetable


class Forking:
    """Forks for whoever connects, until who started this process is gone."""

    def __init__(self, path: str) -> None:
        self.loaded = read_while_loading()
        self.environment = dict(os.environ)
        self.lines: dict[int, socket.socket] = {}
        """The lines of processes that go on: each is told its process's exit code."""
        self.woken, self.wake = os.pipe()
        for end in (self.woken, self.wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(path)
        self.listening.listen(128)

    def serve(self) -> None:
        """Go on until who started this process is gone."""
        os.write(1, READY)
        while True:
            ready, _nothing, _nothing = select.select([self.listening, sys.stdin, self.woken], [], [])
            if sys.stdin in ready:
                return
            if self.woken in ready:
                os.read(self.woken, 4096)
                self._let_go()
            if self.listening in ready:
                self._fork(self.listening.accept()[0])

    def _fork(self, line: socket.socket) -> None:
        with line.makefile("r") as reading:
            asked = json.loads(reading.readline())
        pid = os.fork()
        if pid == 0:
            self._close()
            _run(line, asked, self)
        if asked.get("log"):
            self.lines[pid] = line
        else:
            line.close()

    def _close(self) -> None:
        """In a fork: close what is not its own."""
        signal.set_wakeup_fd(-1)
        for end in (self.woken, self.wake):
            os.close(end)
        for other in (self.listening, *self.lines.values()):
            other.close()

    def _let_go(self) -> None:
        """Take note of those that have ended: their time counts as this process's."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if line := self.lines.pop(pid, None):
                with line:
                    _tell(line, b"%d\n" % os.waitstatus_to_exitcode(status))


def _tell(line: socket.socket, said: bytes) -> None:
    """Say something to whoever may not listen any more."""
    try:
        line.sendall(said)
    except OSError:
        return


def _run(line: socket.socket, asked: dict[str, Any], forking: Forking) -> NoReturn:
    """Be the process that was asked for: one that goes on, or a command that answers along the line."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    random.seed()
    _point(0, os.devnull, os.O_RDONLY)
    if log := asked.get("log"):
        os.setsid()
        os.chdir(asked["cwd"])
        for number in (1, 2):
            _point(number, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        with line:
            line.sendall(b"%d\n" % os.getpid())
        sys.exit(_outcome(asked, forking))
    code = 1
    try:
        line.sendall(b"%d\n" % os.getpid())
        os.dup2(line.fileno(), 1)
        if asked["errors"]:
            _point(2, asked["errors"], os.O_WRONLY)
        code = _outcome(asked, forking)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        line.sendall(ENDED + b"%d" % code)
        os._exit(code)


def _point(number: int, path: str, how: int) -> None:
    """Have an open file's number mean a path."""
    opened = os.open(path, how, 0o666)
    os.dup2(opened, number)
    os.close(opened)


def _outcome(asked: Mapping[str, Any], forking: Forking) -> int:
    """Run a script or a module; return its exit code."""
    arguments = asked["arguments"]
    named = arguments[0] == "-m"
    sys.argv = arguments[1:] if named else arguments
    try:
        if asked["environment"] != forking.environment:
            become(asked["environment"], forking.loaded)
        if named:
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        return _code_of(end.code)
    except BaseException:  # noqa: BLE001 - as Python itself does
        traceback.print_exc()
        return 1
    return 0


def _code_of(code: Any) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    sys.stderr.write(f"{code}\n")
    return 1


if __name__ == "__main__":
    load()
    Forking(sys.argv[1]).serve()
