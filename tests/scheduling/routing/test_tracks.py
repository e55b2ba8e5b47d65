"""The last believable fix: whatever order they come in, however often, with leaps in between."""

from itertools import pairwise, permutations
from random import Random

import pytest

from scheduling.routing.tracks import Fix, apart_m, last_possible, reachable

HOME = (60.17, 24.94)


def drive(count: int, *, from_s: float = 0, every_s: float = 10) -> list[Fix]:
    """North at 36 km/h."""
    return [Fix(from_s + n * every_s, HOME[0] + n * every_s * 10 / 111_200, HOME[1]) for n in range(count)]


def test_nothing_is_believed_of_nothing_and_a_lone_fix_is():
    assert last_possible([]) == -1
    assert last_possible(drive(1)) == 0


def test_of_a_drive_the_last_is_believed():
    assert last_possible(drive(30)) == 29


def test_a_leap_away_is_left_out_at_once_and_the_way_back_is_not():
    fixes = [*drive(5), Fix(45, 48.85, 2.35)]
    assert last_possible(fixes) == 4

    assert last_possible([*fixes, *drive(1, from_s=50)]) == 6


def test_a_first_fix_from_elsewhere_is_outvoted():
    elsewhere = Fix(-5, 48.85, 2.35)

    assert last_possible([elsewhere, *drive(2)]) == 2


def test_whoever_really_moved_is_believed_once_the_old_places_are_long_ago():
    before = drive(3)
    flown = [Fix(7_200 + n, 65.0 + n / 50_000, 25.47) for n in range(2)]

    assert last_possible([*before, *flown]) == 4


@pytest.mark.parametrize("seed", range(20))
def test_as_the_longest_way_that_can_be_driven_by_brute_force(seed):
    chance = Random(seed)
    fixes = sorted(
        (
            Fix(chance.randrange(60), HOME[0] + chance.choice((0, 0, 0, 1, 2)) / 10, HOME[1])
            for _n in range(7)
        ),
        key=lambda fix: fix.at_s,
    )
    longest = 0
    for mask in range(1, 1 << len(fixes)):
        some = [number for number in range(len(fixes)) if mask >> number & 1]
        if all(reachable(fixes[a], fixes[b]) for a, b in pairwise(some)):
            longest = max(longest, len(some))
    found = last_possible(fixes)

    ends = {
        some[-1]
        for mask in range(1, 1 << len(fixes))
        if len(some := [number for number in range(len(fixes)) if mask >> number & 1]) == longest
        and all(reachable(fixes[a], fixes[b]) for a, b in pairwise(some))
    }
    assert found in ends


def test_the_order_in_which_they_came_does_not_matter():
    fixes = [*drive(3), Fix(31, 40.0, 0.0)]
    found = {
        fixes[:3].index(came[last_possible(came)])
        for order in permutations(fixes)
        for came in [sorted(order, key=lambda fix: fix.at_s)]
    }

    assert found == {2}


def test_distances_are_those_of_the_globe():
    assert apart_m(Fix(0, 0, 0), Fix(0, 1, 0)) == pytest.approx(111_195, rel=0.001)
