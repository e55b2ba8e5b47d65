"""Where vehicles are: kept while they are out, shown where it can be believed, gone after three days."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from threading import Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from scheduling.models import LastSeen, Position
from scheduling.services.days import finish_route
from scheduling.services.devices import BadDevice, add_device, device_of, end_device
from scheduling.services.handing_over import Handover, settle_stop
from scheduling.services.positions import Fix, Sender, hide_position, keep_fixes, purge_positions
from tests.factories import (
    CENTRE,
    DEPOT_AT,
    make_booking,
    make_driver,
    make_network,
    make_vehicle,
    plan_on,
    start_day,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]

SECOND = timedelta(seconds=1)


@pytest.fixture
def route():
    outlet = make_network(vans=1)
    make_booking(outlet)
    (route,) = start_day(plan_on(outlet))
    return route


def sheet(route) -> Sender:
    return Sender("sheet", shift_id=route.shift_id)


def drive(route, count: int, *, every_s: int = 10) -> list[Fix]:
    return [
        Fix(route.started_at + n * every_s * SECOND, CENTRE[0] + n * every_s * 8 / 111_200, CENTRE[1], 12.0)
        for n in range(count)
    ]


def keep(route, fixes, *, now=None):
    return keep_fixes(sender=sheet(route), fixes=fixes, now=now or route.started_at + 3600 * SECOND)


def seen(route) -> LastSeen | None:
    return LastSeen.objects.filter(shift=route.shift).first()


def test_the_last_of_some_fixes_is_where_the_vehicle_was_seen(route):
    fixes = drive(route, 20)

    assert keep(route, fixes) == 20

    assert (seen(route).at, seen(route).lat) == (fixes[-1].said_at, fixes[-1].lat)
    assert Position.objects.count() == 20


@pytest.mark.parametrize("seed", range(4))
def test_late_repeated_shuffled_fixes_come_to_the_same(route, seed):
    chance, fixes = Random(seed), drive(route, 40)
    leap = Fix(fixes[30].said_at + SECOND, 60.9, 24.9)
    told = [*fixes, leap, *chance.sample(fixes, 20)]
    chance.shuffle(told)

    while told:
        some, told = told[:7], told[7:]
        keep(route, some)

    assert Position.objects.count() == 41
    assert (seen(route).at, seen(route).lat) == (fixes[-1].said_at, fixes[-1].lat)


def test_a_thousand_at_once_cost_no_more_queries_than_one(route):
    with CaptureQueriesContext(connection) as one:
        keep(route, drive(route, 1))
    with CaptureQueriesContext(connection) as many:
        keep(route, drive(route, 500, every_s=1))

    assert len(one) <= 9
    assert len(many) <= 14  # SQLite takes some hundred rows at a time


def test_what_lies_in_the_future_is_taken_to_be_from_now_and_stays_no_longer_than_that(route):
    now = route.started_at + 600 * SECOND
    wrong = Fix(now + timedelta(days=400), *CENTRE)
    keep(route, [wrong], now=now)
    keep(route, [wrong], now=now + 5 * SECOND)
    assert seen(route).at == now
    assert Position.objects.count() == 1

    right = Fix(now + 20 * SECOND, CENTRE[0] + 0.001, CENTRE[1])
    keep(route, [right], now=now + 20 * SECOND)

    assert seen(route).lat == right.lat


def test_a_clock_that_is_a_little_ahead_is_left_alone(route):
    now = route.started_at + 600 * SECOND
    keep(route, [Fix(now + 29 * SECOND, *CENTRE)], now=now)

    assert seen(route).at == now + 29 * SECOND


def test_nothing_is_kept_from_another_continent_nor_of_what_is_no_place(route):
    good = drive(route, 1)[0]
    bad = [
        replace(good, lat=40.7, lon=-74.0),
        replace(good, lat=0.0, lon=0.0),
        replace(good, lat=float("nan")),
        replace(good, lat=91.0),
        replace(good, lon=float("inf")),
    ]

    assert keep(route, bad) == 0
    assert seen(route) is None


def test_a_fix_that_may_be_anywhere_is_kept_and_not_shown(route):
    first, second = drive(route, 2)
    keep(route, [first, replace(second, accuracy_m=3_000.0)])

    assert seen(route).at == first.said_at
    assert Position.objects.count() == 2


def test_nothing_is_kept_before_a_route_leaves_nor_after_it_is_back(route):
    stop = route.stops.get()
    at = stop.opens_at
    settle_stop(stop_id=stop.pk, handover=Handover("handed_over", at), actor="test", now=at)
    finish_route(route_id=route.pk, actor="test", now=at)
    before, during, after = (Fix(each, *CENTRE) for each in (route.started_at - SECOND, at, at + SECOND))

    assert keep(route, [before, during, after], now=at + 60 * SECOND) == 1


def test_a_device_tells_of_its_vehicle_whichever_shift_that_drives(route):
    sender = Sender("box", vehicle_id=route.shift.vehicle_id)

    assert keep_fixes(sender=sender, fixes=drive(route, 3), now=route.started_at + 60 * SECOND) == 3
    assert seen(route) is not None
    other = make_vehicle(route.shift.plan.depot)
    assert (
        keep_fixes(sender=Sender("b", vehicle_id=other.pk), fixes=drive(route, 1), now=route.started_at) == 0
    )


def test_nothing_is_kept_near_where_a_driver_begins_the_day(route):
    home = drive(route, 1)[0]
    route.shift.driver = make_driver(route.shift.plan.depot, start_lat=home.lat, start_lon=home.lon)
    route.shift.save()

    assert keep(route, [home, replace(home, lat=home.lat + 0.002)]) == 0
    assert keep(route, [replace(home, lat=home.lat + 0.004)]) == 1


def test_a_driver_may_have_it_switched_off(route):
    keep(route, drive(route, 1))
    hide_position(shift_id=route.shift_id, hides=True)

    assert seen(route) is None
    assert keep(route, drive(route, 2)) == 0
    hide_position(shift_id=route.shift_id, hides=False)
    assert keep(route, drive(route, 2)) == 2


def test_after_three_days_it_is_removed(route):
    keep(route, drive(route, 5))
    received = route.started_at + 3600 * SECOND

    assert purge_positions(now=received + timedelta(hours=71)) == 0
    assert purge_positions(now=received + timedelta(hours=73)) == 5
    assert seen(route) is None


@pytest.mark.django_db(transaction=True)
def test_two_who_tell_at_the_same_moment_leave_the_last_shown(route):
    fixes = drive(route, 60)
    parts = [fixes[number::3] for number in range(3)]

    def tell(part):
        for fix in reversed(part):
            keep(route, [fix])
        connections.close_all()

    tellers = [Thread(target=tell, args=(part,)) for part in parts]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()

    assert seen(route).at == fixes[-1].said_at
    assert Position.objects.count() == 60


def test_a_devices_key_is_shown_once_and_ends_with_it(route):
    depot = route.shift.plan.depot
    device, key = add_device(
        depot=depot, vehicle_id=route.shift.vehicle_id, name=" Mika’s  phone ", now=route.started_at
    )

    assert device.name == "Mika’s phone"
    assert device_of(device.login, key) == device
    assert device_of(device.login, key + "x") is None
    assert device_of("", key) is None
    assert key not in str(vars(device))
    end_device(depot=depot, device_id=device.pk)
    assert device_of(device.login, key) is None


def test_a_device_belongs_to_a_vehicle_of_its_depot(route):
    depot = route.shift.plan.depot
    for vehicle_id, name in ((make_network().depot.vehicles.first().pk, "x"), (route.shift.vehicle_id, " ")):
        with pytest.raises(BadDevice):
            add_device(depot=depot, vehicle_id=vehicle_id, name=name, now=route.started_at)


def test_the_depot_itself_is_no_secret(route):
    assert keep(route, [Fix(route.started_at, *DEPOT_AT)]) == 1
