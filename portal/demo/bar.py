"""The clock bar: what time the demo has, and where it can jump to."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.demo.town import TIME_ZONE
from portal.demo.week import SEEDED_CONTACTS
from scheduling import clock, windows
from scheduling.models import Booking

HELSINKI = ZoneInfo(TIME_ZONE)
EVENING = time(19)


@dataclass(frozen=True, slots=True)
class Jump:
    """One place on the clock. `why_not` says why it can't be chosen, "" where it can."""

    name: str
    label: str
    at: datetime
    moment: str
    why_not: str = ""


def clock_bar(request: HttpRequest) -> dict[str, Any]:
    """What base.html shows above every page; nothing inside a frame, where the page around it has it."""
    if request.headers.get("Sec-Fetch-Dest") == "iframe":
        return {}
    now = clock.now()
    return {
        "page_bars": ["demo/_clock_bar.html"],
        "demo_moment": moment(now),
        "demo_jumps": [evening_before(now)],
        "demo_next": request.get_full_path(),
    }


def evening_before(now: datetime) -> Jump:
    """The evening before the visitor's own delivery, or before the next day of deliveries.

    It is after the cut-off: the day is closed, nobody can change it any more.
    """
    own = Booking.objects.filter(state=Booking.State.BOOKED).exclude(
        delivery__contact_email__endswith=SEEDED_CONTACTS
    )
    opens_at = own.order_by("-pk").values_list("stop__opens_at", flat=True).first()
    today = windows.local_date(now, HELSINKI)
    day = windows.local_date(opens_at, HELSINKI) if opens_at else today + timedelta(days=1)
    at = windows.instant(day - timedelta(days=1), EVENING, HELSINKI)
    if opens_at is None and at <= now:
        at += timedelta(days=1)
    label = _("The evening before your delivery") if opens_at else _("The evening before")
    return Jump("evening", label, at, moment(at), "" if at > now else _("That evening is over."))


def moment(at: datetime) -> str:
    """Mon 23 Nov, 19:00, in Helsinki."""
    local = at.astimezone(HELSINKI)
    return _("%(day)s, %(time)s") % {"day": date_format(local, "D j M"), "time": date_format(local, "H:i")}
