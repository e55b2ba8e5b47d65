"""What was seen teaches, the more of it the more; one odd thing hardly does."""

import numpy as np
import pytest

from scheduling.routing.habits import PRIOR, SOFT_S, Seen, learned, today_of


def taking(ratio: float, *, times: int, planned_s: int = 300, spread: float = 0.0, **values) -> list[Seen]:
    chance = np.random.default_rng(5)
    usual = {"hour": 10, "building": ""} | values
    return [
        Seen(
            planned_s,
            round((planned_s + SOFT_S) * ratio * np.exp(spread * chance.standard_normal())) - SOFT_S,
            shift=values.get("shift", number // 10),
            **{key: usual[key] for key in ("hour", "building")},
        )
        for number in range(times)
    ]


def ratio_of(habit, building="", hour=10):
    return float(np.exp(habit.pace(building, hour).mean))


def test_without_a_day_of_its_own_a_depot_goes_by_what_is_assumed():
    assert learned([], []) == PRIOR


def test_a_few_doors_hardly_move_what_is_assumed_and_many_do():
    few, many = (learned([], taking(2.0, times=times)).door for times in (3, 3_000))

    assert 1.0 < ratio_of(few) < 1.4
    assert ratio_of(many) == pytest.approx(2.0, rel=0.02)


def test_a_building_that_was_never_seen_is_as_all_others_are():
    habits = learned([], taking(1.5, times=2_000, building="stairs"))

    assert ratio_of(habits.door, "house") == pytest.approx(ratio_of(habits.door, "unheard of"))


def test_buildings_and_hours_are_told_apart():
    seen = [
        *taking(1.0, times=800, building="house", hour=10),
        *taking(2.0, times=800, building="stairs", hour=10),
        *taking(2.0, times=800, building="house", hour=17),
    ]
    door = learned([], seen).door

    assert ratio_of(door, "house", 10) == pytest.approx(1.0, rel=0.07)
    assert ratio_of(door, "stairs", 10) == pytest.approx(2.0, rel=0.07)
    assert ratio_of(door, "house", 17) == pytest.approx(2.0, rel=0.07)


def test_what_varies_more_is_known_to():
    calm, wild = (learned(taking(1.0, times=2_000, spread=spread), []).way for spread in (0.1, 0.6))

    assert calm.pace("", 10).sd < 0.15 < 0.5 < wild.pace("", 10).sd


def test_what_days_have_in_common_is_told_from_what_single_ways_do():
    chance = np.random.default_rng(3)
    seen = [
        each
        for shift in range(200)
        for each in taking(float(np.exp(0.3 * chance.standard_normal())), times=20, shift=shift)
    ]

    assert learned(seen, []).way.day_sd == pytest.approx(0.3, abs=0.06)


def test_a_slow_morning_says_what_the_afternoon_will_be():
    nothing = today_of(PRIOR)
    slow = today_of(PRIOR, ways=[each for hour in (8, 9, 10) for each in taking(1.3, times=8, hour=hour)])

    assert (nothing.way.mean, nothing.way.sd) == (0, pytest.approx(PRIOR.way.day_sd))
    assert 0.05 < slow.way.mean < 0.26
    assert slow.way.sd < nothing.way.sd


def test_one_closed_bridge_makes_no_slow_day():
    once = today_of(PRIOR, ways=taking(30.0, times=1))

    assert once.way.mean < 0.1


def test_tails_are_learned_too():
    chance = np.random.default_rng(4)
    logs = 0.3 * chance.standard_t(2.5, size=4_000)
    seen = [Seen(600, round(630 * np.exp(log)) - 30, 10, number) for number, log in enumerate(logs)]

    shape = learned(seen, []).way.shape

    assert shape[-1] > 1.3 * PRIOR.way.shape[-1]
    assert shape.std() == pytest.approx(1)
