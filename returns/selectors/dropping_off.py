"""Where a return may be brought: the points nearest to where its goods were brought to."""

from dataclasses import dataclass
from typing import Final

from returns.models import Return
from scheduling.models import Depot, PickupPoint
from scheduling.models.network import distance_m

NEAREST: Final = 5


@dataclass(frozen=True, slots=True)
class PointToBring:
    """A point that takes returns, and how far it is in a straight line; None: nobody knows from where."""

    point: PickupPoint
    away_m: int | None


def points_to_bring(ret: Return) -> list[PointToBring]:
    """Return the nearest points of the depots from which its shop sells. One query, two with an address."""
    points = PickupPoint.objects.filter(
        active=True, depot__outlets__merchant=ret.merchant_id, depot__outlets__active=True
    )
    rows = list(points.select_related("depot").distinct().order_by("pk"))
    brought = ret.delivery
    if brought is None or brought.erased_at is not None:
        return [PointToBring(point, None) for point in rows[:NEAREST]]
    at = brought.address
    away = [PointToBring(point, round(distance_m(at.lat, at.lon, point.lat, point.lon))) for point in rows]
    return sorted(away, key=lambda each: (each.away_m or 0, each.point.pk))[:NEAREST]


def points_of(depot: Depot) -> list[PickupPoint]:
    """Return a depot's open points by name. One query."""
    return list(PickupPoint.objects.filter(depot=depot, active=True).order_by("name", "pk"))


def handed_in_at(depot: Depot, *, most: int = 20) -> list[Return]:
    """Return what was last handed in at a depot's points and is not with its shop yet. One query."""
    rows = Return.objects.filter(point__depot=depot, parcel=Return.Parcel.HANDED_IN)
    return list(rows.select_related("merchant", "point").order_by("-collected_at", "-pk")[:most])


def return_at(depot: Depot, ref: str) -> Return | None:
    """Return what was handed in, or was to be, at a depot's points; None for any other. One query."""
    return Return.objects.filter(point__depot=depot, ref=ref).first()
