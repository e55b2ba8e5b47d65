"""Confirming, moving, cancelling: whole or not at all, once or never."""

from datetime import time, timedelta

import pytest
from django.db import IntegrityError, transaction

from scheduling.errors import CutoffPassed, HoldEnded, NotChangeable, OfferForged, SlotTaken, TooLateToChange
from scheduling.facts import VisitFacts
from scheduling.invariants import breaches
from scheduling.models import Blackout, Booking, DayPlan, Delivery, Event, Order, Promise, SlotPattern, Stop
from scheduling.models.plans import DayPlanQuerySet
from scheduling.selectors.board import board_of
from scheduling.services.bookings import cancel_delivery, confirm_hold, reschedule_delivery
from scheduling.services.holds import extend_hold, release_hold
from tests.factories import (
    LATER,
    NOW,
    TOMORROW,
    a_session,
    answer_at,
    ask_for,
    make_booking,
    make_hold,
    make_network,
    plan_on,
    some_contact,
    some_facts,
    token_at,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_broken():
    """Whatever a test here does, the database stays true."""
    yield
    assert list(breaches()) == []


def confirm(hold, **values):
    return confirm_hold(
        **{"hold": hold, "contact": some_contact(), "order_number": "A-1", "actor": "test", "now": NOW}
        | values
    )


def move(booking, outlet, hour, day=TOMORROW, now=NOW):
    delivery, session = booking.delivery, a_session()
    view = ask_for(outlet, facts_of(booking), session_key=session, moving=delivery, now=now)
    return reschedule_delivery(
        delivery=delivery,
        offer_token=token_at(view, hour, day),
        session_key=session,
        actor="test",
        now=now,
    )


def facts_of(booking):
    return VisitFacts.from_json(booking.quote.facts)


def test_confirming_makes_a_booking_with_its_first_promise():
    hold = make_hold(make_network())

    booking = confirm(hold)

    assert booking.stop.state == "booked"
    assert booking.delivery.state == "confirmed"
    assert booking.delivery.order == Order.objects.get(number="A-1")
    assert booking.price_minor == hold.price_minor
    assert booking.delivery.parcels.count() == 1
    promise = Promise.objects.get()
    assert (promise.number, promise.opens_at) == (1, booking.stop.opens_at)


def test_confirming_twice_books_once():
    hold = make_hold(make_network())

    assert confirm(hold) == confirm(hold)
    assert Booking.objects.count() == 1
    assert Event.objects.filter(kind="booking.confirmed").count() == 1


def test_a_hold_that_ran_out_is_confirmed_if_its_time_is_free():
    hold = make_hold(make_network())

    booking = confirm(hold, now=LATER)

    assert booking.stop.state == "booked"
    assert Stop.objects.filter(state="lapsed").count() == 1


def test_a_hold_that_ran_out_is_refused_if_its_time_is_gone():
    outlet = make_network(vans=1, hours=(10,))
    hold = make_hold(outlet, facts=some_facts(load_g=700_000))
    make_booking(outlet, facts=some_facts(load_g=700_000), now=LATER)

    with pytest.raises(SlotTaken):
        confirm(hold, now=LATER)

    assert Delivery.objects.get(pk=hold.delivery.pk).state == "lapsed"


def test_a_hold_given_back_cannot_be_confirmed():
    hold = make_hold(make_network())
    release_hold(hold=hold, actor="test", now=NOW)

    with pytest.raises(HoldEnded):
        confirm(hold)


def test_a_live_hold_may_still_be_confirmed_after_its_cutoff():
    outlet = make_network()
    just_before = answer_at(ask_for(outlet), 10).cutoff_at - timedelta(minutes=1)
    hold = make_hold(outlet, now=just_before)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state="closed")

    booking = confirm(hold, now=just_before + timedelta(minutes=5))

    assert booking.stop.state == "booked"


def test_a_locked_plan_confirms_nothing():
    outlet = make_network()
    hold = make_hold(outlet)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state="locked")

    with pytest.raises(TooLateToChange):
        confirm(hold)


def test_moving_to_another_day_replaces_the_stop_and_adds_a_promise():
    outlet = make_network()
    booking = make_booking(outlet)

    moved = move(booking, outlet, 14, TOMORROW + timedelta(days=2))

    assert Stop.objects.get(pk=booking.stop.pk).state == "replaced"
    assert moved.stop.state == "booked"
    assert [p.cause for p in Promise.objects.order_by("number")] == ["confirmed", "moved"]
    event = Event.objects.get(kind="booking.moved")
    assert event.data["from_opens_at"] == booking.stop.opens_at.isoformat()
    assert Stop.objects.of_plan(plan_on(outlet)).active().count() == 0


def test_moving_within_a_day_bumps_the_plan_once():
    outlet = make_network()
    booking = make_booking(outlet)
    version = plan_on(outlet).version

    moved = move(booking, outlet, 16)

    assert plan_on(outlet).version == version + 1
    assert moved.stop.opens_at > booking.stop.opens_at


def test_a_move_is_offered_as_if_the_present_stop_were_gone():
    outlet = make_network(vans=1, hours=(10, 12))
    booking = make_booking(outlet, facts=some_facts(load_g=700_000))

    moved = move(booking, outlet, 12)

    assert moved.stop.opens_at.hour == 10  # 12:00 in Helsinki


def test_moving_twice_with_one_offer_moves_once():
    outlet = make_network()
    booking = make_booking(outlet)
    session = a_session()
    token = token_at(ask_for(outlet, facts_of(booking), session_key=session, moving=booking.delivery), 14)
    for _i in range(2):
        reschedule_delivery(
            delivery=booking.delivery, offer_token=token, session_key=session, actor="test", now=NOW
        )

    assert Promise.objects.count() == 2


def test_an_offer_for_one_delivery_moves_no_other():
    outlet = make_network()
    booking, other = make_booking(outlet), make_booking(outlet)
    session = a_session()
    token = token_at(ask_for(outlet, facts_of(booking), session_key=session, moving=booking.delivery), 14)

    with pytest.raises(OfferForged):
        reschedule_delivery(
            delivery=other.delivery, offer_token=token, session_key=session, actor="test", now=NOW
        )


def test_a_shoppers_offer_moves_nothing():
    outlet = make_network()
    booking = make_booking(outlet)
    session = a_session()
    token = token_at(ask_for(outlet, session_key=session), 14)

    with pytest.raises(OfferForged):
        reschedule_delivery(
            delivery=booking.delivery, offer_token=token, session_key=session, actor="test", now=NOW
        )


def test_after_the_cutoff_a_booking_stays_where_it_is():
    outlet = make_network(days=8)
    booking = make_booking(outlet)

    with pytest.raises(TooLateToChange):
        move(booking, outlet, 14, TOMORROW + timedelta(days=3), now=booking.change_until_at)

    assert Stop.objects.booked().count() == 1


@pytest.mark.parametrize("state", ["closed", "locked"])
def test_it_may_be_cancelled_until_the_day_starts(state):
    outlet = make_network()
    booking = make_booking(outlet)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state=state)

    cancel_delivery(delivery=booking.delivery, actor="test", now=booking.change_until_at)

    assert not Stop.objects.active().exists()


def test_a_started_day_cancels_nothing():
    outlet = make_network()
    booking = make_booking(outlet)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state="started")

    with pytest.raises(TooLateToChange):
        cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)


def test_two_cancels_at_once_are_one(monkeypatch):
    booking = make_booking(make_network())
    lock, done = DayPlanQuerySet.lock, []

    def overtaken(self, ids):
        if not done:
            done.append(True)
            cancel_delivery(delivery=booking.delivery, actor="first", now=NOW)
        return lock(self, ids)

    monkeypatch.setattr(DayPlanQuerySet, "lock", overtaken)

    assert cancel_delivery(delivery=booking.delivery, actor="second", now=NOW).state == "cancelled"
    assert Event.objects.filter(kind="booking.cancelled").count() == 1


def test_moves_within_a_day_respect_the_cap_of_a_slot():
    outlet = make_network()
    SlotPattern.objects.update(cap=1)
    first, second = make_booking(outlet, hour=10), make_booking(outlet, hour=12)
    sessions = a_session(), a_session()
    tokens = [
        token_at(ask_for(outlet, facts_of(each), session_key=session, moving=each.delivery), 16)
        for each, session in zip((first, second), sessions, strict=True)
    ]

    def go(each, session, token):
        reschedule_delivery(
            delivery=each.delivery, offer_token=token, session_key=session, actor="test", now=NOW
        )

    go(first, sessions[0], tokens[0])
    with pytest.raises(SlotTaken):
        go(second, sessions[1], tokens[1])

    assert Stop.objects.booked().count() == 2


def test_ones_own_booking_does_not_use_up_the_cap_when_moving():
    outlet = make_network(daily_cap=1)
    booking = make_booking(outlet)

    moved = move(booking, outlet, 14)

    assert moved.stop.opens_at.hour == 12  # 14:00 in Helsinki


def test_a_hold_that_ran_out_is_checked_against_todays_rules():
    outlet = make_network(days=8)
    hold = make_hold(outlet, day=TOMORROW + timedelta(days=5))
    Blackout.objects.create(depot=outlet.depot, first_date=TOMORROW, last_date=TOMORROW + timedelta(days=6))

    with pytest.raises(SlotTaken):
        confirm(hold, now=LATER)

    assert not Booking.objects.exists()


def test_a_hold_that_ran_out_long_ago_is_gone():
    hold = make_hold(make_network(days=8), day=TOMORROW + timedelta(days=5))

    with pytest.raises(HoldEnded):
        confirm(hold, now=NOW + timedelta(hours=3))

    assert not Booking.objects.exists()


def test_goods_that_can_no_longer_be_packed_are_not_promised():
    outlet = make_network(lead_time_minutes=9 * 60)
    hold = make_hold(outlet, hour=10, day=TOMORROW, now=NOW - timedelta(hours=1))

    with pytest.raises(SlotTaken):
        confirm(hold, now=NOW + timedelta(minutes=50))

    assert not Booking.objects.exists()


def same_day(outlet):
    """Let the noon slot be chosen until it opens."""
    SlotPattern.objects.update(cutoff_days_before=0, cutoff_time=time(8))
    SlotPattern.objects.filter(opens=time(12)).update(cutoff_time=time(12))


def test_a_window_that_has_begun_is_promised_to_nobody():
    outlet = make_network()
    same_day(outlet)
    just_before = NOW.replace(day=24, minute=50)  # 11:50 in Helsinki
    hold = make_hold(outlet, hour=12, now=just_before)

    extended = extend_hold(hold=hold, actor="test", now=just_before + timedelta(minutes=5))
    with pytest.raises(CutoffPassed):
        confirm(extended, now=just_before + timedelta(minutes=11))

    assert extended.expires_at == hold.stop.opens_at


def test_a_started_plan_keeps_its_bookings():
    outlet = make_network(days=8)
    booking = make_booking(outlet)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state="started")

    with pytest.raises(TooLateToChange):
        move(booking, outlet, 14, TOMORROW + timedelta(days=3))


def test_a_closed_plan_lets_its_own_bookings_move_out_but_takes_none_in():
    outlet = make_network()
    leaving, coming = make_booking(outlet), make_booking(outlet, day=TOMORROW + timedelta(days=1))
    session = a_session()
    token = token_at(ask_for(outlet, facts_of(coming), session_key=session, moving=coming.delivery), 14)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state="closed")

    moved = move(leaving, outlet, 14, TOMORROW + timedelta(days=2))
    with pytest.raises(CutoffPassed):
        reschedule_delivery(
            delivery=coming.delivery, offer_token=token, session_key=session, actor="test", now=NOW
        )

    assert moved.stop.state == "booked"


def test_cancelling_frees_the_place_and_bears_repetition():
    outlet = make_network()
    booking = make_booking(outlet)

    first = cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)
    second = cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)

    assert first == second
    assert not Stop.objects.active().exists()
    assert Event.objects.filter(kind="booking.cancelled").count() == 1
    assert Delivery.objects.get(pk=booking.delivery.pk).state == "cancelled"


def test_what_is_cancelled_cannot_be_moved():
    outlet = make_network()
    booking = make_booking(outlet)
    cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)

    with pytest.raises(NotChangeable):
        move(booking, outlet, 14)


def test_a_draft_cannot_be_cancelled():
    hold = make_hold(make_network())

    with pytest.raises(NotChangeable):
        cancel_delivery(delivery=hold.delivery, actor="test", now=NOW)


def test_the_database_refuses_a_second_booked_stop():
    booking = make_booking(make_network())
    stop = Stop.objects.get(pk=booking.stop.pk)
    stop.pk, stop.position = None, stop.position + 1

    with pytest.raises(IntegrityError), transaction.atomic():
        stop.save()


def test_two_orders_with_one_number_share_the_order_of_their_merchant_only():
    outlet, other = make_network(), make_network()
    bookings = [make_booking(where, order_number="7") for where in (outlet, outlet, other)]

    orders = {booking.delivery.order_id for booking in bookings}

    assert len(orders) == 2


def test_the_depots_board_shows_what_was_moved():
    outlet = make_network()
    moved = move(make_booking(outlet), outlet, 14)

    board = board_of(depot=outlet.depot, day=TOMORROW, now=NOW)

    assert [stop.added_m for route in board.routes for stop in route.stops] == [moved.added_m]
