from fractions import Fraction
from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.routing.carbon import (
    FACTORS,
    LIFE_CYCLE,
    WELL_TO_WHEEL,
    grams,
    share_by_distance,
    share_grams,
)

weights = st.lists(st.integers(0, 10_000), min_size=1, max_size=40)


def test_factors_are_those_that_were_published():
    assert {slug: factor.grams_per_km for slug, factor in FACTORS.items()} == {
        "diesel-van-class-iii": 346,
        "average-van": 317,
        "battery-van-class-iii": 100,
        "average-battery-van": 90,
        "cargo-bike": 96,
    }


def test_every_factor_names_its_source_year_and_boundary():
    for slug, factor in FACTORS.items():
        assert factor.source
        assert factor.year in (2022, 2025)
        assert factor.boundary == (LIFE_CYCLE if slug == "cargo-bike" else WELL_TO_WHEEL)
        assert "transcription" in factor.caveat


@pytest.mark.parametrize(
    ("metres", "factor", "expected"),
    [(0, 346, 0), (250, 346, 87), (1_000, 346, 346), (250, 98, 25), (1, 499, 0)],
)
def test_grams_are_whole_with_halves_rounded_up(metres, factor, expected):
    assert grams(metres, factor) == expected


@given(total_g=st.integers(0, 10**7), weights=weights)
def test_shares_add_up_and_are_within_a_gram_of_their_part(total_g, weights):
    shares = share_grams(total_g, weights)
    whole = sum(weights)

    assert sum(shares) == total_g
    if whole:
        assert all(
            abs(share * whole - total_g * weight) < whole
            for share, weight in zip(shares, weights, strict=True)
        )


@given(total_g=st.integers(0, 10**5), weights=weights)
def test_who_weighs_more_never_gets_less(total_g, weights):
    shares = share_grams(total_g, weights)
    ranked = sorted(zip(weights, shares, strict=True))

    for (light, less), (heavy, more) in pairwise(ranked):
        assert less <= more or light == heavy


def test_the_largest_remainders_get_the_grams_left_and_the_first_of_equals():
    assert share_grams(10, [1, 1, 1]) == (4, 3, 3)
    assert share_grams(10, [5, 3, 1]) == (6, 3, 1)
    assert share_grams(3, [0, 0]) == (2, 1)


def test_nobody_can_share_nothing_but_no_grams():
    assert share_grams(0, []) == ()
    for total_g, weights in [(1, []), (-1, [1]), (1, [1, -1])]:
        with pytest.raises(ValueError, match=r"nobody|negative"):
            share_grams(total_g, weights)


def by_hand(total_g: int, distances: dict[int, int]) -> dict[int, int]:
    """Whole grams below everybody's exact part, and one more for the largest rests; lowest keys first."""
    counted = distances if any(distances.values()) else dict.fromkeys(distances, 1)
    whole = sum(counted.values())
    below = {key: total_g * metres // whole for key, metres in counted.items()}
    left = total_g - sum(below.values())
    ranked = sorted(counted, key=lambda key: (-(Fraction(total_g * counted[key], whole) - below[key]), key))
    return {key: below[key] + (key in ranked[:left]) for key in counted}


def test_every_small_route_is_shared_as_by_hand_in_whatever_order_its_stops_come():
    cases = 0
    for count in range(1, 5):
        for metres in product(range(4), repeat=count):
            distances = dict(zip((7, 3, 9, 5), metres, strict=False))
            for total_g in range(8):
                expected = by_hand(total_g, distances)
                for order in permutations(distances.items()):
                    assert share_by_distance(total_g, dict(order)) == expected
                    cases += 1
    assert cases > 50_000


@given(
    total_g=st.integers(0, 10**7),
    distances=st.dictionaries(st.integers(), st.integers(0, 60_000), min_size=1),
)
def test_shares_by_distance_add_up_for_any_route(total_g, distances):
    shares = share_by_distance(total_g, distances)

    assert sum(shares.values()) == total_g
    assert shares.keys() == distances.keys()


def test_who_lives_at_the_depot_stands_for_nothing_unless_all_do():
    assert share_by_distance(9, {1: 0, 2: 500}) == {1: 0, 2: 9}
    assert share_by_distance(9, {2: 0, 1: 0}) == {1: 5, 2: 4}
