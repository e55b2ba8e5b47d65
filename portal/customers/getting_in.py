"""What a booking's pages show of getting in: what was said, and that codes are kept. Never a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.customers import words
from portal.customers.rows import Change, Fact, KeptCode
from portal.notes import code_kept, code_kept_since, kept_at, said_of
from scheduling.selectors.notes import notes_of, notes_open
from scheduling.ways_in import CODES

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from portal.models import AccessLink
    from scheduling.models import AccessNotes, Booking, Delivery

IN_SHORT = 2


def facts_of_notes(said: AccessNotes | None) -> list[Fact]:
    """Return what is kept as lines, what was written in its own direction."""
    return [Fact(each.name, each.value, written=each.written) for each in said_of(said)]


def getting_in(delivery: Delivery, zone: ZoneInfo) -> list[Fact]:
    """Return all that its own page tells of getting in; never for a page behind a follow link."""
    said = notes_of(delivery)
    kept = [each for each in kept_codes(said, zone) if each.kept]
    return [*facts_of_notes(said), *(Fact(each.name, each.sentence) for each in kept)]


def kept_codes(said: AccessNotes | None, zone: ZoneInfo) -> list[KeptCode]:
    """Return for each kind of code whether one is kept, and since when."""
    return [_kept_code(said, code, str(name), zone) for code, name in CODES.items()]


def _kept_code(said: AccessNotes | None, code: str, name: str, zone: ZoneInfo) -> KeptCode:
    since = kept_at(said, code) if said else None
    if since is None:
        return KeptCode(code, name, _("None is kept."), kept=False)
    moment = words.short_moment(since.astimezone(zone))
    return KeptCode(code, name, code_kept_since(code, moment), kept=True)


def notes_change(link: AccessLink, booked: Booking, now: datetime) -> Change | None:
    """Offer to say how to get in, until it is handed over; at a pickup point only to take codes back."""
    said = notes_of(link.delivery)
    elsewhere = booked.stop.pickup_point_id is not None and not (said and said.codes)
    if elsewhere or not notes_open(booked, now=now):
        return None
    url = reverse("customers:notes", args=[link.delivery.ref])
    return Change(_("How we get in"), in_short(said), url)


def in_short(said: AccessNotes | None) -> str:
    """Return the first things that were chosen, and which codes are kept."""
    if said is None:
        return _("Nothing said yet")
    chosen = [each.value for each in said_of(said) if not each.written][:IN_SHORT]
    parts = [*chosen, *(code_kept(code).rstrip(".") for code in said.codes)]
    return " · ".join(parts) or _("Something said")
