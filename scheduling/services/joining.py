"""Another order comes with a delivery already booked: to the same door, in its window, for nothing more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from scheduling import events
from scheduling.conversion import visit_for, visit_to
from scheduling.editor import PlanEditor
from scheduling.errors import NotChangeable, OrderComesAlready, PointCannot, PointFull
from scheduling.facts import VisitFacts
from scheduling.leaving import require_leavable
from scheduling.models import Booking, Delivery, JoinedOrder, Order, Parcel, PickupPoint, Stop
from scheduling.point_rules import REASONS, why_not_at_points
from scheduling.selectors.shopper import facts_now
from scheduling.services.bookings import lock_booking, require_movable
from scheduling.services.changes import one_change


@one_change
def join_delivery(
    *,
    delivery: Delivery,
    load_g: int,
    load_ml: int,
    parcels: int,
    order_number: str,
    actor: str,
    now: datetime,
    requirements: Sequence[str] = (),
) -> Booking:
    """Have a further order come with a booked delivery, at its stop where that stands.

    Window, price and promise stay, and it costs nothing more. Joining an order again changes nothing. Raises
    NotChangeable, TooLateToChange, OrderComesAlready if it is the delivery's own, BadFacts if both are more
    than we take to one door, NeedsSomebody if the delivery may be left outside and these goods may not, or
    VanFull if the route has no room or no time for it, or its vehicle is not for it.
    """
    booking, editors = lock_booking(delivery, now=now)
    delivery, editor = booking.delivery, editors[booking.stop.route.shift.plan_id]
    if delivery.joined_orders.filter(order__number=order_number).exists():
        editor.save()
        return booking
    require_movable(booking, editor, editor, now=now)
    if delivery.direction != Delivery.Direction.OUT or delivery.exchanges:
        raise NotChangeable
    if delivery.order is not None and delivery.order.number == order_number:
        raise OrderComesAlready
    before = facts_now(delivery=delivery, quote=booking.quote)
    facts = before.with_more(load_g=load_g, load_ml=load_ml, parcels=parcels, requirements=requirements)
    if delivery.safe_place:
        require_leavable(delivery, depot_id=editor.row.depot_id, joining=[order_number], more=requirements)
    _fill_up(booking.stop, editor, before, facts)
    joined = _note(delivery, before, facts, order_number, now=now)
    editor.save()
    events.record("booking.joined", delivery=delivery, actor=actor, now=now, data=_said(booking, joined))
    return booking


def _fill_up(stop: Stop, editor: PlanEditor, before: VisitFacts, facts: VisitFacts) -> None:
    """Have its stop take more, at the door or at the pickup point where it stands, if that takes it."""
    point = stop.pickup_point
    if point is None:
        editor.fill_up(stop, visit_for(facts))
        return
    if why := why_not_at_points(facts.requirements):
        raise PointCannot(why)
    if not point.takes(load_g=facts.load_g, load_ml=facts.load_ml, parcels=facts.parcels):
        raise PointCannot(REASONS["small"])
    if not PickupPoint.objects.take_places(point.pk, facts.parcels - before.parcels):
        raise PointFull
    service_s = (stop.service_s or 0) + facts.service_s - before.service_s
    editor.fill_up(stop, replace(visit_to(point, facts), service_s=service_s))


def _note(
    delivery: Delivery, before: VisitFacts, facts: VisitFacts, order_number: str, *, now: datetime
) -> JoinedOrder:
    """Keep which order joined, its parcels, and what the delivery is with it."""
    order, _new = Order.objects.get_or_create(
        merchant_id=delivery.merchant_id, number=order_number, defaults={"created_at": now}
    )
    delivery.load_g, delivery.load_ml = facts.load_g, facts.load_ml
    delivery.parcel_count, delivery.service_s = facts.parcels, facts.service_s
    delivery.requirements = list(facts.requirements)
    delivery.save(update_fields=["load_g", "load_ml", "parcel_count", "service_s", "requirements"])
    joined = JoinedOrder.objects.create(
        delivery=delivery,
        order=order,
        parcels=facts.parcels - before.parcels,
        load_g=facts.load_g - before.load_g,
        load_ml=facts.load_ml - before.load_ml,
        joined_at=now,
    )
    Parcel.objects.bulk_create(
        Parcel(delivery=delivery, merchant_id=delivery.merchant_id) for _i in range(joined.parcels)
    )
    return joined


def _said(booking: Booking, joined: JoinedOrder) -> dict[str, Any]:
    return {
        "opens_at": booking.stop.opens_at.isoformat(),
        "closes_at": booking.stop.closes_at.isoformat(),
        "order": joined.order.number,
        "parcels": joined.parcels,
        "price_difference_minor": 0,
        "currency": booking.currency,
    }
