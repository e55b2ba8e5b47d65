"""The routes of a depot's day as its planner reads them: each stop with exact seconds, metres and grams."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from scheduling.facts import SafePlace
from scheduling.models import Delivery, Stop, Vehicle, VehicleClass
from scheduling.routing import problem
from scheduling.routing.schedule import TripSchedule, schedule
from scheduling.selectors.alone import way_alone_m
from scheduling.selectors.carbon import RouteGrams, planned_grams
from scheduling.snapshots import Snapshot, at


@dataclass(frozen=True, slots=True)
class BoardStop:
    """A stop in its place on a route. Instants are aware and in the depot's zone.

    `key` is its row's. `number` counts those at which somebody is served. At a rest (its kind in words)
    nobody is, and `address` names the place, "" the depot. `leg_s` and `leg_m` lead here from the stop
    before, `minutes` is how long the vehicle stays; `grams` are its share of its route's. `held_until` is set
    while somebody decides. `ref` is its delivery's, `left_at` where it may be left when nobody opens, `photo`
    whether one shows it, `extra_s` what was asked for at the door; at a pickup point (its name) nothing of
    that counts. `added_m` is what the stop added to the driving when it was put in; `alone_m`,
    of what is fetched, what it would be as a trip of its own, else 0.
    """

    key: int
    number: int
    state: str
    address: str
    unit: str
    merchant: str
    order: str
    lat: float
    lon: float
    opens: datetime
    closes: datetime
    arrives: datetime
    leg_s: int
    leg_m: int
    load_g: int
    ref: str
    left_at: SafePlace
    extra_s: int
    added_m: int
    alone_m: int
    grams: int
    held_until: datetime | None
    photo: bool = False
    rest: str = ""
    point: str = ""
    minutes: int = 0

    @property
    def served(self) -> bool:
        """Whether somebody is served there; a place kept only for its way is driven past."""
        return self.state in Stop.FOR_SOMEBODY


@dataclass(frozen=True, slots=True)
class BoardRoute:
    """One trip of a vehicle that serves somebody, with at least one stop.

    `boundary` says what its grams count: never add up two of them. Once they are accounted for `counted_by`
    names how, and `metres` are those that count; before they are as planned.
    """

    key: int
    vehicle: str
    vehicle_class: str
    trip: int
    departs: datetime
    returns: datetime
    metres: int
    grams: int
    grams_per_km: int
    factor: str
    boundary: str
    load_g: int
    capacity_g: int
    stops: tuple[BoardStop, ...]
    counted_by: str = ""

    @property
    def served(self) -> int:
        """At how many of its stops somebody is served."""
        return sum(stop.served for stop in self.stops)

    @property
    def held(self) -> int:
        """How many of its stops are only kept for somebody who decides."""
        return sum(stop.state == Stop.State.HELD for stop in self.stops)


def routes_of(
    shift: problem.Shift,
    vehicle: Vehicle,
    snapshot: Snapshot,
    rows: Mapping[int, Stop],
    accounted: Mapping[int, RouteGrams],
    zone: ZoneInfo,
) -> Iterable[BoardRoute]:
    """Return the trips of a shift on which somebody is served; `rows` are the snapshot's stops. No query."""
    kind = vehicle.vehicle_class
    for number, (trip, times) in enumerate(zip(shift.trips, schedule(shift), strict=True), start=1):
        if not trip.visits:
            continue
        metres = sum(leg.metres for leg in trip.legs)
        carbon = accounted.get(trip.key) or _planned(trip, snapshot, kind, rows)
        yield BoardRoute(
            key=trip.key,
            vehicle=vehicle.name,
            vehicle_class=kind.name,
            trip=number,
            departs=_local(snapshot, times.departs_s, zone),
            returns=_local(snapshot, times.returns_s, zone),
            metres=metres if carbon.metres is None else carbon.metres,
            counted_by=carbon.method,
            grams=carbon.grams,
            grams_per_km=carbon.grams_per_km,
            factor=carbon.factor,
            boundary=carbon.boundary,
            load_g=max(load[0] for load in times.loads),
            capacity_g=kind.capacity_g,
            stops=tuple(_stops(trip, times, snapshot, rows, carbon, zone, shift.vehicle.kind)),
        )


def _planned(
    trip: problem.Trip, snapshot: Snapshot, kind: VehicleClass, rows: Mapping[int, Stop]
) -> RouteGrams:
    served = [visit for visit in trip.visits if rows[visit.key].state in Stop.FOR_SOMEBODY]
    metres = sum(leg.metres for leg in trip.legs)
    return planned_grams(served, snapshot.plan.depot, kind, metres=metres)


def _stops(
    trip: problem.Trip,
    times: TripSchedule,
    snapshot: Snapshot,
    rows: Mapping[int, Stop],
    carbon: RouteGrams,
    zone: ZoneInfo,
    kind: problem.VehicleClass,
) -> Iterable[BoardStop]:
    number = 0
    for visit, leg, starts_s in zip(trip.visits, trip.legs, times.starts_s, strict=False):
        row = rows[visit.key]
        number += row.state in Stop.FOR_SOMEBODY
        yield BoardStop(
            key=row.pk,
            number=number,
            state=row.state,
            lat=visit.place.lat,
            lon=visit.place.lon,
            opens=row.opens_at.astimezone(zone),
            closes=row.closes_at.astimezone(zone),
            arrives=_local(snapshot, starts_s, zone),
            leg_s=leg.seconds,
            leg_m=leg.metres,
            added_m=_added_m(row),
            alone_m=way_alone_m(snapshot.plan.depot, visit.place, kind) if _is_fetched(row) else 0,
            held_until=row.hold.expires_at.astimezone(zone) if row.state == Stop.State.HELD else None,
            grams=carbon.by_stop.get(visit.key, 0),
            minutes=visit.service_s // 60,
            **_what_for(row),
        )


def _is_fetched(stop: Stop) -> bool:
    return stop.delivery is not None and stop.delivery.direction == Delivery.Direction.IN


def _what_for(stop: Stop) -> dict[str, Any]:
    """Return where a stop is in words, for whom, and what is handed over there."""
    if stop.rest is not None:
        nothing: dict[str, Any] = {"unit": "", "merchant": "", "order": "", "ref": "", "load_g": 0}
        nothing |= {"left_at": SafePlace(), "extra_s": 0}
        return {"address": stop.rest.place, "rest": str(stop.rest.get_kind_display()), **nothing}
    delivery = cast(Delivery, stop.delivery)  # a constraint says so
    return _where(stop, delivery) | {
        "merchant": delivery.merchant.name,
        "order": delivery.order.number if delivery.order else "",
        "ref": delivery.ref,
        "load_g": delivery.load_g,
    }


def _where(stop: Stop, delivery: Delivery) -> dict[str, Any]:
    """Return where it stands, and what was said of the door if it is one."""
    if (point := stop.pickup_point) is not None:
        at_point: dict[str, Any] = {"address": f"{point.name}, {point.line}", "unit": "", "point": point.name}
        return at_point | {"left_at": SafePlace(), "extra_s": 0}
    return {
        "address": delivery.address.line,
        "unit": delivery.address.unit,
        "left_at": delivery.left_at,
        "photo": bool(delivery.safe_place_photo),
        "extra_s": delivery.extra_s,
    }


def _added_m(stop: Stop) -> int:
    """Return what a stop added when it was put in: its booking knows, also after a move, or else its hold."""
    if stop.state == Stop.State.BOOKED:
        return stop.booking.added_m
    return stop.hold.added_m if stop.state == Stop.State.HELD else 0


def _local(snapshot: Snapshot, seconds: int, zone: ZoneInfo) -> datetime:
    return at(snapshot.origin_at, seconds).astimezone(zone)
