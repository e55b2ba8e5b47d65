"""What a customer can still change about a booking: one row each, with how it is now and where to change it.

Here rather than with the pages that make the changes: those show the booking, which shows these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.customers.rows import Change

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import Booking

    Offered = Callable[[AccessLink, Booking, datetime], Change | None]

OFFERED: list[Offered] = []
"""In the order they are shown. Each returns None where nothing of its kind can be changed any more."""


def changes_of(link: AccessLink, booked: Booking, *, now: datetime) -> list[Change]:
    """Return what can be changed through a manage link now."""
    found = (offered(link, booked, now) for offered in OFFERED)
    return [change for change in found if change is not None]
