"""One process that has loaded the portal, and forks for each command asked of it: loading takes seconds.

Started by a stack, with the stack's settings; it ends when whoever started it does. What is asked for runs in
a process of its own, as it would have without.
"""

import json
import os
import random
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from portal.benchmarks.blank import ROOT

ENDED: Final = b"\0ended "
"""What stands before the exit code, after all that was written."""
READY: Final = b"ready\n"


class Forked:
    """A command that was asked for. `pid` is its process, which may be over."""

    def __init__(self, line: socket.socket, errors: Path | None) -> None:
        self._line, self._errors = line, errors
        self._answer = line.makefile("rb")
        self.pid = int(self._answer.readline())

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return Path(f"/proc/{self.pid}").exists()

    def wait(self) -> tuple[int, str, str]:
        """Wait for its end; return its exit code, its output and, where they are kept, its errors.

        The code is -1 where it was killed.
        """
        with self._line:
            output, mark, code = self._answer.read().rpartition(ENDED)
        errors = self._errors.read_text(errors="replace") if self._errors else ""
        if not mark:
            return -1, code.decode(errors="replace"), errors
        return int(code), output.decode(errors="replace"), errors


class Forks:
    """The process that forks. Raises RuntimeError if the portal doesn't load with these settings."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._folder = tempfile.mkdtemp(prefix="doorstep-forks-")  # a socket's path has to be short
        self._socket = str(Path(self._folder) / "s")
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "portal.benchmarks.forks", self._socket],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if self._process.stdout is None or self._process.stdout.readline() != READY:
            self.close()
            raise RuntimeError("the portal does not load with these settings")

    def start(self, *arguments: str, keep_errors: bool = False) -> Forked:
        """Start what `python ARGUMENTS` would run: a script, or `-m` and a module."""
        errors = self._file() if keep_errors else None
        line = socket.socket(socket.AF_UNIX)
        line.connect(self._socket)
        asked = {"arguments": arguments, "errors": str(errors or "")}
        line.sendall(json.dumps(asked).encode() + b"\n")
        return Forked(line, errors)

    def _file(self) -> Path:
        handle, name = tempfile.mkstemp(dir=self._folder)
        os.close(handle)
        return Path(name)

    def close(self) -> None:
        """End it. What it forked goes on."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=30)
        if self._process.stdout is not None:
            self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def serve(path: str) -> None:
    """Fork for whoever connects, until who started this process is gone."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    signal.signal(signal.SIGCHLD, _let_go)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(128)
        os.write(1, READY)
        while True:
            ready, _nothing, _nothing = select.select([listening, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            line, _address = listening.accept()
            with line:
                if os.fork() == 0:
                    listening.close()
                    _run(line)


def _let_go(_signal: int, _frame: object) -> None:
    """Take note of those that have ended: their time counts as this process's."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _run(line: socket.socket) -> NoReturn:
    """Be the process that was asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    random.seed()
    code = 1
    try:
        with line.makefile("r") as reading:
            asked = json.loads(reading.readline())
        line.sendall(b"%d\n" % os.getpid())
        os.dup2(line.fileno(), 1)
        if asked["errors"]:
            os.dup2(os.open(asked["errors"], os.O_WRONLY), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = _outcome(asked["arguments"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        line.sendall(ENDED + b"%d" % code)
        os._exit(code)


def _outcome(arguments: list[str]) -> int:
    """Run a script or a module; return its exit code."""
    named = arguments[0] == "-m"
    sys.argv = arguments[1:] if named else arguments
    try:
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
    serve(sys.argv[1])
