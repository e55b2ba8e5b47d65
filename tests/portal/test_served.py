"""gunicorn as deploy/ has it: restarts under load, stops that finish, clients that stall, counts of all."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from portal.benchmarks.blank import lay_tables
from portal.benchmarks.servers import LOOPBACK, Process, answers, free_port, wait_until
from portal.benchmarks.stack import make_tables

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.slow


@contextmanager
def serving(folder: Path, **variables: str) -> Iterator[Process]:
    """gunicorn with two workers, a database of its own and a port for metrics."""
    port, metrics = free_port(), free_port()
    env = {"PATH": os.environ["PATH"], "DOORSTEP_TEST": "1", "SQLITE_FILE": str(folder / "db.sqlite3")}
    env |= {"PORT": str(port), "METRICS_PORT": str(metrics), "WEB_PIDFILE": str(folder / "web.pid")}
    env |= {"GAZETTEER_FILE": str(folder / "addresses.csv")} | variables
    write_gazetteer(env)
    lay_tables(folder, "sqlite", lambda new: make_tables(new, "sqlite"))
    command = [str(Path(sys.executable).with_name("gunicorn")), "--config", "deploy/gunicorn.conf.py"]
    process = Process("web", [*command, "--workers", "2"], env=env, folder=folder, cwd=ROOT)
    process.start()
    process.port, process.metrics = port, metrics
    try:
        wait_until(lambda: answers(port) and get(port, "/readyz") == 200, seconds=30, what="web")
        yield process
    finally:
        kill_group(process)


def write_gazetteer(env: dict[str, str]) -> None:
    Path(env["GAZETTEER_FILE"]).write_text("street,number,postcode,city,lat,lon\n")


@pytest.fixture(scope="module")
def web(tmp_path_factory) -> Iterator[Process]:
    with serving(tmp_path_factory.mktemp("web")) as process:
        yield process


def kill_group(process: Process) -> None:
    """End what was started here, also when its first process has ended by now."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        assert not process.alive


def get(port: int, path: str, patience_s: float = 20) -> int:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=patience_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


REST_S = 0.1
"""Between two looks of a visitor. Without it they would take all processors from what comes up."""


class Load:
    """Visitors who look at one page after another, half of them on connections that they keep."""

    def __init__(self, port: int, visitors: int = 6) -> None:
        self.port, self.over = port, Event()
        self.answered: list[int] = []
        self.failed: list[str] = []
        self.threads = [Thread(target=self.look, args=(n % 2 == 0,)) for n in range(visitors)]

    def look(self, keeps: bool) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=20)
        while not self.over.wait(REST_S):
            try:
                connection.request("GET", "/find/")
                answer = connection.getresponse()
                answer.read()
                self.answered.append(answer.status)
            except OSError as error:
                self.failed.append(repr(error))
            if not keeps:
                connection.close()
        connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()


def restart(web: Process) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "deploy/restart.py", web.env["WEB_PIDFILE"]]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_rolling_restart_under_load_turns_nobody_away_whatever_killed_processes_left_behind(web):
    pidfile = Path(web.env["WEB_PIDFILE"])
    before, second = int(pidfile.read_text()), Path(f"{pidfile}.2")
    second.write_text(f"{os.getpid()}\n")  # a number that somebody else has by now
    Path(f"{pidfile}.{os.getpid()}.ready").write_text(f"{os.getpid()} 1\n")
    with Load(web.port) as load:
        wait_until(lambda: len(load.answered) > 50, seconds=20, what="some load")
        done = restart(web)
        seen = len(load.answered)
        wait_until(lambda: len(load.answered) > seen + 50, seconds=20, what="load on the new processes")

    assert done.returncode == 0, done.stderr + web.said()
    assert load.failed == []
    assert set(load.answered) == {200}
    assert int(pidfile.read_text()) != before
    assert not second.exists()


def test_old_and_new_processes_count_in_folders_of_their_own_below_the_one_they_were_given(tmp_path):
    counts = tmp_path / "counts"
    counts.mkdir()
    with serving(tmp_path, PROMETHEUS_MULTIPROC_DIR=str(counts)) as web:
        (before,) = counts.glob("*/")
        done = restart(web)
        (after,) = counts.glob("*/")
        counted = list(after.glob("*.db"))
        os.kill(int(Path(web.env["WEB_PIDFILE"]).read_text()), signal.SIGTERM)
        wait_until(lambda: not list(counts.glob("*/")), seconds=30, what="the counts to be thrown away")

    assert done.returncode == 0, done.stderr
    assert before != after
    assert counted
    assert counts.is_dir()


def test_new_processes_that_do_not_come_up_leave_the_old_ones_in_place(web):
    before = Path(web.env["WEB_PIDFILE"]).read_text()
    Path(web.env["GAZETTEER_FILE"]).unlink()  # now settings.py refuses to start
    with Load(web.port, visitors=2) as load:
        done = restart(web)
    write_gazetteer(web.env)

    assert done.returncode == 1
    assert "the old ones go on" in done.stderr
    assert load.failed == []
    assert Path(web.env["WEB_PIDFILE"]).read_text() == before
    assert get(web.port, "/healthz") == 200


def test_a_stop_finishes_what_was_asked_and_ends_in_time(tmp_path):
    with serving(tmp_path) as web:
        said, took_s = stopped_while_asking(web)

    assert said.startswith(b"HTTP/1.1 200")
    assert took_s < 10
    assert not list(tmp_path.glob("web.pid*"))


def stopped_while_asking(web: Process) -> tuple[bytes, float]:
    """Stop web in the middle of a request; return its answer and how long the end took."""
    with socket.create_connection((LOOPBACK, web.port), timeout=15) as peer:
        peer.sendall(b"GET /find/ HTTP/1.1\r\nHost: localhost\r\n")
        sleep(0.5)  # it is accepted, and being read
        os.kill(web.pid, signal.SIGTERM)
        sleep(0.5)
        peer.sendall(b"\r\n")
        said = peer.makefile("rb").read()
    return said, wait_until(lambda: not web.alive, seconds=30, what="web to end")


STALLING = (
    b"POST /find/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Cookie: csrf=" + b"a" * 32 + b"\r\nContent-Length: 999\r\n\r\norder"
)
"""A form whose proof of origin stands in the part that never comes: somebody has to wait for it."""


def test_clients_that_stall_in_the_middle_of_a_form_hold_nobody_up_for_long(web):
    stalled = []
    for _ in range(16):  # as many as there are threads; one process may have got most of them
        each = socket.create_connection((LOOPBACK, web.port))
        each.sendall(STALLING)
        stalled.append(each)
    began = monotonic()
    status = get(web.port, "/healthz", patience_s=60)
    for each in stalled:
        each.close()

    assert status == 200
    assert monotonic() - began < 35


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 80 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"b" * 9_000 + b"\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00",
    ],
)
def test_what_is_no_request_is_refused_without_a_trace(web, head):
    with socket.create_connection((LOOPBACK, web.port), timeout=15) as peer:
        peer.sendall(head)
        peer.shutdown(socket.SHUT_WR)
        said = peer.makefile("rb").read()

    assert re.match(rb"HTTP/1\.1 4\d\d", said) or said == b""
    assert b"Traceback" not in said
    assert get(web.port, "/healthz") == 200


def test_any_worker_answers_prometheus_for_all_of_them(web):
    began = counted_by_all(web)
    for _ in range(30):
        assert get(web.port, "/nothing/here/") == 404

    assert {counted_by_all(web) for _ in range(4)} == {began + 30}


def counted_by_all(web: Process) -> float:
    """How many addresses that are none of ours were asked for, as whichever worker answers has it."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{web.metrics}/metrics") as answer:
        text = answer.read().decode()
    assert "doorstep_outbox_depth 0.0" in text
    found = re.search(r'doorstep_request_seconds_count\{.*method="GET",route="none".*\} (\S+)', text)
    return float(found[1]) if found else 0.0
