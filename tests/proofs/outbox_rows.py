"""Deliveries about which much happens, and what the rows say became of each message.

Called inside a portal's own settings (tests/proofs/within.py).
"""

from time import monotonic, sleep
from typing import Any

DELIVERIES = 8
KIND = "booking.joined"


def lay_out() -> int:
    """A shop that tells of a further order by mail and SMS, and booked deliveries with both addresses."""
    from datetime import timedelta

    from portal.models import MessageRule
    from scheduling import clock
    from tests.factories import make_booking, make_network, some_contact

    now = clock.now()
    outlet = make_network(vans=2, days=3, now=now)
    MessageRule.objects.create(merchant=outlet.merchant, topic="joined", email=True, sms=True)
    day = (now + timedelta(days=2)).date()
    for number in range(DELIVERIES):
        contact = some_contact(email=f"customer-{number}@shop.example", phone=f"+3584012345{number:02}")
        make_booking(outlet, contact=contact, now=now, day=day, hour=8 + 2 * (number % 4))
    return DELIVERIES


def happen(count: int, seconds: float) -> int:
    """Record so many events within so many seconds, each in a transaction of its own."""
    from django.db import transaction

    from scheduling import clock, events
    from scheduling.models import Delivery

    known = list(Delivery.objects.filter(state="confirmed").order_by("pk"))
    began = monotonic()
    for number in range(count):
        sleep(max(0.0, began + seconds * number / count - monotonic()))
        with transaction.atomic():
            data = {"order": f"B-{number}"}
            delivery = known[number % len(known)]
            events.record(KIND, delivery=delivery, actor="proof", now=clock.now(), data=data)
    return count


def look(wait_s: float, hurry: bool) -> dict[str, Any]:
    """What became of every message about these events, when none waits or nobody waits any longer."""
    from portal.models import Message
    from tests.proofs.shop import end_leases, waiting

    deadline = monotonic() + wait_s
    while (left := waiting()) and monotonic() < deadline:
        if hurry:
            end_leases()
        sleep(0.2)
    rows = Message.objects.filter(event__kind=KIND)
    return {
        "waiting": left,
        "rows": list(rows.values_list("channel", "state", "message_id", "pk")),
        "attempts": sum(rows.values_list("attempts", flat=True)),
    }
