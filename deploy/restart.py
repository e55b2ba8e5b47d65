"""Start new web processes beside the old ones, and end the old ones when the new ones answer.

    .venv/bin/python deploy/restart.py var/web.pid

The new gunicorn is started by the old one (SIGUSR2) and inherits its listening socket, so that no connection
is refused or forgotten in between. It reads code and settings afresh, within the environment that the old one
was started with. If it does not come up it is ended, and the old one goes on as if nothing had been. Needs
nothing but Python.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

START_S = 60
STOP_S = 40
# main() waits for either of them twice: doorstep-web.service gives a reload more than that.


def main(pidfile: Path) -> int:
    """Restart what runs by this pid file; return 0, or 1 where that did not work out."""
    old, second = pid_in(pidfile), pidfile.with_name(f"{pidfile.name}.2")
    if not alive(old):
        return failed(f"Nothing runs by {pidfile}: start it.")
    if parent(pid_in(second)) == old:
        return failed("Another restart is under way.")
    second.unlink(missing_ok=True)  # of one that was killed: gunicorn removes its own
    os.kill(old, signal.SIGUSR2)
    new = until(lambda: pid_in(second), seconds=START_S)
    if (
        not new
        or not until(lambda: all_ready(pidfile, new) or not alive(new), seconds=START_S)
        or not alive(new)
    ):
        if new and alive(new):
            os.kill(new, signal.SIGTERM)
        return failed("The new processes did not come up; the old ones go on. Their log says why.")
    tell_systemd(f"MAINPID={new}")
    os.kill(old, signal.SIGTERM)
    if not until(lambda: not alive(old), seconds=STOP_S):
        return failed(f"The new processes answer, but the old ones ({old}) have not ended.")
    until(lambda: pid_in(pidfile) == new, seconds=STOP_S)  # then it can be restarted again
    print(f"{new} answers; {old} has ended.")
    return 0


def failed(sentence: str) -> int:
    """Say why, and return what a shell takes for a failure."""
    print(sentence, file=sys.stderr)
    return 1


def all_ready(pidfile: Path, master: int) -> bool:
    """Whether every worker of a gunicorn has said that it is ready (deploy/gunicorn.conf.py).

    A worker that was ready and died does not count: the one in its place has a line of its own.
    """
    lines = text_of(pidfile.with_name(f"{pidfile.name}.{master}.ready")).split("\n")[:-1]
    ready = {pid for pid in (int(line.split()[0]) for line in lines) if parent(pid) == master}
    return bool(lines) and len(ready) >= int(lines[0].split()[1])


def text_of(file: Path) -> str:
    """Return what a file says; nothing where there is none (any more)."""
    try:
        return file.read_text()
    except OSError:
        return ""


def pid_in(file: Path) -> int:
    """Return the pid that a file holds; 0 where there is none yet."""
    return int(text_of(file).strip() or 0)


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    return parent(pid) is not None


def parent(pid: int) -> int | None:
    """Return the pid of a process's parent; None if the process does not run (any more)."""
    _name, _, rest = text_of(Path(f"/proc/{pid}/stat")).rpartition(") ")  # names may have spaces and brackets
    state, number = rest.split()[:2] if rest else ("X", "")
    return None if state in {"Z", "X"} else int(number)


def until(condition: Callable[[], int], *, seconds: float) -> int:
    """Wait for something to be so; return what it is, or 0."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        if found := condition():
            return found
        sleep(0.1)
    return 0


def tell_systemd(message: str) -> None:
    """Say which process is the main one now, where systemd started us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect("\0" + address[1:] if address.startswith("@") else address)
            notify.sendall(message.encode())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
