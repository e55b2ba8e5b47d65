"""What customers answer when we ask: the day before, and when it will be late."""

from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from scheduling import events
from scheduling.errors import NotChangeable
from scheduling.models import Booking, Delivery, Event
from scheduling.selectors.again import may_answer_late
from scheduling.services.bookings import lock_booking
from scheduling.services.changes import one_change
from scheduling.services.late import note_answer

ASKED: Final = "delivery.day_before"
ANSWERED: Final = "delivery.day_before_answered"


@one_change
def keep_late(*, delivery: Delivery, actor: str, now: datetime) -> Booking:
    """Note that a customer waits for a visit that will be late. Nothing else changes; twice is once.

    Raises NotChangeable once somebody came, or where it is not late any more.
    """
    booking, editors = lock_booking(delivery, now=now)
    editor = editors[booking.stop.route.shift.plan_id]
    editor.save()
    if not may_answer_late(booking, editor.row):
        raise NotChangeable
    note_answer(booking, answer="keep", actor=actor, now=now)
    return booking


@one_change
def ask_day_before(*, delivery_id: int, now: datetime) -> Event | None:
    """Record that a customer is asked whether the day that comes suits them: once for a delivery and day."""
    [delivery] = Delivery.objects.lock({delivery_id})
    booking = _to_come(delivery, now=now)
    if booking is None or _said(ASKED, booking).exists():
        return None
    return events.record(ASKED, delivery=delivery, actor="clock", now=now, data=_day_of(booking))


@one_change
def answer_day_before(*, delivery: Delivery, actor: str, now: datetime) -> bool:
    """Note that the day suits its customer; False if they said so before. Raises NotChangeable."""
    [locked] = Delivery.objects.lock({delivery.pk})
    booking = _to_come(locked, now=now)
    if booking is None:
        raise NotChangeable
    if _said(ANSWERED, booking).exists():
        return False
    events.record(ANSWERED, delivery=locked, actor=actor, now=now, data=_day_of(booking))
    return True


def suits(booking: Booking) -> bool:
    """Whether its customer said that the day suits them. One query."""
    return _said(ANSWERED, booking).exists()


def _to_come(delivery: Delivery, *, now: datetime) -> Booking | None:
    rows = Booking.objects.filter(delivery=delivery, state=Booking.State.BOOKED)
    booking = rows.select_related("stop__route__shift__plan").first()
    if booking is None or delivery.state != Delivery.State.CONFIRMED or now >= booking.stop.closes_at:
        return None
    return booking


def _said(kind: str, booking: Booking) -> QuerySet[Event]:
    date = str(booking.stop.route.shift.plan.service_date)
    return Event.objects.filter(delivery=booking.delivery_id, kind=kind, data__date=date)


def _day_of(booking: Booking) -> dict[str, str]:
    return {
        "date": str(booking.stop.route.shift.plan.service_date),
        "opens_at": booking.stop.opens_at.isoformat(),
        "closes_at": booking.stop.closes_at.isoformat(),
    }
