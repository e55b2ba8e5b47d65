"""`python -m tests.proofs.shop KIND`: a shop with room for a crowd, and what the database keeps of it.

Run in a process of its own, with the portal's settings: what a proof is told comes from the rows alone.
"""

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any


def lay_out(vans: str) -> dict[str, str]:
    """A shop with so many vans and two weeks of two-hour slots."""
    from scheduling import clock
    from tests.factories import make_network

    outlet = make_network(vans=int(vans), days=14, now=clock.now(), base_price_minor=490)
    return {"merchant": outlet.merchant.slug}


def kept() -> dict[str, Any]:
    """Every order's booking and every hold, as `ledger.Kept`."""
    from scheduling.models import Booking, Event, Hold
    from tests.proofs.ledger import CANCELLED

    changes: dict[int, Counter[str]] = defaultdict(Counter)
    for delivery_id, kind in Event.objects.values_list("delivery_id", "kind"):
        changes[delivery_id][kind] += 1
    subjects: dict[str, Any] = {}
    for booking in Booking.objects.select_related("delivery__order"):
        delivery = booking.delivery
        subjects[f"order {delivery.order.number if delivery.order else ''}"] = {
            "state": CANCELLED if booking.state == Booking.State.CANCELLED else booking.offer_key,
            "ref": delivery.ref,
            "changes": changes[delivery.pk],
        }
    for hold in Hold.objects.all():
        seen = {"hold.placed": 1, "hold.extended": hold.extensions}
        subjects[f"hold {hold.pk}"] = {"state": hold.offer_key, "changes": seen}
    return subjects


def effects() -> list[dict[str, Any]]:
    """Every event that people are told about, with its receipts and messages."""
    from portal.messaging.subscribe import FOLDERS
    from portal.models import Message
    from scheduling.models import Event, Receipt

    receipts = Counter(Receipt.objects.values_list("event_id", flat=True))
    messages: dict[int, list[Message]] = defaultdict(list)
    for message in Message.objects.all():
        messages[message.event_id].append(message)
    return [
        {
            "event": event.pk,
            "kind": event.kind,
            "order": event.data.get("order", ""),
            "at": event.occurred_at.timestamp(),
            "relayed": event.relayed_at is not None,
            "relays": event.attempts,
            "receipts": receipts[event.pk],
            "messages": [
                {"id": each.message_id, "state": each.state, "sends": each.attempts}
                for each in messages[event.pk]
            ],
        }
        for event in Event.objects.filter(kind__in=FOLDERS).order_by("pk")
    ]


def look(wait_s: str, hurry: str = "") -> dict[str, Any]:
    """All that is kept, when nothing waits any more, or nobody waits any longer."""
    from scheduling.invariants import breaches

    if hurry:
        end_leases()
    deadline = monotonic() + float(wait_s)
    while (left := waiting()) and monotonic() < deadline:
        sleep(0.3)
    found = [f"{each.rule} {each.subject}: {each.what}" for each in breaches()]
    return {"waiting": left, "breaches": found, "kept": kept(), "effects": effects()}


def waiting() -> int:
    """How many events and mails are still on their way."""
    from portal.models import Message
    from portal.models.messages import MessageState
    from scheduling.selectors.outbox import events_waiting

    return events_waiting() + Message.objects.filter(state=MessageState.QUEUED).count()


def end_leases() -> None:
    """Let what killed processes had claimed be due now, instead of half a minute later."""
    from portal.models import Message
    from portal.models.messages import MessageState
    from scheduling import clock
    from scheduling.models import Event

    Event.objects.filter(relayed_at=None).update(leased_until=None)
    Message.objects.filter(state=MessageState.QUEUED).update(next_attempt_at=clock.now())


KINDS: dict[str, Callable[..., dict[str, Any]]] = {"lay-out": lay_out, "look": look}


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    kind, *arguments = sys.argv[1:]
    print(json.dumps(KINDS[kind](*arguments)))


if __name__ == "__main__":
    main()
