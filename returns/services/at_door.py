"""What is not taken at the door comes back by the same van: its return exists as soon as that is said."""

from datetime import datetime
from typing import Final

from returns.models import Return
from returns.selectors.worth import left_of
from returns.services.requests import Wish, lock_order, lock_return, request_return, told
from scheduling import events
from scheduling.models import Attempt, Delivery, Event

REASONS: Final = {
    "damaged": "damaged",
    "wrong_goods": "wrong_item",
    "not_ordered": "other",
    "too_late": "late",
    "not_wanted": "changed_mind",
    "other": "other",
}
"""Why goods were refused, as a return says it."""


def connect() -> None:
    """Listen to what scheduling tells of doors."""
    events.subscribe("delivery.missed", "returns.refused", refused)
    events.subscribe("delivery.undone", "returns.taken_after_all", taken_after_all)


def refused(event: Event, now: datetime) -> None:
    """Make the return of goods that were refused and are on board already; none of an order nobody told."""
    delivery = event.delivery
    attempt = _standing(delivery)
    if delivery is None or delivery.order_id is None or attempt is None:
        return
    if delivery.exchanges:  # nothing was swapped: what was to come back is still with its customer
        return
    if attempt.outcome != Attempt.Outcome.REFUSED or _open_of(delivery) is not None:
        return
    lock_order(delivery.order_id)
    reason = REASONS.get(attempt.reason, "other")
    items = delivery.order.items.all() if delivery.order else ()
    wishes = [Wish(each.ref, left, reason) for each in items if (left := left_of(each))]
    if not wishes:
        return
    ret = request_return(
        delivery.order_id,
        wishes,
        delivery=delivery,
        kind=Return.Kind.AT_DOOR,
        method="none",
        actor=event.actor,
        now=now,
    )
    ret.collected_at = attempt.happened_at
    ret.move(parcel=Return.Parcel.COLLECTED)
    ret.save()
    counts = {"collected": sum(wish.quantity for wish in wishes), "of": sum(wish.quantity for wish in wishes)}
    at = attempt.happened_at.isoformat()
    told(ret, "collected", now=now, actor=event.actor, parcels=delivery.parcel_count, at=at, **counts)


def taken_after_all(event: Event, now: datetime) -> None:
    """Call the return off: what was noted of the door was a mistake, and is taken back."""
    delivery = event.delivery
    attempt = _standing(delivery)
    found = _open_of(delivery) if delivery is not None else None
    if found is None or (attempt is not None and attempt.outcome == Attempt.Outcome.REFUSED):
        return
    ret = lock_return(found.pk)
    ret.move(
        parcel=Return.Parcel.CANCELLED, inspection=Return.Inspection.UNNEEDED, money=Return.Money.NOTHING
    )
    ret.collected_at, ret.closed_at = None, now
    ret.save()
    told(ret, "cancelled", now=now, actor=event.actor)


def _standing(delivery: Delivery | None) -> Attempt | None:
    """Return the try that stands by now: events may come late, and others after them."""
    return Attempt.objects.filter(delivery=delivery, undone_at=None).order_by("number").last()


def _open_of(delivery: Delivery) -> Return | None:
    at_door = Return.objects.filter(delivery=delivery, kind=Return.Kind.AT_DOOR)
    return at_door.filter(parcel=Return.Parcel.COLLECTED).first()
