"""The day as its customer sees it: what happens now and next, when, how far the van is; what of it is new.

A page is three parts, one inside the other: the whole of the booking, its head, and where the van is. Each
has a version made of what it shows; who polls says which they have, and gets the smallest with all the news.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2s
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.customers import words
from portal.customers.rows import Tag
from portal.customers.status import filled, status_of
from scheduling.outcomes import WHY_REFUSED
from scheduling.phases import (
    BEFORE_IT_LEAVES,
    CLOSE,
    IN_VAIN,
    NEAR,
    ON_THE_ROAD,
    OVER,
    SERVED,
    TROUBLED,
    Glimpse,
    Spot,
    every_s,
    phase_of,
    range_of,
    spot_of,
    stops_shown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

SOON: Final = timedelta(minutes=90)
"""Longer than that nobody counts down."""
NAMED_FOR: Final = timedelta(hours=24)
"""So long after it is over a driver who agreed to it is still named."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a page says of a delivery now. Words only; `left_s` counts down, None where nothing does.

    `hours` are the largest words; `say` is spoken when it changes; `every_s` is 0 where nothing new can come.
    """

    phase: str
    tag: Tag
    headline: str
    hours: str
    struck: bool
    why: str
    then: str
    promised: str
    stops: str
    who: str
    left_s: int | None
    left: str
    say: str
    spot: Spot | None
    seen: str
    waits_for_van: bool
    shows_home: bool
    ahead: str
    every_s: int
    version: str
    over: bool


def live_of(it: Glimpse, now: datetime, *, follow: bool = False) -> Live:
    """Return what a page shows of a glimpse, to who manages it or who follows. No query."""
    phase = phase_of(it, now)
    status, spot = status_of(phase, follow=follow), spot_of(it, phase, now)
    driver = "" if follow else named(it, now)
    stops = stops_shown(it, phase)
    opens, closes = (at.astimezone(ZoneInfo(it.time_zone)) for at in (it.opens_at, it.closes_at))
    day = words.long_day(opens)
    called = driver or (_("The driver") if follow else _("Your driver"))
    headline = str(filled(status.headline, driver=called, stops=stops, day=day))
    return Live(
        phase=phase,
        tag=status.tag,
        headline=headline or _headline(phase, day),
        hours=_hours(it, phase),
        struck=phase == "cancelled",
        why="" if follow else why_of(it, phase),
        then=filled(status.then, driver=called, stops=stops, day=day),
        promised=_promised(it, phase, opens, closes),
        stops=_stops(stops),
        who="" if follow else _who(it, driver, now),
        left_s=_left_s(it, phase, now),
        left=left_words(_left_s(it, phase, now)),
        say=headline if phase not in BEFORE_IT_LEAVES else "",
        spot=spot,
        seen=seen_words(spot, ZoneInfo(it.time_zone)),
        waits_for_van=it.on_the_road and spot is None and phase in ("on_the_way", *CLOSE),
        shows_home=_shows_home(it, phase, spot),
        ahead=_ahead(it, phase),
        every_s=every_s(it, phase),
        version=version_of(it, now, follow=follow),
        over=phase in OVER,
    )


def why_of(it: Glimpse, phase: str) -> str:
    """Return why it was not taken, where somebody said so at the door."""
    return str(WHY_REFUSED.get(it.reason or "", "")) if phase == "refused" else ""


def _headline(phase: str, day: str) -> str:
    if phase == "tomorrow":
        return _("Tomorrow, %(day)s") % {"day": day}
    return _("Today, %(day)s") % {"day": day} if phase == "today" else day


def _hours(it: Glimpse, phase: str) -> str:
    """Return the largest words: the range expected, else the promise; when it happened, once it is over."""
    zone = ZoneInfo(it.time_zone)
    if phase in ("at_depot", "returned"):
        return ""
    if phase == "arrived":
        return _("Now")
    if phase in SERVED or phase in IN_VAIN:
        return words.clock_time(it.done_at.astimezone(zone)) if it.done_at else ""
    opens, closes = range_of(it, phase) or (it.opens_at, it.closes_at)
    return words.hours(opens.astimezone(zone), closes.astimezone(zone))


def _promised(it: Glimpse, phase: str, opens: datetime, closes: datetime) -> str:
    """Say what was promised, where something else is the largest."""
    if range_of(it, phase) is None and phase not in SERVED:
        return ""
    return _("Promised between %(opens)s and %(closes)s.") % {
        "opens": words.clock_time(opens),
        "closes": words.clock_time(closes),
    }


def _ahead(it: Glimpse, phase: str) -> str:
    """Return when it comes, for the end of the timeline: Thu 26 Nov 10:40–10:55; nothing once it is over."""
    if phase not in (*BEFORE_IT_LEAVES, *ON_THE_ROAD, *TROUBLED):
        return ""
    zone = ZoneInfo(it.time_zone)
    opens, closes = (at.astimezone(zone) for at in range_of(it, phase) or (it.opens_at, it.closes_at))
    return f"{words.short_day(opens)} {words.short_hours(opens, closes)}"


def _shows_home(it: Glimpse, phase: str, spot: Spot | None) -> bool:
    """Whether its own place is on a map: before anything is on the road, and when the van shows beside it."""
    return spot is not None or (phase in (*BEFORE_IT_LEAVES, *TROUBLED) and not it.on_the_road)


def _stops(count: int | None) -> str:
    """Say how many stops there are, where the headline does not."""
    if count is None or count <= NEAR:
        return ""
    return ngettext("%(count)d stop before you.", "%(count)d stops before you.", count) % {"count": count}


def named(it: Glimpse, now: datetime) -> str:
    """Return the driver's first name: only where they agreed, only on the day or shortly after."""
    return (it.driver or "").partition(" ")[0] if it.shows_name and _may_name(it, now) else ""


def _may_name(it: Glimpse, now: datetime) -> bool:
    if it.done_at is not None:
        return now < it.done_at + NAMED_FOR
    return it.day_from(now) == 0


def _who(it: Glimpse, driver: str, now: datetime) -> str:
    """Say who drives what, as far as the driver agreed."""
    vehicle = it.vehicle if it.shows_vehicle and _may_name(it, now) else ""
    known = {"driver": driver, "vehicle": vehicle}
    if it.done_at is not None:
        return _("%(driver)s was your driver.") % known if driver else ""
    if driver and vehicle:
        return _("%(driver)s drives %(vehicle)s.") % known
    if driver:
        return _("%(driver)s is your driver.") % known
    return _("It comes with %(vehicle)s.") % known if vehicle else ""


def _left_s(it: Glimpse, phase: str, now: datetime) -> int | None:
    """Return the seconds until it is likeliest, never below 0; None where nobody counts them."""
    if it.expected_at is None or not it.on_the_road or phase not in ("on_the_way", "late", *CLOSE):
        return None
    left = it.expected_at - now
    return max(0, int(left.total_seconds())) if left <= SOON else None


def left_words(left_s: int | None) -> str:
    """Return In about 12 min, as live.js goes on counting it; nothing where nobody does."""
    if left_s is None:
        return ""
    minutes = -(-left_s // 60)
    return _("In about %(minutes)d min") % {"minutes": minutes} if minutes else _("Any moment now")


def seen_words(spot: Spot | None, zone: ZoneInfo) -> str:
    """Say where the van is, or when it was seen last."""
    if spot is None:
        return ""
    if spot.stale:
        return _("The van was last seen here at %(time)s.") % {
            "time": words.clock_time(spot.at.astimezone(zone))
        }
    return _("The van is about here, give or take 100 m.")


# What of it is new


def version_of(it: Glimpse, now: datetime, *, follow: bool = False) -> str:
    """Return the versions of the three parts, the largest first.

    Who follows is not told by it that something happened which their page does not show.
    """
    phase = phase_of(it, now)
    spot = spot_of(it, phase, now)
    booking = (
        phase,
        it.stop_id,
        it.opens_at,
        it.closes_at,
        not follow and it.last_event,
        it.day_from(now),
        now < it.change_until_at,
        spot is None,
    )
    head = (
        *(it.expected_from_at, it.expected_at, it.expected_until_at, it.done_at),
        *(stops_shown(it, phase), every_s(it, phase)),
        *(() if follow else (it.driver, it.shows_name, it.vehicle, it.shows_vehicle, _may_name(it, now))),
    )
    van = (spot.lat, spot.lon, spot.stale and spot.at) if spot else ()
    return ".".join(map(_digest, (booking, head, van)))


def _digest(shown: Sequence[Any]) -> str:
    return blake2s(repr(shown).encode(), digest_size=6).hexdigest()


def part_since(asked: str, version: str) -> str:
    """Return the smallest part that holds all that is new: booking, live or van; "" if nothing is."""
    parts = ("booking", "live", "van")
    seen = asked.split(".")
    if len(seen) != len(parts):
        return parts[0]
    new = (part for part, old, now in zip(parts, seen, version.split("."), strict=True) if old != now)
    return next(new, "")


def unchanged() -> HttpResponse:
    """204: htmx leaves the page alone."""
    return HttpResponse(status=204)
