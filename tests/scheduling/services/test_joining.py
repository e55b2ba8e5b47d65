"""Another order comes with a booked delivery: one stop, all loads and times right, or nothing changed."""

from datetime import time, timedelta

import pytest
from django.db import IntegrityError, transaction

from scheduling.errors import BadFacts, NotChangeable, OrderComesAlready, SlotTaken, TooLateToChange, VanFull
from scheduling.facts import JOINED_PARCEL_S, VisitFacts
from scheduling.invariants import breaches
from scheduling.models import (
    Booking,
    DayPlan,
    Delivery,
    Event,
    JoinedOrder,
    Order,
    Parcel,
    Promise,
    SlotPattern,
    Stop,
)
from scheduling.models.plans import DayPlanQuerySet
from scheduling.routing.improve import is_sound, visits_of
from scheduling.routing.schedule import schedule
from scheduling.selectors.board import board_of
from scheduling.selectors.shopper import facts_now, orders_of
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from scheduling.services.improvements import begin_improvement, finish_improvement, solve
from scheduling.services.joining import join_delivery
from scheduling.snapshots import cached_snapshot, forget_all, read_snapshot, snapshots_of
from tests.factories import (
    NOW,
    TOMORROW,
    a_session,
    ask_for,
    make_booking,
    make_hold,
    make_network,
    plan_on,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture(autouse=True)
def _nothing_is_broken():
    """Whatever a test here does, the database stays true."""
    yield
    assert list(breaches()) == []


@pytest.fixture
def outlet():
    """One van, which carries 800 kg."""
    return make_network(vans=1, hours=(10, 12, 14))


def join(booking: Booking, **values) -> Booking:
    goods = {"load_g": 7_000, "load_ml": 30_000, "parcels": 2}
    about = {"delivery": booking.delivery, "order_number": "B-2", "actor": "test", "now": NOW}
    return join_delivery(**goods | about | values)


def route_of(booking: Booking):
    """The trip of a booking with its schedule, read from the rows; and which of its visits it is."""
    plan, booking = plan_on_of(booking), Booking.objects.get(pk=booking.pk)
    for shift in read_snapshot(plan, version=plan.version, now=NOW).plan.shifts:
        for trip, times in zip(shift.trips, schedule(shift), strict=True):
            keys = [visit.key for visit in trip.visits]
            if booking.stop_id in keys:
                return trip, times, keys.index(booking.stop_id)
    raise AssertionError("it is on no route")


def plan_on_of(booking: Booking) -> DayPlan:
    found = DayPlan.objects.select_related("depot")
    return found.get(shifts__routes__stops=Booking.objects.get(pk=booking.pk).stop_id)


def everything() -> list:
    tables = (Booking, Delivery, JoinedOrder, Order, Parcel, Promise, Stop, Event)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def test_two_orders_are_one_stop_with_all_their_parcels(outlet):
    booking = make_booking(outlet, order_number="A-1", facts=some_facts(load_g=5_000, load_ml=20_000))

    joined = join(booking)

    delivery = Delivery.objects.get()
    assert joined == booking
    assert Stop.objects.active().count() == 1
    assert (delivery.load_g, delivery.load_ml, delivery.parcel_count) == (12_000, 50_000, 3)
    assert delivery.parcels.count() == 3
    assert orders_of(delivery) == ["A-1", "B-2"]
    row = JoinedOrder.objects.get()
    assert (row.parcels, row.load_g, row.load_ml, row.joined_at) == (2, 7_000, 30_000, NOW)


def test_window_price_promise_and_routes_stay_and_the_plan_has_a_new_version(outlet):
    booking = make_booking(outlet)
    before, version = Booking.objects.values().get(), plan_on(outlet).version
    stop = Stop.objects.values().get()

    join(booking)

    assert Booking.objects.values().get() == before
    assert Stop.objects.values().get() == stop
    assert Promise.objects.count() == 1
    assert plan_on(outlet).version == version + 1


def test_the_load_grows_on_every_leg_up_to_its_door_and_on_no_other(outlet):
    bookings = [make_booking(outlet, hour=hour, facts=some_facts(north_m=hour)) for hour in (10, 12, 14)]
    _trip, before, _at = route_of(bookings[1])

    join(bookings[1])

    _trip, after, at = route_of(bookings[1])
    grown = [new[0] - old[0] for old, new in zip(before.loads, after.loads, strict=True)]
    assert at == 1
    assert grown == [7_000, 7_000, 0, 0]
    assert [new[1] - old[1] for old, new in zip(before.loads, after.loads, strict=True)][:2] == [30_000] * 2


def test_each_further_parcel_takes_its_seconds_and_whoever_is_next_is_later_by_them(outlet):
    first, second = (make_booking(outlet, facts=some_facts(north_m=metres)) for metres in (0, 300))
    trip, before, _at = route_of(first)
    leading = first if trip.visits[0].key == first.stop_id else second

    join(leading, parcels=4)

    _trip, after, at = route_of(leading)
    later_s = 4 * JOINED_PARCEL_S
    assert at == 0
    assert after.starts_s[0] == before.starts_s[0]
    assert after.departures_s[0] == before.departures_s[0] + later_s
    assert after.arrivals_s[1] == before.arrivals_s[1] + later_s


def test_who_quotes_next_in_this_process_knows_of_it(outlet, django_capture_on_commit_callbacks):
    booking = make_booking(outlet)
    with django_capture_on_commit_callbacks(execute=True):
        join(booking)

    plan = plan_on_of(booking)
    kept = cached_snapshot(plan, now=NOW)

    assert kept is not None
    assert kept.plan == read_snapshot(plan, version=plan.version, now=NOW).plan


def test_the_depots_board_shows_one_stop_with_the_summed_load(outlet):
    join(make_booking(outlet, facts=some_facts(load_g=5_000)))

    (route,) = board_of(depot=outlet.depot, day=TOMORROW, now=NOW).routes

    assert [stop.load_g for stop in route.stops] == [12_000]
    assert route.load_g == 12_000


def test_it_is_told_once_with_both_orders(outlet):
    booking = make_booking(outlet)

    join(booking)

    event = Event.objects.get(kind="booking.joined")
    assert (event.delivery_id, event.data["order"], event.data["parcels"]) == (booking.delivery_id, "B-2", 2)
    assert event.data["price_difference_minor"] == 0
    assert event.data["opens_at"] == booking.stop.opens_at.isoformat()


def test_joining_an_order_again_changes_nothing(outlet):
    booking = make_booking(outlet)
    join(booking)
    before, version = everything(), plan_on(outlet).version

    again = join(booking, parcels=5, now=booking.change_until_at)

    assert again == booking
    assert everything() == before
    assert plan_on(outlet).version == version


def test_of_two_at_once_one_joins(outlet, monkeypatch):
    booking = make_booking(outlet)
    lock, done = DayPlanQuerySet.lock, []

    def overtaken(self, ids):
        if not done:
            done.append(True)
            join(booking)
        return lock(self, ids)

    monkeypatch.setattr(DayPlanQuerySet, "lock", overtaken)

    join(booking)

    assert Delivery.objects.get().parcel_count == 3
    assert Event.objects.filter(kind="booking.joined").count() == 1


def test_several_orders_may_join(outlet):
    booking = make_booking(outlet, order_number="A-1")

    join(booking)
    join(booking, order_number="C-3", parcels=1)

    delivery = Delivery.objects.get()
    assert orders_of(delivery) == ["A-1", "B-2", "C-3"]
    assert delivery.parcel_count == 4
    assert delivery.service_s == some_facts().service_s + 3 * JOINED_PARCEL_S


def test_the_order_it_was_booked_for_does_not_join_it(outlet):
    booking = make_booking(outlet, order_number="A-1")
    before = everything()

    with pytest.raises(OrderComesAlready):
        join(booking, order_number="A-1")

    assert everything() == before


def test_the_database_refuses_an_order_that_joins_twice(outlet):
    join(make_booking(outlet))
    row = JoinedOrder.objects.get()
    row.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_an_order_stays_with_its_own_merchant(outlet):
    other = make_network()
    theirs = make_booking(other, order_number="B-2")

    join(make_booking(outlet))

    orders = Order.objects.filter(number="B-2")
    assert {order.merchant_id for order in orders} == {outlet.merchant_id, other.merchant_id}
    assert JoinedOrder.objects.get().order.merchant_id == outlet.merchant_id
    assert not theirs.delivery.joined_orders.exists()


# Refusals leave everything as it was.


@pytest.mark.parametrize("load", [{"load_g": 96_000}, {"load_ml": 7_970_000}])
def test_a_van_without_room_refuses(outlet, load):
    facts = some_facts(load_g=5_000, load_ml=20_000)
    booking, _other = (
        make_booking(outlet, facts=facts),
        make_booking(outlet, facts=some_facts(load_g=700_000)),
    )
    before, version = everything(), plan_on(outlet).version

    with pytest.raises(VanFull) as refused:
        join(booking, **load)

    assert isinstance(refused.value, SlotTaken)
    assert everything() == before
    assert plan_on(outlet).version == version


def test_the_last_free_gram_can_be_had(outlet):
    booking = make_booking(outlet, facts=some_facts(load_g=5_000))
    make_booking(outlet, facts=some_facts(load_g=700_000))

    join(booking, load_g=95_000)

    assert Delivery.objects.get(pk=booking.delivery_id).load_g == 100_000


def test_a_held_place_counts_as_taken(outlet):
    booking = make_booking(outlet, facts=some_facts(load_g=5_000))
    make_hold(outlet, facts=some_facts(load_g=790_000))

    with pytest.raises(VanFull):
        join(booking)


def test_the_room_of_a_hold_that_ran_out_can_be_had(outlet):
    booking = make_booking(outlet, facts=some_facts(load_g=5_000))
    make_hold(outlet, facts=some_facts(load_g=790_000))

    join(booking, now=NOW + timedelta(minutes=16))

    assert Delivery.objects.get(pk=booking.delivery_id).parcel_count == 3


def test_nobody_after_it_is_made_late(outlet):
    SlotPattern.objects.filter(opens=time(12)).update(closes=time(12, 10))
    booking = make_booking(outlet, hour=10, facts=some_facts(service_s=1_200))
    last = make_booking(outlet, hour=12, facts=some_facts(north_m=-8_000))
    before = everything()

    with pytest.raises(VanFull):
        join(booking, parcels=199)  # it would leave at noon, and needs twenty minutes

    assert everything() == before
    assert Stop.objects.get(pk=last.stop_id).state == "booked"


@pytest.mark.parametrize("goods", [{"parcels": 0}, {"parcels": 200}, {"load_g": -1}, {"load_g": 1_999_000}])
def test_nothing_and_too_much_are_refused(outlet, goods):
    booking = make_booking(outlet)
    before = everything()

    with pytest.raises(BadFacts):
        join(booking, **goods)

    assert everything() == before


def test_until_the_cutoff_it_may_join_and_then_no_more(outlet):
    booking = make_booking(outlet)
    join(booking, now=booking.change_until_at - timedelta(seconds=1))

    with pytest.raises(TooLateToChange):
        join(booking, order_number="C-3", now=booking.change_until_at)

    assert JoinedOrder.objects.count() == 1


@pytest.mark.parametrize(("state", "may"), [("closed", True), ("locked", False), ("started", False)])
def test_the_days_state_decides_too(outlet, state, may):
    booking = make_booking(outlet)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state=state)

    if may:
        join(booking)
    else:
        with pytest.raises(TooLateToChange):
            join(booking)

    assert JoinedOrder.objects.exists() == may


def test_nothing_joins_what_is_cancelled_kept_or_a_pickup(outlet):
    cancelled, pickup = make_booking(outlet), make_booking(outlet, facts=some_facts(direction="in"))
    cancel_delivery(delivery=cancelled.delivery, actor="test", now=NOW)
    draft = make_hold(outlet).delivery

    for delivery in (cancelled.delivery, pickup.delivery, draft):
        with pytest.raises(NotChangeable):
            join(cancelled, delivery=delivery)

    assert not JoinedOrder.objects.exists()


# What is done to the delivery afterwards is done to all of it.


def move(booking: Booking, outlet, hour: int, facts: VisitFacts) -> Booking:
    session = a_session()
    view = ask_for(outlet, facts, session_key=session, moving=booking.delivery)
    token = token_at(view, hour)
    return reschedule_delivery(
        delivery=booking.delivery, offer_token=token, session_key=session, actor="test", now=NOW
    )


def test_a_move_takes_all_of_it_along_even_to_a_time_asked_for_before(outlet):
    booking = make_booking(outlet)
    session = a_session()
    asked = facts_now(delivery=booking.delivery, quote=booking.quote)
    token = token_at(ask_for(outlet, asked, session_key=session, moving=booking.delivery), 14)
    join(booking)

    moved = reschedule_delivery(
        delivery=booking.delivery, offer_token=token, session_key=session, actor="test", now=NOW
    )

    trip, _times, at = route_of(moved)
    assert trip.visits[at].delivered == (12_000, 50_000)
    assert trip.visits[at].service_s == some_facts().service_s + 2 * JOINED_PARCEL_S


def test_times_to_move_to_have_room_for_all_of_it(outlet):
    booking = make_booking(outlet)
    join(booking)
    delivery = Delivery.objects.get()
    facts = facts_now(delivery=delivery, quote=booking.quote)

    move(booking, outlet, 12, facts)

    assert (facts.load_g, facts.parcels) == (12_000, 3)
    assert Delivery.objects.get().load_g == 12_000


def test_cancelling_takes_all_of_it_off(outlet):
    booking = make_booking(outlet)
    join(booking)

    cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)

    assert not Stop.objects.active().exists()
    make_booking(outlet, facts=some_facts(load_g=800_000))


def test_better_routes_keep_it_whoever_came_first(outlet):
    bookings = [make_booking(outlet, facts=some_facts(north_m=m)) for m in (2_000, -2_000, 1_800, -1_800)]
    join(bookings[0])
    run = begin_improvement(plan_id=plan_on(outlet).pk, actor="test", now=NOW)
    found = solve(run)
    join(bookings[1])  # while the solver was at work

    finish_improvement(begun=run, found=found, now=NOW)

    forget_all()
    plan = snapshots_of([plan_on(outlet)], now=NOW)[0].plan
    grown = {booking.stop_id for booking in bookings[:2]}
    assert is_sound(plan)
    assert {visit.key for visit in visits_of(plan) if visit.delivered == (12_000, 50_000)} == grown
