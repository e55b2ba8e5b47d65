"""What a customer can still change about a booking: one row each, with how it is now and where to change it.

Here rather than with the pages that make the changes: those show the booking, which shows these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.customers import words
from portal.customers.door_rows import longer_row, safe_place_row
from portal.customers.getting_in import notes_change
from portal.customers.rows import Change
from portal.pickup import point_of
from scheduling.selectors.again import may_answer_late
from scheduling.selectors.pickup import may_divert

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import Booking

    Offered = Callable[[AccessLink, Booking, datetime], Change | None]


def late(_link: AccessLink, booked: Booking, _now: datetime) -> Change | None:
    """What is to happen with a visit that will be late."""
    if not may_answer_late(booked, booked.stop.route.shift.plan):
        return None
    url = reverse("customers:late", args=[booked.delivery.ref])
    return Change(_("We will be late"), _("Wait, choose another time, or leave it somewhere"), url)


def street(_link: AccessLink, booked: Booking, _now: datetime) -> Change | None:
    """Whether the street may hear that a van comes."""
    if booked.state != booked.State.BOOKED or booked.delivery.state != "confirmed":
        return None
    said = _("It may hear that a van comes") if booked.delivery.tells_street else _("It hears nothing")
    return Change(_("Your street"), said, reverse("customers:street", args=[booked.delivery.ref]))


def pickup_change(link: AccessLink, booked: Booking, now: datetime) -> Change | None:
    """Return the row of the booking's page that leads here."""
    if not may_divert(booked, now):
        return None
    point = point_of(booked)
    value = point.name if point else _("No: it comes to your door")
    return Change(_("Pickup point"), value, reverse("customers:point", args=[link.delivery.ref]))


def reached(link: AccessLink, booked: Booking, now: datetime) -> Change:
    """Return the row that leads here: how they are reached."""
    url = reverse("customers:preferences", args=[link.delivery.ref])
    return Change(_("How we reach you"), words.reached(link.delivery), url)


OFFERED: tuple[Offered, ...] = (
    late,
    safe_place_row,
    longer_row,
    notes_change,
    pickup_change,
    street,
    reached,
)
"""In the order they are shown. Each returns None where nothing of its kind can be changed any more."""


def changes_of(link: AccessLink, booked: Booking, *, now: datetime) -> list[Change]:
    """Return what can be changed through a manage link now."""
    found = (offered(link, booked, now) for offered in OFFERED)
    return [change for change in found if change is not None]
