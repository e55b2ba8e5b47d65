"""Windows, local days, and clock changes, against an oracle that shares nothing with them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling import windows
from scheduling.windows import Window, WorkingHours

HELSINKI = ZoneInfo("Europe/Helsinki")


def first_instant(day, at, zone):
    """The first minute whose local clock shows `day` and `at` or later, by looking at each."""
    step = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    while True:
        local = step.astimezone(zone)
        if (local.date(), local.time()) >= (day, at):
            return step
        step += timedelta(minutes=1)


@pytest.mark.parametrize(
    "zone", ["Europe/Helsinki", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
@pytest.mark.parametrize("at", [time(0), time(8), time(20)])
def test_local_times_become_instants_on_ordinary_and_changing_days(zone, at):
    changing = {
        "Europe/Helsinki": [date(2027, 3, 28), date(2027, 10, 31)],
        "America/Santiago": [date(2026, 9, 6), date(2027, 4, 4)],
        "Australia/Lord_Howe": [date(2026, 10, 4), date(2027, 4, 4)],
        "Asia/Kathmandu": [date(2026, 6, 1)],
    }[zone]
    for day in changing:
        found = windows.instant(day, at, ZoneInfo(zone))
        assert found == first_instant(day, at, ZoneInfo(zone)), (day, at, zone)


def test_a_skipped_time_moves_forward_and_a_double_one_is_the_first():
    assert windows.instant(date(2027, 3, 28), time(3, 30), HELSINKI).astimezone(HELSINKI).time() == time(
        4, 30
    )
    assert windows.instant(date(2027, 10, 31), time(3, 30), HELSINKI) == datetime(
        2027, 10, 31, 0, 30, tzinfo=UTC
    )


def test_days_have_23_24_or_25_hours():
    def hours(day):
        return (windows.midnight(day + windows.DAY, HELSINKI) - windows.midnight(day, HELSINKI)) / timedelta(
            hours=1
        )

    assert [hours(date(2027, 3, 28)), hours(date(2027, 6, 1)), hours(date(2027, 10, 31))] == [23, 24, 25]


def test_a_window_opens_before_it_closes():
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    with pytest.raises(ValueError, match="closes before"):
        Window(at, at)


def test_a_window_contains_itself_and_what_lies_inside():
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    whole = Window(at, at + timedelta(hours=2))
    part = Window(at + timedelta(minutes=30), at + timedelta(minutes=60))

    assert whole.contains(whole)
    assert whole.contains(part)
    assert not part.contains(whole)


def hours(weekdays=0b0011111):
    return WorkingHours(opens=time(8), closes=time(18), weekdays=weekdays, zone=HELSINKI)


def local(*args):
    return datetime(*args, tzinfo=HELSINKI).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "worked", "ready"),
    [
        (local(2026, 11, 24, 9), timedelta(hours=2), local(2026, 11, 24, 11)),
        (local(2026, 11, 24, 6), timedelta(hours=2), local(2026, 11, 24, 10)),
        (local(2026, 11, 24, 17), timedelta(hours=2), local(2026, 11, 25, 9)),
        (local(2026, 11, 27, 17), timedelta(hours=2), local(2026, 11, 30, 9)),
        (local(2026, 11, 24, 22), timedelta(0), local(2026, 11, 24, 22)),
        (local(2026, 11, 24, 22), timedelta(hours=10), local(2026, 11, 25, 18)),
    ],
)
def test_packing_time_runs_in_working_hours_only(start, worked, ready):
    assert hours().after(start, worked) == ready


def test_a_shop_that_never_works_is_never_ready():
    with pytest.raises(ValueError, match="weekday"):
        hours(weekdays=0).after(local(2026, 11, 24, 9), timedelta(hours=1))


def test_weekdays_are_bits_from_monday_on():
    assert windows.runs_on(0b0000001, date(2026, 11, 23))
    assert not windows.runs_on(0b0000001, date(2026, 11, 24))
