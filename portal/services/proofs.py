"""Proofs of what happened at doors: kept with a report, shown for five minutes, verified, removed in time."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import IO, Final, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse

from portal.photos import plain_jpeg
from portal.services.photos import (
    PROOFS,
    drop_photo,
    keep_picture,
    photo_response,
    picture_response,
    seal,
    unseal,
)
from portal.signatures import as_text, draw, read_strokes
from scheduling.models import Attempt, Delivery, Proof
from scheduling.proving import digest_of
from scheduling.selectors.attempts import is_as_sealed
from scheduling.services.files import purge_proofs
from scheduling.services.handing_over import Handover, KeptPhoto, settle_stop
from scheduling.services.reports import require_number

log = logging.getLogger(__name__)


def report_stop(
    *,
    stop_id: int,
    handover: Handover,
    photos: "Sequence[UploadedFile[bytes]]" = (),
    signature: str = "",
    actor: str,
    now: datetime,
) -> Attempt:
    """Note what came of a stop, its photos as plain JPEGs, its signature as it was drawn (JSON).

    Files of a report that is refused, or was made before, are dropped. Raises BadPhoto, BadSignature, or
    what `settle_stop` raises.
    """
    require_number(photos)
    drawn = as_text(read_strokes(signature)) if signature else ""
    kept: list[KeptPhoto] = []
    try:
        for one in photos:
            kept.append(_kept(one))
        whole = replace(handover, photos=kept, signature=drawn)
        return settle_stop(stop_id=stop_id, handover=whole, actor=actor, now=now)
    finally:
        for photo in kept:
            drop_photo(photo.path)


def _kept(photo: "UploadedFile[bytes]") -> KeptPhoto:
    data = plain_jpeg(cast("IO[bytes]", photo), size=photo.size or 0)
    return KeptPhoto(keep_picture(data, folder=PROOFS), digest_of(data))


# Shown


def name_of(proof: Proof) -> str:
    """Return what an address that shows it is sealed for."""
    return f"proof:{proof.pk}"


def seal_proof(proof: Proof, *, whom: str, now: datetime) -> str:
    """Return what stands in an address that shows it to somebody for five minutes."""
    return seal(name_of(proof), whom=whom, now=now)


def proof_response(proof: Proof | None, sealed: str, *, whom: str, now: datetime) -> HttpResponse:
    """Return a photo or a signature as a picture.

    Raises PermissionDenied unless `sealed` is an address of this one, for them, and not over; Http404 where
    it was removed.
    """
    try:
        unseal(sealed, path=name_of(proof) if proof else "", whom=whom, now=now)
    except Http404 as error:
        raise PermissionDenied from error
    if proof is None:
        raise Http404
    if proof.kind == Proof.Kind.SIGNATURE:
        return picture_response(
            draw(json.loads(proof.strokes)), content_type="image/png", name="signature.png"
        )
    return photo_response(proof.path, name="door.jpg")


# Verified


class Verdict(Enum):
    """What looking again says of an attempt and its proofs."""

    VERIFIED = "verified"
    ALTERED = "altered"
    ERASED = "erased"
    """Who it was about is taken out of it, so nothing of it can be told any more."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An attempt and what looking again says of it."""

    attempt: Attempt
    verdict: Verdict


def judged(delivery: Delivery, attempts: Iterable[Attempt]) -> Iterator[Judged]:
    """Yield all attempts of a delivery, oldest first, each judged: its row, its proofs' rows, their files."""
    before = ""
    for attempt in attempts:
        yield Judged(attempt, _verdict(attempt, delivery, before))
        before = attempt.seal


def _verdict(attempt: Attempt, delivery: Delivery, before: str) -> Verdict:
    if delivery.erased_at is not None:
        return Verdict.ERASED
    whole = is_as_sealed(attempt, ref=delivery.ref, before=before)
    whole = whole and all(_is_as_kept(proof) for proof in attempt.proofs.all())
    return Verdict.VERIFIED if whole else Verdict.ALTERED


def _is_as_kept(proof: Proof) -> bool:
    """Whether a proof's file or strokes are those that were kept; what was removed in time is."""
    if proof.removed_at is not None:
        return True
    if proof.kind == Proof.Kind.SIGNATURE:
        return digest_of(proof.strokes.encode()) == proof.digest
    try:
        with default_storage.open(proof.path) as file:
            return digest_of(file.read()) == proof.digest
    except OSError:
        return False


def verify_all() -> Iterator[Judged]:
    """Yield every attempt there is, judged, delivery by delivery. Two queries for so many deliveries."""
    rows = Delivery.objects.filter(attempts__isnull=False).distinct().order_by("pk")
    for delivery in rows.prefetch_related("attempts__proofs").iterator(chunk_size=AT_ONCE):
        for one in judged(delivery, delivery.attempts.all()):
            if one.verdict is Verdict.ALTERED:
                log.error("Attempt %s of delivery %s is not as it was sealed", one.attempt.pk, delivery.ref)
            yield one


AT_ONCE: Final = 200


def forget_proofs(*, now: datetime) -> int:
    """Remove photos and signatures that were kept for long enough; return how many."""
    if not settings.PROOF_DAYS:
        return 0
    return purge_proofs(before=now - timedelta(days=settings.PROOF_DAYS), now=now)
