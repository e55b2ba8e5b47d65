"""How to get in: until when it can be said, what a household wished to be kept, and who looked at codes."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q

from scheduling.models import AccessNotes, AccessRead, Booking, Delivery, Depot, Route, Stop
from scheduling.selectors.doors import kept_for
from scheduling.states import TO_COME

LATEST_READS: Final = 200
KEPT: Final = "access_notes__kept"
"""What marks a delivery whose notes were to be kept for next time."""


def notes_of(delivery: Delivery) -> AccessNotes | None:
    """Return what was said of getting in; no query where it was loaded with the delivery."""
    return getattr(delivery, "access_notes", None)


def codes_stay_for() -> timedelta:
    """Return how long codes are kept once a delivery is over."""
    return timedelta(hours=settings.ACCESS_CODES_KEPT_H)


def notes_open(booking: Booking, *, now: datetime) -> bool:
    """Whether its customer may still say how to get in: until it is handed over or its time is long past."""
    to_come = booking.state == Booking.State.BOOKED and booking.delivery.state in TO_COME
    plan = booking.stop.route.shift.plan
    return to_come and plan.allows("notes") and now < booking.stop.closes_at + codes_stay_for()


def codes_due(*, now: datetime) -> Q:
    """Return which notes must hold no codes any more: their delivery was cancelled, or its window is over."""
    over_at = now - codes_stay_for()
    return Q(delivery__booking__stop__closes_at__lte=over_at) | Q(
        delivery__booking__cancelled_at__lte=over_at
    )


def notes_kept_for(delivery: Delivery) -> AccessNotes | None:
    """Return the latest notes that its household wished to be kept, of one shop and contact. Two queries."""
    before = next(iter(kept_for(delivery, flag=KEPT)), None)
    return notes_of(before) if before else None


def next_stop_of(route: Route) -> Stop | None:
    """Return the first stop of a route at which somebody is still to be served. One query."""
    open_ = Stop.objects.booked().to_do().filter(route=route, delivery__state__in=TO_COME)
    return open_.order_by("position").first()


def reads_at(depot: Depot) -> list[AccessRead]:
    """Return who looked at which codes of a depot's deliveries, latest first. One query."""
    rows = AccessRead.objects.filter(route__shift__plan__depot=depot)
    found = rows.select_related("delivery__address", "route__shift__vehicle").order_by("-read_at", "-pk")
    return list(found[:LATEST_READS])
