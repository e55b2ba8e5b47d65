"""A week of bookings, made through the same services that serve the pages.

Days differ on purpose: tomorrow is nearly full, later days have vans in some quarters and not in others,
one has a single van, one is not opened yet. The same seed gives the same week.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from random import Random

from portal.customers.offers import drawn
from portal.demo.doors import say_way_in
from portal.demo.points import send_some
from portal.demo.town import House, some_houses
from scheduling import windows
from scheduling.errors import SlotTaken
from scheduling.facts import Contact, VisitFacts
from scheduling.models import Depot, Event, Merchant
from scheduling.selectors.slots import OfferView, QuoteView
from scheduling.services.bookings import confirm_hold
from scheduling.services.holds import place_hold, release_hold
from scheduling.services.plans import HORIZON_DAYS, open_day, patterns_of
from scheduling.services.quotes import Draws, ask, draws_nothing
from scheduling.services.streets import tell_street

SEED = 60_170
SEEDED_CONTACTS = "@people.demo.example"
ACTOR = "demo"


@dataclass(frozen=True, slots=True)
class Round:
    """So many deliveries in these quarters and hours, `days_ahead` of today.

    `shop` is one's slug, or any; `street` the beginning of all addresses where it is one street's.
    """

    days_ahead: int
    quarters: tuple[str, ...]
    hours: tuple[int, int]
    count: int
    shop: str = ""
    street: str = ""


NOT_OPENED = 5  # days ahead
LEFT_EVERY = 9  # so many orders, one of them may be left outside
TELLS_STREET_EVERY = 6  # of so many households all but one let their street hear that a van comes
SMALL_SHOPS = ("nordkaupa", "aamupuoti")
CENTRE = ("Punavuori", "Kaartinkaupunki", "Kamppi", "Kluuvi", "Kruununhaka")
WEEK = (
    # Tomorrow vans are out all day, Nordkaupa has hardly a time left, and evenings are across the bridge.
    Round(1, CENTRE, (8, 16), 34, "kotikolo"),
    Round(1, (*CENTRE, "Siltasaari"), (8, 16), 28, "nordkaupa"),
    Round(1, ("Siltasaari",), (16, 20), 4, "kotikolo"),
    Round(1, ("Siltasaari",), (16, 20), 6, "aamupuoti"),
    Round(2, ("Punavuori", "Kamppi"), (8, 14), 18),
    Round(2, ("Kruununhaka", "Siltasaari"), (14, 18), 14),
    Round(2, ("Siltasaari",), (18, 20), 3),
    Round(3, ("Kaartinkaupunki", "Kruununhaka"), (8, 12), 12),
    Round(3, ("Kamppi", "Kluuvi"), (12, 18), 13),
    Round(3, ("Kamppi",), (18, 20), 3),
    Round(4, ("Kluuvi",), (8, 20), 3, "kotikolo"),
    Round(4, ("Siltasaari",), (8, 14), 5),
    Round(4, ("Kruununhaka",), (14, 16), 2),
    Round(4, ("Kruununhaka",), (16, 18), 2),
    Round(4, ("Siltasaari",), (18, 20), 2),
    Round(6, ("Kamppi",), (8, 20), 3, "kotikolo"),
    Round(6, ("Punavuori",), (8, 12), 5),
    Round(6, ("Kaartinkaupunki",), (12, 18), 6),
    Round(6, ("Punavuori",), (18, 20), 3),
    Round(7, ("Siltasaari",), (8, 16), 3, "kotikolo"),
    Round(7, ("Siltasaari",), (8, 14), 3),
    Round(7, ("Kruununhaka",), (14, 18), 3),
    Round(7, ("Siltasaari",), (18, 20), 2),
    # Neighbours who let their street hear that a van comes: the guide names one of its addresses.
    Round(3, ("Kaartinkaupunki",), (8, 14), 5, street="Kasarmikatu"),
    # Today they are on the road: a few in each quarter.
    Round(0, ("Kamppi", "Kluuvi"), (8, 20), 9, "nordkaupa"),
    Round(0, ("Punavuori",), (8, 16), 4, "kotikolo"),
    Round(0, ("Kruununhaka", "Siltasaari"), (10, 20), 7, "aamupuoti"),
)


def part_of_week(rounds: int | None = None, most: int | None = None) -> list[Round]:
    """Return the week's first rounds, or all, each with at most so many deliveries."""
    return [replace(each, count=min(each.count, most or each.count)) for each in WEEK[:rounds]]


def fill(depot: Depot, *, now: datetime, rounds: Sequence[Round] = WEEK) -> int:
    """Open the coming days but one, and book the week; return the number of bookings."""
    today = windows.local_date(now, depot.zone)
    patterns = patterns_of(depot)
    for ahead in range(HORIZON_DAYS):
        if ahead != NOT_OPENED:
            open_day(depot=depot, day=today + timedelta(days=ahead), patterns=patterns, now=now)
    # As if people had ordered yesterday at noon: tomorrow could still be chosen then, the seventh day not.
    yesterday = windows.midnight(today, depot.zone) - timedelta(hours=12)
    shops = {merchant.slug: merchant for merchant in Merchant.objects.all()}
    booked = 0
    for number, each in enumerate(rounds):
        chance = Random(SEED + number)  # noqa: S311 - the same week every time
        day = today + timedelta(days=each.days_ahead)
        for house in some_houses(each.quarters, each.count, chance, street=each.street):
            slug = each.shop or chance.choice(SMALL_SHOPS)
            order = Order(shops[slug], house, day, each.hours, number=booked + 1)
            asked_at = yesterday + timedelta(seconds=40 * booked) if each.days_ahead < 7 else now
            booked += book(order, chance, now=asked_at)
    send_some(depot, actor=ACTOR, now=now)
    look_around(shops.values(), yesterday=yesterday)
    # These people got their mails long ago.
    Event.objects.filter(relayed_at=None).update(relayed_at=now)
    return booked


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody ordered, and within which hours of which day they are at home."""

    merchant: Merchant
    house: House
    day: date
    hours: tuple[int, int]
    number: int


def book(order: Order, chance: Random, *, now: datetime) -> bool:
    """Quote, hold and confirm one delivery; whether there was room for it."""
    session, offers = _offers(order, chance, now=now)
    if not offers:
        return False
    # Three in four take the time that adds least driving; nobody is ever all of one mind.
    least = min(offers, key=lambda offer: (offer.answer.band_m, offer.opens))
    offer = least if chance.random() < 0.75 else chance.choice(offers)
    try:
        hold = place_hold(
            offer_token=offer.token, merchant=order.merchant, session_key=session, now=now, actor=ACTOR
        )
    except SlotTaken:
        return False
    contact = Contact(email=f"customer-{order.number}{SEEDED_CONTACTS}", name=f"Customer {order.number}")
    number = f"{order.merchant.name[0]}{24_000 + order.number}"
    booking = confirm_hold(hold=hold, contact=contact, order_number=number, actor=ACTOR, now=now)
    if order.number % TELLS_STREET_EVERY:
        tell_street(delivery=booking.delivery, tells=True, actor=ACTOR, now=now)
    say_way_in(booking.delivery, number=order.number, actor=ACTOR, now=now)
    return True


def session_of(number: int) -> str:
    """Return what a seeded shopper's questions are bound to: some chose in the widget, some by the API."""
    return ("widget:q:", "", "widget:q:", "", "api:q:")[number % 5] + f"demo-{number}"


def draws_in(session: str, day: date) -> Draws:
    """Return what was drawn for a seeded shopper: times put first and a day, or what a program drew."""
    return draws_nothing if session.startswith("api:") else partial(drawn, day=day)


def _offers(order: Order, chance: Random, *, now: datetime) -> tuple[str, list[OfferView]]:
    """Ask for one order; return whose question it was, and the times at which somebody is at home."""
    session = session_of(order.number)
    quote = ask(
        merchant=order.merchant,
        facts=_facts(order, chance),
        session_key=session,
        now=now,
        draws=draws_in(session, order.day),
    )
    return session, _at_home(order, quote)


def _at_home(order: Order, quote: QuoteView) -> list[OfferView]:
    opens, closes = order.hours
    return [
        offer
        for day in quote.days
        for offer in day.offers
        if day.date == order.day and offer.available
        if opens <= offer.opens.hour and offer.closes.hour <= closes
    ]


def _facts(order: Order, chance: Random) -> VisitFacts:
    """Furniture takes two people and time at the door; the rest comes in a few parcels."""
    left = order.number % LEFT_EVERY == 0 and not order.merchant.requirements
    unit = f"{chance.choice('ABC')} {chance.randrange(1, 40)}"
    furniture = order.merchant.slug not in SMALL_SHOPS
    kilograms = chance.randrange(40, 110) if furniture else chance.randrange(3, 16)
    return VisitFacts(
        address=order.house.facts(unit=unit),
        load_g=kilograms * 1000,
        load_ml=kilograms * (12_000 if furniture else 5_000),
        parcels=1 + kilograms // (40 if furniture else 8),
        service_s=order.merchant.seconds_at_door(left_outside=left),
        requirements=tuple(order.merchant.requirements),
        safe_place="porch" if left else "",
    )


LOOKERS = 48


def look_around(shops: Iterable[Merchant], *, yesterday: datetime) -> None:
    """Have people look at times and book none, as in every shop; each fourth keeps one and gives it back."""
    chance, goods = Random(SEED - 1), list(shops)  # noqa: S311 - the same people every time
    for number, house in enumerate(some_houses(CENTRE, LOOKERS, chance), start=10_000):
        order = Order(chance.choice(goods), house, yesterday.date() + timedelta(days=3), (8, 20), number)
        now = yesterday + timedelta(seconds=90 * (number - 10_000))
        session, offers = _offers(order, chance, now=now)
        if number % 4 == 0 and offers:
            token = chance.choice(offers).token
            hold = place_hold(
                offer_token=token, merchant=order.merchant, session_key=session, now=now, actor=ACTOR
            )
            release_hold(hold=hold, actor=ACTOR, now=now)
