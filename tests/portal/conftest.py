"""What tests of the portal may use."""

from collections.abc import Iterator

import pytest

from portal.benchmarks.servers import Redis


@pytest.fixture
def redis(tmp_path) -> Iterator[Redis]:
    """A real Redis that nothing else uses."""
    server = Redis(tmp_path)
    server.start()
    yield server
    server.close()
