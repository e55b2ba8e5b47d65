"""The demo's town, address after address: what is offered can be booked, and choices differ visibly.

DOORSTEP_TOWN_ADDRESSES=200 DOORSTEP_TOWN_TIMES=1 asks from as many addresses as the demo was measured with,
and books each time instead of every eighth.
"""

import os
from dataclasses import replace

import pytest
from django.db import transaction

from portal.demo.fleet import set_up
from portal.demo.town import houses
from portal.demo.week import fill
from scheduling.facts import VisitFacts
from scheduling.invariants import breaches
from scheduling.models import Merchant, Quote
from scheduling.services.bookings import confirm_hold
from scheduling.services.holds import place_hold
from scheduling.services.plans import extend_horizon
from scheduling.services.quotes import ask
from tests.factories import NOW, some_contact

TRY_EVERY = int(os.environ.get("DOORSTEP_TOWN_TIMES", "8"))
KEEP_EVERY = 4  # were every booking kept, two hundred would fill the week
ADDRESSES = int(os.environ.get("DOORSTEP_TOWN_ADDRESSES", "8"))


class Undo(Exception):
    """Takes a trial booking back."""


def some_addresses(count):
    """Addresses from all over the town."""
    all_houses = houses()
    return [all_houses[number * len(all_houses) // count] for number in range(count)]


@pytest.fixture
def shop(transactional_db):
    """A shop of the town, whose week is certain: of days that are not, no question may keep a tape."""
    fill(set_up(), now=NOW)
    return Merchant.objects.get(slug="nordkaupa")


def question(house, number):
    return VisitFacts(address=house.facts(unit=f"B {number}"), load_g=9_000, load_ml=60_000, parcels=2)


def try_to_book(shop, token, session_key, number):
    """Book a time, and take it back."""
    try:
        with transaction.atomic():
            book(shop, token, session_key, number)
            raise Undo
    except Undo:
        return


def book(shop, token, session_key, number):
    hold = place_hold(offer_token=token, merchant=shop, session_key=session_key, actor="test", now=NOW)
    confirm_hold(hold=hold, contact=some_contact(), order_number=f"W{number}", actor="test", now=NOW)


def dearest_over_cheapest(quote):
    """How many times the cheapest day's least the dearest day's is, in exact metres (at least 1 each)."""
    days = {}
    for answer in quote.offers:
        if answer["status"] == "open":
            days.setdefault(answer["service_date"], []).append(max(answer.get("added_m", 0), 1))
    least = [min(metres) for metres in days.values()]
    return max(least, default=0) / min(least, default=1)


@pytest.mark.once
def test_every_offered_time_can_be_booked_and_days_differ(shop, capsys):
    offered = different = 0
    for number, house in enumerate(some_addresses(ADDRESSES), start=1):
        session = f"walker-{number}"
        view = ask(merchant=shop, facts=question(house, number), session_key=session, now=NOW)
        offers = [offer for day in view.days for offer in day.offers if offer.available]
        tried = offers[number % TRY_EVERY :: TRY_EVERY]
        for offer in tried:
            try_to_book(shop, offer.token, session, number)
        offered += len(tried)
        different += dearest_over_cheapest(Quote.objects.get(ref=view.ref)) >= 3
        if offers and number % KEEP_EVERY == 0:
            book(shop, offers[number % len(offers)].token, session, number)
        if number % 50 == 0:
            assert list(breaches()) == []

    with capsys.disabled():
        print(f"\ntown: {ADDRESSES} addresses, {offered} offered times tried, all booked; ", end="")
        print(f"dearest day >= 3 times the cheapest for {100 * different / ADDRESSES:.0f} %")
    assert list(breaches()) == []
    assert different >= 0.8 * ADDRESSES


@pytest.mark.once
@pytest.mark.django_db
def test_at_the_school_street_no_van_comes_in_a_weekday_s_morning():
    extend_horizon(depot=set_up(), now=NOW, days=8)
    shop = Merchant.objects.get(slug="nordkaupa")
    house = next(each for each in houses() if each.line == "Mikonkatu 19")
    light, heavy = question(house, 1), replace(question(house, 2), load_g=200_000, load_ml=2_000_000)

    by_bike, by_van = mornings(shop, light, "light"), mornings(shop, heavy, "heavy")

    assert by_bike
    assert not [answer for answer in by_bike if "van" in answer.vehicle_class]
    assert {answer.status for answer in by_van if answer.service_date.weekday() < 5} == {"access"}
    assert all(answer.open for answer in by_van if answer.service_date.weekday() == 6)


def mornings(shop, facts, session):
    """What is answered about the times from eight to ten."""
    days = ask(merchant=shop, facts=facts, session_key=session, now=NOW).days
    offers = [offer for day in days for offer in day.offers]
    return [offer.answer for offer in offers if (offer.opens.hour, offer.closes.hour) == (8, 10)]
