import pytest

from scheduling import clock
from tests.factories import NOW


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def at():
    """What views read: `at.now` stands still until a test moves it."""
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)
