"""Each merchant's feed: what happened to its deliveries, numbered as it became certain."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import F

from portal.models.feed import Feed, FeedEntry
from portal.services.hook_queue import queue_entry
from scheduling import events
from scheduling.models import Event, Merchant
from scheduling.selectors.merchants import TOLD, said_of


@dataclass(frozen=True, slots=True)
class Told:
    """An event on the wire. `number` counts the merchant's, `sequence` those of its delivery.

    `delivery` is "" where none of ours brought what comes back: `sequence` counts those of its return then.
    """

    number: int
    sequence: int
    uid: str
    kind: str
    occurred_at: datetime
    delivery: str
    order_number: str
    data: dict[str, Any]


def connect() -> None:
    """Have each of these events entered. Called once, when the apps are ready."""
    for kind in TOLD:
        events.subscribe(kind, "portal.feed", enter)


def enter(event: Event, now: datetime) -> None:
    """Give an event the next number of its merchant's feed, and have its endpoints told."""
    if event.merchant is None or (event.delivery is None and "return" not in event.data):
        return
    # By its own update, which locks the row until this transaction ends: entries become certain in order.
    if not Feed.objects.of(event.merchant).update(last=F("last") + 1):
        Feed.objects.of(event.merchant).get_or_create(merchant=event.merchant)
        Feed.objects.of(event.merchant).update(last=F("last") + 1)
    number = Feed.objects.of(event.merchant).values_list("last", flat=True).get()
    before = FeedEntry.objects.of(event.merchant).filter(**_alike(event)).count()
    entry = FeedEntry.objects.create(merchant=event.merchant, number=number, event=event, sequence=before + 1)
    queue_entry(entry, now=now)


def _alike(event: Event) -> dict[str, Any]:
    """Return what finds the entries that an entry's sequence counts."""
    if event.delivery is not None:
        return {"event__delivery": event.delivery}
    return {"event__delivery": None, "event__data__return": event.data["return"]}


def in_json(one: Told) -> dict[str, Any]:
    """Return it as JSON: word for word what GET /events answers and webhooks carry."""
    return {
        "id": one.uid,
        "type": one.kind,
        "occurred_at": instant(one.occurred_at),
        "delivery": one.delivery,
        "sequence": one.sequence,
        "order_number": one.order_number,
        "data": one.data,
    }


def instant(at: datetime) -> str:
    """Return an instant as it stands in JSON, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def entries_after(number: int, *, merchant: Merchant, limit: int) -> list[Told]:
    """Return what a merchant is told after a number of its feed, in order. One query."""
    rows = FeedEntry.objects.of(merchant).filter(number__gt=number).order_by("number")
    return [told(entry) for entry in rows.select_related("event__delivery__order")[:limit]]


def told(entry: FeedEntry) -> Told:
    """Return an entry as it goes over the wire: without numbers of our rows."""
    event: Event = entry.event
    delivery = event.delivery
    number = delivery.order.number if delivery and delivery.order else event.data.get("order", "")
    return Told(
        number=entry.number,
        sequence=entry.sequence,
        uid=event.uid.hex,
        kind=event.kind,
        occurred_at=event.occurred_at,
        delivery=delivery.ref if delivery else "",
        order_number=number,
        data=said_of(event),
    )
