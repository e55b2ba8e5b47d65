"""After booking: where it may be left when nobody opens, and how much longer it takes at the door."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from scheduling.conversion import visit_for
from scheduling.editor import PlanEditor
from scheduling.errors import (
    NeedsAnotherTime,
    NotChangeable,
    NoTimeLonger,
    SlotTaken,
    TooLateToChange,
    VanFull,
)
from scheduling.facts import SafePlace, VisitFacts
from scheduling.leaving import require_leavable
from scheduling.models import Booking, Delivery, Stop
from scheduling.selectors.again import may_answer_late
from scheduling.selectors.doors import facts_at_door, kept_for
from scheduling.selectors.shopper import facts_now
from scheduling.services.bookings import lock_booking
from scheduling.services.changes import one_change
from scheduling.services.late import note_answer
from scheduling.services.wishes import KEPT, note_place, note_time
from scheduling.states import TO_COME
from scheduling.windows import Window

NO_TIME_TO_RING = _(
    "Handing it over takes longer than leaving it, and the van that comes then has no minutes to spare. To "
    "be at home yourself, choose another time."
)


@one_change
def change_safe_place(
    *,
    delivery: Delivery,
    place: SafePlace,
    actor: str,
    now: datetime,
    photo: str | None = None,
    keep: bool = False,
    forget: bool = False,
) -> Booking:
    """Say where a booked delivery may be left, or that somebody will be at home.

    `photo`: the path of one that shows it; None: the one there is, "" none. `keep`: also for what comes to
    this door later; one place is kept at a time, and saying a place without keeping it forgets what was kept.
    `forget`: that too where somebody will be at home. Saying the same again changes nothing. Raises
    NotChangeable, TooLateToChange once the route may have started, NeedsSomebody with the reason where such
    goods are never left there, or NeedsAnotherTime where it comes when nobody needs to be at home or its van
    has no time to hand it over.
    """
    booking, editor = _locked(delivery, now=now)
    delivery, keep = booking.delivery, keep and bool(place.place)
    if delivery.direction != Delivery.Direction.OUT:
        raise NotChangeable
    _require_told(booking, editor, "tell", now=now)
    if forget or place.place:
        _forget(delivery)
    photo = (delivery.safe_place_photo if photo is None else photo) if place.place else ""
    shown = photo == delivery.safe_place_photo and not delivery.safe_place_recalled
    if shown and (delivery.left_at, delivery.safe_place_kept) == (place, keep):
        editor.save()
        return booking
    if place.place:
        require_leavable(delivery, depot_id=editor.row.depot_id)
    if booking.unattended and not place.needs_nobody:
        raise NeedsAnotherTime
    service_s = _fit_in(booking, editor, place)
    if may_answer_late(booking, editor.row):
        note_answer(booking, answer="place", actor=actor, now=now)
    note_place(delivery, place, kept=keep, photo=photo, actor=actor, now=now, service_s=service_s)
    editor.touch()
    editor.save()
    return booking


def _fit_in(booking: Booking, editor: PlanEditor, place: SafePlace) -> int:
    """Have the stop take the seconds that leaving it there, or handing it over, takes; return them.

    Once routes are fixed a stop keeps the longer time it has, and who waits at home is rung for all the same.
    """
    delivery = booking.delivery
    before = facts_now(delivery=delivery, quote=booking.quote)
    facts = facts_at_door(before, merchant=delivery.merchant, place=place)
    longer = facts.service_s > before.service_s
    if facts.service_s == before.service_s or not editor.row.allows("lengthen" if longer else "shorten"):
        return before.service_s
    try:
        make_room(booking, editor, facts)
    except SlotTaken as error:
        raise NeedsAnotherTime(NO_TIME_TO_RING) from error
    return facts.service_s


def make_room(booking: Booking, editor: PlanEditor, facts: VisitFacts) -> None:
    """Have a booking's stop take as long as `facts` say: where it stands, or elsewhere in its own window.

    Window, price and promise stay. Raises SlotTaken if no route has the time for it.
    """
    stop = booking.stop
    try:
        editor.fill_up(stop, visit_for(facts))
    except VanFull:
        editor.take_out(stop, Stop.State.REPLACED)
        booking.stop, booking.added_m = editor.put_in(
            visit_for(facts),
            delivery=booking.delivery,
            window=Window(stop.opens_at, stop.closes_at),
            buffer_s=stop.buffer_s,
            parts=(stop.part,),
            state=Stop.State.BOOKED,
        )
        booking.save(update_fields=["stop", "added_m"])


def _forget(delivery: Delivery) -> None:
    """Unmark what was kept for this door."""
    kept = [each.pk for each in kept_for(delivery, flag=KEPT)]
    Delivery.objects.filter(pk__in=kept).update(safe_place_kept=False)


@one_change
def change_time_at_door(*, delivery: Delivery, extra_s: int, actor: str, now: datetime) -> Booking:
    """Have a booked delivery take so many seconds longer at the door than usual: 0 to MOST_EXTRA_S.

    The whole shift is propagated under the lock: every later arrival moves or takes slack, or the stop goes
    where there is time in its window, or nothing changes. Less is always possible. Window and price stay.
    Raises BadFacts, NotChangeable, TooLateToChange once the routes are fixed (for less: once they may have
    started), or NoTimeLonger if no van has the time in its window.
    """
    booking, editor = _locked(delivery, now=now)
    delivery = booking.delivery
    before = facts_now(delivery=delivery, quote=booking.quote)
    facts = facts_at_door(before, merchant=delivery.merchant, extra_s=extra_s)
    _require_told(booking, editor, "lengthen" if extra_s > before.extra_s else "shorten", now=now)
    if extra_s == before.extra_s:
        editor.save()
        return booking
    try:
        make_room(booking, editor, facts)
    except SlotTaken as error:
        raise NoTimeLonger from error
    note_time(delivery, extra_s=extra_s, service_s=facts.service_s, actor=actor, now=now)
    editor.save()
    return booking


def _locked(delivery: Delivery, *, now: datetime) -> tuple[Booking, PlanEditor]:
    booking, editors = lock_booking(delivery, now=now)
    return booking, editors[booking.stop.route.shift.plan_id]


def _require_told(booking: Booking, editor: PlanEditor, write: str, *, now: datetime) -> None:
    """Raise NotChangeable or TooLateToChange unless a driver can still be told of such a change."""
    late = write == "tell" and may_answer_late(booking, editor.row)
    if booking.state != Booking.State.BOOKED or booking.delivery.state not in TO_COME:
        raise NotChangeable
    if booking.delivery.state != Delivery.State.CONFIRMED and not late:
        raise NotChangeable
    if booking.stop.pickup_point_id is not None:  # nobody comes to the door
        raise NotChangeable
    if late:
        return
    if not editor.row.allows(write) or now >= booking.stop.route.shift.starts_at:
        raise TooLateToChange
