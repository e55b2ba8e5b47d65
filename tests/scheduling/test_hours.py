"""When a pickup point is open, out of the text that OpenStreetMap has for it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from scheduling.hours import check_hours, open_spans
from tests.factories import CENTRE

HELSINKI = ZoneInfo("Europe/Helsinki")
THURSDAY, FRIDAY, SATURDAY = date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 28)


def spans(text: str, day: date) -> list[str]:
    return [
        f"{span.opens_at.astimezone(HELSINKI):%a %H:%M}-{span.closes_at.astimezone(HELSINKI):%a %H:%M}"
        for span in open_spans(text, day, HELSINKI, CENTRE)
    ]


def test_a_week_of_hours_is_read_day_by_day():
    text = "Mo-Fr 08:00-20:00; Sa 10:00-16:00"

    assert spans(text, THURSDAY) == ["Thu 08:00-Thu 20:00"]
    assert spans(text, SATURDAY) == ["Sat 10:00-Sat 16:00"]
    assert spans(text, date(2026, 11, 29)) == []


def test_a_day_may_have_several_spans():
    assert spans("Mo-Fr 08:00-12:00,13:00-18:00", FRIDAY) == ["Fri 08:00-Fri 12:00", "Fri 13:00-Fri 18:00"]


def test_a_span_past_midnight_touches_both_days():
    assert spans("Mo-Su 18:00-02:00", FRIDAY) == ["Thu 18:00-Fri 02:00", "Fri 18:00-Sat 02:00"]


@pytest.mark.parametrize("date_text", ["2026 Nov 26", "2026-11-26"])
def test_a_date_may_be_closed_or_have_hours_of_its_own(date_text):
    assert spans(f"Mo-Fr 08:00-20:00; {date_text} off", THURSDAY) == []
    assert spans(f"Mo-Fr 08:00-20:00; {date_text} 10:00-13:00", THURSDAY) == ["Thu 10:00-Thu 13:00"]
    assert spans(f"Mo-Fr 08:00-20:00; {date_text} off", FRIDAY) == ["Fri 08:00-Fri 20:00"]


def test_holidays_are_those_of_the_country_it_is_in():
    assert spans("Mo-Su 08:00-20:00; PH off", date(2026, 12, 6)) == []  # Finland's independence day


def test_a_point_that_never_closes_is_one_span():
    (span,) = open_spans("24/7", THURSDAY, HELSINKI, CENTRE)

    assert span.opens_at <= datetime(2026, 11, 25, 22, tzinfo=UTC)
    assert span.closes_at >= datetime(2026, 11, 26, 22, tzinfo=UTC)


def test_hours_go_by_the_clock_also_on_the_day_it_is_changed():
    # At four o'clock on 25 October 2026 clocks in Helsinki go back to three.
    (span,) = open_spans("Su 02:00-05:00", date(2026, 10, 25), HELSINKI, CENTRE)

    assert (span.closes_at - span.opens_at).total_seconds() == 4 * 3600


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mo-Fr 8-20", "from “8-20” on"),
        ("Mo-Fr 08:00-20:00; nonsense", "from “nonsense” on"),
        ("", "Say when it is open"),
        ("sunrise-sunset", "by the clock"),
        ("Mo-Fr 08:00-20:00 " * 40, "400 letters"),
    ],
)
def test_hours_that_cannot_be_read_are_refused_with_where(text, said):
    with pytest.raises(ValidationError) as refused:
        check_hours(text)

    assert said in " ".join(refused.value.messages)
