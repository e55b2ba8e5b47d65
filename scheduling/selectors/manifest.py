"""One route as whoever drives it needs it: its stops in order, with names, parcels and how to get in.

For the depot's own people only. Which codes are kept is said; codes themselves are services/codes.py's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from scheduling import windows
from scheduling.models import AccessNotes, Depot, Route, Stop
from scheduling.selectors.board import board_of
from scheduling.selectors.board_routes import BoardRoute, BoardStop
from scheduling.selectors.notes import next_stop_of


@dataclass(frozen=True, slots=True)
class ManifestStop:
    """A stop in its place. `at` has its times and address; at a rest nobody is served and all else is empty.

    `next` marks the one stop whose codes may be asked for now.
    """

    at: BoardStop
    name: str = ""
    phone: str = ""
    postcode: str = ""
    city: str = ""
    parcels: int = 0
    notes: AccessNotes | None = None
    next: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """One trip of a vehicle on a day, without places that are only kept."""

    route: BoardRoute
    stops: tuple[ManifestStop, ...]


def manifest_of(*, depot: Depot, day: date, route_id: int, now: datetime) -> Manifest | None:
    """Return a route of a depot's day; None if there is none. At most fifteen queries."""
    board = board_of(depot=depot, day=day, now=now)
    routes = board.routes if board else ()
    found = next((route for route in routes if route.key == route_id), None)
    if found is None:
        return None
    rows = _rows(found)
    next_id = _next_id(route_id, depot, day, now=now)
    shown = [at for at in found.stops if at.rest or at.state == Stop.State.BOOKED]
    return Manifest(found, tuple(_stop(at, rows, next_id) for at in shown))


def _rows(route: BoardRoute) -> Mapping[int, Stop]:
    booked = [stop.key for stop in route.stops if stop.state == Stop.State.BOOKED]
    rows = Stop.objects.select_related("delivery__address", "delivery__access_notes", "pickup_point")
    return rows.in_bulk(booked)


def _next_id(route_id: int, depot: Depot, day: date, *, now: datetime) -> int | None:
    """Return which stop's codes may be asked for: the next of a route that is out today, if it is."""
    route = Route.objects.filter(pk=route_id, state=Route.State.STARTED).first()
    if route is None or day != windows.local_date(now, depot.zone):
        return None
    stop = next_stop_of(route)
    return stop.pk if stop else None


def _stop(at: BoardStop, rows: Mapping[int, Stop], next_id: int | None) -> ManifestStop:
    row = rows.get(at.key)
    delivery = row.delivery if row else None
    if row is None or delivery is None:
        return ManifestStop(at)
    if (point := row.pickup_point) is not None:  # how to get in at home says nothing there
        return ManifestStop(
            at,
            name=delivery.contact_name,
            postcode=point.postcode,
            city=point.city,
            parcels=delivery.parcel_count,
        )
    return ManifestStop(
        at,
        name=delivery.contact_name,
        phone=str(delivery.contact_phone),
        postcode=delivery.address.postcode,
        city=delivery.address.city,
        parcels=delivery.parcel_count,
        notes=getattr(delivery, "access_notes", None),
        next=at.key == next_id,
    )
