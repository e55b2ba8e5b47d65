"""Asking for times: rules, routes, bands, prices, and what is kept."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from scheduling.errors import BadFacts, OutsideArea, TooLarge
from scheduling.facts import AddressFacts, VisitFacts
from scheduling.models import Blackout, DayPlan, Quote, SlotPattern
from scheduling.routing.offers import Tag
from scheduling.services.quotes import PRICES_STAND_FOR
from tests.factories import (
    NOW,
    TOMORROW,
    a_session,
    answer_at,
    ask_for,
    make_booking,
    make_depot,
    make_network,
    make_outlet,
    make_vehicle,
    plan_on,
    some_facts,
    token_at,
)

pytestmark = pytest.mark.django_db


def test_an_empty_network_offers_every_time_after_its_cutoff():
    view = ask_for(make_network(days=8))

    assert len(view.days) == 7
    assert view.days[0].date == TOMORROW
    assert all(offer.available for day in view.days for offer in day.offers)


def test_every_question_is_kept_with_its_answers():
    view = ask_for(make_network())

    quote = Quote.objects.get(ref=view.ref)
    assert len(quote.offers) == 7 * 6
    assert quote.facts["address"]["city"] == "Helsinki"


def test_where_three_households_are_near_a_van_passes_and_they_are_mentioned():
    outlet = make_network()
    for north in (-150, 0, 150):
        make_booking(outlet, hour=10, facts=some_facts(north_m=north, east_m=200))

    view = ask_for(outlet)

    ten = answer_at(view, 10)
    assert ten.passing
    assert ten.neighbours >= 3
    assert answer_at(view, 14).neighbours == 0
    assert view.suggestions[0].offer.answer.key == ten.key
    assert Tag.LEAST_DRIVING in view.suggestions[0].tags


def test_one_neighbour_counts_but_is_never_mentioned():
    outlet = make_network()
    make_booking(outlet, hour=10, facts=some_facts(east_m=200))

    ten = answer_at(ask_for(outlet), 10)

    assert (ten.exact_neighbours, ten.neighbours) == (1, 0)


def test_a_day_without_bookings_points_nothing_out():
    view = ask_for(make_network())

    answers = [offer.answer for day in view.days for offer in day.offers]
    assert not any(answer.pointed_out or answer.passing for answer in answers)


def test_two_orders_of_one_household_count_once():
    outlet = make_network()
    same = some_facts(east_m=100)
    for facts in (same, same, some_facts(east_m=150)):
        make_booking(outlet, hour=10, facts=facts)

    assert answer_at(ask_for(outlet), 10).neighbours == 0


def test_prices_never_exceed_the_base_and_fall_with_driving():
    outlet = make_network()
    outlet.merchant.discount_cap_minor = 300
    outlet.merchant.save()
    make_booking(outlet, hour=10, facts=some_facts(east_m=200))

    view = ask_for(outlet)
    prices = [offer.answer.price_minor for day in view.days for offer in day.offers]

    assert max(prices) == 490
    assert min(prices) == answer_at(view, 10).price_minor == 190
    assert all((490 - price) % 50 == 0 for price in prices)


def test_a_price_stands_for_half_an_hour_within_a_session():
    outlet = make_network()
    outlet.merchant.discount_cap_minor = 300
    outlet.merchant.save()
    session, facts = a_session(), some_facts()
    before = answer_at(ask_for(outlet, facts, session_key=session), 10).price_minor
    make_booking(outlet, hour=10, facts=some_facts(east_m=200))

    soon = ask_for(outlet, facts, session_key=session, now=NOW + timedelta(minutes=5))
    other = ask_for(outlet, facts)
    late = ask_for(outlet, facts, session_key=session, now=NOW + PRICES_STAND_FOR + timedelta(minutes=6))

    assert answer_at(soon, 10).price_minor == before
    assert answer_at(other, 10).price_minor < before
    assert answer_at(late, 10).price_minor < before


def test_a_time_vanishes_at_its_cutoff_to_the_second():
    outlet = make_network()
    cutoff_at = answer_at(ask_for(outlet), 10).cutoff_at

    before = ask_for(outlet, now=cutoff_at - timedelta(seconds=1))
    after = ask_for(outlet, now=cutoff_at)

    assert answer_at(before, 10).open
    assert TOMORROW not in [day.date for day in after.days]
    assert after.days[0].date == TOMORROW + timedelta(days=1)


@pytest.mark.parametrize("hour", [1, 9, 15, 17, 21])
def test_seven_days_are_shown_at_any_hour(hour):
    view = ask_for(make_network(days=12), now=NOW.replace(hour=hour))

    assert len(view.days) == 7
    assert view.days[0].best_price_minor is not None


def test_packing_takes_working_hours():
    outlet = make_network(lead_time_minutes=10 * 60)

    view = ask_for(outlet)  # it is 11:00: seven hours today, three tomorrow, ready at 11:00

    assert answer_at(view, 10).status == "packing"
    assert answer_at(view, 12).open


def test_a_blackout_is_explained():
    outlet = make_network()
    Blackout.objects.create(depot=outlet.depot, first_date=TOMORROW, last_date=TOMORROW)

    view = ask_for(outlet)

    assert view.days[0].why == "blackout"
    assert view.days[0].best_price_minor is None
    assert "No deliveries" in str(view.days[0].offers[0].reason)


def test_another_merchants_blackout_is_not_mine():
    outlet = make_network()
    other = make_outlet(make_network().merchant, outlet.depot)
    Blackout.objects.create(
        depot=outlet.depot, merchant=other.merchant, first_date=TOMORROW, last_date=TOMORROW
    )

    assert answer_at(ask_for(outlet), 10).open


def test_a_day_without_a_plan_is_not_open_yet():
    outlet = make_network(days=3)

    view = ask_for(outlet)

    assert view.days[-1].why == "not_yet"


def test_a_closed_plan_takes_nothing_new():
    outlet = make_network()
    later = TOMORROW + timedelta(days=1)
    DayPlan.objects.filter(pk__in=[plan_on(outlet).pk, plan_on(outlet, later).pk]).update(state="closed")
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state="open")

    view = ask_for(outlet)

    assert answer_at(view, 10).open
    assert answer_at(view, 10, later).status == "cutoff"


def test_a_cap_takes_times_away():
    outlet = make_network()
    SlotPattern.objects.filter(outlet=outlet, opens=time(10)).update(cap=1)
    make_booking(outlet, hour=10)

    view = ask_for(outlet)

    assert answer_at(view, 10).status == "cap"
    assert answer_at(view, 12).open


def test_a_daily_cap_takes_the_day_away():
    outlet = make_network(daily_cap=1)
    make_booking(outlet, hour=10)

    view = ask_for(outlet)

    assert view.days[0].why == "cap"
    assert view.days[1].best_price_minor is not None


def test_full_vans_say_so_and_the_next_day_with_room_is_named():
    outlet = make_network(vans=1, days=14, hours=(10,))
    for day in range(1, 8):
        make_booking(
            outlet, hour=10, day=date(2026, 11, 23) + timedelta(days=day), facts=some_facts(load_g=790_000)
        )

    view = ask_for(outlet, some_facts(load_g=20_000))

    assert {offer.answer.status for day in view.days for offer in day.offers} == {"taken"}
    assert not view.any_available
    assert view.next_day_with_room == date(2026, 12, 1)


def test_an_address_far_away_is_outside_the_area():
    outlet = make_network()

    with pytest.raises(OutsideArea):
        ask_for(outlet, some_facts(north_m=90_000))


def test_postcodes_and_polygons_bound_an_area():
    outlet = make_network()
    outlet.area, outlet.postcodes = "postcodes", ["00200"]
    assert not outlet.covers(lat=60.17, lon=24.94, postcode="00100")
    assert outlet.covers(lat=60.17, lon=24.94, postcode="002 00")
    outlet.postcodes = ["SW1A 1AA", "111 20"]
    assert outlet.covers(lat=0, lon=0, postcode="sw1a1aa")
    assert outlet.covers(lat=0, lon=0, postcode="111 20")
    outlet.area, outlet.polygon = "polygon", [[60.0, 24.0], [61.0, 24.0], [61.0, 25.0], [60.0, 25.0]]
    assert outlet.covers(lat=60.17, lon=24.94, postcode="")
    assert not outlet.covers(lat=59.9, lon=24.94, postcode="")


def test_several_depots_that_match_are_all_quoted():
    outlet = make_network()
    other = make_depot()
    make_vehicle(other)
    make_outlet(outlet.merchant, other, hours=(20,))

    view = ask_for(outlet)

    assert {offer.answer.outlet_id for offer in view.days[0].offers} == {
        outlet.pk,
        outlet.merchant.outlets.exclude(pk=outlet.pk).get().pk,
    }


def test_a_load_beyond_every_van_is_refused_in_words():
    with pytest.raises(TooLarge):
        ask_for(make_network(), some_facts(load_g=1_900_000))


@pytest.mark.parametrize(
    "wrong", [{"load_g": -1}, {"load_ml": 10**9}, {"parcels": 0}, {"service_s": -5}, {"parcels": 10**6}]
)
def test_absurd_sizes_are_refused(wrong):
    with pytest.raises(BadFacts):
        replace(some_facts(), **wrong)


@pytest.mark.parametrize("lat", [float("nan"), float("inf"), 91.0])
def test_places_off_the_map_are_refused(lat):
    with pytest.raises(BadFacts):
        AddressFacts(line="Nowhere 1", postcode="", city="", lat=lat, lon=0.0)


def test_only_the_times_shown_are_compared():
    outlet = make_network(days=14)
    ninth = NOW + timedelta(days=2)
    make_booking(outlet, day=date(2026, 12, 1), facts=some_facts(north_m=5), now=ninth)

    shown = [offer.answer for day in ask_for(outlet).days for offer in day.offers]

    assert {answer.mean_band_m for answer in shown} == {shown[0].band_m}
    assert date(2026, 12, 1) not in {answer.service_date for answer in shown}


def test_a_price_does_not_stand_for_ever_because_one_keeps_asking():
    outlet, session, facts = make_network(), a_session(), some_facts()
    ask_for(outlet, facts, session_key=session)
    SlotPattern.objects.update(base_price_minor=290)

    prices = [
        answer_at(ask_for(outlet, facts, session_key=session, now=NOW + timedelta(minutes=m)), 10).price_minor
        for m in (20, 29, 40)
    ]

    assert prices == [490, 490, 290]


def test_a_day_says_the_reason_that_tells_most():
    outlet = make_network(lead_time_minutes=20 * 60)
    SlotPattern.objects.filter(opens__gte=time(10)).update(cutoff_days_before=0, cutoff_time=time(8))

    days = ask_for(outlet, now=NOW.replace(hour=17)).days

    assert days[0].why == "packing"
    assert {offer.answer.status for offer in days[0].offers} == {"cutoff", "packing"}


def test_facts_survive_being_kept():
    facts = some_facts(requirements=("fridge",))

    again = VisitFacts.from_json(facts.as_json())

    assert again == facts
    assert again.digest == facts.digest


def test_a_skill_nobody_has_leaves_no_time():
    view = ask_for(make_network(), some_facts(requirements=("fridge",)))

    assert answer_at(view, 10).status == "taken"


def test_offers_differ_between_two_questions():
    outlet = make_network()

    first, second = token_at(ask_for(outlet), 10), token_at(ask_for(outlet), 10)

    assert first != second
