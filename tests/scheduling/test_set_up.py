"""Quotes may go by what was sold a moment ago; holds never."""

from datetime import timedelta

import pytest

from scheduling import snapshots
from scheduling.errors import OutsideArea, SlotTaken, TooLarge
from scheduling.models import Blackout, DayPlan, MerchantDepot, SlotPattern, Vehicle
from scheduling.services.holds import place_hold
from scheduling.services.plans import extend_horizon
from scheduling.services.quotes import ask
from scheduling.set_up import read_set_up, set_up_of
from tests.factories import (
    NOW,
    TOMORROW,
    a_session,
    answer_at,
    ask_for,
    make_merchant,
    make_network,
    make_vehicle,
    make_vehicle_class,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]
SECOND = timedelta(seconds=1)


@pytest.fixture
def outlet(settings):
    settings.SET_UP_KEPT_S = 2
    return make_network()


def test_it_is_read_once_and_again_when_its_time_is_over(outlet, django_assert_num_queries):
    with django_assert_num_queries(7):
        first = set_up_of(outlet.merchant, now=NOW)
    with django_assert_num_queries(0):
        assert set_up_of(outlet.merchant, now=NOW + SECOND) is first
    with django_assert_num_queries(7):
        assert set_up_of(outlet.merchant, now=NOW + 2 * SECOND) is not first


def test_a_clock_that_goes_back_reads_afresh(outlet):
    later = set_up_of(outlet.merchant, now=NOW + SECOND)

    assert set_up_of(outlet.merchant, now=NOW) is not later


def test_nothing_is_kept_where_nothing_shall_be(outlet, settings):
    settings.SET_UP_KEPT_S = 0

    assert set_up_of(outlet.merchant, now=NOW) is not set_up_of(outlet.merchant, now=NOW)


def test_merchants_have_their_own(outlet):
    other = make_network()

    assert set_up_of(outlet.merchant, now=NOW).outlets != set_up_of(other.merchant, now=NOW).outlets
    assert read_set_up(make_merchant(), now=NOW).outlets == ()


def test_a_time_that_is_not_sold_any_more_may_be_shown_but_not_kept(outlet):
    session = a_session()
    ask_for(outlet, now=NOW)
    SlotPattern.objects.filter(outlet=outlet).update(active=False)

    view = ask(merchant=outlet.merchant, facts=some_facts(), session_key=session, now=NOW + SECOND)

    assert answer_at(view, 10).open
    with pytest.raises(SlotTaken):
        place_hold(
            offer_token=token_at(view, 10),
            merchant=outlet.merchant,
            session_key=session,
            actor="test",
            now=NOW + SECOND,
        )
    assert not ask_for(outlet, now=NOW + 3 * SECOND).days


def test_every_kind_of_change_is_seen_in_time(outlet):
    ask_for(outlet, now=NOW)
    Blackout.objects.create(depot=outlet.depot, first_date=TOMORROW, last_date=TOMORROW)
    assert answer_at(ask_for(outlet, now=NOW + SECOND), 10).open

    assert answer_at(ask_for(outlet, now=NOW + 2 * SECOND), 10).status == "blackout"
    Vehicle.objects.update(active=False)
    with pytest.raises(TooLarge):
        ask_for(outlet, now=NOW + 4 * SECOND)
    MerchantDepot.objects.update(active=False)
    with pytest.raises(OutsideArea):
        ask_for(outlet, now=NOW + 6 * SECOND)


def test_a_van_of_a_new_kind_drives_at_once(outlet):
    ask_for(outlet, now=NOW)
    make_vehicle(outlet.depot, make_vehicle_class(name="Bike"))
    DayPlan.objects.all().delete()
    extend_horizon(depot=outlet.depot, now=NOW, days=8)

    assert answer_at(ask_for(outlet, now=NOW + SECOND), 10).open


def test_who_replaces_the_database_forgets_what_was_sold(outlet):
    first = set_up_of(outlet.merchant, now=NOW)

    snapshots.forget_all()

    assert set_up_of(outlet.merchant, now=NOW) is not first
