"""Runs inside a portal's settings: days of deliveries and pickups on the same streets, booked and driven."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from returns.models import Return
from returns.services.pickups import book_pickup, facts_for
from returns.services.requests import Wish, request_return
from scheduling import events
from scheduling.facts import AddressFacts, VisitFacts
from scheduling.invariants import breaches
from scheduling.models import Booking, Delivery, Hold, MerchantDepot, Quote, Route, Stop
from scheduling.routing.schedule import loads_of
from scheduling.selectors.alone import alone_m
from scheduling.selectors.slots import OfferView
from scheduling.services.bookings import confirm_hold
from scheduling.services.handing_over import Handover, settle_stop
from scheduling.services.holds import place_hold
from scheduling.snapshots import read_snapshot
from tests.factories import (
    NOW,
    TOMORROW,
    ask_for,
    make_network,
    make_order,
    plan_on,
    some_contact,
    some_facts,
    start_day,
)

STREET_M = 80
"""So far from a door already served the next may be: the same street."""


def fetch(*, seeds: Sequence[int], days: int, stops: int) -> dict[str, Any]:
    """Book and drive days; return what each pickup added of a trip of its own, and all that was wrong."""
    shares: list[float] = []
    wrong: list[str] = []
    for seed in seeds:
        random, outlet = Random(seed), make_network(vans=3, days=days + 1)
        for number in range(days):
            day = TOMORROW + timedelta(days=number)
            shares += booked(outlet, day, stops, random)
            wrong += planned_wrong(outlet, day) + driven_wrong(outlet, day)
    return {"shares": shares, "wrong": wrong + [str(breach) for breach in breaches()]}


def booked(outlet: MerchantDepot, day: date, stops: int, random: Random) -> list[float]:
    """Book deliveries about town, and for every third door a pickup of a house in the same street."""
    doors, shares = [], []
    for number in range(stops):
        where = {"north_m": random.uniform(-2_000, 2_000), "east_m": random.uniform(-2_000, 2_000)}
        facts = some_facts(**where, load_g=random.randint(500, 20_000), load_ml=random.randint(1_000, 60_000))
        if deliver(outlet, facts, day, random):
            doors.append((where, number % 3 == 0))
    for where, fetched in doors:
        if fetched:
            near = {name: at + random.uniform(-STREET_M, STREET_M) / 1.5 for name, at in where.items()}
            booking = pickup(outlet, some_facts(**near).address, day)
            shares.append(booking.added_m / alone_m(booking))
    return shares


def deliver(outlet: MerchantDepot, facts: VisitFacts, day: date, random: Random) -> bool:
    """Book a delivery at any time of a day that has room; return whether one had."""
    hold = hold_on(outlet, facts, day, random.choice)
    if hold is not None:
        confirm_hold(hold=hold, contact=some_contact(), order_number=f"P-{hold.pk}", actor="proof", now=NOW)
    return hold is not None


def pickup(outlet: MerchantDepot, address: AddressFacts, day: date) -> Booking:
    """Have a return fetched on a day, at the time of it that is said to add the least."""
    order = make_order(outlet.merchant)
    wishes = [Wish(each.ref, 1) for each in order.items.all()]
    ret = request_return(order.pk, wishes, actor="proof", now=NOW, kind=Return.Kind.WITHDRAWAL)
    hold = hold_on(outlet, facts_for(ret, address=address), day, _least)
    assert hold is not None, f"no time for a pickup on {day}"
    return book_pickup(ret.pk, hold.token, actor="proof", now=NOW)


def _least(times: Sequence[OfferView]) -> OfferView:
    return min(times, key=lambda offer: offer.answer.band_m)


def hold_on(
    outlet: MerchantDepot,
    facts: VisitFacts,
    day: date,
    choose: Callable[[Sequence[OfferView]], OfferView],
) -> Hold | None:
    """Hold the time of a day that `choose` takes among those on offer; None where the day has none left."""
    view = ask_for(outlet, facts)
    times = [offer for found in view.days if found.date == day for offer in found.offers if offer.token]
    if not times:
        return None
    key = Quote.objects.get(ref=view.ref).session_key
    return place_hold(
        offer_token=choose(times).token, merchant=outlet.merchant, session_key=key, actor="proof", now=NOW
    )


def planned_wrong(outlet: MerchantDepot, day: date) -> list[str]:
    """Compare what the core says is on board on each leg with the rows, counted by hand."""
    plan = plan_on(outlet, day)
    wrong = []
    for shift in read_snapshot(plan, version=plan.version, now=NOW).plan.shifts:
        for trip in shift.trips:
            counted = on_legs(Route.objects.get(pk=trip.key))
            if list(loads_of(trip.visits)) != counted:
                wrong.append(f"route {trip.key} on {day}: {loads_of(trip.visits)}, counted {counted}")
            room = shift.vehicle.kind.capacity
            if any(load > most for leg in counted for load, most in zip(leg, room, strict=True)):
                wrong.append(f"route {trip.key} on {day} carries more than its vehicle takes")
    return wrong


def on_legs(route: Route) -> list[tuple[int, int]]:
    """What is on board on each leg, in grams and millilitres: still to be brought, or fetched already."""
    stops = list(Stop.objects.booked().filter(route=route).order_by("position").select_related("delivery"))
    legs = []
    for done in range(len(stops) + 1 if stops else 0):
        aboard = [stop.delivery for stop in stops[done:] if stop.delivery.direction == "out"]
        aboard += [stop.delivery for stop in stops[:done] if stop.delivery.direction == "in"]
        legs.append((sum(each.load_g for each in aboard), sum(each.load_ml for each in aboard)))
    return legs


def driven_wrong(outlet: MerchantDepot, day: date) -> list[str]:
    """Drive the day; after each stop what the deliveries' states say is on board is what was planned."""
    wrong = []
    for route in start_day(plan_on(outlet, day)):
        legs, stops = on_legs(route), Stop.objects.booked().filter(route=route).order_by("position")
        for number, stop in enumerate(stops.select_related("delivery"), start=1):
            serve(stop, route)
            if aboard(route) != legs[number][0]:
                wrong.append(
                    f"route {route.pk}: {aboard(route)} g behind stop {number}, not {legs[number][0]}"
                )
    relay_all(NOW + timedelta(days=30))
    fetched = Return.objects.filter(pickup__stops__route__shift__plan=plan_on(outlet, day))
    left = fetched.exclude(parcel=Return.Parcel.COLLECTED).count()
    return wrong + ([f"{left} returns were not moved by their pickup"] if left else [])


def serve(stop: Stop, route: Route) -> None:
    outcome = "collected" if stop.delivery.direction == "in" else "handed_over"
    at: datetime = max(stop.opens_at, route.started_at or stop.opens_at)
    settle_stop(stop_id=stop.pk, handover=Handover(outcome, at), actor=f"shift:{route.shift_id}", now=at)


def aboard(route: Route) -> int:
    """The grams on a van by what its deliveries say: not handed over yet, or fetched."""
    of_route = Delivery.objects.filter(stops__route=route, stops__state="booked")
    brought = of_route.filter(direction="out", state="on_board")
    taken = of_route.filter(direction="in", state="delivered")
    return sum(each.load_g for each in [*brought, *taken])


def relay_all(now: datetime) -> None:
    while events.relay(now=now):
        pass
