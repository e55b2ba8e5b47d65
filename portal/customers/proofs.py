"""What its customer sees of what happened at the door: who took it, where, photos and the signature.

For who manages it alone: a follow link shows nothing of it. Pictures are shown by addresses that end after
five minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from portal.access import require_manage
from portal.customers import words
from portal.customers.rows import Fact
from portal.services.proofs import proof_response, seal_proof
from scheduling import clock
from scheduling.outcomes import (
    AT_POINT,
    COLLECTED,
    HANDED_OVER,
    NEIGHBOUR,
    PARTLY,
    SAFE_PLACE,
    SERVED,
    reasons_for,
)
from scheduling.selectors.attempts import attempt_at, proof_of

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from django.http import HttpRequest, HttpResponse

    from portal.models import AccessLink
    from scheduling.models import Attempt, Booking, Proof

TOO_FAR_M = 1_000
"""From here on a distance says no more than that the phone did not know where it was."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo or a signature: where it is shown, what it is, and whether it was drawn."""

    url: str
    words: str
    drawn: bool


@dataclass(frozen=True, slots=True)
class Proved:
    """What was noted at the door. `title` is a heading; `pictures` are in the order they were made in."""

    title: str
    facts: list[Fact]
    pictures: list[Picture]


def proved(link: AccessLink, booked: Booking, zone: ZoneInfo, *, now: datetime) -> Proved | None:
    """Return what is shown of a delivery's stop; None before anything happened there. Two queries."""
    attempt = attempt_at(booked.stop)
    if attempt is None:
        return None
    told = attempt.served or attempt.proofs.all()
    return Proved(_title(attempt), _facts(attempt, zone), _pictures(attempt, link, now)) if told else None


def _title(attempt: Attempt) -> str:
    if attempt.outcome == COLLECTED:
        return _("Proof that we have it")
    return _("Proof of delivery") if attempt.served else _("What we saw")


def _facts(attempt: Attempt, zone: ZoneInfo) -> list[Fact]:
    at = attempt.happened_at.astimezone(zone)
    said = [
        Fact(_("When"), f"{words.long_day(at)}, {words.clock_time(at)}"),
        Fact(_("Who took it"), who_took(attempt), written=bool(attempt.to_whom)),
        Fact(_("Why not"), str(reasons_for(attempt.outcome).get(attempt.reason, ""))),
        Fact(_("Parcels"), how_many(attempt)),
        Fact(_("Where"), how_far(attempt)),
        Fact(_("Age"), _("A proof of age was shown") if attempt.age_checked and attempt.served else ""),
    ]
    return [fact for fact in said if fact.value]


def who_took(attempt: Attempt) -> str:
    """Say who took it; nothing where nobody did."""
    nobody = {
        SAFE_PLACE: _("Nobody: it is where you said it may be left"),
        AT_POINT: _("Your pickup point"),
        COLLECTED: _("Our driver"),
    }
    if attempt.outcome in nobody:
        return nobody[attempt.outcome]
    if attempt.outcome == NEIGHBOUR:
        return attempt.to_whom or _("Your neighbour")
    return (attempt.to_whom or _("You")) if attempt.outcome in (HANDED_OVER, PARTLY) else ""


def how_many(attempt: Attempt) -> str:
    """Return 2 of 3, or 3; nothing where none was handed over."""
    count, of = len(attempt.parcels), attempt.delivery.parcel_count
    if attempt.outcome not in SERVED or not count:
        return ""
    if count == of:
        return words.parcels(count)
    return _("%(count)d of %(of)d. The rest is still with us.") % {"count": count, "of": of}


def how_far(attempt: Attempt) -> str:
    """Say how far the driver's phone was from where it was to go; nothing where it did not know."""
    away_m = attempt.distance_m
    if away_m is None or away_m >= TOO_FAR_M:
        return ""
    there = (
        _("%(distance)s from your pickup point")
        if attempt.outcome == AT_POINT
        else _("%(distance)s from your address")
    )
    metres = ngettext("%(count)d metre", "%(count)d metres", away_m) % {"count": away_m}
    return there % {"distance": metres}


def _pictures(attempt: Attempt, link: AccessLink, now: datetime) -> list[Picture]:
    kept = [proof for proof in attempt.proofs.all() if proof.removed_at is None]
    return [_picture(proof, link, now) for proof in kept]


def _picture(proof: Proof, link: AccessLink, now: datetime) -> Picture:
    sealed = seal_proof(proof, whom=link.actor, now=now)
    drawn = proof.kind == proof.Kind.SIGNATURE
    return Picture(
        url=reverse("customers:proof", args=[link.delivery.ref, proof.pk, sealed]),
        words=_("The signature") if drawn else _("The driver’s photo"),
        drawn=drawn,
    )


@require_manage
@require_safe
def proof(request: HttpRequest, link: AccessLink, number: int, sealed: str) -> HttpResponse:
    """Show a photo or a signature to whose delivery it is, for five minutes; then 403."""
    found = proof_of(link.delivery, pk=number, standing=True)
    return proof_response(found, sealed, whom=link.actor, now=clock.now())
