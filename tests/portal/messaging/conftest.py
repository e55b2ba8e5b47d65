import pytest

from scheduling import clock
from tests.factories import NOW


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def at():
    """`at.now` is what tasks read."""
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)
