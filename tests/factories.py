"""Rows for tests: a small network in Helsinki, and what may happen on it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from portal.access import issue_link
from portal.models import AccessLink, Membership, User
from portal.models.people import LinkKind, Role
from returns.models import Return
from returns.services.requests import Wish, request_return
from scheduling.answers import SlotAnswer
from scheduling.bought import ItemBought, OrderBought, Paid
from scheduling.facts import AddressFacts, Contact, VisitFacts
from scheduling.models import (
    Booking,
    DayPlan,
    Delivery,
    Depot,
    Driver,
    Hold,
    Merchant,
    MerchantDepot,
    Operator,
    Order,
    PickupPoint,
    Quote,
    RestPattern,
    Route,
    ShiftPattern,
    SlotPattern,
    Vehicle,
    VehicleClass,
)
from scheduling.selectors.slots import QuoteView
from scheduling.services.bookings import confirm_hold
from scheduling.services.days import lock_plan, start_route
from scheduling.services.holds import place_hold
from scheduling.services.orders import record_order
from scheduling.services.plans import close_plan, extend_horizon
from scheduling.services.quotes import ask
from tests import layouts
from tests.layouts import laid_out_once

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""Monday 23 November 2026, 11:00 in Helsinki."""
TOMORROW = date(2026, 11, 24)
DEPOT_AT = (60.2500, 24.9400)
CENTRE = (60.1700, 24.9400)

_numbers = layouts.numbers


@laid_out_once
def make_operator(**values: Any) -> Operator:
    number = next(_numbers)
    return Operator.objects.create(**{"name": f"Operator {number}", "slug": f"operator-{number}"} | values)


@laid_out_once
def make_depot(**values: Any) -> Depot:
    number = next(_numbers)
    defaults = {"name": f"Depot {number}", "slug": f"depot-{number}", "time_zone": "Europe/Helsinki"}
    defaults |= {"lat": DEPOT_AT[0], "lon": DEPOT_AT[1]}
    values.setdefault("operator", None)
    values["operator"] = values["operator"] or make_operator()
    return Depot.objects.create(**defaults | values)


@laid_out_once
def make_merchant(**values: Any) -> Merchant:
    number = next(_numbers)
    return Merchant.objects.create(**{"name": f"Shop {number}", "slug": f"shop-{number}"} | values)


@laid_out_once
def make_vehicle_class(**values: Any) -> VehicleClass:
    defaults = {"name": "Battery van", "slug": f"van-{next(_numbers)}", "speed_m_per_h": 30_000}
    defaults |= {"capacity_g": 800_000, "capacity_ml": 8_000_000, "grams_per_km": 100}
    defaults |= {"factor_source": "a test", "factor_year": 2025}
    return VehicleClass.objects.create(**defaults | values)


@laid_out_once
def make_vehicle(depot: Depot, kind: VehicleClass | None = None, **values: Any) -> Vehicle:
    rests = values.pop("rests", ())
    shift = {key: values.pop(key) for key in ("trips", "starts", "ends", "weekdays") if key in values}
    kind = kind or make_vehicle_class()
    vehicle = Vehicle.objects.create(
        **{"depot": depot, "vehicle_class": kind, "name": f"Van {next(_numbers)}"} | values
    )
    hours = {"vehicle": vehicle, "starts": time(7), "ends": time(21)}
    pattern = ShiftPattern.objects.create(**hours | _long(shift))
    for rest in rests:
        RestPattern.objects.create(pattern=pattern, **rest)
    return vehicle


CANTEEN: dict[str, Any] = {"place": "Canteen", "lat": 60.1800, "lon": 24.9500}


def a_break(hour: int = 11, *, hours: int = 1, minutes: int = 30, **values: Any) -> dict[str, Any]:
    """A rest of a shift: at the depot, or at a place such as CANTEEN."""
    return {"opens": time(hour), "closes": time(hour + hours), "minutes": minutes} | values


def _long(shift: dict[str, Any]) -> dict[str, Any]:
    return {"max_shift_s": 14 * 3600} | shift


@laid_out_once
def make_outlet(
    merchant: Merchant, depot: Depot, hours: tuple[int, ...] = (8, 10, 12, 14, 16, 18), **values: Any
) -> MerchantDepot:
    price = values.pop("base_price_minor", 490)
    outlet = MerchantDepot.objects.create(
        **{"merchant": merchant, "depot": depot, "radius_m": 30_000} | values
    )
    for hour in hours:
        SlotPattern.objects.create(
            outlet=outlet, opens=time(hour), closes=time(hour + 2), base_price_minor=price
        )
    return outlet


@laid_out_once
def make_network(
    *,
    vans: int = 2,
    days: int = 4,
    now: datetime = NOW,
    rests: Sequence[dict[str, Any]] = (),
    **outlet: Any,
) -> MerchantDepot:
    """One merchant at one depot with a few equal vans and its coming days laid out."""
    depot, merchant = make_depot(), make_merchant()
    kind = make_vehicle_class()
    for _i in range(vans):
        make_vehicle(depot, kind, rests=rests)
    made = make_outlet(merchant, depot, **outlet)
    extend_horizon(depot=depot, now=now, days=days)
    return made


def plan_on(outlet: MerchantDepot, day: date = TOMORROW) -> DayPlan:
    return DayPlan.objects.get(depot=outlet.depot, service_date=day)


def some_facts(*, north_m: float = 0, east_m: float = 0, **values: Any) -> VisitFacts:
    """A visit in the centre, moved by some metres; every place is another household."""
    lat, lon = CENTRE[0] + north_m / 111_200, CENTRE[1] + east_m / 55_300
    number = next(_numbers)
    address = AddressFacts(line=f"Testikatu {number}", postcode="00100", city="Helsinki", lat=lat, lon=lon)
    return replace(VisitFacts(address=address, load_g=5_000, load_ml=20_000), **values)


def a_session() -> str:
    return f"session-{next(_numbers)}"


@laid_out_once
def ask_for(outlet: MerchantDepot, facts: VisitFacts | None = None, **values: Any) -> QuoteView:
    return ask(
        **{
            "merchant": outlet.merchant,
            "facts": facts or some_facts(),
            "session_key": a_session(),
            "now": NOW,
        }
        | values
    )


def token_at(view: QuoteView, hour: int, day: date = TOMORROW) -> str:
    """The token of the time that opens at a local hour."""
    return next(
        offer.token
        for found in view.days
        for offer in found.offers
        if found.date == day and offer.opens.hour == hour
    )


def answer_at(view: QuoteView, hour: int, day: date = TOMORROW) -> SlotAnswer:
    return next(
        offer.answer
        for found in view.days
        for offer in found.offers
        if found.date == day and offer.opens.hour == hour
    )


@laid_out_once
def make_hold(
    outlet: MerchantDepot,
    *,
    hour: int = 10,
    day: date = TOMORROW,
    facts: VisitFacts | None = None,
    now: datetime = NOW,
) -> Hold:
    view = ask_for(outlet, facts, now=now)
    session_key = Quote.objects.get(ref=view.ref).session_key
    return place_hold(
        offer_token=token_at(view, hour, day),
        merchant=outlet.merchant,
        session_key=session_key,
        actor="test",
        now=now,
    )


def some_contact(**values: Any) -> Contact:
    return Contact(**{"email": "aino@example.com", "name": "Aino"} | values)


@laid_out_once
def make_booking(outlet: MerchantDepot, *, contact: Contact | None = None, **values: Any) -> Booking:
    number = values.pop("order_number", None) or f"T-{next(_numbers)}"
    now = values.get("now", NOW)
    hold = make_hold(outlet, **values)
    return confirm_hold(
        hold=hold, contact=contact or some_contact(), order_number=number, actor="test", now=now
    )


@laid_out_once
def make_point(depot: Depot, *, north_m: float = 0, east_m: float = 300, **values: Any) -> PickupPoint:
    """A pickup point near the centre, moved by some metres, open all day with room for ten parcels."""
    number = next(_numbers)
    defaults = {"external_id": f"point-{number}", "name": f"Kioski {number}", "line": f"Pistekatu {number}"}
    defaults |= {"lat": CENTRE[0] + north_m / 111_200, "lon": CENTRE[1] + east_m / 55_300}
    defaults |= {"hours": "Mo-Su 07:00-21:00", "capacity": 10, "service_s": 120}
    return PickupPoint.objects.create(**{"depot": depot} | defaults | values)


LATER = NOW + timedelta(minutes=16)
"""When a hold placed at NOW has run out."""

PASSWORD = "a long enough sentence"


@laid_out_once
def make_user(email: str = "", **values: Any) -> User:
    """Somebody who signs in with PASSWORD."""
    return User.objects.create_user(email or f"person-{next(_numbers)}@example.com", PASSWORD, **values)


@laid_out_once
def make_membership(user: User | None = None, role: str = Role.MANAGER, **scope: Any) -> Membership:
    """`scope`: operator, depot or merchant."""
    return Membership.objects.create(user=user or make_user(), role=role, **scope)


@laid_out_once
def make_link(booking: Booking, kind: LinkKind = LinkKind.MANAGE, *, now: datetime = NOW) -> AccessLink:
    return issue_link(delivery=booking.delivery, kind=kind, now=now)


@laid_out_once
def make_driver(depot: Depot, **values: Any) -> Driver:
    return Driver.objects.create(depot=depot, **{"name": "Veikko Driver"} | values)


@laid_out_once
def start_day(plan: DayPlan, *, now: datetime | None = None) -> list[Route]:
    """Close and lock a day, and send out the first trip of each vehicle that serves somebody."""
    at = now or plan.origin_at + timedelta(hours=7)
    close_plan(plan_id=plan.pk, now=at)
    lock_plan(plan_id=plan.pk, actor="test", now=at)
    routes = Route.objects.filter(shift__plan=plan, state=Route.State.LOADED).order_by("shift", "trip")
    first = {route.shift_id: route for route in reversed(routes)}
    return [start_route(route_id=route.pk, actor="test", now=at) for route in first.values()]


@laid_out_once
def make_order(merchant: Merchant | None = None, *, number: str = "", **values: Any) -> Order:
    """Two cups at 12.90 and a coat at 89.00, paid by one payment; told whole by their merchant."""
    items = values.pop("items", None) or (
        ItemBought(sku="CUP", name="Cup", price_minor=1290, quantity=2, tax_minor=262, category="kitchen"),
        ItemBought(sku="COAT-M", name="Coat", price_minor=8900, tax_minor=1806, category="clothes"),
    )
    total = sum(each.price_minor * each.quantity for each in items)
    made = record_order(
        merchant=merchant or make_merchant(),
        bought=OrderBought(
            number=number or f"O-{next(_numbers)}",
            currency=values.pop("currency", "EUR"),
            items=items,
            payments=values.pop("payments", (Paid(f"pi_{next(_numbers)}", total, "EUR"),)),
            placed_at=values.pop("placed_at", NOW - timedelta(days=2)),
        ),
        contact=values.pop("contact", some_contact()),
        now=values.pop("now", NOW),
    )
    made.refresh_from_db()
    return made


@laid_out_once
def make_return(order: Order | None = None, *, delivery: Delivery | None = None, **values: Any) -> Return:
    """A return of one of each line, approved: `wishes=` says otherwise."""
    order = order or make_order()
    if delivery is not None:  # what comes back has come
        moves = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.CONFIRMED)
        moves.update(state=Delivery.State.DELIVERED)
    wishes = values.pop("wishes", None) or [Wish(each.ref, 1, "changed_mind") for each in order.items.all()]
    wishes = [replace(each, photos=each.photos or 1) for each in wishes]  # whatever asks for one
    return request_return(
        order.pk, wishes, actor="link:test", now=values.pop("now", NOW), delivery=delivery, **values
    )
