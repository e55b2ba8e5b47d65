"""Where the demo's vehicles are: along the streets between the door they left and the one they go to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from portal.demo.drivers import comes_at, left_at, next_stop, taken_over
from portal.demo.streets import Point, along, way
from scheduling.models import Depot, Route, Stop
from scheduling.services.positions import Fix, Sender, keep_fixes


@dataclass(frozen=True, slots=True)
class Seen:
    """A shift's vehicle at a place."""

    shift_id: int
    lat: float
    lon: float


def tell_places(depot: Depot, *, now: datetime) -> int:
    """Tell where the vehicles are, as the drivers' phones would; return how many told."""
    told = 0
    for seen in seen_now(depot, now=now):
        sender = Sender(source="demo", shift_id=seen.shift_id)
        told += keep_fixes(sender=sender, fixes=[Fix(now, seen.lat, seen.lon)], now=now)
    return told


def seen_now(depot: Depot, *, now: datetime) -> Iterator[Seen]:
    """Yield where each vehicle is that is out; whoever took a sheet over tells it by their own phone."""
    routes = Route.objects.filter(state=Route.State.STARTED, shift__plan__depot=depot)
    routes = routes.exclude(shift__in=taken_over())
    for route in routes.select_related("shift"):
        lat, lon = _place(route, depot, now=now)
        yield Seen(route.shift_id, lat, lon)


def _place(route: Route, depot: Depot, *, now: datetime) -> Point:
    home = (depot.lat, depot.lon)
    done = Stop.objects.filter(route=route, done_at__isnull=False).order_by("-done_at")
    last = done.select_related("delivery__address", "pickup_point", "rest").first()
    start = place_of(last) if last else home
    following = next_stop(route)
    if following is None:
        end, seconds = home, float(route.return_s)
    elif following.arrived_at is not None:
        return place_of(following)
    else:
        end = place_of(following)
        seconds = (comes_at(following, left_at(route)) - left_at(route)).total_seconds()
    share = (now - left_at(route)).total_seconds() / max(seconds, 1)
    return along(way(start, end), share)


def place_of(stop: Stop) -> Point:
    """Return where a stop is."""
    if (point := stop.pickup_point) is not None:
        return (point.lat, point.lon)
    at = stop.rest if stop.delivery is None else stop.delivery.address
    assert at is not None  # noqa: S101 - a constraint says so
    return (at.lat, at.lon)
