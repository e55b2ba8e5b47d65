"""When a pickup point is open: a text as OpenStreetMap writes hours, read by the library of that name.

Mo-Fr 08:00-20:00; Sa 10:00-16:00; 2026 Dec 24 off. Several spans a day, spans past midnight, closed days,
holidays (PH) and single dates are all part of that grammar; a date may also be written 2026-12-24.
https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
"""

import re
from datetime import UTC, date, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from opening_hours import OpeningHours, ParserError, State  # type: ignore[attr-defined] # its stubs leave it out

from scheduling import windows
from scheduling.windows import DAY, Window

MOST_LETTERS: Final = 400
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ISO_DATE: Final = re.compile(r"\b(\d{4})-(0[1-9]|1[0-2])-(\d{2})\b")
_SUN: Final = re.compile(r"sunrise|sunset|dawn|dusk", re.IGNORECASE)
_AT: Final = re.compile(r"--> 1:(\d+)")
LONGEST: Final = timedelta(days=2)
"""A span that began so long ago may still be open."""


def check_hours(text: str) -> None:
    """Raise ValidationError, saying where, unless a text says when a point is open."""
    if len(text) > MOST_LETTERS:
        raise ValidationError(_("Please write the hours in %(most)d letters."), params={"most": MOST_LETTERS})
    if _SUN.search(text):
        raise ValidationError(_("Write the hours by the clock: we can’t promise a sunrise."))
    plain = _plain(text)
    try:
        OpeningHours(plain)
    except ParserError as error:
        raise ValidationError(_wrong(plain, str(error))) from error


def _wrong(text: str, error: str) -> str:
    example = "Mo-Fr 08:00-20:00; Sa 10:00-16:00; 2026 Dec 24 off"
    found = _AT.search(error)
    rest = text[int(found[1]) - 1 :][:30].strip() if found else ""
    if not rest:
        return _("Say when it is open, such as “%(example)s”.") % {"example": example}
    known = {"rest": rest, "example": example}
    return _("We can’t read the hours from “%(rest)s” on. Write them like “%(example)s”.") % known


def _plain(text: str) -> str:
    """Return the text with its dates as the grammar has them, and nothing around it."""
    return _ISO_DATE.sub(lambda at: f"{at[1]} {MONTHS[int(at[2]) - 1]} {at[3]}", " ".join(text.split()))


@lru_cache(maxsize=2048)
def open_spans(text: str, day: date, zone: ZoneInfo, at: tuple[float, float]) -> tuple[Window, ...]:
    """Return when a point at (lat, lon) is open that touches a local day, in order: whole spans, in UTC.

    A span past midnight belongs to both days. One without an end is cut two days off.
    """
    return tuple(
        span
        for span in _spans(text, day - LONGEST, day + LONGEST + DAY, zone, at)
        if span.closes_at > windows.midnight(day, zone) and span.opens_at < windows.midnight(day + DAY, zone)
    )


def _spans(text: str, first: date, last: date, zone: ZoneInfo, at: tuple[float, float]) -> list[Window]:
    begun, ended = windows.midnight(first, zone), windows.midnight(last, zone)
    found = OpeningHours(_plain(text), coords=at, timezone=zone).intervals(
        begun.astimezone(zone), ended.astimezone(zone)
    )
    spans: list[Window] = []
    for opens, closes, state, _comments in found:
        if state != State.OPEN:
            continue
        opens_at, closes_at = opens.astimezone(UTC), closes.astimezone(UTC)
        if spans and spans[-1].closes_at == opens_at:  # open on, under another comment
            opens_at = spans.pop().opens_at
        spans.append(Window(opens_at, closes_at))
    return spans
