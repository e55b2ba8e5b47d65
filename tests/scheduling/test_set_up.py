"""Quotes may go by what was sold a moment ago; holds never."""

from datetime import time, timedelta

import pytest

from scheduling import snapshots
from scheduling.errors import OutsideArea, SlotTaken, TooLarge
from scheduling.models import (
    AccessRule,
    Blackout,
    Buffer,
    DayPlan,
    MerchantDepot,
    SlotPattern,
    TheftZone,
    Vehicle,
    VehicleClass,
)
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


def test_its_rows_are_those_that_the_orm_reads(outlet):
    depot, other = outlet.depot, make_network()
    beside = MerchantDepot.objects.create(merchant=other.merchant, depot=depot, reserved=2, radius_m=900)
    SlotPattern.objects.create(outlet=beside, opens=time(9), closes=time(11), base_price_minor=100)
    kinds = [make_vehicle_class(name="Bike"), make_vehicle_class(name="Trike")]
    make_vehicle(depot, kinds[0])
    hours = {"weekdays": 3, "starts": time(8), "ends": time(9, 30)}
    Blackout.objects.create(depot=depot, first_date=TOMORROW, last_date=TOMORROW, reason="Moving")
    Buffer.objects.create(
        depot=depot, name="Traffic", polygon=[[60, 24], [61, 24], [61, 25]], minutes=9, **hours
    )
    TheftZone.objects.create(
        depot=depot, name="Yard", postcodes=["00100"], sentence="It is open to the street."
    )
    AccessRule.objects.create(depot=depot, name="Market", **hours).barred.set(kinds)
    AccessRule.objects.create(depot=depot, name="Nobody")

    found = read_set_up(outlet.merchant, now=NOW)

    assert values_of(found.outlets) == values_of([outlet])
    assert values_of(o.depot for o in found.outlets) == values_of([depot])
    assert values_of(found.patterns[outlet.pk]) == values_of(outlet.slot_patterns.order_by("opens", "pk"))
    assert values_of(found.patterns[beside.pk]) == values_of(beside.slot_patterns.all())
    assert found.reserves == {depot.pk: (beside.reserve(127),)}
    assert values_of(found.blackouts[depot.pk]) == values_of(depot.blackouts.all())
    assert values_of(found.buffers[depot.pk]) == values_of(depot.buffers.all())
    assert values_of(found.theft_zones[depot.pk]) == values_of(depot.theft_zones.all())
    rules = depot.access_rules.order_by("pk")
    assert values_of(found.access_rules[depot.pk]) == values_of(rules)
    assert [rule.hours for rule in found.access_rules[depot.pk]] == [rule.hours for rule in rules]
    driven = VehicleClass.objects.filter(vehicles__depot=depot).distinct()
    assert values_of(found.kinds[kind.slug] for kind in driven) == values_of(driven)
    assert found.in_use == {depot.pk: frozenset(kind.slug for kind in driven)}


def values_of(rows):
    return [{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields} for row in rows]


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
