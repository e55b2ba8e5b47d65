from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.customers import words
from portal.templatetags.doorstep import keep


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (250, "EUR", "€2.50"),
        (0, "EUR", "€0.00"),
        (123456, "GBP", "£1,234.56"),
        (-50, "EUR", "−€0.50"),
        (990, "SEK", "SEK 9.90"),
    ],
)
def test_money_is_written_with_its_currency(minor, currency, text):
    assert words.money(minor, currency) == text


@pytest.mark.parametrize(
    ("metres", "text"), [(250, "0.25 km"), (1000, "1 km"), (1250, "1.25 km"), (10000, "10 km")]
)
def test_kilometres_have_no_needless_zeros(metres, text):
    assert words.kilometres(metres) == text


def test_the_nearest_band_says_less_than_and_others_say_about():
    assert words.more_driving(250) == "Less than 0.25\u00a0km more."
    assert words.more_driving(1500) == "Up to 1.5\u00a0km more."


def test_grams_are_to_the_nearest_ten():
    assert words.grams(173) == "170 g CO₂e"


def test_loads_are_counted_and_weighed():
    assert words.load(1, 500) == "1 parcel, 0.5 kg"
    assert words.load(2, 9000) == "2 parcels, 9 kg"
    assert words.load(200, 1_000_000) == "200 parcels, 1,000 kg"


def test_hours_are_short_where_nothing_is_lost():
    at = datetime(2026, 11, 26, 8, tzinfo=UTC)

    assert words.hours(at, at.replace(hour=10)) == "8:00–10:00"
    assert words.short_hours(at, at.replace(hour=10)) == "8–10"
    assert words.short_hours(at, at.replace(hour=10, minute=30)) == "8:00–10:30"


def test_days_and_moments_are_spelt_out():
    at = datetime(2026, 11, 25, 18, tzinfo=UTC)

    assert words.short_day(date(2026, 11, 26)) == "Thu 26 Nov"
    assert words.long_moment(at) == "Wednesday 25 November, 18:00"


@pytest.mark.parametrize(("seconds", "text"), [(899, "14 minutes"), (60, "1 minute"), (3, "1 minute")])
def test_time_left_promises_no_more_than_there_is(seconds, text):
    assert words.time_left(seconds) == text


def test_lists_end_with_and():
    assert words.listed([]) == ""
    assert words.listed(["a", "b", "c"]) == "a, b and c"


def test_hours_never_break_in_the_middle_and_text_stays_escaped():
    assert keep("<b> Thu 10:00–12:00") == '&lt;b&gt; Thu <span class="keep">10:00–12:00</span>'
    assert keep("8–10, 10–12").count('class="keep"') == 2


def test_the_same_instant_reads_differently_on_the_clocks_of_two_zones():
    instant = datetime(2026, 6, 1, 9, tzinfo=UTC)
    elsewhere = instant.astimezone(ZoneInfo("Europe/Helsinki"))

    assert (words.clock_time(instant), words.clock_time(elsewhere)) == ("9:00", "12:00")
