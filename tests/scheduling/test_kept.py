"""What hardly changes is read once in a while, never kept longer than was said."""

from datetime import timedelta
from itertools import count

import pytest

from scheduling.kept import MOST_KEPT, Kept
from tests.factories import NOW

SECOND = timedelta(seconds=1)


@pytest.fixture
def read(settings):
    settings.SET_UP_KEPT_S = 2
    return count().__next__


def test_it_is_read_again_when_its_time_is_over(read):
    kept = Kept()

    asked = [kept.get("a", read, now=NOW + seconds * SECOND) for seconds in (0, 1, 2, 3)]

    assert asked == [0, 0, 1, 1]


def test_a_clock_that_goes_back_reads_afresh(read):
    kept = Kept()

    assert [kept.get("a", read, now=NOW + SECOND), kept.get("a", read, now=NOW)] == [0, 1]


def test_nothing_is_kept_where_nothing_shall_be(read, settings):
    settings.SET_UP_KEPT_S = 0
    kept = Kept()

    assert [kept.get("a", read, now=NOW), kept.get("a", read, now=NOW)] == [0, 1]


def test_the_oldest_make_room(read):
    kept = Kept()
    for key in range(MOST_KEPT + 1):
        kept.get(key, read, now=NOW)

    assert kept.get(1, read, now=NOW) == 1
    assert kept.get(0, read, now=NOW) == MOST_KEPT + 1


def test_who_fails_to_read_keeps_nothing(read):
    kept = Kept()
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0, now=NOW)

    assert kept.get("a", read, now=NOW) == 0
