"""Finding a booking again: the links go to the contact on file, and the asker learns nothing."""

from datetime import datetime
from typing import Final

from django.db.models import Q

from portal.messaging.subscribe import LINKS_ASKED
from portal.throttle import Limit, take_all
from scheduling import events
from scheduling.models import Delivery, JoinedOrder

PER_NETWORK: Final = Limit("lookup-network", times=9, per_s=3600)
PER_QUESTION: Final = Limit("lookup-question", times=3, per_s=3600)
MOST_DELIVERIES: Final = 10


def lookup_wait_s(*, network: str, order_number: str, email: str, now: datetime) -> int:
    """Count one look-up. Return 0 if it may be made, else in how many seconds to come back."""
    question = f"{order_number.strip().casefold()} {email.strip().casefold()}"
    return take_all((PER_NETWORK, network), (PER_QUESTION, question), now=now)


def find_booking_links(*, order_number: str, email: str, now: datetime) -> None:
    """Have the links of an order's deliveries mailed to the contact on file, if `email` is that contact.

    Returns nothing, and does the same work for a hit and a miss: one query, one event. What the event leads
    to happens later, elsewhere.
    """
    number = order_number.strip()
    joined = JoinedOrder.objects.filter(order__number__iexact=number).values("delivery_id")
    theirs = Delivery.objects.filter(
        Q(order__number__iexact=number) | Q(pk__in=joined), contact_email__iexact=email.strip()
    )
    # No more of them than the event says: making whole rows would take a hit measurably longer.
    found = list(theirs.only("ref", "merchant_id").order_by("pk")[:MOST_DELIVERIES])
    events.record(
        LINKS_ASKED,
        delivery=found[-1] if found else None,
        actor="customer",
        now=now,
        data={"refs": [delivery.ref for delivery in found]},
    )
