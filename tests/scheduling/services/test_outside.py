"""Left outside, and longer at the door: named before the offer, kept with it, judged again when it counts."""

from dataclasses import replace
from datetime import time

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from scheduling.errors import BadFacts, NeedsSomebody, SlotTaken, VanFull
from scheduling.facts import VisitFacts
from scheduling.invariants import breaches
from scheduling.models import Delivery, Event, Hold, Quote, SlotPattern, Vehicle
from scheduling.selectors.board import board_of
from scheduling.selectors.shopper import facts_now
from scheduling.services.bookings import reschedule_delivery
from scheduling.services.holds import place_hold
from scheduling.services.joining import join_delivery
from tests.factories import (
    NOW,
    TOMORROW,
    a_session,
    ask_for,
    make_booking,
    make_hold,
    make_network,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]

WIDE = 20


@pytest.fixture
def outlet():
    """Two hours for 4.90 by day, and 20 to 21 for 1.90 where nobody needs to be at home."""
    made = make_network(days=4)
    SlotPattern.objects.create(
        outlet=made, opens=time(WIDE), closes=time(21), base_price_minor=190, unattended=True
    )
    return made


def outside(**values) -> VisitFacts:
    return some_facts(safe_place="porch", safe_place_note="left of the door", **values)


def statuses(outlet, facts) -> dict[int, str]:
    view = ask_for(outlet, facts)
    return {o.opens.hour: o.answer.status for day in view.days for o in day.offers if day.date == TOMORROW}


def test_an_unattended_time_is_offered_once_a_safe_place_is_named(outlet):
    facts = some_facts()

    assert statuses(outlet, facts)[WIDE] == "outside"
    assert statuses(outlet, replace(facts, safe_place="shed"))[WIDE] == "open"


def test_an_unattended_time_is_cheaper_where_its_pattern_says_so(outlet):
    view = ask_for(outlet, outside())

    prices = {
        o.opens.hour: o.answer.price_minor
        for day in view.days
        for o in day.offers
        if day.date == TOMORROW and o.available
    }
    assert prices[WIDE] == 190
    assert min(price for hour, price in prices.items() if hour != WIDE) == 490
    assert view.offer(view.suggestions[0].offer.answer.key) is not None
    assert any("cheapest" in each.tags and each.offer.answer.unattended for each in view.suggestions)


@pytest.mark.parametrize("requirement", ["signature", "age_check"])
def test_goods_that_are_handed_over_have_no_unattended_times_and_no_safe_place(outlet, requirement):
    Vehicle.objects.update(skills=["age_check"])
    facts = some_facts(requirements=(requirement,))

    assert WIDE not in statuses(outlet, facts)
    assert statuses(outlet, facts)[10] == "open"
    with pytest.raises(NeedsSomebody, match="somebody must be at home"):
        replace(facts, safe_place="porch")


@pytest.mark.parametrize(
    "values",
    [
        {"safe_place": "the moon"},
        {"safe_place_note": "no place named"},
        {"safe_place": "porch", "safe_place_note": "x" * 81},
        {"extra_s": -60},
        {"extra_s": 600, "service_s": 300},
        {"extra_s": 1860, "service_s": 3600},
    ],
)
def test_what_makes_no_sense_of_a_door_is_refused(values):
    with pytest.raises(BadFacts):
        some_facts(**values)


def test_facts_say_nothing_of_a_door_that_nobody_spoke_of():
    facts = some_facts()

    assert facts.as_json().keys() == {
        "address", "load_g", "load_ml", "parcels", "service_s", "direction", "requirements"
    }  # fmt: skip
    for each in (facts, outside(extra_s=180)):
        assert VisitFacts.from_json(each.as_json()) == each
    assert facts.digest != replace(facts, safe_place="porch").digest


def test_the_safe_place_is_kept_with_the_quote_and_stored_with_the_delivery(outlet):
    hold = make_hold(outlet, hour=WIDE, facts=outside(extra_s=180, service_s=360))

    assert Quote.objects.get(pk=hold.quote_id).facts["safe_place"] == "porch"
    delivery = hold.delivery
    assert (delivery.safe_place, delivery.safe_place_note) == ("porch", "left of the door")
    assert (delivery.service_s, delivery.extra_s) == (360, 180)


def test_a_time_that_became_unattended_is_not_kept_without_a_safe_place(outlet):
    view = ask_for(outlet, session_key="s")
    SlotPattern.objects.filter(opens=time(10)).update(unattended=True)

    with pytest.raises(SlotTaken):
        place_hold(
            offer_token=token_at(view, 10), merchant=outlet.merchant, session_key="s", actor="t", now=NOW
        )

    assert not Hold.objects.exists()


def moved(booking, hour: int):
    session = a_session()
    facts = facts_now(delivery=booking.delivery, quote=booking.quote)
    view = ask_for(booking.stop.route.shift.plan.depot.outlets.get(), facts, session_key=session,
                   moving=booking.delivery)  # fmt: skip
    return reschedule_delivery(
        delivery=booking.delivery, offer_token=token_at(view, hour), session_key=session, actor="t", now=NOW
    )


def test_a_move_offers_the_same_kinds_of_times_and_keeps_the_safe_place(outlet):
    booking = make_booking(outlet, hour=10, facts=outside())

    after = moved(booking, WIDE)

    assert after.price_minor == 190
    assert Delivery.objects.get(pk=booking.delivery_id).safe_place == "porch"
    assert list(breaches()) == []


def test_without_a_safe_place_no_move_leads_to_an_unattended_time(outlet):
    booking = make_booking(outlet, hour=10)

    with pytest.raises(Exception, match="recognise"):
        moved(booking, WIDE)


def join(booking, **values):
    return join_delivery(
        **{"delivery": booking.delivery, "load_g": 1_000, "load_ml": 9_000, "parcels": 1}
        | {"order_number": "J-1", "actor": "test", "now": NOW}
        | values
    )


def test_another_order_joins_and_may_be_left_outside_too(outlet):
    booking = make_booking(outlet, hour=WIDE, facts=outside())

    join(booking)

    assert Delivery.objects.get(pk=booking.delivery_id).safe_place == "porch"
    assert list(breaches()) == []


@pytest.mark.parametrize("requirement", ["signature", "age_check"])
@pytest.mark.parametrize("hour", [10, WIDE])
def test_goods_that_are_handed_over_never_join_what_may_be_left_outside(outlet, requirement, hour):
    booking = make_booking(outlet, hour=hour, facts=outside())
    before = Delivery.objects.values().get(pk=booking.delivery_id)

    with pytest.raises(NeedsSomebody):
        join(booking, requirements=[requirement])

    assert Delivery.objects.values().get(pk=booking.delivery_id) == before
    assert not Event.objects.filter(kind="booking.joined").exists()


def test_a_signature_joins_what_somebody_takes_and_a_skill_only_where_the_van_has_it(outlet):
    booking = make_booking(outlet, hour=10)

    join(booking, requirements=["signature"])
    with pytest.raises(VanFull):
        join(booking, order_number="J-2", requirements=["age_check"])

    assert Delivery.objects.get(pk=booking.delivery_id).requirements == ["signature"]
    assert list(breaches()) == []


def test_a_visit_that_is_left_outside_takes_as_long_as_its_shop_says(outlet):
    shop = outlet.merchant

    assert shop.seconds_at_door(left_outside=True) == shop.service_s
    shop.left_service_s = 60
    assert shop.seconds_at_door(left_outside=True, extra_s=180) == 240
    assert shop.seconds_at_door(left_outside=False, extra_s=180) == shop.service_s + 180


def test_a_shop_requires_only_what_there_is(outlet):
    outlet.merchant.requirements = ["signature", "a smile"]

    with pytest.raises(ValidationError, match="Known requirements"):
        outlet.merchant.full_clean()


@pytest.mark.parametrize(
    "values",
    [{"safe_place": "the moon"}, {"safe_place_note": "where?"}, {"extra_s": 999}],
)
def test_the_database_takes_no_door_that_makes_no_sense(outlet, values):
    hold = make_hold(outlet)

    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=hold.delivery_id).update(**values)


def test_what_is_left_outside_against_the_rules_is_counted(outlet):
    signed = make_booking(outlet, hour=10, facts=outside()).delivery
    nowhere = make_booking(outlet, hour=WIDE, facts=outside())
    assert list(breaches()) == []

    Delivery.objects.filter(pk=signed.pk).update(requirements=["signature"])
    Delivery.objects.filter(pk=nowhere.delivery_id).update(safe_place="", safe_place_note="")

    assert {(b.rule, b.subject) for b in breaches()} == {
        ("I1", f"delivery {signed.pk}"),
        ("I1", f"booking {nowhere.pk}"),
    }


def starts(outlet) -> list:
    board = board_of(depot=outlet.depot, day=TOMORROW, now=NOW)
    return [stop.arrives for route in board.routes for stop in route.stops]


def starts_with_longer(chosen: int) -> list:
    """When each of five stops on one route begins, one of them taking three minutes more; -1: none."""
    outlet = make_network(vans=1, days=2)
    for number in range(5):
        extra_s = 180 if number == chosen else 0
        facts = some_facts(north_m=-600 * number, service_s=180 + extra_s, extra_s=extra_s)
        make_booking(outlet, hour=10, facts=facts)
    return starts(outlet)


def test_extra_minutes_move_every_later_arrival_on_the_route():
    plain = starts_with_longer(-1)
    untouched = []
    for chosen in range(5):
        longer = starts_with_longer(chosen)
        moves = [(b - a).total_seconds() for a, b in zip(plain, longer, strict=True)]
        assert moves == sorted(moves)
        assert set(moves) <= {0, 180}
        untouched.append(moves.count(0))

    assert sorted(untouched) == [1, 2, 3, 4, 5]
    assert list(breaches()) == []


def test_who_needs_longer_than_the_route_has_gets_no_such_time():
    outlet = make_network(vans=1, days=2, hours=(10,))
    for number in range(12):
        make_booking(outlet, hour=10, facts=some_facts(north_m=20 * number, service_s=600))
    fits = some_facts(service_s=120)

    assert statuses(outlet, fits)[10] == "open"
    assert statuses(outlet, replace(fits, service_s=720, extra_s=600))[10] == "no_time"
