"""The worker as a process: its lines, its pulse, brokers that come back empty, a stop that finishes."""

import json
import logging
import os
import sqlite3
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from celery import signals
from celery.schedules import crontab

from portal.benchmarks.blank import lay_tables
from portal.benchmarks.forks import Forks
from portal.benchmarks.servers import LOOPBACK, Process, Redis, free_port, wait_until
from portal.benchmarks.stack import make_tables
from portal.celery import app
from portal.logs import Formatter
from scheduling.tasks import relay_events

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.slow
A_DAY_S = 24 * 60 * 60
RECORD = """
from scheduling import clock, events
events.set_waker(None)
events.record("plan.closed", actor="test", now=clock.now())
"""


@dataclass
class Working:
    """A worker with its timetable, a Redis and a database of its own; commands beside it are forks."""

    worker: Process
    redis: Redis
    forks: Forks

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code, output and errors of a script."""
        return self.forks.start(*arguments, keep_errors=True).wait()

    def pulse(self, *, seconds: int = 3) -> tuple[int, str]:
        code, said, _errors = self.run("manage.py", "worker_alive", "--seconds", str(seconds))
        return code, said.strip()

    def waiting(self) -> int:
        """How many events wait, read past the portal."""
        with closing(sqlite3.connect(self.worker.env["SQLITE_FILE"])) as rows:
            return rows.execute("select count(*) from scheduling_event where relayed_at is null").fetchone()[
                0
            ]

    def relays(self) -> bool:
        """Record an event without waking anybody, and wait until the timetable's sweep hands it on."""
        script = self.worker.log.with_name("record.py")
        script.write_text(RECORD)
        assert self.run(str(script))[0] == 0
        wait_until(lambda: self.waiting() == 0, seconds=60, what=f"the relay: {self.worker.said()[-3000:]}")
        return True


@contextmanager
def working(folder: Path) -> Iterator[Working]:
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
    with closing(redis), closing(Forks({k: v for k, v in env.items() if k != "METRICS_PORT"})) as forks:
        worker.start()
        try:
            wait_until(lambda: "ready." in worker.said(), seconds=60, what="the worker")
            yield Working(worker, redis, forks)
        finally:
            worker.kill()


def test_a_worker_outlives_its_broker_and_finishes_when_told_to_stop(tmp_path):
    with working(tmp_path) as here:
        worker, redis = here.worker, here.redis
        assert here.relays()
        alive = here.pulse()
        counts = read(f"http://{LOOPBACK}:{worker.env['METRICS_PORT']}/metrics")
        redis.end()
        away = here.pulse()
        redis.start()  # it remembers nothing
        assert here.relays()
        code = worker.end(seconds=60)
        said = worker.said()
        ended = here.pulse(seconds=1)

    assert (alive[0], alive[1].endswith("takes tasks.")) == (0, True)
    assert "doorstep_outbox_depth 0.0" in counts
    assert (away[0], "The broker is away" in away[1]) == (0, True)
    assert code == 0
    assert "Warm shutdown" in said
    assert (ended[0], ended[1].endswith("does not answer.")) == (1, True)


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
        every_s = A_DAY_S if isinstance(entry["schedule"], crontab) else entry["schedule"]
        assert 30 <= entry["options"]["expires"] <= max(every_s, 30)
