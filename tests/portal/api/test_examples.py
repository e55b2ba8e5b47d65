"""The examples of docs/api.md run as they stand: in a shell, and in Python."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scheduling import clock
from scheduling.models import Booking
from scheduling.services.plans import extend_horizon
from tests.factories import NOW, make_network
from tests.portal.api.conftest import secret

DOC = Path(__file__).resolve().parents[3] / "docs" / "api.md"
HELSINKI = DOC.parents[1] / "portal" / "demo" / "data" / "helsinki-addresses.csv"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def environment(live_server, settings) -> dict[str, str]:
    settings.GAZETTEER_FILE = str(HELSINKI)
    clock.set_source(lambda: NOW)
    outlet = make_network(days=9)
    extend_horizon(depot=outlet.depot, now=NOW, days=9)
    return {"PATH": os.environ["PATH"], "DOORSTEP": live_server.url, "KEY": secret(outlet.merchant)}


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", DOC.read_text(), re.DOTALL)[number]


def bash() -> str:
    if not (shell := shutil.which("bash")) or not shutil.which("curl"):
        pytest.fail("no bash or no curl") if os.environ.get("CI") else pytest.skip("no bash or no curl")
    return shell


def test_the_example_in_python_books(environment):
    done = subprocess.run(
        [sys.executable, "-c", block("python")], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(Booking.objects.get().delivery.ref)


def test_the_example_in_a_shell_books(environment):
    shell = bash()

    def run(command: str, **more: str) -> dict:
        done = subprocess.run([shell, "-c", command], env=environment | more, capture_output=True, check=True)
        return json.loads(done.stdout)

    ask, keep, book = re.split(r"^# \d\..*$", block("sh"), flags=re.MULTILINE)[1:]
    offer = run(ask)["suggestions"][0]["offer"]
    hold = run(keep, OFFER=offer)["hold"]

    assert run(book, HOLD=hold)["order_number"] == "10482"
    assert Booking.objects.count() == 1


def test_the_example_of_an_order_tells_it_and_looks_at_it(environment):
    shell, answers = bash(), []
    for command in re.split(r"^# .*$", block("sh", 1), flags=re.MULTILINE)[1:]:
        done = subprocess.run([shell, "-c", command], env=environment, capture_output=True, check=True)
        answers.append(json.loads(done.stdout))

    told, seen = answers
    assert told == seen
    assert (seen["items_minor"], seen["payments"][0]["captured_minor"]) == (7480, 7480)
