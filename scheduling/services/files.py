"""Files that rows name: given up with the row, removed once that is certain."""

from collections.abc import Iterable
from datetime import datetime

from scheduling.models import Delivery, FileToRemove


def remove_later(paths: Iterable[str], *, now: datetime) -> None:
    """Have files removed once this transaction is certain, and again until they are gone."""
    FileToRemove.objects.bulk_create(
        [FileToRemove(path=path, since=now) for path in paths], ignore_conflicts=True
    )


def give_up_photo(path: str, *, now: datetime) -> None:
    """Have the photo of a safe place removed, unless another delivery to that door names it too."""
    if path and not Delivery.objects.filter(safe_place_photo=path).exists():
        remove_later([path], now=now)
