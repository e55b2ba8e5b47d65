"""Which buffer applies to a window: weekdays and hours on the depot's clocks, the strongest, half at most."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from scheduling import windows
from scheduling.buffers import BufferRule, buffer_s
from scheduling.models import Buffer
from scheduling.models.network import EVERY_DAY
from scheduling.models.slots import buffers_at
from scheduling.windows import Window
from tests.factories import CENTRE, make_depot

HELSINKI = ZoneInfo("Europe/Helsinki")
TUESDAY = date(2026, 11, 24)
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
"""In Helsinki 03:00-04:00 is skipped on the one and comes twice on the other; both are Sundays."""
WEEKDAYS, SUNDAYS = 0b0011111, 0b1000000


def window(day: date, opens: int, closes: int, zone: ZoneInfo = HELSINKI) -> Window:
    return Window(windows.instant(day, time(opens), zone), windows.instant(day, time(closes), zone))


def rule(starts: int, ends: int, *, minutes: int = 10, weekdays: int = EVERY_DAY) -> BufferRule:
    return BufferRule(weekdays, time(starts), time(ends), seconds=60 * minutes)


# Hours


@pytest.mark.parametrize(
    ("opens", "closes", "expected"),
    [
        (12, 14, 0),
        (14, 16, 0),  # ends as the hours begin
        (15, 17, 600),
        (16, 18, 600),
        (17, 18, 600),
        (18, 20, 600),
        (8, 20, 600),  # longer than the hours
        (20, 22, 0),  # begins as they end
    ],
)
def test_it_applies_where_hours_and_window_overlap(opens, closes, expected):
    assert buffer_s([rule(16, 20)], window(TUESDAY, opens, closes), HELSINKI) == expected


def test_other_weekdays_have_none():
    evening = rule(16, 20, weekdays=WEEKDAYS)

    assert buffer_s([evening], window(TUESDAY, 18, 20), HELSINKI) == 600
    assert buffer_s([evening], window(date(2026, 11, 28), 18, 20), HELSINKI) == 0


def test_the_weekday_is_the_depots():
    auckland = ZoneInfo("Pacific/Auckland")
    morning = window(TUESDAY, 8, 10, auckland)

    assert morning.opens_at.astimezone(UTC).date() == date(2026, 11, 23)
    assert buffer_s([rule(8, 10, weekdays=0b10)], morning, auckland) == 600
    assert buffer_s([rule(8, 10, weekdays=0b01)], morning, auckland) == 0


# How much


def test_the_strongest_that_meets_the_window_counts():
    rules = [rule(16, 20, minutes=10), rule(17, 19, minutes=25), rule(8, 12, minutes=60)]

    assert buffer_s(rules, window(TUESDAY, 18, 20), HELSINKI) == 25 * 60
    assert buffer_s(rules, window(TUESDAY, 19, 20), HELSINKI) == 10 * 60
    assert buffer_s([], window(TUESDAY, 18, 20), HELSINKI) == 0


def test_half_of_the_window_is_left_at_least():
    assert buffer_s([rule(8, 20, minutes=90)], window(TUESDAY, 10, 12), HELSINKI) == 3600
    opens_at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert buffer_s([rule(8, 20)], Window(opens_at, opens_at + timedelta(seconds=1)), HELSINKI) == 0


# Clock changes


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_on_the_day_of_a_change_evenings_are_evenings(day):
    evening = rule(16, 20, weekdays=SUNDAYS)

    assert buffer_s([evening], window(day, 18, 20), HELSINKI) == 600
    assert buffer_s([evening], window(day, 14, 16), HELSINKI) == 0
    assert buffer_s([evening], window(day, 20, 22), HELSINKI) == 0


def test_hours_that_a_change_swallows_meet_nothing():
    assert buffer_s([rule(3, 4)], window(SPRING, 2, 5), HELSINKI) == 0
    assert buffer_s([rule(3, 5)], window(SPRING, 4, 6), HELSINKI) == 600
    assert buffer_s([rule(3, 5)], window(SPRING, 5, 7), HELSINKI) == 0


def test_an_hour_that_comes_twice_counts_both_times():
    first = windows.instant(AUTUMN, time(3), HELSINKI)
    again = first + timedelta(hours=1)
    assert again.astimezone(HELSINKI).time() == time(3)

    for at in (first, again):
        assert buffer_s([rule(3, 4)], Window(at, at + timedelta(hours=1)), HELSINKI) == 600
    assert buffer_s([rule(3, 4)], window(AUTUMN, 4, 6), HELSINKI) == 0


def test_it_agrees_with_looking_at_every_minute():
    random = Random(7)
    zones = [ZoneInfo(name) for name in ("Europe/Helsinki", "America/Santiago", "Australia/Lord_Howe")]
    for _ in range(300):
        zone, day = random.choice(zones), date(2027, 1, 1) + timedelta(days=random.randrange(365))
        hours, sold = (sorted(random.sample(range(6, 24), 2)) for _ in range(2))
        weekdays = random.randint(1, EVERY_DAY)
        asked = window(day, *sold, zone)
        minutes = (asked.closes_at - asked.opens_at) // timedelta(minutes=1)
        shown = ((asked.opens_at + timedelta(minutes=m)).astimezone(zone) for m in range(minutes))
        met = any(weekdays >> at.weekday() & 1 and hours[0] <= at.hour < hours[1] for at in shown)

        assert bool(buffer_s([rule(*hours, weekdays=weekdays)], asked, zone)) == met


# Rows


def a_buffer(**values) -> Buffer:
    return Buffer(**{"name": "Bridge", "starts": time(16), "ends": time(20), "minutes": 10} | values)


def test_the_area_decides_for_whom_it_counts():
    lat, lon = CENTRE
    around = [[lat - 0.1, lon - 0.1], [lat + 0.1, lon - 0.1], [lat + 0.1, lon + 0.1], [lat - 0.1, lon + 0.1]]
    everywhere = a_buffer()
    listed = a_buffer(area=Buffer.Area.POSTCODES, postcodes=["001 00"], minutes=20)
    drawn = a_buffer(area=Buffer.Area.POLYGON, polygon=around, minutes=30)

    def minutes_at(north: float, postcode: str) -> list[int]:
        found = buffers_at([everywhere, listed, drawn], lat=lat + north, lon=lon, postcode=postcode)
        return [each.seconds // 60 for each in found]

    assert minutes_at(0, "00100") == [10, 20, 30]
    assert minutes_at(0, "00200") == [10, 30]
    assert minutes_at(0.2, "00100") == [10, 20]
    assert minutes_at(0.2, "") == [10]


@pytest.mark.django_db
@pytest.mark.both
@pytest.mark.parametrize(
    "wrong",
    [
        {"minutes": 0},
        {"minutes": 121},
        {"weekdays": 0},
        {"weekdays": 128},
        {"ends": time(16)},
        {"area": "radius"},
    ],
    ids=str,
)
def test_the_database_keeps_to_what_makes_sense(wrong):
    depot = make_depot()
    a_buffer(depot=depot).save()

    with pytest.raises(IntegrityError), transaction.atomic():
        a_buffer(depot=depot, **{"name": "Other"} | wrong).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        a_buffer(depot=depot).save()
