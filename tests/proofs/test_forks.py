"""The process from which short forms fork theirs: see portal/benchmarks/forks.py."""

import json
import os
import signal
from pathlib import Path

import pytest

from portal.benchmarks.forks import shared_forks
from portal.benchmarks.stack import ROOT, environment_of_nobody

pytestmark = [pytest.mark.once, pytest.mark.slow]

TELL = """
import json, os
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from portal.celery import app
print(json.dumps({
    "pid": os.getpid(),
    "parent": os.getppid(),
    "database": connection.settings_dict["NAME"],
    "vendor": connection.vendor,
    "cache": caches["default"]._servers,
    "queue": app.conf.broker_url,
    "timetable": len(app.conf.beat_schedule),
    "mail": settings.EMAIL_HOST,
}))
"""
WAIT = "import os, time\nprint('here', flush=True)\ntime.sleep(600)\n"


def script(folder: Path, text: str) -> str:
    """A file of Python."""
    file = folder / "script.py"
    file.write_text(text)
    return str(file)


def test_a_fork_is_a_process_with_settings_of_its_own(tmp_path):
    others = {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:9/there",
        "REDIS_URL": "redis://127.0.0.1:8/0",
        "EMAIL_URL": "smtp://mail.example:25",
    }

    told = [
        json.loads(forked(script(tmp_path, TELL), **{**environment_of_nobody(), **more}))
        for more in ({}, others)
    ]

    assert told[0]["vendor"] == "sqlite"
    assert told[1] | {"pid": 0, "parent": 0} == {
        "pid": 0,
        "parent": 0,
        "database": "there",
        "vendor": "postgresql",
        "cache": [others["REDIS_URL"]],
        "queue": others["REDIS_URL"],
        "timetable": told[0]["timetable"],
        "mail": "mail.example",
    }
    assert len({told[0]["pid"], told[1]["pid"], told[0]["parent"], os.getpid()}) == 4
    assert told[0]["parent"] == told[1]["parent"]
    assert told[0]["timetable"] > 10


def forked(*arguments: str, **environment: str) -> str:
    code, said, errors = shared_forks().start(*arguments, environment=environment, keep_errors=True).wait()
    assert code == 0, errors
    return said


def test_a_setting_that_was_read_while_the_portal_loaded_is_refused(tmp_path):
    elsewhere = environment_of_nobody() | {"METRICS_PORT": "9"}

    running = shared_forks().start(script(tmp_path, TELL), environment=elsewhere, keep_errors=True)

    code, said, errors = running.wait()
    assert (code, said) == (1, "")
    assert "read while the portal loaded, and other now: ['METRICS_PORT']" in errors


def test_a_process_that_goes_on_can_be_killed_and_tells_how_it_ended(tmp_path):
    log = tmp_path / "log"
    process = shared_forks().launch(
        ["python", script(tmp_path, WAIT)], env=environment_of_nobody(), cwd=ROOT, log=log
    )
    while "here" not in log.read_text():
        assert process.poll() is None

    assert os.getpgid(process.pid) == process.pid
    os.killpg(process.pid, signal.SIGKILL)

    assert process.wait(timeout=30) == -signal.SIGKILL
    assert process.poll() == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
