"""Whether somebody may choose a time again: what could not be handed over is back, or was not collected."""

from scheduling.models import Booking, Delivery


def may_choose_again(booking: Booking) -> bool:
    """Whether its customer may choose another time after a try in vain.

    Goods must be back at the depot first; what was to be collected stands where it stood.
    """
    delivery = booking.delivery
    waits = Delivery.State.FAILED if delivery.direction == Delivery.Direction.IN else Delivery.State.AT_DEPOT
    return booking.state == Booking.State.BOOKED and delivery.state == waits
