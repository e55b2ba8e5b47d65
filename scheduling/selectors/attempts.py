"""What came of a delivery's stops: each try with its proofs, and the record that was sealed of it."""

from collections.abc import Iterable
from typing import Any

from scheduling.models import Attempt, Delivery, Proof, Route, Stop
from scheduling.proving import holds

__all__ = ["attempt_at", "attempts_of", "is_as_sealed", "may_undo", "proof_of", "record_of"]


def attempts_of(delivery: Delivery) -> list[Attempt]:
    """Return all tries of a delivery with their proofs, oldest first, those taken back too. Two queries."""
    rows = Attempt.objects.filter(delivery=delivery).prefetch_related("proofs")
    return list(rows.order_by("number"))


def attempt_at(stop: Stop) -> Attempt | None:
    """Return what came of a stop, with proofs and delivery; None while it is to be served. Two queries."""
    rows = Attempt.objects.filter(stop=stop).select_related("delivery").prefetch_related("proofs")
    return rows.first()


def proof_of(delivery: Delivery, *, pk: int, standing: bool = False) -> Proof | None:
    """Return one of a delivery's proofs; None for any other and for one that was removed. One query.

    `standing`: only of a try that was not taken back.
    """
    rows = Proof.objects.filter(attempt__delivery=delivery, removed_at=None, pk=pk)
    return rows.filter(attempt__undone_at=None).first() if standing else rows.first()


def may_undo(delivery: Delivery, attempt: Attempt) -> bool:
    """Whether who dispatches may take a try back: its stop is still the delivery's, its route still out.

    No query if all that leads to its booking's route is loaded.
    """
    stop = delivery.booking.stop
    return attempt.stop_id == stop.pk and stop.route.state == Route.State.STARTED


def record_of(attempt: Attempt, *, ref: str, proofs: Iterable[Proof], before: str) -> dict[str, Any]:
    """Return what is signed of an attempt: what came of which delivery, when and where, and its files.

    `ref` is its delivery's, `before` the seal of the try before.
    """
    instants = (attempt.arrived_at, attempt.happened_at, attempt.told_at)
    # What was never counted says nothing of it: so seals of before anybody counted still hold.
    counted = {} if attempt.counts is None else {"counts": dict(attempt.counts)}
    return counted | {
        "delivery": ref,
        "number": attempt.number,
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "to_whom": attempt.to_whom,
        "note": attempt.note,
        "parcels": list(attempt.parcels),
        "age_checked": attempt.age_checked,
        "when": [at and at.timestamp() for at in instants],
        "where": [attempt.lat, attempt.lon, attempt.accuracy_m, attempt.distance_m],
        "actor": attempt.actor,
        "files": [[proof.kind, proof.digest] for proof in proofs],
        "before": before,
    }


def is_as_sealed(attempt: Attempt, *, ref: str, before: str) -> bool:
    """Whether an attempt's row and its proofs' rows are as they were sealed. Files are not looked at."""
    return holds(attempt.seal, record_of(attempt, ref=ref, proofs=attempt.proofs.all(), before=before))
