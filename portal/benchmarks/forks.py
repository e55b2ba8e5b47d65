"""A process that has loaded the portal, and forks for each command asked of it: loading takes seconds.

It ends when whoever started it does. What is asked for runs in a process of its own, with the settings that
it is given, as it would have without: `forking.py` is the inside.
"""

import atexit
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

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


class ForkedProcess:
    """A process that goes on, in a group of its own: what `servers.Process` asks of one (see `Running`)."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._answer = line.makefile("rb")
        self.pid = int(self._answer.readline())
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit code, nothing while it runs; that of a killed one is its signal's, negative."""
        if self._code is None and select.select([self._line], [], [], 0)[0]:
            self._take_code()
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its exit code. Raises subprocess.TimeoutExpired."""
        if self._code is None and not select.select([self._line], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return self._code if self._code is not None else self._take_code()

    def _take_code(self) -> int:
        """Read what the process that forked it says of its end, -1 where that one is gone itself."""
        with self._line, self._answer:
            self._code = int(self._answer.readline() or -1)
        return self._code

    def terminate(self) -> None:
        """Ask it to stop."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


class Forks:
    """The process that forks. Raises RuntimeError if the portal doesn't load with these settings."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._folder = tempfile.mkdtemp(prefix="doorstep-forks-")  # a socket's path has to be short
        self._socket = str(Path(self._folder) / "s")
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "portal.benchmarks.forking", self._socket],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if self._process.stdout is None or self._process.stdout.readline() != READY:
            self.close()
            raise RuntimeError("the portal does not load with these settings")

    def start(
        self, *arguments: str, environment: Mapping[str, str] | None = None, keep_errors: bool = False
    ) -> Forked:
        """Start what `python ARGUMENTS` would run, a script, or `-m` and a module.

        With our settings or others, but for those that are read while the portal loads (`forking.become`).
        """
        errors = self._file() if keep_errors else None
        return Forked(self._ask(arguments, environment, errors=str(errors or "")), errors)

    def launch(self, command: list[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> ForkedProcess:
        """Start Python's command as a process that goes on; its output goes to the end of a log."""
        return ForkedProcess(self._ask(command[1:], env, log=str(log), cwd=str(cwd)))

    def _ask(
        self, arguments: "list[str] | tuple[str, ...]", environment: Mapping[str, str] | None, **how: str
    ) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.connect(self._socket)
        asked = {"arguments": arguments, "environment": dict(environment or self.environment)} | how
        line.sendall(json.dumps(asked).encode() + b"\n")
        return line

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


@cache
def shared_forks() -> Forks:
    """The one that all stacks of this process share: each tells its settings with what it asks for."""
    from portal.benchmarks.stack import environment_of_nobody

    forks = Forks(environment_of_nobody())
    atexit.register(forks.close)
    return forks
