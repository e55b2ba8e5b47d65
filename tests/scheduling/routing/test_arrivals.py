"""Ranges of arrival: true, never past, wider for those far off, and steady."""

from dataclasses import replace

import numpy as np
import pytest

from scheduling.routing.arrivals import Certain, Onward, Range, ranges, steady
from scheduling.routing.habits import PRIOR, SOFT_S, today_of

AT = 10 * 3600
EARLY = 0


def expected(certain, onward, *, now_s=AT, habits=PRIOR, today=None):
    return ranges(certain, onward, habits=habits, today=today or today_of(habits), now_s=now_s)


def stops(many: int, **values) -> list[Onward]:
    return [
        Onward(**{"key": key, "way_s": 300, "opens_s": EARLY, "door_s": 180} | values) for key in range(many)
    ]


def test_a_stop_is_expected_about_when_it_was_planned():
    (only,) = expected(Certain(AT), stops(1))

    assert only.at_s == pytest.approx(AT + 300, abs=10)
    assert only.from90_s < only.from_s < only.at_s < only.until_s < only.until90_s


def test_who_is_further_away_gets_a_wider_range_of_a_later_time():
    found = expected(Certain(AT), stops(12))

    assert [each.at_s for each in found] == sorted(each.at_s for each in found)
    assert all(near.wide_s < far.wide_s for near, far in zip(found, found[3:], strict=False))


def test_nobody_is_served_before_their_window_opens():
    (only,) = expected(Certain(AT), stops(1, opens_s=AT + 3600))

    assert (only.from_s, only.at_s, only.until_s) == (AT + 3600,) * 3


def test_waiting_for_one_window_delays_all_that_follow():
    first, second = stops(2)
    early = expected(Certain(AT), [first, second])[1]
    waits = expected(Certain(AT), [replace(first, opens_s=AT + 3600), second])[1]

    assert waits.at_s == pytest.approx(AT + 3600 + 480, abs=30)
    assert waits.wide_s < early.wide_s


def test_more_time_at_the_door_moves_who_comes_after_by_just_that():
    usual = expected(Certain(AT), stops(3))
    longer = expected(Certain(AT), [replace(stops(1)[0], extra_s=180), *stops(3)[1:]])

    assert longer[0] == usual[0]
    assert longer[1].at_s - usual[1].at_s == 180


@pytest.mark.parametrize("late_s", [0, 60, 600, 3_600, 36_000])
def test_no_range_begins_in_the_past_however_late_it_is(late_s):
    for certain in (Certain(AT), Certain(AT, serving=stops(1)[0])):
        found = expected(certain, stops(4), now_s=AT + late_s)

        assert all(each.from90_s >= AT + late_s for each in found)
        assert all(each.from_s <= each.at_s <= each.until_s for each in found)


def test_a_stop_that_takes_long_makes_the_next_late_before_anybody_says_so():
    serving = Certain(AT, serving=stops(1)[0])
    soon, later = (expected(serving, stops(1), now_s=AT + passed)[0] for passed in (0, 1_800))

    assert later.at_s > AT + 1_800 + 250
    assert soon.at_s < AT + 1_800


def test_what_a_driver_says_they_are_late_is_added():
    usual, late = Certain(AT), Certain(AT, said_s=AT + 60, late_s=1_200)

    for passed_s in (60, 300):
        moved_s = expected(late, stops(1), now_s=AT + passed_s)[0].at_s - expected(usual, stops(1))[0].at_s
        assert moved_s == pytest.approx(1_200, abs=20)
    assert expected(late, stops(1), now_s=AT + 2_000)[0].from_s >= AT + 2_000


def test_loading_again_takes_the_time_it_takes():
    usual, again = stops(1), stops(1, apart_s=1_200)

    assert expected(Certain(AT), again)[0].at_s - expected(Certain(AT), usual)[0].at_s == 1_200


def test_a_break_takes_as_long_as_it_takes():
    rest = Onward(0, 0, AT, 1_800, building="rest")
    (_rest, after) = expected(Certain(AT), [rest, replace(stops(1)[0], way_s=0)])

    assert (after.from_s, after.until_s) == (AT + 1_800, AT + 1_800)


def test_a_way_of_no_length_takes_no_time():
    found = expected(Certain(AT), stops(1, way_s=0))

    assert found[0].at_s == AT


def test_the_same_is_said_of_the_same():
    assert expected(Certain(AT), stops(8)) == expected(Certain(AT), stops(8))


@pytest.mark.parametrize("seed", range(5))
def test_as_many_come_within_their_range_as_it_says(seed):
    """Against days thrown with other dice, one after another, in plain Python."""
    chance = np.random.default_rng(seed)
    onward = [
        Onward(key, int(chance.integers(0, 900)), AT + key * 500 - int(chance.integers(0, 1_500)), 180)
        for key in range(9)
    ]
    found = expected(Certain(AT), onward)
    days = [thrown(onward, chance) for _day in range(1_500)]

    for number, each in enumerate(found):
        inside = np.mean([each.from_s <= day[number] <= each.until_s for day in days])
        inside90 = np.mean([each.from90_s <= day[number] <= each.until90_s for day in days])
        waits = each.from_s == each.until_s or each.from_s == onward[number].opens_s
        assert inside > 0.75
        assert inside90 > 0.86
        assert waits or inside < 0.86


def thrown(onward, chance):
    began, at = [], float(AT)
    day = {kind: PRIOR.of(kind).day_sd * chance.standard_normal() for kind in ("way", "door")}
    hours = {}

    def takes(kind, planned_s):
        if not planned_s:
            return 0.0
        hour = hours.setdefault((kind, int(at) // 3600), PRIOR.of(kind).hour_sd * chance.standard_normal())
        log = day[kind] + hour + PRIOR.of(kind).usual.sd * chance.standard_normal()
        return max(0.0, (planned_s + SOFT_S) * np.exp(log) - SOFT_S)

    for stop in onward:
        at = max(at + takes("way", stop.way_s), stop.opens_s)
        began.append(at)
        at += takes("door", stop.door_s)
    return began


def shown(from_s=AT + 600, at_s=AT + 900, until_s=AT + 1_200) -> Range:
    return Range(1, at_s, from_s, until_s, from_s, until_s)


def test_small_changes_to_and_fro_move_nothing():
    for change_s in (90, -90, 60, -120):
        new = shown(AT + 600 + change_s, AT + 900 + change_s, AT + 1_200 + change_s)

        assert steady(shown(), new, now_s=AT) == replace(
            new, at_s=AT + 900, from_s=AT + 600, until_s=AT + 1_200
        )


def test_what_is_no_longer_true_is_replaced():
    new = shown(AT + 1_500, AT + 1_800, AT + 2_100)

    assert steady(shown(), new, now_s=AT) == new


def test_a_range_narrows_once_that_is_news():
    little, much = shown(AT + 650, AT + 900, AT + 1_150), shown(AT + 800, AT + 900, AT + 1_000)

    assert steady(shown(), little, now_s=AT).wide_s == 600
    assert steady(shown(), much, now_s=AT) == much


def test_what_is_shown_loses_what_is_past():
    kept = steady(shown(), shown(AT + 1_000, AT + 1_050, AT + 1_250), now_s=AT + 1_000)

    assert kept.until_s in (AT + 1_200, AT + 1_250)
    assert AT + 1_000 <= kept.from_s <= kept.at_s <= kept.until_s
