"""What `links` counts with, against what is counted by hand."""

from random import Random

import pytest

from tests.proofs.linked import count_in
from tests.proofs.links import forged
from tests.proofs.lookups import Compared, chance_of_more


@pytest.mark.parametrize("seed", range(20))
def test_the_chance_that_one_is_larger_is_what_all_pairs_say(seed):
    chance = Random(seed)
    these, those = ([chance.randrange(12) for _n in range(chance.randrange(1, 30))] for _list in range(2))

    pairs = [(a > b) + (a == b) / 2 for a in these for b in those]

    assert chance_of_more(these, those) == pytest.approx(sum(pairs) / len(pairs))


def test_times_that_differ_are_told_apart_and_equal_ones_are_not():
    chance = Random(1)
    usual, other = (tuple(chance.gauss(5, 1) for _n in range(1_000)) for _list in range(2))
    slower = tuple(value + 0.5 for value in other)

    assert Compared(1, usual, other).p > 0.01
    assert Compared(1, slower, usual).slower > 0.6
    assert Compared(1, slower, usual).p < 1e-6


def test_secrets_are_found_where_they_stand_and_digits_only_by_themselves():
    said = 'GET /l/abcdef/ "code": "123456", 60.171234, 9123456'

    assert count_in(said, ["abcdef"], ["123456"]) == 2
    assert count_in(said, ["ghijkl"], ["171234", "912345", "654321"]) == 0


def test_a_forged_token_differs_in_one_sign():
    token = "A" * 64

    for seed in range(50):
        other = forged(token, Random(seed))
        assert sum(a != b for a, b in zip(token, other, strict=True)) == 1
