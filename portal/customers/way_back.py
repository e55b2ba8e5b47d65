"""The way back to the shop's own page, for who came from there: only to pages that the shop has listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from portal.customers.shopper import Visit
from portal.services.sessions import origins_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from scheduling.models import Delivery, Merchant

LONGEST: Final = 400


def listed_page(address: str, shop: Merchant, *, now: datetime) -> str:
    """Return an address if it is of a page that the shop has listed, else nothing. Two queries, or none."""
    if not address or len(address) > LONGEST or any(sign <= " " for sign in address):
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if f"{parts.scheme}://{parts.netloc}" in origins_of(shop, now=now) else ""


def way_back(request: HttpRequest, delivery: Delivery) -> str:
    """Return where the browser that made a booking came from, if its shop sent it here."""
    visit = Visit.of(request, delivery.merchant.slug)
    return visit.back if visit.booked == delivery.ref else ""
