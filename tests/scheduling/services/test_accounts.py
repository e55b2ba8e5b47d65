"""A day that is over is accounted for once: each route's grams, shared among its stops to the gram."""

from datetime import timedelta
from random import Random

import pytest

from scheduling import clock
from scheduling.invariants import breaches
from scheduling.models import CarbonAccount, CarbonShare, DayPlan, Event, Route, Stop
from scheduling.models.network import distance_m
from scheduling.selectors.carbon import plans_to_account
from scheduling.services.accounts import close_account
from scheduling.services.bookings import cancel_delivery
from scheduling.tasks import close_accounts
from tests.factories import (
    DEPOT_AT,
    NOW,
    TOMORROW,
    make_booking,
    make_depot,
    make_hold,
    make_network,
    plan_on,
    some_facts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]
OVER = (NOW + timedelta(days=1)).replace(hour=19)
"""21:00 in Helsinki, when the last van of tomorrow is back."""


@pytest.fixture
def outlet():
    return make_network(vans=2, days=3)


def closed(outlet, now=OVER) -> int:
    return close_account(plan_id=plan_on(outlet).pk, now=now)


def grams_on_paper(total_g: int, distances: dict[int, int]) -> dict[int, int]:
    """One gram at a time to whoever is farthest below the part that its distance gives it."""
    whole = sum(distances.values())
    shares = {key: total_g * distances[key] // whole for key in distances}
    while sum(shares.values()) < total_g:
        short = {key: total_g * distances[key] - shares[key] * whole for key in distances}
        shares[min(key for key in short if short[key] == max(short.values()))] += 1
    return shares


@pytest.mark.parametrize("seed", range(4))
def test_a_route_s_grams_are_shared_by_distance_to_the_gram(outlet, seed):
    chance = Random(seed)
    for hour in (8, 8, 10, 12, 14, 18):
        north_m, east_m = chance.uniform(-5_000, 5_000), chance.uniform(-5_000, 5_000)
        make_booking(outlet, hour=hour, facts=some_facts(north_m=north_m, east_m=east_m))

    assert closed(outlet) == 6

    for account in CarbonAccount.objects.all():
        stops = Stop.objects.booked().filter(route=account.route).select_related("delivery__address")
        driven = sum(stop.arc_m for stop in stops) + account.route.return_m
        places = {stop.pk: stop.delivery.address for stop in stops}
        distances = {key: round(distance_m(*DEPOT_AT, at.lat, at.lon)) for key, at in places.items()}
        assert (account.metres, account.grams) == (driven, round(driven * 100 / 1000))
        assert dict(account.shares.values_list("stop_id", "grams")) == grams_on_paper(
            account.grams, distances
        )
    assert list(breaches()) == []


def test_a_day_is_accounted_for_when_its_last_van_is_back(outlet):
    make_booking(outlet)
    early = OVER - timedelta(seconds=1)

    assert plan_on(outlet).pk not in plans_to_account(now=early)
    assert closed(outlet, early) == 0
    assert plan_on(outlet).pk in plans_to_account(now=OVER)
    assert closed(outlet) == 1
    assert plan_on(outlet).accounted_at == OVER
    assert plan_on(outlet).pk not in plans_to_account(now=OVER)


def test_once_and_never_again(outlet):
    make_booking(outlet)
    closed(outlet)
    before = list(CarbonAccount.objects.values()), list(CarbonShare.objects.values())

    assert closed(outlet, OVER + timedelta(days=1)) == 0

    assert (list(CarbonAccount.objects.values()), list(CarbonShare.objects.values())) == before
    assert Event.objects.filter(kind="plan.accounted").count() == 1


def test_who_only_looked_and_who_cancelled_stand_for_nothing(outlet):
    kept = make_booking(outlet)
    cancel_delivery(delivery=make_booking(outlet).delivery, actor="x", now=NOW)
    make_hold(outlet)

    assert closed(outlet) == 1

    assert CarbonShare.objects.get().stop == kept.stop
    assert list(breaches()) == []


def test_a_place_that_is_only_driven_through_stands_for_nothing(outlet):
    served, passed = make_booking(outlet), make_booking(outlet, hour=14)
    cancel_delivery(delivery=passed.delivery, actor="x", now=NOW)
    Stop.objects.filter(pk=passed.stop_id).update(
        state="waypoint", route=served.stop.route, position=served.stop.position + 1, arc_m=9_000
    )
    DayPlan.objects.update(version=99)

    closed(outlet)

    account = CarbonAccount.objects.get()
    assert account.stops == 1
    assert account.shares.get().grams == account.grams > 900


def test_a_day_on_which_nobody_was_served_is_accounted_for_as_well(outlet):
    assert closed(outlet) == 0

    assert plan_on(outlet).accounted_at == OVER
    assert not CarbonAccount.objects.exists()
    assert list(breaches()) == []


def test_days_without_vans_never_are_over():
    plan = DayPlan.objects.create(depot=make_depot(), service_date=TOMORROW, origin_at=NOW)

    assert plans_to_account(now=OVER + timedelta(days=9)) == []
    assert close_account(plan_id=plan.pk, now=OVER + timedelta(days=9)) == 0


def test_the_account_says_what_it_came_from(outlet):
    make_booking(outlet)
    closed(outlet)

    account, event = CarbonAccount.objects.get(), Event.objects.get(kind="plan.accounted")
    assert (account.grams_per_km, account.factor_source, account.factor_year) == (100, "a test", 2025)
    assert (account.boundary, account.method) == ("well_to_wheel", "planned-metres-by-distance-1")
    assert event.data == {
        "plan": plan_on(outlet).pk,
        "depot": outlet.depot.slug,
        "date": "2026-11-24",
        "method": "planned-metres-by-distance-1",
        "stops": 1,
    }


def test_the_timetable_accounts_for_all_days_that_are_over(outlet):
    make_booking(outlet)
    make_booking(outlet, day=TOMORROW + timedelta(days=1))
    clock.set_source(lambda: OVER + timedelta(days=1))
    try:
        assert close_accounts() == 2
        assert close_accounts() == 0
    finally:
        clock.set_source(None)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda: CarbonShare.objects.order_by("pk")[:1].get().delete(), "1 stops share what 2 stand for"),
        (lambda: CarbonAccount.objects.update(metres=1), "are not those of 1 m"),
        (lambda: CarbonShare.objects.update(grams=1), "its stops have 2 g of"),
        (lambda: Event.objects.filter(kind="plan.accounted").delete(), "differ: plan.accounted"),
    ],
)
def test_grams_that_do_not_add_up_are_counted(outlet, spoil, what):
    make_booking(outlet)
    make_booking(outlet)
    closed(outlet)
    assert Route.objects.filter(account__isnull=False).count() == 1
    spoil()

    found = list(breaches())

    assert any(what in breach.what for breach in found)
    assert {breach.rule for breach in found} <= {"I5", "I8"}
