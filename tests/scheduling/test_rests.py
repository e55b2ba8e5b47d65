"""A limit on the road becomes windows: however late each break begins, no stretch is longer."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from scheduling.rests import RestTime, spread

START = datetime(2026, 11, 24, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after(minutes: int) -> datetime:
    return START + minutes * MINUTE


def rest(number: int, opens: int, closes: int, takes: int, *, is_break: bool = True) -> RestTime:
    return RestTime(number, after(opens), after(closes), takes * MINUTE, is_break)


def test_without_a_limit_rests_stay_as_they_are_set_up():
    noon = rest(0, 240, 400, 30)

    assert spread([noon], starts_at=START, ends_at=after(800), limit=None) == ([noon], after(800))


def test_a_shift_without_a_break_ends_at_the_limit():
    assert spread([], starts_at=START, ends_at=after(800), limit=270 * MINUTE) == ([], after(270))


def test_a_break_begins_before_the_limit_and_the_shift_ends_where_the_next_is_due():
    kept, ends_at = spread([rest(0, 240, 400, 45)], starts_at=START, ends_at=after(800), limit=270 * MINUTE)

    assert [(one.opens_at, one.closes_at) for one in kept] == [(after(240), after(270))]
    assert ends_at == after(240 + 45 + 270)


def test_a_break_that_opens_too_late_is_none():
    kept, ends_at = spread([rest(0, 300, 400, 45)], starts_at=START, ends_at=after(800), limit=270 * MINUTE)

    assert (kept, ends_at) == ([], after(270))


def test_charging_is_no_break_and_ends_with_its_shift():
    charges = [rest(0, 100, 200, 60, is_break=False), rest(1, 250, 300, 60, is_break=False)]

    kept, ends_at = spread(charges, starts_at=START, ends_at=after(800), limit=270 * MINUTE)

    assert (kept, ends_at) == (charges[:1], after(270))


@pytest.mark.parametrize("seed", range(200))
def test_no_stretch_is_longer_whenever_breaks_begin(seed):
    random = Random(seed)
    limit, ends = random.randint(60, 400), random.randint(100, 1_200)
    rests = [
        rest(number, opens := random.randint(-50, 900), opens + random.randint(1, 300), random.randint(5, 90))
        for number in range(random.randint(0, 4))
    ]

    kept, ends_at = spread(rests, starts_at=START, ends_at=after(ends), limit=limit * MINUTE)

    assert ends_at <= after(ends)
    for _ in range(50):
        free = [START, ends_at]  # when a stretch of work begins or ends
        for one in kept:
            seconds = int((one.closes_at - one.opens_at).total_seconds())
            begins = one.opens_at + timedelta(
                seconds=random.choice([0, seconds - 1, random.randrange(seconds)])
            )
            if begins >= free[-2] and begins + one.takes <= ends_at:
                free[-1:] = [begins, begins + one.takes, ends_at]
            else:
                break  # so late that the shift would not keep what comes after
        else:
            works = zip(free[::2], free[1::2], strict=True)
            assert all(end - start <= limit * MINUTE for start, end in works)


def test_windows_never_grow():
    random = Random(7)
    for _ in range(200):
        rests = [rest(n, opens := 100 * n + random.randint(0, 99), opens + 90, 20) for n in range(4)]
        kept, _ends_at = spread(rests, starts_at=START, ends_at=after(600), limit=200 * MINUTE)
        for one in kept:
            was = rests[one.number]
            assert was.opens_at <= one.opens_at < one.closes_at <= was.closes_at
        assert all(a.opens_at <= b.opens_at for a, b in pairwise(kept))
