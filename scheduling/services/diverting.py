"""A delivery goes to a pickup point instead of its door: on the same day, for the same price."""

from datetime import datetime
from typing import Any

from scheduling import events
from scheduling.answers import OPEN
from scheduling.conversion import visit_to
from scheduling.editor import PlanEditor
from scheduling.errors import NotChangeable, PointCannot, PointFull, SlotTaken, TooLateToChange
from scheduling.facts import VisitFacts
from scheduling.models import Booking, Delivery, PickupPoint, Promise, Stop, VehicleClass
from scheduling.point_rules import REASONS, PointRules, cheapest_stay, why_not_at_points
from scheduling.routing.carbon import grams
from scheduling.routing.offers import band_m
from scheduling.selectors.shopper import facts_now
from scheduling.services.bookings import driven_m, lock_booking, make_promise
from scheduling.services.changes import one_change
from scheduling.services.points import give_places_back


@one_change
def divert_delivery(*, delivery: Delivery, point: PickupPoint, actor: str, now: datetime) -> Booking:
    """Send a booked delivery to a pickup point: its stop there, its place taken, or all stays as it was.

    The new promise is the point's hours within those of the vans that day; the price stays. Sending it where
    it goes already changes nothing. Raises NotChangeable, TooLateToChange once the vans of the day are out,
    PointFull where its last places went to somebody else, or PointCannot, saying why.
    """
    booking, editors = lock_booking(delivery, now=now)
    editor, old = editors[booking.stop.route.shift.plan_id], booking.stop
    if booking.state == Booking.State.BOOKED and old.pickup_point_id == point.pk:
        editor.save()
        return booking
    require_divertable(booking, editor, now=now)
    facts = facts_now(delivery=booking.delivery, quote=booking.quote)
    point = PickupPoint.objects.select_related("depot").get(pk=point.pk)
    rules = PointRules.of(editor.row, editor.plan.shifts, now=now)
    _require_place(rules, point, facts)
    _swap_places(old, point, facts.parcels)
    driven_before_m = driven_m([editor])
    editor.take_out(old, Stop.State.REPLACED)
    booking.stop, booking.added_m = _put_in(editor, rules, point, facts, booking.delivery)
    _rebook(booking)
    longer_by_m, cause = driven_m([editor]) - driven_before_m, Promise.Cause.MOVED
    make_promise(booking.delivery, booking.stop, cause=cause, longer_by_m=longer_by_m, actor=actor, now=now)
    editor.save()
    data = _said(booking, point, old)
    events.record("delivery.diverted", delivery=booking.delivery, actor=actor, now=now, data=data)
    return booking


def require_divertable(booking: Booking, editor: PlanEditor, *, now: datetime) -> None:
    """Raise NotChangeable, TooLateToChange or PointCannot unless a booking may go to some pickup point.

    That is longer than its time may be chosen anew: the day is the same, and nothing is loaded yet.
    """
    delivery = booking.delivery
    if booking.state != Booking.State.BOOKED or delivery.state != Delivery.State.CONFIRMED:
        raise NotChangeable
    if delivery.direction != Delivery.Direction.OUT:
        raise NotChangeable
    if why := why_not_at_points(delivery.requirements):
        raise PointCannot(why)
    starts = [shift.vehicle.starts_s for shift in editor.plan.shifts]
    if not editor.row.allows("move_within") or editor.seconds(now) >= min(starts, default=0):
        raise TooLateToChange


def _require_place(rules: PointRules, point: PickupPoint, facts: VisitFacts) -> None:
    if point.depot_id != rules.plan.depot_id or not point.active:
        raise PointCannot
    status = rules.status(point, facts)
    if status == "full":
        raise PointFull
    if status != OPEN:
        raise PointCannot(REASONS[status])


def _swap_places(old: Stop, point: PickupPoint, parcels: int) -> None:
    """Take the new point's places and give the old one's back, in one order: no two callers deadlock."""
    if old.pickup_point_id is not None and old.pickup_point_id < point.pk:
        give_places_back(old, parcels)
    if not PickupPoint.objects.take_places(point.pk, parcels):
        raise PointFull
    if old.pickup_point_id is not None and old.pickup_point_id > point.pk:
        give_places_back(old, parcels)


def _put_in(
    editor: PlanEditor, rules: PointRules, point: PickupPoint, facts: VisitFacts, delivery: Delivery
) -> tuple[Stop, int]:
    fit = cheapest_stay(editor.tape(), point, facts, rules.stays(point), editor.row)
    if fit is None:
        raise PointCannot(REASONS["unreached"])
    try:
        return editor.put_in(
            visit_to(point, facts),
            delivery=delivery,
            window=fit.stay.window,
            buffer_s=fit.stay.buffer_s,
            parts=fit.stay.parts,
            state=Stop.State.BOOKED,
            point=point,
        )
    except SlotTaken as error:
        raise PointCannot(REASONS["unreached"]) from error


def _rebook(booking: Booking) -> None:
    """Keep what the booking adds now. Its hours are the point's, so nothing of them is narrowed."""
    kind = VehicleClass.objects.get(vehicles__shifts__routes=booking.stop.route_id)
    booking.band_m = band_m(booking.added_m)
    booking.grams = grams(booking.band_m, kind.grams_per_km)
    booking.narrows_to_s, booking.narrowed_at = 0, None
    booking.save(update_fields=["stop", "added_m", "band_m", "grams", "narrows_to_s", "narrowed_at"])


def _said(booking: Booking, point: PickupPoint, old: Stop) -> dict[str, Any]:
    return {
        "opens_at": booking.stop.opens_at.isoformat(),
        "closes_at": booking.stop.closes_at.isoformat(),
        "from_opens_at": old.opens_at.isoformat(),
        "from_closes_at": old.closes_at.isoformat(),
        "price_minor": booking.price_minor,
        "price_difference_minor": 0,
        "currency": booking.currency,
        "collected_by": booking.collected_by,
        "order": booking.delivery.order.number if booking.delivery.order else "",
        "pickup_point": {"ref": point.external_id, "name": point.name},
    }
