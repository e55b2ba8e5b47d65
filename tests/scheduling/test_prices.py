"""What a visit would cost: a shopper's own answers, with what only staff may know."""

from datetime import timedelta

import pytest

from scheduling.errors import OutsideArea, TooLarge
from scheduling.models import Blackout, DayPlan, MerchantDepot, Quote
from scheduling.routing.offers import Tag
from scheduling.selectors.prices import merchants_at, preview_prices
from scheduling.services.plans import extend_horizon
from tests.factories import (
    NOW,
    TOMORROW,
    ask_for,
    make_booking,
    make_depot,
    make_merchant,
    make_network,
    make_outlet,
    make_vehicle,
    some_facts,
)
from tests.layouts import laid_out_once

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def outlet():
    return a_day()


@laid_out_once
def a_day() -> MerchantDepot:
    """A day with two stops near by, and a shop that takes up to 3.00 off."""
    outlet = make_network(days=8)
    outlet.merchant.discount_cap_minor = 300
    outlet.merchant.save()
    for east_m in (200, 2_000):
        make_booking(outlet, hour=10, facts=some_facts(east_m=east_m))
    return outlet


def preview(outlet, facts=None, **values):
    facts = facts or some_facts()
    return preview_prices(
        **{"depot": outlet.depot, "merchant": outlet.merchant, "facts": facts, "now": NOW} | values
    )


def times(found):
    return [time for day in found.days for time in day.times]


def test_staff_see_what_a_shopper_would_be_answered(outlet):
    facts = some_facts()
    seen = [time.answer for time in times(preview(outlet, facts))]

    asked = ask_for(outlet, facts)

    assert seen == [offer.answer for day in asked.days for offer in day.offers]


def test_suggestions_are_those_a_shopper_sees_first(outlet):
    facts = some_facts()
    seen = [(each.opens, each.price_minor, each.tags) for each in preview(outlet, facts).suggestions]

    asked = ask_for(outlet, facts).suggestions

    assert seen == [(each.offer.opens, each.offer.answer.price_minor, each.tags) for each in asked]
    assert Tag.LEAST_DRIVING in seen[0][2]


def test_nothing_is_kept(outlet):
    before = Quote.objects.count()

    preview(outlet, cap_minor=500)

    assert Quote.objects.count() == before


def test_neighbours_are_counted_that_no_shopper_hears_of(outlet):
    ten = next(time for time in times(preview(outlet)) if time.answer.opens.hour == 10)

    assert ten.neighbours == 1
    assert ten.answer.neighbours == 0


def test_the_class_that_would_come_is_named(outlet):
    assert {time.vehicle for time in times(preview(outlet))} == {"Battery van"}


@pytest.mark.parametrize("cap", [0, 120, 300, 1_000])
def test_another_cap_takes_off_that_much_at_most(outlet, cap):
    for time in times(preview(outlet, cap_minor=cap)):
        base = time.answer.base_price_minor
        assert max(0, base - cap) <= time.tried_minor <= base


def test_the_shop_s_own_cap_tried_changes_nothing(outlet):
    found = preview(outlet, cap_minor=300)

    assert [time.tried_minor for time in times(found)] == [time.answer.price_minor for time in times(found)]
    assert found.tried_average_minor == found.average_minor


def test_without_a_cap_to_try_there_are_no_prices_at_it(outlet):
    found = preview(outlet)

    assert {time.tried_minor for time in times(found)} == {None}
    assert (found.tried_cap_minor, found.tried_average_minor) == (None, None)


def test_averages_are_of_what_is_open(outlet):
    Blackout.objects.create(depot=outlet.depot, first_date=TOMORROW, last_date=TOMORROW)

    found = preview(outlet, cap_minor=500)
    prices = [time.answer.price_minor for time in times(found) if time.answer.open]

    assert found.open_times == len(prices) == 6 * 6
    assert found.average_minor == round(sum(prices) / len(prices))
    closed = found.days[0].times[0]
    assert (closed.tried_minor, closed.neighbours) == (None, None)
    assert "No deliveries" in str(closed.answer.reason)


def test_a_cap_below_nothing_is_a_mistake(outlet):
    with pytest.raises(ValueError, match="cap"):
        preview(outlet, cap_minor=-1)


def test_where_no_day_is_open_nothing_has_a_price(outlet):
    DayPlan.objects.update(state=DayPlan.State.CLOSED)

    found = preview(outlet, cap_minor=100)

    assert (found.suggestions, found.open_times) == ((), 0)
    assert (found.average_minor, found.tried_average_minor) == (None, None)


def test_what_shoppers_are_refused_staff_are_too(outlet):
    with pytest.raises(OutsideArea):
        preview(outlet, some_facts(north_m=900_000))
    with pytest.raises(TooLarge):
        preview(outlet, some_facts(load_g=1_900_000))


def test_times_of_another_depot_count_but_are_not_told(outlet):
    other = make_depot()
    make_vehicle(other)
    make_outlet(outlet.merchant, other, hours=(6,), base_price_minor=9_990)
    extend_horizon(depot=other, now=NOW, days=8)

    here = preview(outlet)
    there = preview(outlet, depot=other)

    assert {time.answer.opens.hour for time in times(here)} == {8, 10, 12, 14, 16, 18}
    assert {time.answer.opens.hour for time in times(there)} == {6}
    assert (here.elsewhere, there.elsewhere) == (7, 42)
    assert here.average_minor == there.average_minor


def test_times_are_in_the_zone_of_their_depot(outlet):
    first = times(preview(outlet))[0]

    assert (first.answer.opens.hour, first.answer.closes.hour) == (8, 10)
    assert first.answer.cutoff.hour == 18
    assert first.answer.cutoff.date() == TOMORROW - timedelta(days=1)


def test_shops_are_those_that_sell_from_here_now(outlet):
    depot = outlet.depot
    make_outlet(make_merchant(name="Aamu"), depot)
    gone = make_outlet(make_merchant(), depot)
    MerchantDepot.objects.filter(pk=gone.pk).update(active=False)
    make_outlet(make_merchant(), make_depot())

    assert [shop.name for shop in merchants_at(depot=depot)] == ["Aamu", outlet.merchant.name]


@pytest.mark.django_db(transaction=True)
def test_a_preview_costs_a_stated_number_of_queries(outlet, django_assert_max_num_queries):
    facts = some_facts()
    preview(outlet, facts)

    with django_assert_max_num_queries(10):
        preview(outlet, facts, cap_minor=500)
