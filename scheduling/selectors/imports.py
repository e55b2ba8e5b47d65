"""Lists of orders that a shop brought."""

from typing import Final
from uuid import UUID

from scheduling.models import Merchant, OrderImport

LATEST: Final = 10


def imports_of(merchant: Merchant) -> list[OrderImport]:
    """Return a shop's latest lists, the newest first, without what is in them. One query."""
    return list(OrderImport.objects.filter(merchant=merchant).defer("content")[:LATEST])


def import_of(merchant: Merchant, pk: UUID) -> OrderImport | None:
    """Return one list of a shop, without what is in it; None for any other. One query."""
    return OrderImport.objects.filter(merchant=merchant, pk=pk).defer("content").first()
