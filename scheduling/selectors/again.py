"""Whether somebody may choose a time again: it could not be handed over, or will be late."""

from scheduling.models import Booking, DayPlan, Delivery, Expected
from scheduling.states import TO_COME


def may_choose_again(booking: Booking) -> bool:
    """Whether its customer may choose another time after a try in vain.

    Goods must be back at the depot first; what was to be collected stands where it stood.
    """
    delivery = booking.delivery
    waits = Delivery.State.FAILED if delivery.direction == Delivery.Direction.IN else Delivery.State.AT_DEPOT
    return booking.state == Booking.State.BOOKED and delivery.state == waits


def may_answer_late(booking: Booking, plan: DayPlan) -> bool:
    """Whether its customer may say what is to happen with a visit that will be late: until somebody comes.

    `plan` is the day of its stop. One query, or none where the day has not come so far.
    """
    stop, delivery = booking.stop, booking.delivery
    if booking.state != Booking.State.BOOKED or delivery.state not in TO_COME:
        return False
    if not plan.allows("answer_late") or stop.arrived_at or stop.done_at:
        return False
    expected: Expected | None = Expected.objects.filter(stop=stop, late_since__isnull=False).first()
    return expected is not None
