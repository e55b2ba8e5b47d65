"""Access rules and ranges, from the offer until the van leaves."""

from dataclasses import replace
from datetime import time, timedelta
from random import Random

import pytest
from django.db import IntegrityError, transaction

from scheduling.errors import SlotTaken, VanFull
from scheduling.invariants import breaches
from scheduling.models import AccessRule, Booking, Improvement, MerchantDepot, SlotPattern, Stop, VehicleClass
from scheduling.routing.schedule import schedule
from scheduling.services.bookings import confirm_hold, reschedule_delivery
from scheduling.services.holds import place_hold
from scheduling.services.improvements import begin_improvement, finish_improvement, keeps_offers, solve
from scheduling.services.joining import join_delivery
from scheduling.services.narrowing import narrow_promises
from scheduling.services.plans import close_plan, extend_horizon
from scheduling.snapshots import forget_all, snapshots_of
from tests.factories import (
    LATER,
    NOW,
    a_session,
    answer_at,
    ask_for,
    make_booking,
    make_depot,
    make_hold,
    make_merchant,
    make_network,
    make_outlet,
    make_vehicle,
    make_vehicle_class,
    plan_on,
    some_contact,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]
EVENING = NOW + timedelta(hours=8)


def make_rule(outlet: MerchantDepot, *barred: VehicleClass, **values) -> AccessRule:
    number = AccessRule.objects.count()
    defaults = {"depot": outlet.depot, "name": f"School {number}", "area": "depot", "starts": time(8)}
    rule = AccessRule.objects.create(**defaults | {"ends": time(9)} | values)
    rule.barred.set(barred or [the_van(outlet)])
    return rule


def the_van(outlet: MerchantDepot) -> VehicleClass:
    return VehicleClass.objects.filter(vehicles__depot=outlet.depot, slug__startswith="van").first()


def fleet(*, vans: int = 2, bikes: int = 1, **van) -> MerchantDepot:
    depot = make_depot()
    kind, bike = (
        make_vehicle_class(**van),
        make_vehicle_class(slug=f"bike-{depot.pk}", name="Bike", speed_m_per_h=15_000),
    )
    for _ in range(vans):
        make_vehicle(depot, kind)
    for _ in range(bikes):
        make_vehicle(depot, bike, ends=time(20))
    made = make_outlet(make_merchant(), depot)
    extend_horizon(depot=depot, now=NOW, days=4)
    return made


@pytest.fixture
def outlet():
    return fleet(bikes=0)


def place(outlet: MerchantDepot, token: str, session: str, **values):
    return place_hold(
        offer_token=token,
        merchant=outlet.merchant,
        session_key=session,
        actor="test",
        **{"now": NOW} | values,
    )


def services_of(outlet: MerchantDepot) -> dict[int, tuple]:
    """From when until when each stop of tomorrow is served, and by which class."""
    forget_all()
    (found,) = snapshots_of([plan_on(outlet)], now=NOW)
    served = {}
    for shift in found.plan.shifts:
        for trip, times in zip(shift.trips, schedule(shift), strict=True):
            for visit, begun, ended in zip(trip.visits, times.starts_s, times.departures_s, strict=True):
                instants = (found.origin_at + timedelta(seconds=s) for s in (begun, ended))
                served[visit.key] = (
                    *(i.astimezone(outlet.depot.zone) for i in instants),
                    shift.vehicle.kind.key,
                )
    return served


def assert_kept(outlet: MerchantDepot) -> None:
    """Nobody of a barred class stands anywhere in the barred hours, judged by rows alone."""
    homes = dict(
        Stop.objects.of_plan(plan_on(outlet)).active().values_list("pk", "delivery__address__postcode")
    )
    for pk, (begun, ended, kind) in services_of(outlet).items():
        for rule in AccessRule.objects.filter(active=True):
            if rule.area == "postcodes" and homes[pk] not in rule.postcodes:
                continue
            if kind in rule.barred.values_list("slug", flat=True):
                assert ended.time() <= rule.starts or begun.time() >= rule.ends, f"{rule}: {begun} to {ended}"
    assert list(breaches()) == []


# Offers


def test_a_school_zone_hides_a_time_from_vans(outlet):
    make_rule(outlet, ends=time(10))
    refused = answer_at(ask_for(outlet), 8)

    assert (refused.status, answer_at(ask_for(outlet), 10).status) == ("access", "open")
    assert str(refused.reason) == "The vans that are free then may not stop at your address at that hour."


def test_a_school_zone_hides_nothing_from_bikes():
    outlet = fleet()
    make_rule(outlet, ends=time(10))
    answer = answer_at(ask_for(outlet), 8)

    assert answer.open
    assert answer.vehicle_class.startswith("bike")


def test_a_time_that_is_left_in_part_is_sold_whole_and_planned_in_that_part(outlet):
    make_rule(outlet)

    booking = make_booking(outlet, hour=8)

    stop, promise = booking.stop, booking.delivery.promises.get()
    assert (promise.closes_at - promise.opens_at) == timedelta(hours=2)
    assert (stop.opens_at, stop.closes_at) == (promise.opens_at, promise.closes_at)
    assert stop.not_before_at == stop.opens_at + timedelta(hours=1)
    assert (stop.done_by_at, stop.barred) == (None, "")
    assert_kept(outlet)


def test_where_somebody_lives_decides(outlet):
    make_rule(outlet, ends=time(10), area="postcodes", postcodes=["00500"])

    assert answer_at(ask_for(outlet), 8).open


def test_what_is_switched_off_another_depots_or_for_others_counts_for_nobody(outlet):
    make_rule(outlet, ends=time(10), active=False)
    make_rule(outlet, make_vehicle_class(slug="truck"), ends=time(10))
    make_rule(make_network(), ends=time(10))

    assert answer_at(ask_for(outlet), 8).open


def test_what_routes_lack_anyway_is_not_blamed_on_a_rule(outlet):
    make_rule(outlet, ends=time(10))
    far = some_facts(load_g=700_000, load_ml=7_000_000)
    for _ in range(2):
        make_booking(outlet, hour=10, facts=far)

    assert answer_at(ask_for(outlet, some_facts(load_g=700_000)), 8).status == "taken"


@pytest.mark.once
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_offered_is_granted_and_planned_outside_the_hours(seed):
    outlet, random = fleet(vans=2, bikes=1), Random(seed)
    bike = VehicleClass.objects.get(name="Bike")
    make_rule(outlet)
    make_rule(outlet, starts=time(11, 30), ends=time(13, 15), area="postcodes", postcodes=["00100"])
    make_rule(outlet, bike, starts=time(12), ends=time(15))
    for _ in range(25):
        facts, session = (
            some_facts(
                north_m=random.uniform(-6_000, 6_000), east_m=random.uniform(-6_000, 6_000), service_s=600
            ),
            a_session(),
        )
        facts = replace(facts, address=replace(facts.address, postcode=random.choice(["00100", ""])))
        view = ask_for(outlet, facts, session_key=session)
        tokens = [offer.token for offer in view.days[0].offers if offer.available]
        if tokens:
            hold = place(outlet, random.choice(tokens), session)
            confirm_hold(hold=hold, contact=some_contact(), order_number="1", actor="test", now=NOW)

    booked = Stop.objects.booked()
    assert booked.exclude(barred="").exists()
    assert booked.filter(not_before_at__isnull=False).exists()
    assert booked.filter(done_by_at__isnull=False).exists()
    assert_kept(outlet)
    run = begin_improvement(plan_id=plan_on(outlet).pk, actor="test", now=NOW)
    assert finish_improvement(begun=run, found=solve(run), now=NOW).outcome in {"swapped", "no_gain"}
    assert_kept(outlet)


# Holds and bookings


def test_a_hold_goes_by_the_rules_there_are_now(outlet):
    session = a_session()
    token = token_at(ask_for(outlet, session_key=session), 8)
    make_rule(outlet, ends=time(10))

    with pytest.raises(SlotTaken):
        place(outlet, token, session)


def test_a_hold_confirmed_late_goes_by_the_rules_there_are_then(outlet):
    hold = make_hold(outlet, hour=8)
    make_rule(outlet)

    booking = confirm_hold(hold=hold, contact=some_contact(), order_number="1", actor="test", now=LATER)

    assert booking.stop.not_before_at is not None
    assert_kept(outlet)


def test_a_changed_rule_leaves_alone_what_was_promised(outlet):
    old = make_booking(outlet, hour=8)
    version = plan_on(outlet).version

    make_rule(outlet)

    assert plan_on(outlet).version == version
    assert list(breaches()) == []
    assert (old.stop.not_before_at, make_booking(outlet, hour=8).stop.not_before_at is None) == (None, False)


def move(outlet: MerchantDepot, booking: Booking, hour: int) -> Booking:
    session = a_session()
    view = ask_for(outlet, session_key=session, moving=booking.delivery)
    token = token_at(view, hour)
    return reschedule_delivery(
        delivery=booking.delivery, offer_token=token, session_key=session, actor="test", now=NOW
    )


def test_a_moved_booking_keeps_to_its_new_time_s_part(outlet):
    make_rule(outlet)
    booking = make_booking(outlet, hour=10)
    assert booking.stop.not_before_at is None

    moved = move(outlet, booking, 8)

    assert moved.stop.not_before_at == moved.stop.opens_at + timedelta(hours=1)
    assert_kept(outlet)


def join(booking: Booking, parcels: int) -> Booking:
    return join_delivery(
        delivery=booking.delivery,
        load_g=1000,
        load_ml=1000,
        parcels=parcels,
        order_number="J-1",
        actor="test",
        now=NOW,
    )


def test_a_longer_service_still_is_done_when_the_hours_begin():
    outlet = fleet(bikes=0, vans=1)
    make_rule(outlet, starts=time(8, 5), ends=time(10))
    booking = make_booking(outlet, hour=8, facts=some_facts(service_s=120))
    assert_kept(outlet)

    with pytest.raises(VanFull):
        join(booking, 10)
    join(booking, 2)

    assert booking.delivery.joined_orders.exists()
    assert_kept(outlet)


def test_a_narrowed_promise_keeps_to_its_part(outlet):
    SlotPattern.objects.update(narrowed_to_minutes=60)
    make_rule(outlet)
    booking = make_booking(outlet, hour=8)
    close_plan(plan_id=plan_on(outlet).pk, now=EVENING)

    narrow_promises(plan_id=plan_on(outlet).pk, actor="clock", now=EVENING)

    stop = Stop.objects.get(pk=booking.stop_id)
    assert stop.closes_at - stop.opens_at == timedelta(hours=1)
    assert stop.not_before_at is not None
    assert_kept(outlet)


def test_better_routes_keep_offers_in_parts_too(outlet):
    make_rule(outlet)
    ask_for(outlet)
    (found,) = snapshots_of([plan_on(outlet)], now=NOW)

    assert keeps_offers(plan_on(outlet), found.plan, found.plan, now=NOW)
    assert not keeps_offers(plan_on(outlet), found.plan, replace(found.plan, shifts=()), now=NOW)


def test_a_stop_served_by_who_may_not_or_when_it_must_not_is_a_breach(outlet):
    booking = make_booking(outlet, hour=8)
    assert list(breaches()) == []

    for wrong in ({"barred": the_van(outlet).slug}, {"done_by_at": booking.stop.opens_at}):
        with transaction.atomic():
            Stop.objects.filter(pk=booking.stop_id).update(**wrong)
            assert {breach.rule for breach in breaches()} == {"I1"}
            transaction.set_rollback(True)


# Range


def test_a_battery_keeps_its_reserve():
    kind = make_vehicle_class(range_m=100_000, reserve_percent=20)

    assert kind.shift_range_m == 80_000
    assert make_vehicle_class(range_m=100_001).shift_range_m == 100_001
    assert make_vehicle_class().shift_range_m is None


@pytest.mark.parametrize(
    "wrong", [{"range_m": 0}, {"reserve_percent": 10}, {"range_m": 9, "reserve_percent": 100}]
)
def test_a_range_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_vehicle_class(**wrong)


def test_what_lies_beyond_the_range_of_all_vans_says_so():
    outlet = fleet(vans=1, bikes=0, range_m=28_000, reserve_percent=15)  # 23,800 m
    near, far = some_facts(), some_facts(north_m=-1_000)

    assert answer_at(ask_for(outlet, near), 10).open
    refused = answer_at(ask_for(outlet, far), 10)
    assert refused.status == "range"
    assert str(refused.reason) == "Taken. The vans that are free then cannot go that far."


@pytest.mark.once
@pytest.mark.parametrize("seed", [1, 2])
def test_no_shift_uses_its_reserve_whatever_is_booked_moved_and_improved(seed):
    outlet, random = fleet(vans=2, bikes=1, range_m=60_000, reserve_percent=25), Random(seed)
    bookings = []
    for _ in range(30):
        facts, session = (
            some_facts(north_m=random.uniform(-5_000, 5_000), east_m=random.uniform(-5_000, 5_000)),
            a_session(),
        )
        view = ask_for(outlet, facts, session_key=session)
        tokens = [offer.token for offer in view.days[0].offers if offer.available]
        if tokens:
            hold = place(outlet, random.choice(tokens), session)
            bookings.append(
                confirm_hold(hold=hold, contact=some_contact(), order_number="1", actor="test", now=NOW)
            )
    run = begin_improvement(plan_id=plan_on(outlet).pk, actor="test", now=NOW)
    outcome = finish_improvement(begun=run, found=solve(run), now=NOW).outcome

    assert outcome in {Improvement.Outcome.SWAPPED, Improvement.Outcome.NO_GAIN}
    forget_all()
    (found,) = snapshots_of([plan_on(outlet)], now=NOW)
    driven = [shift.metres for shift in found.plan.shifts if shift.vehicle.kind.key.startswith("van")]
    assert max(driven) <= 45_000
    assert max(driven) > 40_000
    assert list(breaches()) == []


def test_a_shift_that_goes_too_far_is_a_breach():
    outlet = fleet(vans=1, bikes=0)
    make_booking(outlet)
    assert list(breaches()) == []

    VehicleClass.objects.update(range_m=20_000)

    assert ["range" in breach.what for breach in breaches()] == [True]
