"""Shifts begin with their rests, which are kept whatever comes and goes."""

from datetime import time

import pytest
from django.db import IntegrityError, transaction

from scheduling.invariants import breaches
from scheduling.models import (
    Booking,
    Improvement,
    Rest,
    RestPattern,
    Route,
    Shift,
    ShiftPattern,
    Stop,
)
from scheduling.routing.improve import driving
from scheduling.services.bookings import cancel_delivery
from scheduling.services.holds import release_hold
from scheduling.services.improvements import begin_improvement, finish_improvement, solve
from scheduling.services.plans import extend_horizon
from scheduling.services.shifts import keeps_rests
from scheduling.snapshots import snapshots_of
from tests.factories import (
    CANTEEN,
    NOW,
    a_break,
    answer_at,
    ask_for,
    make_booking,
    make_depot,
    make_hold,
    make_network,
    make_vehicle,
    plan_on,
    some_facts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def the_plan(outlet, now=NOW):
    return snapshots_of([plan_on(outlet)], now=now)[0].plan


def local(at, depot) -> time:
    return at.astimezone(depot.zone).time()


def test_a_shift_begins_with_its_rests_in_their_order():
    depot = make_depot()
    rests = [a_break(15, kind="charge", minutes=40), a_break(11, **CANTEEN)]
    make_vehicle(depot, trips=2, rests=rests)

    extend_horizon(depot=depot, now=NOW, days=1)

    first, second = Route.objects.order_by("trip")
    stops = list(first.stops.order_by("position").select_related("rest"))
    assert [(stop.rest.kind, stop.rest.place, stop.rest.minutes) for stop in stops] == [
        ("break", "Canteen", 30),
        ("charge", "", 40),
    ]
    assert [local(stop.opens_at, depot).hour for stop in stops] == [11, 15]
    assert stops[0].arc_m > 5_000
    assert stops[1].arc_m == stops[0].arc_m
    assert (first.return_m, second.return_m, second.stops.count()) == (0, 0, 0)
    assert list(breaches()) == []


def test_a_shift_of_rests_alone_is_not_driven():
    outlet = make_network(vans=2, days=2, rests=[a_break(**CANTEEN)])

    plan = the_plan(outlet)

    assert [shift.used for shift in plan.shifts] == [False, False]
    assert driving(plan).metres == 0


def test_nobody_is_served_during_the_break():
    outlet = make_network(
        vans=1, days=2, hours=(8, 10), rests=[a_break(10, closes=time(10, 10), minutes=180)]
    )

    view = ask_for(outlet)

    assert answer_at(view, 8).open
    assert not answer_at(view, 10).open


def test_bookings_keep_the_break_and_cancelling_them_all_leaves_it():
    outlet = make_network(vans=1, days=2, rests=[a_break(**CANTEEN)])
    bookings = [
        make_booking(outlet, hour=hour, facts=some_facts(east_m=100 * hour)) for hour in (8, 10, 12, 16)
    ]
    assert the_plan(outlet).shifts[0].used
    assert list(breaches()) == []

    for booking in bookings:
        cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)

    (shift,) = the_plan(outlet).shifts
    assert (len(shift.rests), shift.used) == (1, False)
    assert list(breaches()) == []


def test_a_break_is_nobodys_neighbour_and_counts_for_no_cap():
    outlet = make_network(vans=1, days=2, rests=[a_break(**CANTEEN)], daily_cap=1)

    hold = make_hold(outlet)
    release_hold(hold=hold, actor="test", now=NOW)

    assert make_booking(outlet).stop.state == Stop.State.BOOKED


def test_better_routes_leave_each_van_its_own_break():
    outlet = make_network(vans=2, days=2, rests=[a_break(**CANTEEN), a_break(15, kind="charge")])
    for number in range(10):
        make_booking(outlet, hour=(8, 12, 16)[number % 3], facts=some_facts(east_m=400 * (number % 5)))
    plan = plan_on(outlet)

    begun = begin_improvement(plan_id=plan.pk, actor="test", now=NOW)
    run = finish_improvement(begun=begun, found=solve(begun), now=NOW)

    assert begun.run.visits == 10
    assert run.outcome in (Improvement.Outcome.SWAPPED, Improvement.Outcome.NO_GAIN)
    assert list(breaches()) == []


def test_routes_that_swap_breaks_are_not_taken():
    outlet = make_network(vans=2, days=2, rests=[a_break(**CANTEEN)])
    make_booking(outlet)
    make_booking(outlet, hour=12)
    begun = begin_improvement(plan_id=plan_on(outlet).pk, actor="test", now=NOW)
    first, second = begun.plan.shifts
    swapped = [
        type(shift)(shift.vehicle, (type(trip)(trip.key, other.visits, other.legs),))
        for shift, (trip,), (other,) in (
            (first, first.trips, second.trips),
            (second, second.trips, first.trips),
        )
    ]

    found = type(begun.plan)(begun.plan.depot, tuple(swapped))

    assert finish_improvement(begun=begun, found=found, now=NOW).outcome == Improvement.Outcome.NO_GAIN
    assert list(breaches()) == []


def test_a_change_of_set_up_counts_for_shifts_made_from_then_on():
    outlet = make_network(vans=1, days=2, rests=[a_break()])
    before = set(Stop.objects.values_list("pk", "opens_at", "rest__minutes"))

    RestPattern.objects.update(minutes=45, opens=time(12), closes=time(13))
    extend_horizon(depot=outlet.depot, now=NOW, days=3)

    assert (
        set(
            Stop.objects.filter(pk__in=[pk for pk, *_ in before]).values_list(
                "pk", "opens_at", "rest__minutes"
            )
        )
        == before
    )
    assert Rest.objects.order_by("-pk").first().minutes == 45


def test_without_a_break_a_shift_ends_at_the_depots_limit():
    depot = make_depot(break_after_minutes=270)
    make_vehicle(depot)
    make_vehicle(depot, rests=[a_break(10, hours=4, minutes=45)])

    extend_horizon(depot=depot, now=NOW, days=1)

    short, long = Shift.objects.order_by("pk")
    assert (local(short.ends_at, depot), local(long.ends_at, depot)) == (time(11, 30), time(15, 15))
    assert local(Stop.objects.get().closes_at, depot) == time(11, 30)
    assert {short.break_after_s, long.break_after_s} == {270 * 60}


def test_who_is_out_for_too_long_is_counted():
    outlet = make_network(vans=1, days=2, rests=[a_break(11)])
    make_booking(outlet, hour=8)
    Shift.objects.update(break_after_s=4 * 3600)
    assert list(breaches()) == []

    Shift.objects.update(break_after_s=3600)

    assert {(breach.rule, breach.what[-15:]) for breach in breaches()} == {("I1", "without a break")}


def test_a_break_that_has_left_its_shift_is_counted():
    outlet = make_network(vans=2, days=2, rests=[a_break(11)])
    first, other = Route.objects.filter(shift__plan=plan_on(outlet)).order_by("pk")
    assert list(breaches()) == []

    first.stops.update(route=other, position=9)

    assert "has no stop in its shift" in {breach.what for breach in breaches()}


def test_a_shift_that_cannot_keep_its_rests_is_not_made():
    depot = make_depot()
    far = {"place": "Far away", "lat": 63.0, "lon": 27.0}
    make_vehicle(depot, rests=[a_break(8, **far)])

    extend_horizon(depot=depot, now=NOW, days=1)

    assert not Shift.objects.exists()
    assert not Rest.objects.exists()


def test_set_up_asks_whether_rests_can_be_kept():
    make_vehicle(make_depot())
    pattern = ShiftPattern.objects.get()
    near, far = RestPattern(**a_break()), RestPattern(**a_break(8, place="Far", lat=63.0, lon=27.0))

    assert keeps_rests(pattern, [])
    assert keeps_rests(pattern, [near])
    assert not keeps_rests(pattern, [near, far])


def test_a_stop_is_for_a_delivery_or_a_rest():
    outlet = make_network(vans=1, days=2, rests=[a_break()])
    booking, rest = make_booking(outlet), Stop.objects.filter(state="rest").first()

    for values in ({"state": "booked"}, {"delivery_id": booking.delivery_id}, {"rest": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Stop.objects.filter(pk=rest.pk).update(**values)


def test_a_place_has_a_name_and_coordinates_or_is_the_depot():
    make_vehicle(make_depot(), rests=[a_break()])

    for values in ({"place": "Somewhere"}, {"lat": 60.0}, {"lat": 99.0, "lon": 24.0, "place": "Nowhere"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RestPattern.objects.update(**values)


def test_only_the_van_that_serves_somebody_is_used():
    outlet = make_network(vans=3, days=2, rests=[a_break(**CANTEEN)])
    make_booking(outlet)

    used = [shift.used for shift in the_plan(outlet).shifts]

    assert sorted(used) == [False, False, True]
    assert Booking.objects.get().added_m > 0
