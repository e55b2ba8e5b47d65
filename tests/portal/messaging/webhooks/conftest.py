import pytest

from tests.factories import make_network
from tests.fakes.receiver import receiving


@pytest.fixture
def outlet(at):
    return make_network()


@pytest.fixture
def receiver(settings):
    with receiving() as started:
        settings.WEBHOOK_TEST_TARGETS = [started.target]
        yield started
