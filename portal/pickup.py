"""Where a delivery goes, and its pickup point in words, as several audiences read them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scheduling import windows

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from scheduling.models import Booking, PickupPoint
    from scheduling.windows import Window

WEEK = 7
NEARLY = timedelta(minutes=1)
"""A span to 23:59 is one to midnight."""


def point_of(booked: Booking) -> PickupPoint | None:
    """Return the pickup point where a booking goes; None where it comes to its door."""
    return booked.stop.pickup_point


def point_lines(point: PickupPoint) -> tuple[str, ...]:
    """Return a point as one writes it on an envelope."""
    lines = (point.name, point.line, f"{point.postcode} {point.city}")
    return tuple(line.strip() for line in lines if line.strip())


def point_line(point: PickupPoint) -> str:
    """Return a point in one line: Kioski, Katu 1, 00100 Helsinki."""
    return ", ".join(point_lines(point))


def kept_until(booked: Booking, zone: ZoneInfo) -> date:
    """Return the last day on which its parcels wait at its pickup point."""
    came = windows.local_date(booked.stop.opens_at, zone)
    return came + timedelta(days=settings.PICKUP_KEPT_DAYS)


def waits(booked: Booking, zone: ZoneInfo) -> str:
    """Say from when on parcels wait at the point, and until when; "" where they come to the door."""
    if booked.stop.pickup_point is None:
        return ""
    closes = booked.stop.closes_at.astimezone(zone)
    return _("Your parcels wait at %(name)s, from about %(time)s at the latest, until %(day)s.") % {
        "name": booked.stop.pickup_point.name,
        "time": _clock(closes),
        "day": date_format(kept_until(booked, zone), "l j F"),
    }


def kept_after() -> str:
    """Return for how long parcels wait: 7 days."""
    days: int = settings.PICKUP_KEPT_DAYS
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def away(metres: int) -> str:
    """Return a straight line in words that promise no more: about 350 m, about 1.2 km."""
    if metres < 1000:
        return _("about %(metres)d m") % {"metres": max(50, round(metres / 50) * 50)}
    return _("about %(km)s km") % {"km": number_format(round(metres / 1000, 1), decimal_pos=1)}


def open_now(point: PickupPoint, now: datetime) -> str:
    """Say how it is today: Open today until 20:00; Closed today."""
    zone = point.depot.zone
    today = windows.local_date(now, zone)
    spans = point.spans_on(today)
    there = next((span for span in spans if span.opens_at <= now < span.closes_at), None)
    if there is not None:
        closes = there.closes_at.astimezone(zone)
        if there.closes_at > windows.midnight(today + timedelta(days=2), zone):
            return _("Open all day and night")
        if closes.date() > today and closes.time() > closes.time().min:
            return _("Open until %(time)s tomorrow") % {"time": _clock(closes)}
        return _("Open today until %(time)s") % {"time": _clock(closes)}
    later = next((span for span in spans if span.opens_at > now), None)
    if later is not None:
        return _("Opens today at %(time)s") % {"time": _clock(later.opens_at.astimezone(zone))}
    return _("Closed today") if not spans else _("Closed for today")


def hours_words(point: PickupPoint, now: datetime) -> str:
    """Return when it is open: Open today until 20:00; Fri 8:00–20:00; Sat–Sun closed; Mon–Wed 8:00–20:00."""
    today, week = open_now(point, now), week_ahead(point, now)
    return today if always_open(point, now) else f"{today}; {week}"


def always_open(point: PickupPoint, now: datetime) -> bool:
    """Whether it closes at no hour of the days ahead."""
    first = windows.local_date(now, point.depot.zone)
    days = windows.days_from(first, WEEK)
    return all(_hours_of(point, day, point.depot.zone) == _("all day") for day in days)


def week_ahead(point: PickupPoint, now: datetime) -> str:
    """Return the hours of the days after today, days alike put together: Fri 8:00–20:00; Sat–Sun closed."""
    zone = point.depot.zone
    tomorrow = windows.local_date(now, zone) + timedelta(days=1)
    days = [(day, _hours_of(point, day, zone)) for day in windows.days_from(tomorrow, WEEK - 1)]
    parts = []
    for said, group in groupby(days, key=lambda one: one[1]):
        named = [day for day, _said in group]
        first, last = date_format(named[0], "D"), date_format(named[-1], "D")
        parts.append(f"{first if len(named) == 1 else f'{first}–{last}'} {said}")
    return "; ".join(parts)


def _hours_of(point: PickupPoint, day: date, zone: ZoneInfo) -> str:
    begun, ended = windows.midnight(day, zone), windows.midnight(day + timedelta(days=1), zone)
    spans = point.spans_on(day)
    if any(span.opens_at <= begun and span.closes_at >= ended - NEARLY for span in spans):
        return _("all day")
    own = [span for span in spans if span.opens_at >= begun]  # one past midnight is the day's it begins on
    return ", ".join(_span(span, zone) for span in own) or _("closed")


def _span(span: Window, zone: ZoneInfo) -> str:
    return f"{_clock(span.opens_at.astimezone(zone))}–{_clock(span.closes_at.astimezone(zone))}"


def _clock(at: datetime) -> str:
    return date_format(at, "G:i")
