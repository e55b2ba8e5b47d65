"""How far a delivery is, in one word, and where its van may be said to be."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import cos, hypot, radians
from random import Random

import pytest

from scheduling.models import Attempt
from scheduling.outcomes import NOT_POSSIBLE, REFUSED, reasons_for
from scheduling.phases import (
    CLOSE,
    IN_VAIN,
    NEAR,
    PHASES,
    SERVED,
    Glimpse,
    phase_of,
    rounded,
    spot_of,
    stops_shown,
)

OPENS = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""Tuesday, 10:00 in Helsinki."""
ON_BOARD = {"state": "on_board", "route_state": "started"}


def glimpse(**values) -> Glimpse:
    """A delivery booked for Tuesday 10:00 to 12:00, nothing of which has begun."""
    known = {
        "ref": "7K2MQ9XA",
        "direction": "out",
        "state": "confirmed",
        "booking_state": "booked",
        "change_until_at": OPENS - timedelta(hours=16),
        "stop_id": 7,
        "opens_at": OPENS,
        "closes_at": OPENS + timedelta(hours=2),
        "route_state": "tentative",
        "service_date": date(2026, 11, 24),
        "time_zone": "Europe/Helsinki",
        "vehicle": "Van 1",
        "before": 9,
        "last_event": 2,
    }
    empty = dict.fromkeys(Glimpse.__slots__)
    return Glimpse(**empty | known | values)


def seen(before: int, *, age: timedelta = timedelta(0), **values) -> Glimpse:
    """A delivery on the road whose van was seen."""
    where = {"seen_at": OPENS - age, "seen_lat": 60.16917, "seen_lon": 24.94231}
    return glimpse(before=before, **ON_BOARD | where | values)


@pytest.mark.parametrize(
    ("local_hours_before", "phase"),
    [(11, "tomorrow"), (34, "tomorrow"), (35, "booked"), (9, "today"), (0, "today"), (-2.9, "today")],
)
def test_before_it_leaves_the_local_day_counts(local_hours_before, phase):
    assert phase_of(glimpse(), OPENS - timedelta(hours=local_hours_before)) == phase


@pytest.mark.parametrize(
    ("before", "phase"), [(9, "on_the_way"), (4, "on_the_way"), (3, "near"), (1, "near"), (0, "next")]
)
def test_on_the_road_the_stops_before_it_count(before, phase):
    assert phase_of(glimpse(before=before, **ON_BOARD), OPENS) == phase


def test_who_has_arrived_is_there_however_many_stops_were_left_out():
    assert phase_of(glimpse(arrived_at=OPENS, **ON_BOARD), OPENS) == "arrived"


def test_a_pickup_is_on_the_road_as_soon_as_its_van_is():
    assert phase_of(glimpse(direction="in", route_state="started"), OPENS) == "on_the_way"


def test_late_is_said_until_the_van_is_close():
    late = glimpse(late_since=OPENS, **ON_BOARD)
    assert phase_of(late, OPENS) == "late"
    assert phase_of(replace(late, before=NEAR), OPENS) == "near"
    assert phase_of(glimpse(late_since=OPENS), OPENS) == "late"


def test_a_stop_on_no_route_says_so_whatever_else_is_known():
    assert phase_of(glimpse(unassigned_at=OPENS, arrived_at=OPENS, **ON_BOARD), OPENS) == "unassigned"


def test_what_never_left_is_given_up_an_hour_after_its_promise():
    closes = glimpse().closes_at
    assert phase_of(glimpse(), closes + timedelta(minutes=59)) == "today"
    assert phase_of(glimpse(), closes + timedelta(minutes=60)) == "overdue"
    assert phase_of(glimpse(**ON_BOARD), OPENS + timedelta(days=1)) == "overdue"


def test_every_outcome_and_reason_has_a_phase():
    served = {glimpse(state="delivered", outcome=each) for each in Attempt.SERVED}
    assert {phase_of(each, OPENS) for each in served} == set(SERVED)
    missed = {
        phase_of(glimpse(state="failed", outcome=outcome, reason=reason, direction=direction), OPENS)
        for outcome in (NOT_POSSIBLE, REFUSED)
        for reason in reasons_for(outcome)
        for direction in ("in", "out")
    }
    assert missed == set(IN_VAIN)


def test_every_state_of_a_delivery_has_a_phase():
    for state in ("confirmed", "on_board", "delivered", "failed", "at_depot", "returned", "cancelled"):
        assert phase_of(glimpse(state=state), OPENS) in PHASES


@pytest.mark.parametrize("before", range(7))
def test_the_van_shows_from_three_stops_before_on(before):
    it = seen(before)
    spot = spot_of(it, phase_of(it, OPENS), OPENS)

    assert (spot is not None) == (before <= NEAR)
    if spot is not None:
        assert (spot.lat, spot.lon) == (60.169, 24.942)


@pytest.mark.parametrize(
    "values",
    [
        {"arrived_at": OPENS},
        {"state": "delivered", "outcome": "handed_over"},
        {"state": "failed", "outcome": "refused", "reason": "other"},
        {"state": "at_depot"},
        {"booking_state": "cancelled"},
        {"unassigned_at": OPENS},
        {"route_state": "loaded"},
        {"route_state": "finished"},
        {"seen_at": None},
    ],
)
def test_the_van_shows_at_no_other_time(values):
    it = seen(0, **values)
    assert spot_of(it, phase_of(it, OPENS), OPENS) is None


def test_a_position_older_than_three_minutes_is_where_it_was_seen_last():
    for seconds, stale in ((180, False), (181, True)):
        spot = spot_of(seen(1, age=timedelta(seconds=seconds)), "near", OPENS)
        assert spot.stale is stale


def test_places_are_rounded_to_a_grid_of_about_a_hundred_metres():
    chance = Random(1)
    for _n in range(2_000):
        lat, lon = chance.uniform(-70, 70), chance.uniform(-179, 179)
        near = rounded(lat, lon)
        north_m = (near[0] - lat) * 111_200
        east_m = (near[1] - lon) * 111_200 * cos(radians(lat))
        assert hypot(north_m, east_m) < 100
        assert near == rounded(lat, lon) == rounded(*near)
        assert all(round(value, 3) == value for value in near)


def test_stops_are_counted_only_while_the_van_is_out():
    for phase in PHASES:
        assert (stops_shown(glimpse(), phase)) is None
    assert stops_shown(seen(5), "on_the_way") == 5
    assert {phase for phase in PHASES if stops_shown(seen(2), phase) is not None} == {
        "on_the_way",
        "late",
        *CLOSE,
    }
