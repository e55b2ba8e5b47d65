"""Changes that confirm, move and cancel, and their rivals."""

from functools import partial

from scheduling.models import Booking, Stop
from scheduling.services.bookings import cancel_delivery
from scheduling.services.holds import release_hold
from tests.factories import NOW
from tests.proofs.contests.world import SECOND, THIRD, TOO_LATE, Contest, World, confirming, is_one, one_of


def confirmed_twice(world: World) -> Contest:
    hold = world.hold()
    once = Booking.objects.filter(delivery=hold.delivery)
    return Contest(confirming(hold), confirming(hold), lambda *_both: once.count() == 1)


def confirmed_or_given_back(world: World) -> Contest:
    hold = world.hold()
    releasing = partial(release_hold, hold=hold, actor="x", now=NOW)
    return Contest(confirming(hold), releasing, lambda *_both: is_one(hold, "confirmed", "released"))


def confirmed_late_or_taken(world: World) -> Contest:
    world.leave_one_place()
    hold = world.hold()
    return Contest(confirming(hold, TOO_LATE), world.holding(now=TOO_LATE), one_of)


def moved_twice(world: World) -> Contest:
    booking = world.booking()
    return Contest(
        world.moving(booking, SECOND),
        world.moving(booking, THIRD),
        lambda *both: any(both) and _booked(booking) == 1,
    )


def moved_into_the_last_place(world: World) -> Contest:
    booking = world.booking()
    world.leave_one_place(SECOND)
    return Contest(
        world.moving(booking, SECOND),
        world.holding(SECOND),
        lambda *both: one_of(*both) and _booked(booking) == 1,
    )


def cancelled_or_moved(world: World) -> Contest:
    booking = world.booking()
    cancelling = partial(cancel_delivery, delivery=booking.delivery, actor="x", now=NOW)
    return Contest(cancelling, world.moving(booking, SECOND), lambda *_both: _stands_or_not(booking))


def moved_or_cancelled(world: World) -> Contest:
    booking = world.booking()
    cancelling = partial(cancel_delivery, delivery=booking.delivery, actor="x", now=NOW)
    return Contest(world.moving(booking, SECOND), cancelling, lambda *_both: _stands_or_not(booking))


def _booked(booking: Booking) -> int:
    return Stop.objects.booked().filter(delivery_id=booking.delivery_id).count()


def _stands_or_not(booking: Booking) -> bool:
    booking.refresh_from_db()
    return _booked(booking) == (booking.state == Booking.State.BOOKED)
