"""The worker as a process: its lines, its pulse, brokers that come back empty, a stop that finishes."""

import json
import logging
import os
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
import pytest
from celery import signals

from portal.benchmarks.blank import lay_tables
from portal.benchmarks.servers import LOOPBACK, Process, Redis, free_port, wait_until
from portal.benchmarks.stack import make_tables
from portal.celery import app
from portal.logs import Formatter
from scheduling.tasks import relay_events

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.slow
RECORD = """
import django; django.setup()
from scheduling import clock, events
events.set_waker(None)
events.record("plan.closed", actor="test", now=clock.now())
"""


@contextmanager
def working(folder: Path) -> Iterator[tuple[Process, Redis]]:
    """A worker with its timetable, a Redis and a database of its own."""
    redis = Redis(folder)
    redis.start()
    env = {"PATH": os.environ["PATH"], "DOORSTEP_TEST": "1", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    env |= {
        "SQLITE_FILE": str(folder / "db.sqlite3"),
        "REDIS_URL": redis.url,
        "METRICS_PORT": str(free_port()),
    }
    celery = str(Path(sys.executable).with_name("celery"))
    command = [celery, "--app", "portal", "worker", "--beat", "--schedule", str(folder / "beat")]
    command += ["--concurrency", "2", "--loglevel", "INFO"]
    worker = Process("worker", command, env=env, folder=folder, cwd=ROOT)
    lay_tables(folder, "sqlite", lambda new: make_tables(new, "sqlite"))
    worker.start()
    try:
        wait_until(lambda: "ready." in worker.said(), seconds=60, what="the worker")
        yield worker, redis
    finally:
        worker.kill()
        redis.close()


def python(worker: Process, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in worker.env.items() if name != "METRICS_PORT"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )


def pulse(worker: Process, *, seconds: int = 3) -> subprocess.CompletedProcess[str]:
    return python(worker, "manage.py", "worker_alive", "--seconds", str(seconds))


def waiting(worker: Process) -> int:
    """How many events wait, read past the portal."""
    with closing(sqlite3.connect(worker.env["SQLITE_FILE"])) as rows:
        return rows.execute("select count(*) from scheduling_event where relayed_at is null").fetchone()[0]


def relays(worker: Process) -> bool:
    """Record an event without waking anybody, and wait until the timetable's sweep hands it on."""
    assert python(worker, "-c", RECORD).returncode == 0
    wait_until(lambda: waiting(worker) == 0, seconds=60, what=f"the relay: {worker.said()[-3000:]}")
    return True


def test_a_worker_outlives_its_broker_and_finishes_when_told_to_stop(tmp_path):
    with working(tmp_path) as (worker, redis):
        assert relays(worker)
        alive = pulse(worker)
        counts = read(f"http://{LOOPBACK}:{worker.env['METRICS_PORT']}/metrics")
        redis.end()
        away = pulse(worker)
        redis.start()  # it remembers nothing
        assert relays(worker)
        code = worker.end(seconds=60)
        said = worker.said()
        ended = pulse(worker, seconds=1)

    assert (alive.returncode, alive.stdout.strip().endswith("takes tasks.")) == (0, True)
    assert "doorstep_outbox_depth 0.0" in counts
    assert (away.returncode, "The broker is away" in away.stdout) == (0, True)
    assert code == 0
    assert "Warm shutdown" in said
    assert (ended.returncode, ended.stdout.strip().endswith("does not answer.")) == (1, True)


def read(address: str) -> str:
    with urllib.request.urlopen(address) as answer:
        return answer.read().decode()


def test_every_line_of_a_task_names_it_and_the_next_one_begins_afresh():
    formatter = Formatter(for_machines=True)
    record = logging.LogRecord("somebody", logging.INFO, __file__, 1, "a thing", (), None)

    signals.task_prerun.send(sender=relay_events, task_id="7", task=relay_events)
    within = json.loads(formatter.format(record))
    signals.task_postrun.send(sender=relay_events, task_id="7", task=relay_events)
    after = json.loads(formatter.format(record))

    assert (within["task"], within["task_id"]) == ("scheduling.tasks.relay_events", "7")
    assert "task" not in after


@pytest.mark.parametrize(("given", "level"), [([], "ERROR"), (["--loglevel", "INFO"], "INFO")])
def test_log_level_holds_for_a_worker_unless_its_command_names_another(given, level):
    @click.command()
    @click.option("--loglevel", default="WARNING")
    def program(loglevel: str) -> None:
        signals.setup_logging.send(sender=None, loglevel=loglevel)

    root = logging.getLogger()
    before = root.level
    root.setLevel("ERROR")  # as settings.py does for LOG_LEVEL
    try:
        program.main(given, standalone_mode=False)
        after = root.level
    finally:
        root.setLevel(before)

    assert logging.getLevelName(after) == level


def test_sweeps_that_nobody_took_do_not_pile_up_for_the_worker_that_comes_back():
    for entry in app.conf.beat_schedule.values():
        assert 30 <= entry["options"]["expires"] <= max(entry["schedule"], 30)
