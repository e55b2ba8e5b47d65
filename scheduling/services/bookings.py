"""Holds become bookings; bookings are moved and cancelled. Each change is whole or not at all."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from scheduling import events
from scheduling.answers import SlotAnswer
from scheduling.conversion import visit_for
from scheduling.editor import PlanEditor
from scheduling.errors import (
    HoldEnded,
    NotChangeable,
    PlanBusy,
    TooLateToChange,
)
from scheduling.facts import NO_WISH, Contact, DoorWish, VisitFacts
from scheduling.models import Booking, DayPlan, Delivery, Hold, Order, Parcel, Promise, Quote, Route, Stop
from scheduling.routing.improve import driving
from scheduling.selectors.again import may_answer_late, may_choose_again
from scheduling.selectors.doors import facts_wished
from scheduling.selectors.slots import answers_of
from scheduling.services.changes import one_change
from scheduling.services.holds import lock_hold, require_confirmable, require_leavable_from, slot_sold
from scheduling.services.late import leave_late
from scheduling.services.plans import edit, save_all
from scheduling.services.points import give_places_back
from scheduling.services.quotes import note_choice, open_offer
from scheduling.services.wishes import grant, settle_safe_place
from scheduling.statements import NUMBER, Instances

CONFIRMED_LATE: Final = timedelta(hours=2)
"""How long after its end a hold may still be confirmed, if its time is free."""

_BOOKED: Final = Instances(
    lambda delivery: Booking.objects.filter(delivery=delivery).select_related(
        "stop__route__shift", "stop__pickup_point", "delivery__merchant", "delivery__address"
    ),
    NUMBER,
)
_NUMBERED: Final = Instances(
    lambda merchant, number: Order.objects.filter(merchant=merchant, number=number), NUMBER, "a number"
)


@one_change
def confirm_hold(*, hold: Hold, contact: Contact, order_number: str, actor: str, now: datetime) -> Booking:
    """Turn a hold into a booking with its first promise.

    Confirming twice returns the one booking. A hold whose time ran out is checked in full, as if it were
    asked for now, and confirmed at its price if its window can still be served. Raises HoldEnded if it
    was given back or ran out long ago, SlotTaken or CutoffPassed if it ran out and its time is gone,
    NeedsSomebody if it is to be left outside and its order is worth too much for that.
    """
    hold, editor = lock_hold(hold, now=now)
    if hold.state == Hold.State.CONFIRMED:
        editor.save()
        return Booking.objects.select_related("delivery").get(delivery=hold.delivery)
    if hold.state == Hold.State.RELEASED or hold.delivery.erased_at is not None:
        raise HoldEnded
    if hold.state == Hold.State.LAPSED:
        _place_again(hold, editor, now=now)
    else:
        require_confirmable(hold, editor, now=now)
        editor.book(hold.stop)
    hold.move_to(Hold.State.CONFIRMED)
    hold.save(update_fields=["state", "stop", "added_m"])
    delivery = _complete(hold.delivery, contact, order_number, depot_id=editor.row.depot_id, now=now)
    booking = _book(hold, delivery, now=now)
    cause, longer_by_m = Promise.Cause.CONFIRMED, hold.added_m
    make_promise(delivery, hold.stop, cause=cause, longer_by_m=longer_by_m, actor=actor, now=now)
    editor.save()
    events.record("booking.confirmed", delivery=delivery, actor=actor, now=now, data=_said(booking))
    return booking


def _place_again(hold: Hold, editor: PlanEditor, *, now: datetime) -> None:
    if now >= hold.expires_at + CONFIRMED_LATE:
        raise HoldEnded
    answer = next(answer for answer in answers_of(hold.quote) if answer.key == hold.offer_key)
    facts = VisitFacts.from_json(hold.quote.facts)
    sold = slot_sold(answer, facts=facts, now=now, ordered_at=now)
    require_leavable_from(sold.pattern.outlet, facts)
    sold.require_choosable(editor)
    hold.stop, hold.added_m = editor.put_in(
        visit_for(facts),
        delivery=hold.delivery,
        window=answer.window,
        buffer_s=sold.buffer_s,
        parts=sold.parts,
        state=Stop.State.BOOKED,
    )


def _complete(
    delivery: Delivery, contact: Contact, order_number: str, *, depot_id: int, now: datetime
) -> Delivery:
    """Add to a draft what confirmation knows: whose it is, which order, where it was left last time.

    Its facts stay as quoted: what is known of the door from last time takes no other time at the door.
    """
    merchant = delivery.merchant_id
    create = partial(Order.objects.create, merchant_id=merchant, number=order_number, created_at=now)
    delivery.order, _new = _NUMBERED.get_or(create, merchant, order_number)
    delivery.contact_email, delivery.contact_name = contact.email, contact.name
    delivery.contact_phone, delivery.language = contact.phone, contact.language
    settle_safe_place(delivery, depot_id=depot_id)
    delivery.move_to(Delivery.State.CONFIRMED)
    delivery.save()
    Parcel.objects.bulk_create(
        Parcel(delivery=delivery, merchant_id=delivery.merchant_id) for _i in range(delivery.parcel_count)
    )
    return delivery


def _book(hold: Hold, delivery: Delivery, *, now: datetime) -> Booking:
    return Booking.objects.create(
        delivery=delivery,
        stop=hold.stop,
        quote=hold.quote,
        offer_key=hold.offer_key,
        confirmed_at=now,
        change_until_at=hold.cutoff_at,
        price_minor=hold.price_minor,
        currency=hold.currency,
        band_m=hold.band_m,
        added_m=hold.added_m,
        grams=hold.grams,
        narrows_to_s=hold.narrows_to_s,
    )


def make_promise(
    delivery: Delivery, stop: Stop, *, cause: str, actor: str, now: datetime, longer_by_m: int = 0
) -> None:
    """Add the stop's window to the ledger of what was promised, with what it did to the routes."""
    Promise.objects.create(
        delivery=delivery,
        number=delivery.promises.count() + 1,
        opens_at=stop.opens_at,
        closes_at=stop.closes_at,
        cause=cause,
        actor=actor,
        made_at=now,
        longer_by_m=longer_by_m,
    )


def driven_m(editors: Iterable[PlanEditor]) -> int:
    """Return the metres of all routes of some days, changes so far included."""
    return sum(driving(editor.plan).metres for editor in editors)


@one_change
def reschedule_delivery(
    *,
    delivery: Delivery,
    offer_token: str,
    session_key: str,
    actor: str,
    now: datetime,
    wish: DoorWish = NO_WISH,
) -> Booking:
    """Move a booking to an offered time at its door: old stop replaced, new one booked, in one transaction.

    From a pickup point it comes home again. Moving it to where it is already changes nothing, unless there is
    a `wish`: then it gets another place in the same window, at the same price. Raises OfferForged,
    OfferExpired, NotChangeable, TooLateToChange, CutoffPassed, SlotTaken, or PlanBusy if it was moved
    meanwhile.
    """
    quote, answer = open_offer(
        token=offer_token, merchant=delivery.merchant, session_key=session_key, now=now, moving=delivery
    )
    # Before the plans, as place_hold does: both note the choice in a quote that may be the session's mutex.
    Quote.objects.lock_session(session_key=session_key, merchant=delivery.merchant)
    booking, editors = lock_booking(delivery, now=now, also=answer.plan_id)
    old, source = booking.stop, editors[booking.stop.route.shift.plan_id]
    target = editors[answer.plan_id or 0]
    there = (old.opens_at, old.closes_at) == (answer.opens_at, answer.closes_at) and source is target
    there = there and old.pickup_point_id is None
    if there and not wish and booking.state == Booking.State.BOOKED:
        save_all(editors)
        return booking
    require_movable(booking, source, target, now=now)
    late = may_answer_late(booking, source.row)
    if late:
        leave_late(booking, source, answer="moved", actor=actor, now=now)
    elif old.done_at is not None:  # tried in vain: what was driven for it stays as it was
        source.forget(old, Stop.State.REPLACED)
        booking.delivery.move_to(Delivery.State.CONFIRMED)
        booking.delivery.save(update_fields=["state"])
    driven_before_m = driven_m(editors.values())
    if old.done_at is None and not late:
        source.take_out(old, Stop.State.REPLACED)
    give_places_back(old, booking.delivery.parcel_count)
    # Judged without the old stop, which is not to count against the shop's caps.
    write = "move_within" if source is target else "move_in"
    # As it is now: another order may have joined it since these times were asked for.
    facts = facts_wished(booking.delivery, wish, quote=quote)
    sold = slot_sold(answer, facts=facts, now=now, ordered_at=quote.asked_at)
    sold.require_choosable(target, write=write)
    booking.stop, booking.added_m = target.put_in(
        visit_for(facts),
        delivery=booking.delivery,
        window=answer.window,
        buffer_s=sold.buffer_s,
        parts=sold.parts,
        state=Stop.State.BOOKED,
    )
    grant(wish, facts, booking.delivery, actor=actor, now=now)
    if there:
        booking.save(update_fields=["stop", "added_m"])
        save_all(editors)
        return booking
    before = booking.price_minor
    _rebook(booking, quote, answer, price_minor=min(before, answer.price_minor) if late else None)
    longer_by_m = driven_m(editors.values()) - driven_before_m
    cause = Promise.Cause.MOVED
    make_promise(booking.delivery, booking.stop, cause=cause, longer_by_m=longer_by_m, actor=actor, now=now)
    save_all(editors)
    note_choice(quote, answer, now=now)
    data = _said(booking) | {
        "price_difference_minor": booking.price_minor - before,
        "from_opens_at": old.opens_at.isoformat(),
        "from_closes_at": old.closes_at.isoformat(),
    }
    events.record("booking.moved", delivery=booking.delivery, actor=actor, now=now, data=data)
    return booking


def lock_booking(
    delivery: Delivery, *, now: datetime, also: int | None = None
) -> tuple[Booking, dict[int, PlanEditor]]:
    """Lock the day plan of a booked delivery and another one; return the booking as it then is.

    Raises NotChangeable if there is no booking to change, PlanBusy if it has just moved to a third plan.
    """
    booking = _BOOKED.first(delivery.pk)
    if booking is None:
        raise NotChangeable
    locked = DayPlan.objects.lock({booking.stop.route.shift.plan_id, *([also] if also else [])})
    editors = edit(locked.values(), now=now)
    booking = _BOOKED.get(delivery.pk)
    if booking.stop.route.shift.plan_id not in editors:
        raise PlanBusy
    return booking, editors


def require_movable(booking: Booking, source: PlanEditor, target: PlanEditor, *, now: datetime) -> None:
    """Raise NotChangeable or TooLateToChange unless its customer may (still, or again) change a booking."""
    if may_choose_again(booking) or (source is not target and may_answer_late(booking, source.row)):
        return
    pickup = booking.delivery.direction == Delivery.Direction.IN
    if booking.state != Booking.State.BOOKED or booking.delivery.state != Delivery.State.CONFIRMED:
        raise NotChangeable
    if now >= booking.change_until_at:
        raise TooLateToChange
    if not source.row.allows("move_within" if source is target else "move_out", pickup=pickup):
        raise TooLateToChange


def _rebook(booking: Booking, quote: Quote, answer: SlotAnswer, *, price_minor: int | None = None) -> None:
    """Write down what was chosen, at its price; at `price_minor` where it was said to cost no more."""
    booking.quote, booking.offer_key = quote, answer.key
    booking.change_until_at = answer.cutoff_at
    booking.narrows_to_s, booking.narrowed_at = answer.narrows_to_s, None
    booking.price_minor = answer.price_minor if price_minor is None else price_minor
    booking.band_m, booking.grams = answer.band_m, answer.grams
    booking.save()


@one_change
def cancel_delivery(*, delivery: Delivery, actor: str, now: datetime) -> Booking:
    """Cancel a booking and take its stop off the route. Cancelling twice changes nothing more.

    A pickup can be cancelled until its driver is there, and again after a try in vain. Raises NotChangeable
    if it never was booked or is over, TooLateToChange once the day has started.
    """
    booking, editors = lock_booking(delivery, now=now)
    editor = editors[booking.stop.route.shift.plan_id]
    if booking.state == Booking.State.CANCELLED:
        editor.save()
        return booking
    _leave(booking, editor)
    give_places_back(booking.stop, booking.delivery.parcel_count)
    editor.save()
    booking.state, booking.cancelled_at = Booking.State.CANCELLED, now
    booking.save(update_fields=["state", "cancelled_at"])
    booking.delivery.move_to(Delivery.State.CANCELLED)
    booking.delivery.save(update_fields=["state"])
    events.record("booking.cancelled", delivery=booking.delivery, actor=actor, now=now, data=_said(booking))
    return booking


def _leave(booking: Booking, editor: PlanEditor) -> None:
    """Take a booking that is called off out of its day. Raises NotChangeable or TooLateToChange."""
    stop, delivery = booking.stop, booking.delivery
    inward = delivery.direction == Delivery.Direction.IN
    if inward and may_choose_again(booking):  # what was driven for it stays as it was
        editor.forget(stop, Stop.State.REPLACED)
        return
    if not editor.row.allows("cancel", pickup=inward) or stop.arrived_at is not None:
        raise TooLateToChange
    if delivery.state != Delivery.State.CONFIRMED:
        raise NotChangeable
    if stop.unassigned_at is None and stop.route.state != Route.State.STARTED:
        editor.take_out(stop, Stop.State.CANCELLED)
    else:  # whoever drives is told, and goes on from where they are
        editor.forget(stop, Stop.State.CANCELLED)


def _said(booking: Booking) -> dict[str, Any]:
    return {
        "opens_at": booking.stop.opens_at.isoformat(),
        "closes_at": booking.stop.closes_at.isoformat(),
        "price_minor": booking.price_minor,
        "currency": booking.currency,
        "collected_by": booking.collected_by,
        "order": booking.delivery.order.number if booking.delivery.order else "",
    }
