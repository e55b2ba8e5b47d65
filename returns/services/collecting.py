"""What happens to a pickup on the road moves the return that it is for. Each event takes effect once."""

from datetime import datetime
from typing import Final

from returns.models import Return, ReturnItem
from returns.services.pickups import called_off
from returns.services.requests import leave_to_others, lock_order, told
from scheduling import events
from scheduling.models import Attempt, Booking, Delivery, Event
from scheduling.services.bookings import cancel_delivery

BY: Final = "returns"
"""Who calls a pickup off that was tried in vain too often."""


def connect() -> None:
    """Listen to what scheduling tells of pickups."""
    events.subscribe("delivery.collected", "returns.collected", collected)
    events.subscribe("delivery.delivered", "returns.swapped", collected)
    events.subscribe("delivery.returned", "returns.not_swapped", not_swapped)
    events.subscribe("delivery.missed", "returns.missed", missed)
    events.subscribe("delivery.undone", "returns.undone", undone)
    events.subscribe("booking.moved", "returns.moved", moved)
    events.subscribe("booking.cancelled", "returns.cancelled", cancelled)


def _fetched_by(event: Event) -> Return | None:
    """Lock the return that an event's delivery is to fetch; None for any other delivery."""
    if event.delivery_id is None:
        return None
    found: Return | None = Return.objects.select_for_update().filter(pickup=event.delivery_id).first()
    return found


def _standing(event: Event) -> Attempt | None:
    """Return the try that stands by now: events may come late, and others after them."""
    tries = Attempt.objects.filter(delivery=event.delivery_id, undone_at=None)
    return tries.order_by("number").last()


def collected(event: Event, now: datetime) -> None:
    """Note what the driver took of each item, and that the goods are on their way."""
    ret = _fetched_by(event)
    attempt = _standing(event)
    if ret is None or ret.parcel != Return.Parcel.BOOKED or attempt is None or not attempt.served:
        return
    items = list(ret.items.select_related("item"))
    for each in items:
        each.collected = each.awaited if attempt.counts is None else attempt.counts.get(each.item.ref, 0)
    ReturnItem.objects.bulk_update(items, ["collected"])
    ret.collected_at = attempt.happened_at
    ret.move(parcel=Return.Parcel.COLLECTED)
    ret.save()
    told(ret, "collected", now=now, actor=event.actor, **_counted(items, attempt))


def _counted(items: list[ReturnItem], attempt: Attempt) -> dict[str, object]:
    """Return what is said of it: how many came, of how many; what nobody announced, by item."""
    counts = attempt.counts or {}
    announced = {each.item.ref for each in items}
    others = {ref: count for ref, count in counts.items() if ref not in announced}
    said: dict[str, object] = {
        "parcels": len(attempt.parcels),
        "collected": sum(each.collected or 0 for each in items),
        "of": sum(each.awaited for each in items),
        "at": attempt.happened_at.isoformat(),
    }
    return said | ({"others": others} if others else {})


def undone(event: Event, now: datetime) -> None:
    """Take back what was noted of the collection: the driver is to come again.

    For what was not taken and was asked for meanwhile in another return nobody comes twice.
    """
    # All of it counts once more: that is looked at under the lock of its order, which comes first.
    fetched = Return.objects.filter(pickup__isnull=False, pickup=event.delivery_id)
    if (order_id := fetched.values_list("order_id", flat=True).first()) is None:
        return
    lock_order(order_id)
    ret = _fetched_by(event)
    attempt = _standing(event)
    if ret is None or ret.parcel != Return.Parcel.COLLECTED or (attempt is not None and attempt.served):
        return
    ret.items.update(collected=None)
    ret.collected_at = None
    ret.move(parcel=Return.Parcel.BOOKED)
    ret.save()
    if left := leave_to_others(ret):
        told(ret, "put_right", now=now, actor=event.actor, what="elsewhere", pieces=left)


def missed(event: Event, now: datetime) -> None:
    """Give a pickup up that was tried in vain as often as its shop allows: it may travel another way."""
    ret = _fetched_by(event)
    if ret is None or ret.parcel != Return.Parcel.BOOKED or ret.pickup is None:
        return
    pickup = ret.pickup
    tries = Attempt.objects.filter(delivery=pickup, undone_at=None).exclude(outcome__in=Attempt.SERVED)
    if pickup.exchanges:  # what was brought in vain waits at the depot, and its customer chooses again
        return
    if pickup.state == Delivery.State.FAILED and tries.count() >= pickup.merchant.most_attempts:
        booking = cancel_delivery(delivery=pickup, actor=BY, now=now)
        called_off(ret, booking, actor=BY, now=now, because="missed")


def not_swapped(event: Event, now: datetime) -> None:
    """Give an exchange up of which what was brought goes back to its shop: it may travel another way."""
    ret = _fetched_by(event)
    if ret is None or ret.parcel != Return.Parcel.BOOKED:
        return
    booking = Booking.objects.select_related("stop", "delivery").get(delivery=event.delivery_id)
    if booking.delivery.state == Delivery.State.RETURNED:
        called_off(ret, booking, actor=BY, now=now, because="missed")


def moved(event: Event, now: datetime) -> None:
    """Tell that its customer chose another time for the pickup."""
    ret = _fetched_by(event)
    if ret is None or ret.parcel != Return.Parcel.BOOKED:
        return
    when = {name: event.data.get(name, "") for name in ("opens_at", "closes_at")}
    told(
        ret,
        "pickup_booked",
        now=now,
        actor=event.actor,
        delivery=ret.pickup.ref if ret.pickup else "",
        **when,
    )


def cancelled(event: Event, now: datetime) -> None:
    """Note that the pickup was cancelled where deliveries are: it may travel another way."""
    ret = _fetched_by(event)
    if ret is None or ret.parcel != Return.Parcel.BOOKED:
        return
    booking = Booking.objects.select_related("stop", "delivery").get(delivery=event.delivery_id)
    if booking.state == Booking.State.CANCELLED:
        called_off(ret, booking, actor=event.actor, now=now)
