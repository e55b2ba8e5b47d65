"""What tests of the portal may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.benchmarks.servers import Redis
from tests.portal.customers.conftest import GAZETTEER


@pytest.fixture
def redis(tmp_path) -> Iterator[Redis]:
    """A real Redis that nothing else uses."""
    server = Redis(tmp_path)
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def few_addresses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file for all tests: a geocoder is made once for each file."""
    file = tmp_path_factory.mktemp("addresses") / "addresses.csv"
    file.write_text(GAZETTEER)
    return file
