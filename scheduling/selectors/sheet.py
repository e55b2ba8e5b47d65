"""A shift as whoever drives it needs it: the trip under way, its stops in order, what is loaded for them.

For the driver's phone only. Access codes are not in it: services/codes.py hands out the next stop's.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from scheduling.models import Attempt, Expected, Parcel, Route, Shift, Stop
from scheduling.states import TO_COME

OVERTIME: Final = timedelta(hours=4)
"""A van that is late still needs its sheet; a link that nobody ended does not live on for longer."""


@dataclass(frozen=True, slots=True)
class SheetStop:
    """One stop of a trip, or a rest. `number` counts those at which somebody is served."""

    row: Stop
    number: int
    parcels: tuple[Parcel, ...]
    expected: Expected | None
    attempt: Attempt | None

    @property
    def done(self) -> bool:
        """Whether it is over, one way or the other."""
        return self.row.done_at is not None

    @property
    def to_do(self) -> bool:
        """Whether somebody, or a rest, still waits there."""
        delivery = self.row.delivery
        return not self.done and (delivery is None or delivery.state in TO_COME)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One trip of a shift. It is `trip` of so many `trips` that serve somebody."""

    shift: Shift
    route: Route | None
    trip: int
    trips: int
    stops: tuple[SheetStop, ...]

    @property
    def zone(self) -> ZoneInfo:
        """Return the depot's zone."""
        return self.shift.plan.depot.zone

    @property
    def served(self) -> list[SheetStop]:
        """Return the stops at which somebody is served."""
        return [stop for stop in self.stops if stop.row.delivery_id is not None]

    @property
    def left(self) -> list[SheetStop]:
        """Return those of them that are still to be done."""
        return [stop for stop in self.served if stop.to_do]

    @property
    def next(self) -> SheetStop | None:
        """Return the first stop or rest that is to be done."""
        return next((stop for stop in self.stops if stop.to_do), None)

    @property
    def loaded(self) -> list[SheetStop]:
        """Return the stops whose goods leave the depot on board."""
        return [stop for stop in self.served if stop.row.delivery and stop.row.delivery.direction == "out"]

    @property
    def mark(self) -> str:
        """Return what changes whenever the order, the stops or the trip do."""
        said = [f"{stop.row.pk}{stop.done:d}{stop.row.opens_at.timestamp():.0f}" for stop in self.stops]
        about = f"{self.route.pk}{self.route.state}" if self.route else ""
        return sha256(":".join([about, *said]).encode()).hexdigest()[:16]


def shift_over_at(shift: Shift) -> datetime:
    """Return when a shift is over: with its last trip, or some hours after its planned end. One query."""
    rows = Route.objects.filter(shift=shift).exclude(state=Route.State.TENTATIVE)
    back = list(rows.values_list("finished_at", flat=True))
    last = [at for at in back if at is not None]
    return max(last) if last and len(last) == len(back) else shift.ends_at + OVERTIME


def sheet_of(shift: Shift) -> Sheet:
    """Return the trip of a shift that is under way or comes next. Four queries at most."""
    routes = _serving(shift)
    route = next((each for each in routes if each.state != Route.State.FINISHED), None)
    route = route or (routes[-1] if routes else None)
    trip = routes.index(route) + 1 if route else 0
    stops = _stops(route) if route else ()
    return Sheet(shift=shift, route=route, trip=trip, trips=len(routes), stops=stops)


def shifts_serving(*, depot_id: int, day: date) -> list[Shift]:
    """Return the shifts of a depot's day that serve somebody, in order of their vehicles. One query."""
    rows = Shift.objects.filter(plan__depot_id=depot_id, plan__service_date=day)
    rows = rows.filter(routes__stops__state=Stop.State.BOOKED).distinct()
    found = rows.select_related("plan__depot", "vehicle", "driver")
    return list(found.order_by("vehicle__name", "starts_at"))


def vehicle_with(*, plan_id: int, barcode: str) -> str:
    """Return the name of the vehicle that brings a parcel on a day; nothing where none does. One query."""
    stops = Stop.objects.booked().filter(route__shift__plan_id=plan_id, delivery__parcels__barcode=barcode)
    return str(stops.values_list("route__shift__vehicle__name", flat=True).first() or "")


def _serving(shift: Shift) -> list[Route]:
    rows = Route.objects.filter(shift=shift, stops__state=Stop.State.BOOKED)
    return list(rows.distinct().order_by("trip"))


def _stops(route: Route) -> tuple[SheetStop, ...]:
    there = Stop.objects.active().filter(route=route, state__in=(Stop.State.BOOKED, Stop.State.REST))
    rows = there.select_related(
        "delivery__address",
        "delivery__access_notes",
        "delivery__merchant",
        "delivery__order",
        "pickup_point",
        "rest",
        "expected",
        "attempt",
    )
    found, number = [], 0
    for row in rows.prefetch_related("delivery__parcels").order_by("position"):
        number += row.delivery_id is not None
        parcels = tuple(row.delivery.parcels.all()) if row.delivery else ()
        expected, attempt = getattr(row, "expected", None), getattr(row, "attempt", None)
        found.append(SheetStop(row, number, parcels, expected, attempt))
    return tuple(found)
