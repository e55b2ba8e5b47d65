"""Until when a delivery's links are of use for what it brought: while it may come back, or is doing so."""

from datetime import datetime, timedelta
from typing import Final

from returns.eligibility import LASTING
from returns.models import Return
from returns.selectors.policies import ground_of, verdict_on
from scheduling.models import Delivery
from scheduling.windows import local_date, midnight

LONGEST: Final = timedelta(days=365)
"""So long a return that nobody finishes keeps its links."""
NOTHING_LEFT: Final = (Return.Parcel.DRAFT, Return.Parcel.DROPPED)


def needed_until(delivery: Delivery) -> datetime | None:
    """Return until when, None where nothing of it may come back. Nine queries at most.

    The delivery is loaded with its order and its booking, and all that leads to its depot.
    """
    order, booking = delivery.order, getattr(delivery, "booking", None)
    if order is None or booking is None or delivery.direction != Delivery.Direction.OUT:
        return None
    zone = booking.stop.route.shift.plan.depot.zone
    ends = [_end_of(each) for each in delivery.returns.exclude(parcel__in=NOTHING_LEFT)]
    if delivery.state == Delivery.State.DELIVERED:
        ground = ground_of(order, delivery, today=local_date(booking.stop.opens_at, zone))
        reasons = ("", *LASTING)
        found = [verdict_on(each, ground, reason=why).until for each in order.items.all() for why in reasons]
        ends += [midnight(day + timedelta(days=1), zone) for day in found if day is not None]
    return max(ends, default=None)


def _end_of(of: Return) -> datetime:
    return of.closed_at or (of.requested_at or of.created_at) + LONGEST
