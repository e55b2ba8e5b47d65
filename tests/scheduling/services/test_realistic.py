"""What is offered can be served: each open time of many random questions is booked, and nothing breaks."""

from random import Random

import pytest
from django.db import transaction

from scheduling.invariants import breaches
from scheduling.models import Quote, Stop
from scheduling.services.holds import place_hold
from scheduling.services.plans import extend_horizon
from tests.factories import (
    NOW,
    ask_for,
    make_depot,
    make_merchant,
    make_outlet,
    make_vehicle,
    make_vehicle_class,
    some_facts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.slow]
QUESTIONS = 6


class Undo(Exception):
    """Takes a trial booking back."""


def busy_network():
    """Vans, a small bike with reloads and a two-person van, so that time, load and skills all bind."""
    depot, merchant = make_depot(), make_merchant()
    van = make_vehicle_class(capacity_g=60_000)
    bike = make_vehicle_class(capacity_g=25_000, speed_m_per_h=16_000)
    make_vehicle(depot, van, skills=["two_people"])
    make_vehicle(depot, van)
    make_vehicle(depot, bike, trips=3)
    outlet = make_outlet(merchant, depot)
    extend_horizon(depot=depot, now=NOW, days=4)
    return outlet


def random_facts(random):
    return some_facts(
        north_m=random.uniform(-1500, 1500),
        east_m=random.uniform(-1500, 1500),
        load_g=random.choice([1_000, 5_000, 15_000, 40_000]),
        service_s=random.choice([60, 180, 900]),
        direction=random.choice(["out", "out", "out", "in"]),
        requirements=("two_people",) if random.random() < 0.2 else (),
    )


def try_every_offer(outlet, view, session_key):
    """Hold each open time, look whether all is well, and take it back; return how many there were."""
    offers = [offer for day in view.days for offer in day.offers if offer.available]
    for offer in offers:
        try:
            with transaction.atomic():
                hold = place_hold(
                    offer_token=offer.token,
                    merchant=outlet.merchant,
                    session_key=session_key,
                    actor="t",
                    now=NOW,
                )
                assert hold.added_m == offer.answer.added_m
                raise Undo
        except Undo:
            pass
    return len(offers)


def test_every_offered_time_can_be_booked():
    random, outlet, offered = Random(3), busy_network(), 0
    for number in range(QUESTIONS):
        view = ask_for(outlet, random_facts(random))
        offered += try_every_offer(outlet, view, Quote.objects.get(ref=view.ref).session_key)
        open_days = [day for day in view.days if day.best_price_minor is not None]
        if open_days and number % 2:
            quote = Quote.objects.get(ref=view.ref)
            day = random.choice(open_days)
            offer = random.choice([offer for offer in day.offers if offer.available])
            place_hold(
                offer_token=offer.token,
                merchant=outlet.merchant,
                session_key=quote.session_key,
                actor="t",
                now=NOW,
            )

    assert offered > QUESTIONS
    assert Stop.objects.active().count() >= QUESTIONS // 2
    assert list(breaches()) == []
