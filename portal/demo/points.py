"""The town's pickup points, and the people who have sent their deliveries there: one locker is full."""

from datetime import datetime
from pathlib import Path
from typing import Final

from scheduling.errors import DomainError
from scheduling.models import Booking, Depot, PickupPoint
from scheduling.point_files import read_points
from scheduling.services.diverting import divert_delivery
from scheduling.services.points import import_points

POINTS: Final = Path(__file__).resolve().parent / "data" / "pickup-points.csv"
FULL: Final = "k06"
"""The locker that is full."""
SENT: Final = {FULL: 3, "k05": 2, "k11": 1}
"""So many parcels have gone to these points."""


def open_points(depot: Depot) -> None:
    """Bring in the list, as `manage.py import_pickup_points` does."""
    import_points(depot=depot, file=read_points(POINTS.read_bytes()))


def send_some(depot: Depot, *, actor: str, now: datetime) -> int:
    """Send deliveries of one parcel each to some points, until each has what it should; return how many."""
    small = Booking.objects.filter(
        delivery__parcel_count=1, delivery__safe_place="", delivery__requirements=[], state="booked"
    )
    waiting = iter(small.select_related("delivery").order_by("pk"))
    sent = 0
    for name, parcels in SENT.items():
        point = PickupPoint.objects.get(depot=depot, external_id=name)
        while PickupPoint.objects.get(pk=point.pk).used < parcels:
            booking = next(waiting, None)
            if booking is None:
                return sent
            try:
                divert_delivery(delivery=booking.delivery, point=point, actor=actor, now=now)
            except DomainError:
                continue  # no van of that day has time for it: the next one
            sent += 1
    return sent
