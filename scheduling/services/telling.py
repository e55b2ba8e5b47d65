"""What the plan knows of messages: somebody can't be told, was asked the day before, has answered."""

from datetime import datetime
from typing import Final

from scheduling.models import Booking, DayException
from scheduling.services.changes import one_change

SETTLED_BY: Final = "clock"


@one_change
def note_message_failed(*, delivery_id: int, now: datetime) -> DayException | None:
    """Show dispatch that a customer can't be told, as long as their visit is to come; once per stop."""
    booking = _booked(delivery_id)
    if booking is None or booking.stop.done_at is not None or now >= booking.stop.closes_at:
        return None
    raised, _new = DayException.objects.get_or_create(
        kind=DayException.Kind.MESSAGE_FAILED,
        stop=booking.stop,
        settled_at=None,
        defaults={
            "plan": booking.stop.route.shift.plan,
            "route": booking.stop.route,
            "breaks_at": booking.stop.closes_at,
            "raised_at": now,
        },
    )
    return raised


@one_change
def note_message_arrived(*, delivery_id: int, now: datetime) -> int:
    """Settle that a customer could not be told: they were, by another channel. Return how many were open."""
    open_ones = DayException.objects.filter(
        kind=DayException.Kind.MESSAGE_FAILED, stop__delivery=delivery_id, settled_at=None
    )
    return open_ones.update(settled_at=now, settled_by=SETTLED_BY)


def _booked(delivery_id: int) -> Booking | None:
    rows = Booking.objects.filter(delivery=delivery_id, state=Booking.State.BOOKED)
    return rows.select_related("stop__route__shift__plan").first()
