"""What came of a delivery's stops, for the depot: each try with its proofs, verified; and taking one back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.http import redirect_page
from portal.operations import words
from portal.services.proofs import Judged, Verdict, judged, proof_response, seal_proof
from portal.staff import actor_of, names_of, require_operations
from scheduling import clock
from scheduling.selectors.attempts import attempts_of, may_undo, proof_of
from scheduling.selectors.promises import delivery_at
from scheduling.services.handing_over import undo_attempt

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from scheduling.models import Attempt, Delivery, Depot, Proof

VERDICTS = {
    Verdict.VERIFIED: (gettext_lazy("Verified: as it was noted"), "good"),
    Verdict.ALTERED: (gettext_lazy("Altered since it was noted"), "bad"),
    Verdict.ERASED: (gettext_lazy("Erased: can’t be verified any more"), ""),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo or a signature, and where it is shown."""

    url: str
    words: str
    drawn: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of a try."""

    name: str
    value: str
    main: bool = False
    written: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    """One try in words. `undone` says that it was taken back, by whom and why; `may_undo`: it can be."""

    title: str
    moment: str
    tone: str
    verdict: str
    verdict_tone: str
    facts: list[Line]
    pictures: list[Picture]
    undone: str
    may_undo: bool


def tries_of(delivery: Delivery, zone: ZoneInfo, *, whom: str, slug: str, now: datetime) -> list[Try]:
    """Return all tries of a delivery, the latest first. `whom`: who dispatches, "" for who may only look."""
    found = list(judged(delivery, attempts_of(delivery)))
    staff = names_of(name for one in found for name in (one.attempt.actor, one.attempt.undone_by))
    shown = _Shown(delivery, zone, whom, slug, now, staff)
    return [_try(one, shown) for one in reversed(found)]


@dataclass(frozen=True, slots=True)
class _Shown:
    """For whom and when tries are put in words."""

    delivery: Delivery
    zone: ZoneInfo
    whom: str
    slug: str
    now: datetime
    staff: dict[str, str]

    def by(self, actor: str) -> str:
        return self.staff.get(actor) or (_("the driver") if actor.startswith("shift:") else _("by itself"))


def _try(one: Judged, shown: _Shown) -> Try:
    attempt = one.attempt
    verdict, verdict_tone = VERDICTS[one.verdict]
    return Try(
        title=capfirst(str(attempt.get_outcome_display())),
        moment=words.moment(attempt.happened_at.astimezone(shown.zone)),
        tone="" if attempt.undone_at else "good" if attempt.served else "warn",
        verdict=str(verdict),
        verdict_tone=verdict_tone,
        facts=_facts(attempt, shown),
        pictures=_pictures(attempt, shown) if shown.whom else [],
        undone=_undone(attempt, shown),
        may_undo=bool(shown.whom) and may_undo(shown.delivery, attempt),
    )


def _facts(attempt: Attempt, shown: _Shown) -> list[Line]:
    """Return what is known of a try; names and notes only to who dispatches."""
    lines = [
        Line(_("Reason"), capfirst(str(attempt.get_reason_display())) if attempt.reason else ""),
        Line(_("Parcels"), _parcels(attempt, shown.delivery)),
        Line(_("To whom"), attempt.to_whom if shown.whom else "", written=True),
        Line(_("Note"), attempt.note if shown.whom else "", written=True),
        Line(_("Age"), _("proof of age seen") if attempt.age_checked and attempt.served else ""),
        Line(_("Distance"), _distance(attempt)),
        Line(_("Came"), _clock(attempt.arrived_at, shown.zone)),
        Line(_("Heard of"), _("%(moment)s, from %(who)s") % _heard(attempt, shown)),
        Line(_("Photos, signature"), _removed(attempt)),
    ]
    return [line for line in lines if line.value]


def _parcels(attempt: Attempt, delivery: Delivery) -> str:
    if not attempt.served:
        return ""
    count = {"count": len(attempt.parcels), "of": delivery.parcel_count}
    return _("%(count)d of %(of)d: %(barcodes)s") % {**count, "barcodes": ", ".join(attempt.parcels)}


def _distance(attempt: Attempt) -> str:
    if attempt.distance_m is None:
        return _("not known: the phone did not say where it was")
    away = words.distance(attempt.distance_m)
    if attempt.accuracy_m is None:
        return away
    return _("%(away)s, give or take %(metres)d m") % {"away": away, "metres": round(attempt.accuracy_m)}


def _clock(at: datetime | None, zone: ZoneInfo) -> str:
    return words.clock_time(at.astimezone(zone)) if at else ""


def _heard(attempt: Attempt, shown: _Shown) -> dict[str, str]:
    moment = words.moment(attempt.told_at.astimezone(shown.zone))
    return {"moment": moment, "who": shown.by(attempt.actor)}


def _removed(attempt: Attempt) -> str:
    """Say how many were removed when their time was over."""
    gone = sum(proof.removed_at is not None for proof in attempt.proofs.all())
    sentence = ngettext("%(count)d removed, its digest is kept", "%(count)d removed, digests are kept", gone)
    return sentence % {"count": gone} if gone else ""


def _undone(attempt: Attempt, shown: _Shown) -> str:
    if attempt.undone_at is None:
        return ""
    known = {
        "moment": words.moment(attempt.undone_at.astimezone(shown.zone)),
        "who": shown.by(attempt.undone_by),
        "why": attempt.undone_because,
    }
    return _("Taken back %(moment)s by %(who)s: %(why)s") % known


def _pictures(attempt: Attempt, shown: _Shown) -> list[Picture]:
    return [_picture(proof, shown) for proof in attempt.proofs.all() if proof.removed_at is None]


def _picture(proof: Proof, shown: _Shown) -> Picture:
    drawn = proof.kind == proof.Kind.SIGNATURE
    sealed = seal_proof(proof, whom=shown.whom, now=shown.now)
    return Picture(
        url=reverse("operations:proof", args=[shown.slug, shown.delivery.ref, proof.pk, sealed]),
        words=capfirst(str(proof.get_kind_display())),
        drawn=drawn,
    )


@require_safe
@require_operations
def proof(request: HttpRequest, depot: Depot, ref: str, number: int, sealed: str) -> HttpResponse:
    """Show a photo or a signature to who dispatches and opened the page, for five minutes; then 403."""
    delivery = _delivery(depot, ref)
    found = proof_of(delivery, pk=number)
    return proof_response(found, sealed, whom=actor_of(request), now=clock.now())


@require_POST
@require_operations
def undo(request: HttpRequest, depot: Depot, ref: str) -> HttpResponse:
    """Take back the last try of a delivery, with a reason."""
    delivery = _delivery(depot, ref)
    undo_attempt(
        stop_id=delivery.booking.stop_id,
        because=request.POST.get("because", ""),
        actor=actor_of(request),
        now=clock.now(),
    )
    return redirect_page(request, "operations:history", depot.slug, ref)


def _delivery(depot: Depot, ref: str) -> Delivery:
    delivery = delivery_at(depot=depot, ref=ref)
    if delivery is None:
        raise Http404
    return delivery
