"""Starts the demo as `make demo` does, with a database and a folder of its own."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from portal.benchmarks.stack import SQLITE, lay_out_tables
from tests.servers import OURS

DATABASE = "demo.sqlite3"


def free_port() -> int:
    """A port that is free, as the one after it is: the demo's shop wants that."""
    while True:
        with socket.socket() as probe, socket.socket() as after:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            with suppress(OSError, OverflowError):
                after.bind(("127.0.0.1", port + 1))
                return port


@dataclass
class Demo:
    """A running demo, and what it printed until it was ready."""

    process: subprocess.Popen[str]
    url: str
    said: str
    seconds: float

    def end(self) -> tuple[int, float]:
        """Press Ctrl-C; return the exit code and how long it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20), time.monotonic() - started


def environment(folder: Path) -> dict[str, str]:
    """What the demo is told, and nothing of this test run."""
    kept = {name: value for name, value in os.environ.items() if name not in (*OURS, "DOORSTEP_TEST")}
    return kept | {"DOORSTEP_DEMO": "1", "SQLITE_FILE": str(folder / DATABASE)}


def start(folder: Path) -> Demo:
    port, started = free_port(), time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port)],
        cwd=settings.BASE_DIR,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    for line in process.stdout or ():
        said += line
        if "Ctrl-C" in line:
            break
    return Demo(process, f"http://127.0.0.1:{port}", said, time.monotonic() - started)


def laid_out(run: Path) -> Path:
    """The folder of a demo that was started once in this test run (`run` is its folder) and ended.

    Laying a town out takes a while, so whoever comes first does it for all processes; `said.txt` has
    what was printed then. Its tables are those that every database of a test run is copied from.
    """
    folder = run / "first-demo"
    said = folder / "said.txt"
    with (run / "first-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            lay_out_tables(folder, "sqlite")
            (folder / SQLITE).rename(folder / DATABASE)
            first = start(folder)
            first.end()
            said.write_text(first.said)
    return folder


def start_again(run: Path, folder: Path) -> Demo:
    """Start a demo in `folder` with the town that `laid_out` has laid out."""
    shutil.copytree(laid_out(run), folder, dirs_exist_ok=True)
    return start(folder)
