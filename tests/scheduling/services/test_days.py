"""A day is locked, its vehicles leave and come back; each step once."""

from datetime import timedelta

import pytest

from scheduling import clock
from scheduling.errors import IllegalMove, NotChangeable, NotOnTheRoad
from scheduling.invariants import breaches
from scheduling.models import Attempt, Booking, DayPlan, Delivery, Event, Route, Stop
from scheduling.selectors.again import may_choose_again
from scheduling.selectors.shopper import facts_now
from scheduling.services.bookings import reschedule_delivery
from scheduling.services.coming_back import end_route
from scheduling.services.days import (
    finish_route,
    lock_plan,
    plans_to_finish,
    plans_to_lock,
    start_route,
)
from scheduling.services.handing_over import Handover, settle_stop
from scheduling.services.plans import close_plan
from scheduling.tasks import finish_days, lock_plans
from tests.factories import (
    NOW,
    TOMORROW,
    ask_for,
    make_booking,
    make_network,
    plan_on,
    some_facts,
    start_day,
    token_at,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking():
    return make_booking(make_network())


def kinds():
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def test_a_day_is_locked_once_it_is_closed(booking):
    plan = booking.stop.route.shift.plan
    with pytest.raises(IllegalMove):
        lock_plan(plan_id=plan.pk, actor="test", now=NOW)
    close_plan(plan_id=plan.pk, now=NOW)

    for _time in range(2):
        lock_plan(plan_id=plan.pk, actor="test", now=NOW)

    plan.refresh_from_db()
    assert plan.state == DayPlan.State.LOCKED
    assert Route.objects.get(pk=booking.stop.route_id).state == Route.State.LOADED
    assert Route.objects.exclude(pk=booking.stop.route_id).filter(state=Route.State.LOADED).count() == 0
    assert kinds().count("plan.locked") == 1


def test_nothing_leaves_before_its_day_is_locked(booking):
    with pytest.raises(IllegalMove):
        start_route(route_id=booking.stop.route_id, actor="test", now=NOW)


def test_what_a_vehicle_brings_is_on_board_once_it_has_left(booking):
    [route] = start_day(booking.stop.route.shift.plan)
    start_route(route_id=route.pk, actor="test", now=route.started_at)

    booking.delivery.refresh_from_db()
    assert booking.delivery.state == "on_board"
    assert [kinds().count(kind) for kind in ("plan.started", "route.started", "delivery.on_the_way")] == [
        1
    ] * 3


def test_a_route_with_stops_left_does_not_end_and_the_last_ends_the_day(booking):
    [route] = start_day(booking.stop.route.shift.plan)
    with pytest.raises(NotOnTheRoad):
        finish_route(route_id=route.pk, actor="test", now=route.started_at)
    handover = Handover(outcome="handed_over", happened_at=booking.stop.opens_at)
    settle_stop(stop_id=booking.stop_id, handover=handover, actor="test", now=booking.stop.opens_at)

    finish_route(route_id=route.pk, actor="test", now=booking.stop.closes_at)

    assert plan_on(booking.quote.merchant.outlets.get()).state == DayPlan.State.FINISHED
    assert kinds()[-1] == "plan.finished"


def test_what_could_not_be_handed_over_is_back_with_its_vehicle(booking):
    [route] = start_day(booking.stop.route.shift.plan)
    miss(booking)

    finish_route(route_id=route.pk, actor="test", now=booking.stop.closes_at)
    finish_route(route_id=route.pk, actor="test", now=booking.stop.closes_at)

    booking.delivery.refresh_from_db()
    assert booking.delivery.state == "at_depot"
    assert Event.objects.get(kind="delivery.back_at_depot").data == {"tries": 1, "tries_left": 1}
    assert kinds().count("route.finished") == 1


def test_who_was_not_reached_is_told_and_may_choose_again(booking):
    [route] = start_day(booking.stop.route.shift.plan)

    end_route(route_id=route.pk, actor="test", now=booking.stop.closes_at)
    end_route(route_id=route.pk, actor="test", now=booking.stop.closes_at)

    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.reason) == ("not_possible", "not_reached")
    assert Event.objects.get(kind="delivery.missed").data["reason"] == "not_reached"
    assert may_choose_again(Booking.objects.get())
    assert list(breaches()) == []


def test_it_comes_again_at_a_time_its_customer_chooses(booking):
    """The old stop is replaced, the new one booked, the ledger grows; what was driven in vain stays so."""
    outlet, now = booking.delivery.merchant.outlets.get(), booking.stop.closes_at
    [route] = start_day(booking.stop.route.shift.plan)
    miss(booking)
    with pytest.raises(NotChangeable):  # it is still on the vehicle
        again(booking, outlet, now=now)
    finish_route(route_id=route.pk, actor="test", now=now)

    moved = again(booking, outlet, now=now)

    booking.delivery.refresh_from_db()
    old = booking.stop
    old.refresh_from_db()
    assert (old.state, moved.stop.state, booking.delivery.state) == ("replaced", "booked", "confirmed")
    assert moved.stop.opens_at.date() == TOMORROW + timedelta(days=1)
    assert list(booking.delivery.promises.values_list("number", "cause")) == [(1, "confirmed"), (2, "moved")]
    assert old.attempt.outcome == "not_possible"
    assert list(breaches()) == []


def test_after_as_many_tries_as_its_shop_wants_it_goes_back_to_it(booking):
    outlet, merchant = booking.delivery.merchant.outlets.get(), booking.delivery.merchant
    assert merchant.most_attempts == 2
    for day in range(2):
        booking = Booking.objects.select_related("stop__route__shift__plan__depot", "delivery").get()
        now = booking.stop.closes_at
        [route] = start_day(booking.stop.route.shift.plan)
        miss(booking)
        finish_route(route_id=route.pk, actor="test", now=now)
        if day == 0:
            again(booking, outlet, now=now)

    booking.delivery.refresh_from_db()
    assert booking.delivery.state == "returned"
    assert Event.objects.get(kind="delivery.returned").data == {"tries": 2}
    with pytest.raises(NotChangeable):
        again(booking, outlet, now=now)
    assert list(breaches()) == []


def test_a_pickup_in_vain_may_be_chosen_again_at_once():
    outlet = make_network()
    booking = make_booking(outlet, facts=some_facts(direction="in"))
    now = booking.stop.closes_at
    start_day(booking.stop.route.shift.plan)
    miss(booking)

    moved = again(booking, outlet, now=now)

    assert moved.delivery.state == "confirmed"
    assert list(breaches()) == []


def test_a_locked_day_takes_pickups_and_no_deliveries():
    outlet = make_network()
    make_booking(outlet)
    plan = plan_on(outlet)
    close_plan(plan_id=plan.pk, now=NOW)
    assert not open_at(outlet, some_facts(direction="in"))
    lock_plan(plan_id=plan.pk, actor="test", now=NOW)

    assert open_at(outlet, some_facts(direction="in"))
    assert not open_at(outlet, some_facts())


def test_a_day_is_locked_by_the_clock_before_its_first_vehicle_leaves(booking):
    plan = booking.stop.route.shift.plan
    leaves_at = booking.stop.route.shift.starts_at
    before = timedelta(minutes=45)
    assert plans_to_lock(now=leaves_at, before=before) == []  # it is still open
    close_plan(plan_id=plan.pk, now=NOW)

    assert plans_to_lock(now=leaves_at - timedelta(minutes=46), before=before) == []
    assert plans_to_lock(now=leaves_at - before, before=before) == [plan.pk]
    clock.set_source(lambda: leaves_at - before)
    try:
        assert (lock_plans(), lock_plans()) == (1, 0)
    finally:
        clock.set_source(None)


def test_a_day_ends_by_the_clock_when_its_last_stop_left():
    """Whoever was still to be served was cancelled: no vehicle comes back to say so."""
    outlet = make_network(vans=2)
    booking, other = make_booking(outlet), make_booking(outlet, hour=14)
    plan = plan_on(outlet)
    elsewhere = Route.objects.filter(shift__plan=plan).exclude(pk=booking.stop.route_id).get()
    Stop.objects.filter(pk=other.stop_id).update(route=elsewhere)
    start_day(plan)
    Route.objects.filter(pk=elsewhere.pk).update(state=Route.State.LOADED)
    handover = Handover(outcome="handed_over", happened_at=booking.stop.opens_at)
    settle_stop(stop_id=booking.stop_id, handover=handover, actor="test", now=booking.stop.opens_at)
    finish_route(route_id=booking.stop.route_id, actor="test", now=booking.stop.closes_at)
    assert plans_to_finish() == []
    Stop.objects.filter(pk=other.stop_id).update(state=Stop.State.CANCELLED)

    assert plans_to_finish() == [plan.pk]
    clock.set_source(lambda: booking.stop.closes_at)
    try:
        assert (finish_days(), finish_days()) == (1, 0)
    finally:
        clock.set_source(None)
    assert plan_on(outlet).state == DayPlan.State.FINISHED


def miss(booking) -> None:
    at = booking.stop.opens_at
    handover = Handover(outcome="not_possible", reason="nobody_home", happened_at=at)
    settle_stop(stop_id=booking.stop_id, handover=handover, actor="shift:1", now=at)


def again(booking, outlet, *, now):
    delivery = Delivery.objects.select_related("merchant", "address").get(pk=booking.delivery_id)
    facts = facts_now(delivery=delivery, quote=booking.quote)
    view = ask_for(outlet, facts, session_key="again", now=now, moving=delivery)
    day = now.date() + timedelta(days=1)
    return reschedule_delivery(
        delivery=delivery,
        offer_token=token_at(view, 14, day),
        session_key="again",
        actor="link:1",
        now=now,
    )


def open_at(outlet, facts) -> bool:
    return any(o.available for day in ask_for(outlet, facts).days for o in day.offers if day.date == TOMORROW)
