"""`python -m tests.proofs.shop KIND`: a shop with room for a crowd, and what the database keeps of it.

Run in a process of its own, with the portal's settings: what a proof is told comes from the rows alone.
"""

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep
from typing import Any


def lay_out(vans: str, days: str) -> dict[str, str]:
    """A shop with so many vans and so many days of two-hour slots."""
    from scheduling import clock
    from tests.factories import make_network

    outlet = make_network(vans=int(vans), days=int(days), now=clock.now(), base_price_minor=490)
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
    """Every event that people are told about, with its receipts, messages and entries in its shop's feed."""
    from portal.messaging.subscribe import FOLDERS
    from portal.models import FeedEntry, Message
    from scheduling.models import Event, Receipt
    from scheduling.selectors.merchants import TOLD

    mailed = Receipt.objects.filter(handler="portal.messages")
    receipts = Counter(mailed.values_list("event_id", flat=True))
    entries = Counter(FeedEntry.objects.of_everybody().values_list("event_id", flat=True))
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
            "entries": entries[event.pk] if event.kind in TOLD else 1,
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

    deadline = monotonic() + float(wait_s)
    while (left := waiting()) and monotonic() < deadline:
        if hurry:
            end_leases()
        sleep(0.3)
    found = [f"{each.rule} {each.subject}: {each.what}" for each in breaches()]
    return {"waiting": left, "breaches": found, "kept": kept(), "effects": effects()}


def waiting() -> int:
    """How many events and mails are still on their way."""
    from portal.models import Message
    from portal.models.messages import MessageState
    from scheduling.selectors.outbox import events_waiting

    return events_waiting() + Message.objects.filter(state=MessageState.QUEUED).count()


SENT_WITHIN = timedelta(seconds=10)
"""Nobody sends longer at one mail here. A younger claim may be a living sender's: ended, two send it."""


def end_leases() -> None:
    """Let what killed processes had claimed be due soon, instead of after most of a minute."""
    from django.db.models import Q

    from portal.models import Message
    from portal.models.messages import MessageState
    from portal.services.messages import LEASE
    from scheduling import clock
    from scheduling.models import Event

    now = clock.now()
    Event.objects.filter(relayed_at=None).update(leased_until=None)
    # Whatever waits longer than a lease was refused, and is claimed by nobody.
    given_up = Q(next_attempt_at__lte=now + LEASE - SENT_WITHIN) | Q(next_attempt_at__gt=now + LEASE)
    Message.objects.filter(given_up, state=MessageState.QUEUED).update(next_attempt_at=now)


KINDS: dict[str, Callable[..., dict[str, Any]]] = {"lay-out": lay_out, "look": look}


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    kind, *arguments = sys.argv[1:]
    print(json.dumps(KINDS[kind](*arguments)))


if __name__ == "__main__":
    main()
