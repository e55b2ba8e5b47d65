"""Rows -> what the core reasons about: stops as visits, vehicles with shifts, facts as a visit to be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypedDict

from scheduling.access import Part
from scheduling.facts import VisitFacts
from scheduling.models import DayPlan, Delivery, PickupPoint, Shift, Stop
from scheduling.models.network import skill_bits
from scheduling.models.orders import household_key
from scheduling.models.plans import seconds_after
from scheduling.routing import problem
from scheduling.windows import Window

A_LONG_DAY_S: Final = 14 * 24 * 3600


@dataclass(frozen=True, slots=True)
class StopRow:
    """What is stored of an active stop: its row, its place in the trip, its arc, and what it is for.

    A rest is for nobody: it has neither delivery nor merchant.
    """

    pk: int
    route_id: int
    position: int
    arc: problem.Leg
    state: str
    delivery_id: int | None
    merchant_id: int | None
    opens_at: datetime
    closes_at: datetime
    expires_at: datetime | None


def row_of(stop: Stop, *, delivery: Delivery, expires_at: datetime | None) -> StopRow:
    """Return what is stored of a stop just made for a delivery."""
    return StopRow(
        pk=stop.pk,
        route_id=stop.route_id,
        position=stop.position,
        arc=problem.Leg(stop.arc_s, stop.arc_m),
        state=stop.state,
        delivery_id=delivery.pk,
        merchant_id=delivery.merchant_id,
        opens_at=stop.opens_at,
        closes_at=stop.closes_at,
        expires_at=expires_at,
    )


STOP_COLUMNS: Final = (
    "pk", "route_id", "position", "arc_s", "arc_m", "state", "delivery_id", "delivery__merchant_id",
    "opens_at", "closes_at", "buffer_s", "not_before_at", "done_by_at", "barred",
    "hold__expires_at", "delivery__direction", "delivery__load_g", "delivery__load_ml",
    "delivery__takes_g", "delivery__takes_ml",
    "delivery__service_s", "delivery__requirements", "delivery__address__lat",
    "delivery__address__lon", "delivery__address__line", "delivery__address__unit",
    "delivery__address__postcode", "rest__lat", "rest__lon", "rest__minutes",
    "service_s", "pickup_point_id", "pickup_point__lat", "pickup_point__lon",
)  # fmt: skip


def stored_as(values: Mapping[str, Any]) -> StopRow:
    """Return what is stored of a stop, from its STOP_COLUMNS."""
    return StopRow(
        pk=values["pk"],
        route_id=values["route_id"],
        position=values["position"],
        arc=problem.Leg(values["arc_s"], values["arc_m"]),
        state=values["state"],
        delivery_id=values["delivery_id"],
        merchant_id=values["delivery__merchant_id"],
        opens_at=values["opens_at"],
        closes_at=values["closes_at"],
        # A booked stop keeps the hold it came from; only a held one can run out.
        expires_at=values["hold__expires_at"] if values["state"] == Stop.State.HELD else None,
    )


def lone_visit(stop_id: int, plan: DayPlan) -> problem.Visit:
    """Return a booked stop that is on no route as the core sees it, with its whole promise. One query."""
    values = Stop.objects.filter(pk=stop_id).values(*STOP_COLUMNS).get()
    return visit_of(values | {"buffer_s": 0}, plan.origin_at)


def visit_of(values: Mapping[str, Any], origin_at: datetime) -> problem.Visit:
    """Return a stop as the core sees it, from its STOP_COLUMNS."""
    window = Window(values["opens_at"], values["closes_at"])
    part = Part(values["not_before_at"], values["done_by_at"], frozenset(values["barred"].split()))
    at_point = values["pickup_point_id"] is not None
    service_s = values["service_s"] if at_point else values["delivery__service_s"] or 0
    opens_s, closes_s = planned_within(
        window, buffer_s=values["buffer_s"], part=part, service_s=service_s, origin_at=origin_at
    )
    if values["state"] == Stop.State.REST:
        place = problem.Place(values["rest__lat"], values["rest__lon"])
        return rest(values["pk"], place, (opens_s, closes_s), minutes=values["rest__minutes"])
    whose = "pickup_point" if at_point else "delivery__address"
    place = problem.Place(values[f"{whose}__lat"], values[f"{whose}__lon"])
    if values["state"] == Stop.State.WAYPOINT:
        return waypoint(values["pk"], place)
    return problem.Visit(
        key=values["pk"],
        place=place,
        opens_s=opens_s,
        closes_s=closes_s,
        service_s=service_s,
        skills=skill_bits(values["delivery__requirements"]),
        household=_household_of(values),
        booked=values["state"] == Stop.State.BOOKED,
        barred=part.barred,
        **loads(
            values["delivery__direction"],
            (values["delivery__load_g"], values["delivery__load_ml"]),
            takes=(values["delivery__takes_g"], values["delivery__takes_ml"]),
        ),
    )


def _household_of(values: Mapping[str, Any]) -> str:
    if values["pickup_point_id"] is not None:
        return household_of_point(values["pickup_point_id"])
    return household_key(
        line=values["delivery__address__line"],
        unit=values["delivery__address__unit"],
        postcode=values["delivery__address__postcode"],
    )


def household_of_point(point_id: int) -> str:
    """Return the key under which all that goes to one pickup point counts as one neighbour."""
    return f"point {point_id}"


def planned_within(
    window: Window, *, buffer_s: int, part: Part, service_s: int, origin_at: datetime
) -> tuple[int, int]:
    """Return when routes may come for a promise: its window without the buffer at its end, for the core.

    Where access rules leave a part of it, that part, and early enough to be done in it; this may be nothing.
    Offers, stops and what is stored of them all go through here, so that what is offered can be served.
    """
    opens_s, closes_s = seconds_after(origin_at, window.opens_at), seconds_after(origin_at, window.closes_at)
    closes_s = max(opens_s + 1, closes_s - buffer_s)
    if part.not_before_at is not None:
        opens_s = max(opens_s, seconds_after(origin_at, part.not_before_at))
    if part.done_by_at is not None:  # who needs no time at the door still stands there for a moment
        closes_s = min(closes_s, seconds_after(origin_at, part.done_by_at) - max(1, service_s) + 1)
    return opens_s, closes_s


def visit_within(
    visit: problem.Visit, window: Window, *, buffer_s: int, part: Part, origin_at: datetime
) -> problem.Visit:
    """Return a visit in a part of a promised window less its buffer, as the core counts it."""
    opens_s, closes_s = planned_within(
        window, buffer_s=buffer_s, part=part, service_s=visit.service_s, origin_at=origin_at
    )
    return replace(visit, opens_s=opens_s, closes_s=closes_s, barred=part.barred)


def waypoint(key: int, place: problem.Place) -> problem.Visit:
    """Return a visit that only drives through a place: no window, no service, no load."""
    return problem.Visit(key, place, 0, A_LONG_DAY_S, 0, (0, 0), (0, 0), booked=False)


def rest(key: int, place: problem.Place, window_s: tuple[int, int], *, minutes: int) -> problem.Visit:
    """Return a vehicle's break or charging as a visit: it takes time and nothing on board."""
    opens_s, closes_s = window_s
    return problem.Visit(key, place, opens_s, closes_s, 60 * minutes, (0, 0), (0, 0), booked=False, rest=True)


class Loads(TypedDict):
    """What a visit brings and what it takes away, in grams and millilitres."""

    delivered: tuple[int, int]
    collected: tuple[int, int]


def loads(direction: str, load: tuple[int, int], *, takes: tuple[int, int]) -> Loads:
    """Return what a visit brings and what it takes away, in grams and millilitres; both in an exchange."""
    if direction == Delivery.Direction.IN:
        return {"delivered": (0, 0), "collected": load}
    return {"delivered": load, "collected": takes}


def visit_for(
    facts: VisitFacts, *, key: int = 0, opens_s: int = 0, closes_s: int = A_LONG_DAY_S
) -> problem.Visit:
    """Return the visit that a quote's facts describe, with a window in seconds after the plan's origin."""
    address = facts.address
    return problem.Visit(
        key=key,
        place=problem.Place(address.lat, address.lon),
        opens_s=opens_s,
        closes_s=closes_s,
        service_s=facts.service_s,
        skills=skill_bits(list(facts.requirements)),
        household=household_key(line=address.line, unit=address.unit, postcode=address.postcode),
        booked=False,
        **loads(facts.direction, (facts.load_g, facts.load_ml), takes=(facts.takes_g, facts.takes_ml)),
    )


def visit_to(point: PickupPoint, facts: VisitFacts) -> problem.Visit:
    """Return the visit that brings the goods of some facts to a pickup point instead of to their door."""
    return replace(
        visit_for(facts),
        place=problem.Place(point.lat, point.lon),
        service_s=point.seconds_for(facts.parcels),
        household=household_of_point(point.pk),
    )


def shift_of(shift: Shift, trips: list[problem.Trip], origin_at: datetime) -> problem.Shift:
    """Return a shift with its trips, as the core sees it."""
    kind = shift.vehicle.vehicle_class
    return problem.Shift(
        vehicle=problem.Vehicle(
            key=shift.pk,
            kind=problem.VehicleClass(
                key=kind.slug,
                capacity=(kind.capacity_g, kind.capacity_ml),
                speed_m_per_h=kind.speed_m_per_h,
                detour_percent=kind.detour_percent,
                cost_s_per_km=kind.cost_s_per_km,
                opening_cost_s=kind.opening_cost_s,
                grams_per_km=kind.grams_per_km,
                range_m=kind.shift_range_m,
            ),
            starts_s=seconds_after(origin_at, shift.starts_at),
            ends_s=seconds_after(origin_at, shift.ends_at),
            max_shift_s=shift.max_shift_s,
            reload_s=shift.reload_s,
            skills=skill_bits(shift.vehicle.skills),
        ),
        trips=tuple(trips),
    )
