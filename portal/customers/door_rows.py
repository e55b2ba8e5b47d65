"""What a booking's page says of its door under "You can still change"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.customers.rows import Change
from portal.door import minutes_more, shown_words
from scheduling.selectors.doors import told_until

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import Booking


def safe_place_row(link: AccessLink, booked: Booking, now: datetime) -> Change | None:
    """Where it may be left when nobody opens, until its route may have started."""
    delivery = link.delivery
    if not open_until(booked, "tell", now=now) or delivery.direction != delivery.Direction.OUT:
        return None
    now_at = shown_words(delivery.left_at, recalled=delivery.safe_place_recalled)
    value = now_at or _("Nowhere: somebody is at home")
    return Change(_("If nobody opens"), value, reverse("customers:safe-place", args=[delivery.ref]))


def longer_row(link: AccessLink, booked: Booking, now: datetime) -> Change | None:
    """How much longer it takes at the door. Once routes are fixed it can only become less."""
    write = "lengthen" if open_until(booked, "lengthen", now=now) else "shorten"
    if not open_until(booked, write, now=now) or (write == "shorten" and not link.delivery.extra_s):
        return None
    value = minutes_more(link.delivery.extra_s) or _("As long as usual")
    return Change(_("Time at the door"), value, reverse("customers:longer", args=[link.delivery.ref]))


def open_until(booked: Booking, write: str, *, now: datetime) -> datetime | None:
    """Return until when such a change is possible; None where it no longer is."""
    until = told_until(booked, write)
    return until if until is not None and now < until else None
