"""Files that rows name: given up with the row, removed once that is certain."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from scheduling.models import Delivery, FileToRemove, Proof
from scheduling.services.changes import one_change

AT_ONCE: Final = 500


def remove_later(paths: Iterable[str], *, now: datetime) -> None:
    """Have files removed once this transaction is certain, and again until they are gone."""
    FileToRemove.objects.bulk_create(
        [FileToRemove(path=path, since=now) for path in paths], ignore_conflicts=True
    )


def give_up_photo(path: str, *, now: datetime) -> None:
    """Have the photo of a safe place removed, unless another delivery to that door names it too."""
    if path and not Delivery.objects.filter(safe_place_photo=path).exists():
        remove_later([path], now=now)


@one_change
def purge_proofs(*, before: datetime, now: datetime) -> int:
    """Remove photos and signatures kept before an instant; return how many, some hundred at once."""
    old = list(Proof.objects.filter(kept_at__lt=before, removed_at=None).order_by("pk")[:AT_ONCE])
    give_up_proofs(old, now=now)
    return len(old)


def give_up_proofs(proofs: Sequence[Proof], *, now: datetime) -> None:
    """Remove photos and signatures: rows keep their digests, files are removed once that is certain."""
    remove_later([proof.path for proof in proofs if proof.path], now=now)
    gone = Proof.objects.filter(pk__in=[proof.pk for proof in proofs], removed_at=None)
    gone.update(path="", strokes="", removed_at=now)
