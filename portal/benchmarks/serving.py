"""Whom the load is sent to: a portal of our own, with the demo's town, or one that runs already."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from portal.benchmarks.servers import Process
from portal.benchmarks.stack import Database, Stack, running, web_command
from portal.benchmarks.visitors import SHOPS

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """Where the portal answers, what a proxy in front of it would add, and its process if it is ours."""

    url: str
    headers: Mapping[str, str]
    web: Process | None = None

    def cpu_s(self) -> float:
        """Return the processor time that its processes have used so far; 0 if they are not ours."""
        pids = [self.web.pid, *self.web.children()] if self.web else []
        return sum(map(_cpu_s, pids))


def running_at(url: str) -> Server:
    """Return a portal that runs already. Raises OSError if nobody answers there."""
    address = urlsplit(url).netloc
    connection = HTTPConnection(address, timeout=10)
    connection.request("GET", f"/s/{SHOPS[0]}/")
    sent_to_https = connection.getresponse().status == 301
    connection.close()
    if sent_to_https:  # it expects a proxy that ends TLS
        return Server(url, {"X-Forwarded-Proto": "https", "Origin": f"https://{address}"})
    return Server(url, {"Origin": f"http://{address}"})


@contextmanager
def laid_out(
    folder: Path,
    *,
    database: Database,
    processes: int,
    threads: int,
    rounds: int | None = None,
    most: int = 0,
    forked: bool = False,
) -> Iterator[Stack]:
    """Start a portal's database and lay the demo's town out in it, or part of it: see `Stack.lay_out_town`.

    What is `forked`, see Stack. Raises ImportError without a wheel.
    """
    web = {"WEB_CONCURRENCY": str(processes), "WEB_THREADS": str(threads)}
    with running(folder, database=database, settings=web, forked=forked) as stack:
        stack.lay_out_town(rounds=rounds, most=most)
        yield stack


@contextmanager
def serving(stack: Stack, *, wsgi: str = "portal.wsgi") -> Iterator[Server]:
    """Serve with gunicorn as in production; end it afterwards."""
    web = stack.process("serving", *web_command(stack.port, wsgi))
    web.start()
    try:
        stack.wait_for_web()
        yield Server(stack.url, stack.headers, web)
    finally:
        web.end()


def _cpu_s(pid: int) -> float:
    """Seconds of processor time, in programs and for them (Linux's /proc/PID/stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
