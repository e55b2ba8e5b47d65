from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.routing.carbon import LIFE_CYCLE, WELL_TO_WHEEL, grams
from scheduling.routing.offers import (
    Candidate,
    Tag,
    band_m,
    banded_cost_s,
    discount_minor,
    options_for,
    shown_neighbours,
    standing_out,
    suggestions_for,
)

candidate = st.builds(
    Candidate,
    key=st.just(""),
    day=st.integers(0, 3),
    opens=st.integers(0, 40),
    closes=st.integers(41, 50),
    base_price_minor=st.integers(0, 900),
    metres=st.integers(-4_000, 40_000),
    grams_per_km=st.sampled_from([346, 100, 96]),
    boundary=st.sampled_from([WELL_TO_WHEEL, LIFE_CYCLE]),
)
candidates = st.lists(candidate, max_size=25).map(
    lambda many: [replace(one, key=str(index)) for index, one in enumerate(many)]
)
caps = st.integers(0, 700)
days = st.sets(st.integers(0, 3))


def one(key: str, metres: int, **changes) -> Candidate:
    return replace(Candidate(key, 0, 10, 12, 490, metres, 346, WELL_TO_WHEEL), **changes)


def options(*many: Candidate, days_with_bookings=(0,), cap_minor: int = 0):
    return options_for(many, days_with_bookings=days_with_bookings, cap_minor=cap_minor)


@pytest.mark.parametrize(
    ("metres", "expected"),
    [
        (-900, 250),
        (0, 250),
        (1, 250),
        (250, 250),
        (251, 500),
        (500, 500),
        (501, 1_000),
        (1_001, 2_000),
        (10_001, 16_000),
    ],
)
def test_metres_are_shown_as_the_upper_end_of_their_band(metres, expected):
    assert band_m(metres) == expected


def test_a_band_costs_what_driving_it_at_25_km_h_takes():
    assert [banded_cost_s(band) for band in (250, 500, 25_000)] == [36, 72, 3_600]


@given(candidates=candidates, cap=caps, days=days)
def test_no_price_is_above_its_base_or_below_it_by_more_than_the_cap(candidates, cap, days):
    for option in options_for(candidates, days_with_bookings=days, cap_minor=cap):
        assert max(0, option.base_price_minor - cap) <= option.price_minor <= option.base_price_minor
        off = option.base_price_minor - option.price_minor
        assert off % 50 == 0 or option.price_minor == 0


@given(candidates=candidates, cap=caps)
def test_who_adds_less_never_gets_less_off(candidates, cap):
    bands = sorted({band_m(candidate.metres) for candidate in candidates})
    off = [discount_minor(band, bands, cap) for band in bands]

    assert off == sorted(off, reverse=True)
    assert not off or off[-1] == 0


@given(candidates=candidates, cap=caps, days=days)
def test_nothing_shown_depends_on_metres_inside_a_band(candidates, cap, days):
    banded = [replace(candidate, metres=band_m(candidate.metres)) for candidate in candidates]

    assert options_for(candidates, days_with_bookings=days, cap_minor=cap) == options_for(
        banded, days_with_bookings=days, cap_minor=cap
    )


@given(candidates=candidates, days=days)
def test_a_time_is_pointed_out_by_the_rule_of_its_day(candidates, days):
    shown = options_for(candidates, days_with_bookings=days, cap_minor=0)
    for option in shown:
        costs = [other.banded_cost_s for other in shown if other.day == option.day]
        most = min(costs) + Fraction(max(min(costs), 60), 4)
        stand_out = sum(cost <= most for cost in costs) <= 2
        assert option.pointed_out == (stand_out and option.banded_cost_s <= most and option.day in days)


@given(candidates=candidates, cap=caps)
def test_suggestions_are_the_best_in_each_respect_once_each(candidates, cap):
    shown = options_for(candidates, days_with_bookings=(), cap_minor=cap)
    suggested = suggestions_for(shown)
    tagged = {tag: suggestion.option for suggestion in suggested for tag in suggestion.tags}

    assert len({suggestion.option.key for suggestion in suggested}) == len(suggested)
    assert set(tagged) == (set(Tag) if shown else set())
    if shown:
        assert tagged[Tag.LEAST_DRIVING].band_m == min(option.band_m for option in shown)
        assert tagged[Tag.SOONEST].opens == min(option.opens for option in shown)
        assert tagged[Tag.CHEAPEST].price_minor == min(option.price_minor for option in shown)


@given(candidates=candidates)
def test_means_are_of_the_others_with_the_same_boundary(candidates):
    shown = options_for(candidates, days_with_bookings=(), cap_minor=0)
    for option in shown:
        others = [other for other in shown if other.boundary == option.boundary and other is not option]
        for mean, values in (
            (option.mean_band_m, [other.band_m for other in others]),
            (option.mean_grams, [other.grams for other in others]),
        ):
            if others:
                assert abs(mean - Fraction(sum(values), len(values))) <= Fraction(1, 2)
            else:
                assert mean is None


def test_the_least_driving_gets_the_whole_cap_and_the_rest_in_proportion_rounded_down():
    shown = options(one("a", 100), one("b", 1_000), one("c", 2_250), cap_minor=200)

    assert [option.price_minor for option in shown] == [290, 390, 490]


def test_times_that_add_the_same_cost_the_same():
    assert [option.price_minor for option in options(one("a", 10), one("b", 90), cap_minor=200)] == [490, 490]


def test_a_price_does_not_fall_below_nothing():
    assert options(one("a", 0, base_price_minor=120), one("b", 900), cap_minor=300)[0].price_minor == 0


def test_a_quarter_more_than_the_cheapest_is_still_pointed_out():
    assert standing_out([1_250, 1_000, 9_000]) == {1_000, 1_250}
    assert standing_out([1_500, 1_000, 9_000]) == {1_000}
    assert standing_out([250, 500]) == {250}


def test_of_more_than_two_that_look_alike_none_is_pointed_out():
    assert standing_out([500, 500, 1_000]) == {500}
    assert not standing_out([500, 500, 500, 1_000])


def test_grams_come_from_the_band_and_the_bar_is_a_share_of_the_widest():
    near, far = options(one("a", 3), one("b", 690))

    assert (near.grams, near.share_percent) == (grams(250, 346), 34)
    assert (far.grams, far.share_percent) == (grams(1_000, 346), 100)


def test_one_time_that_is_best_in_every_respect_is_suggested_once_with_every_tag():
    shown = options(one("late", 100, opens=12), one("best", 100), one("far", 9_000, opens=11), cap_minor=100)

    assert [(one.option.key, one.tags) for one in suggestions_for(shown)] == [
        ("best", (Tag.LEAST_DRIVING, Tag.SOONEST, Tag.CHEAPEST))
    ]


def test_suggestions_stand_in_their_order():
    shown = options(one("soon", 5_000, opens=1), one("near", 100), one("cheap", 900, base_price_minor=10))

    assert [one.option.key for one in suggestions_for(shown)] == ["near", "soon", "cheap"]


def test_neighbours_are_mentioned_from_three_on():
    assert [shown_neighbours(count) for count in range(5)] == [0, 0, 0, 3, 4]


def test_a_cap_below_nothing_is_refused():
    with pytest.raises(ValueError, match="cap"):
        options(one("a", 1), cap_minor=-1)
