"""docs/widget.md: its commands run as they stand, and it names what is there."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from portal.services.sessions import list_origins
from portal.widget.loader import LATEST, source
from scheduling import clock
from tests.factories import NOW, make_network
from tests.portal.api.conftest import secret

DOC = (Path(__file__).resolve().parents[3] / "docs" / "widget.md").read_text()
HELSINKI = Path(__file__).resolve().parents[3] / "portal" / "demo" / "data" / "helsinki-addresses.csv"
LOADER = source(LATEST).decode()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_the_command_that_opens_a_widget_opens_one(live_server, settings):
    if not (shell := shutil.which("bash")) or not shutil.which("curl"):
        pytest.fail("no bash or no curl") if os.environ.get("CI") else pytest.skip("no bash or no curl")
    settings.GAZETTEER_FILE = str(HELSINKI)
    clock.set_source(lambda: NOW)
    merchant = make_network(days=9).merchant
    list_origins(merchant=merchant, origins=["https://shop.example"])
    command = re.search(r"```sh\n(.*?)```", DOC, re.DOTALL)[1]
    known = {"DOORSTEP": live_server.url, "KEY": secret(merchant), "ORIGIN": "https://shop.example"}

    done = subprocess.run(
        [shell, "-c", command], env={"PATH": os.environ["PATH"], **known}, capture_output=True
    )

    answer = json.loads(done.stdout)
    assert answer["session"].startswith("st_")
    assert answer["address"] == "found"


def listed(beginning: str) -> set[str]:
    """The names in the first column of the table below a heading."""
    table = DOC.split(f"\n## {beginning}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_attribute_is_explained():
    observed = (
        re.search(r"const opens = \[(.*?)\]", LOADER)[1]
        + re.search(r"observedAttributes = \[(.*?)\]", LOADER)[1]
    )

    assert listed("Attributes") == set(re.findall(r'"([\w-]+)"', observed)) | {"name"}


def test_every_event_is_explained():
    events = re.findall(r'"([\w-]+)"', re.search(r"const events = \[(.*?)\]", LOADER)[1])

    assert listed("Events") == {f"doorstep:{name}" for name in [*events, "unavailable"]}


def test_every_look_is_explained():
    look = re.findall(r'"([\w-]+)"', re.search(r"const look = \[(.*?)\]", LOADER)[1])

    assert set(re.findall(r"`(--doorstep-[\w-]+)`", DOC)) == {f"--doorstep-{name}" for name in look}
