"""It will be late: the promise moves by its customer's act alone, and dispatch hears what they said."""

from datetime import date, timedelta

import pytest

from scheduling import events
from scheduling.errors import NotChangeable, TooLateToChange
from scheduling.facts import SafePlace
from scheduling.invariants import breaches
from scheduling.models import Booking, DayException, DayPlan, Delivery, Event, Expected, Promise, Stop
from scheduling.selectors.again import may_answer_late
from scheduling.selectors.shopper import facts_now
from scheduling.services.answering import keep_late
from scheduling.services.bookings import reschedule_delivery
from scheduling.services.coming_back import end_route
from scheduling.services.days import start_route
from scheduling.services.doors import change_safe_place
from scheduling.services.exceptions import look
from scheduling.services.handing_over import Handover, arrive, settle_stop
from scheduling.services.plans import close_plan
from tests.factories import NOW, a_session, ask_for, make_booking, make_network, start_day, token_at

pytestmark = pytest.mark.django_db
THURSDAY = date(2026, 11, 26)
HOUR = timedelta(hours=1)


@pytest.fixture
def late():
    """A booking whose van is out and an hour behind."""
    return make_late(make_booking(make_network()))


def make_late(booking: Booking, by: timedelta = HOUR) -> Booking:
    start_day(booking.stop.route.shift.plan)
    events.relay(now=now_of(booking))  # whoever expects anything of the van's start has done so
    at, now = booking.stop.closes_at + by, now_of(booking)
    known = {"from_at": at, "at": at, "until_at": at, "made_at": now, "late_since": now}
    Expected.objects.update_or_create(stop=booking.stop, defaults=known)
    DayException.objects.create(
        plan=booking.stop.route.shift.plan,
        stop=booking.stop,
        kind="late",
        breaks_at=booking.stop.closes_at,
        raised_at=now_of(booking),
    )
    return Booking.objects.select_related("delivery", "quote", "stop__route__shift__plan").get(pk=booking.pk)


def now_of(booking: Booking):
    return booking.stop.opens_at


def move(booking: Booking, *, hour: int = 14, day: date = THURSDAY, actor: str = "link:x"):
    session, now = a_session(), now_of(booking)
    view = ask_for(
        booking.stop.route.shift.plan.depot.outlets.get(),
        facts_now(delivery=booking.delivery, quote=booking.quote),
        moving=booking.delivery,
        session_key=session,
        now=now,
    )
    return reschedule_delivery(
        delivery=booking.delivery,
        offer_token=token_at(view, hour, day),
        session_key=session,
        actor=actor,
        now=now,
    )


def answers() -> list[str]:
    events = Event.objects.filter(kind="delivery.late_answered").order_by("pk")
    return [event.data["answer"] for event in events]


def test_its_customer_moves_it_while_the_van_is_out(late):
    old = late.stop

    moved = move(late)

    assert moved.stop.opens_at.date() == THURSDAY
    assert Stop.objects.get(pk=old.pk).state == Stop.State.REPLACED
    delivery = Delivery.objects.get(pk=late.delivery_id)
    assert delivery.state == Delivery.State.CONFIRMED
    assert answers() == ["moved"]
    raised = DayException.objects.order_by("pk").values_list("kind", "stop", "settled_by")
    assert list(raised) == [("late", old.pk, "link:x"), ("came_back", old.pk, "")]
    assert list(breaches()) == []


def test_it_costs_no_more_than_it_did_and_less_where_the_other_time_does(late):
    Booking.objects.filter(pk=late.pk).update(price_minor=100)
    late.refresh_from_db()
    assert move(late).price_minor == 100


def test_its_van_ends_the_day_without_it_and_the_new_one_brings_it(late):
    route_id = late.stop.route_id
    moved = move(late)
    end_route(route_id=route_id, actor="t", now=now_of(late) + HOUR)

    start_day(DayPlan.objects.get(shifts__routes=moved.stop.route_id))

    assert Delivery.objects.get(pk=late.delivery_id).state == Delivery.State.ON_BOARD


def test_who_waits_keeps_the_promise_and_is_heard_once(late):
    promises = Promise.objects.count()

    for _time in range(2):
        keep_late(delivery=late.delivery, actor="link:x", now=now_of(late))

    assert answers() == ["keep"]
    assert Promise.objects.count() == promises
    assert DayException.objects.get(kind="late").settled_by == "link:x"


def test_dispatch_is_not_told_again_of_what_was_answered(late):
    plan = late.stop.route.shift.plan
    DayException.objects.all().delete()  # they were quicker than whoever looks

    keep_late(delivery=late.delivery, actor="link:x", now=now_of(late))
    look(plan_id=plan.pk, now=now_of(late))

    assert not DayException.objects.filter(settled_at=None).exists()


def test_who_waited_may_still_choose_another_time(late):
    keep_late(delivery=late.delivery, actor="link:x", now=now_of(late))

    move(late)

    assert answers() == ["keep", "moved"]


def test_it_may_be_left_somewhere_though_the_van_is_out(late):
    change_safe_place(delivery=late.delivery, place=SafePlace("porch"), actor="link:x", now=now_of(late))

    assert Delivery.objects.get(pk=late.delivery_id).safe_place == "porch"
    assert answers() == ["place"]


def test_what_is_not_late_moves_no_more_once_the_van_is_out():
    booking = make_booking(make_network())
    start_day(booking.stop.route.shift.plan)
    booking = Booking.objects.select_related("delivery", "quote", "stop__route__shift__plan").get()

    with pytest.raises(NotChangeable):
        keep_late(delivery=booking.delivery, actor="link:x", now=now_of(booking))
    with pytest.raises((NotChangeable, TooLateToChange)):
        move(booking)
    with pytest.raises((NotChangeable, TooLateToChange)):
        change_safe_place(delivery=booking.delivery, place=SafePlace("porch"), actor="x", now=now_of(booking))


def test_once_the_driver_is_there_nothing_moves(late):
    arrive(stop_id=late.stop_id, at=now_of(late), actor="driver", now=now_of(late))

    late.stop.refresh_from_db()
    assert not may_answer_late(late, late.stop.route.shift.plan)
    with pytest.raises((NotChangeable, TooLateToChange)):
        move(late)


def test_others_of_the_route_stay_where_they_are():
    outlet = make_network()
    first, second = make_booking(outlet), make_booking(outlet)
    late = make_late(first)
    before = Stop.objects.get(pk=second.stop_id)

    move(late)

    after = Stop.objects.get(pk=second.stop_id)
    assert (after.route_id, after.state, after.opens_at) == (before.route_id, "booked", before.opens_at)
    settle_stop(
        stop_id=second.stop_id,
        handover=Handover(outcome="handed_over", happened_at=now_of(late)),
        actor="driver",
        now=now_of(late),
    )
    assert list(breaches()) == []


def test_one_that_is_loaded_and_not_out_yet_moves_too():
    booking = make_booking(make_network())
    plan = booking.stop.route.shift.plan
    close_plan(plan_id=plan.pk, now=NOW)
    from scheduling.services.days import lock_plan

    lock_plan(plan_id=plan.pk, actor="t", now=NOW)
    at = booking.stop.closes_at + HOUR
    Expected.objects.create(stop=booking.stop, from_at=at, at=at, until_at=at, made_at=NOW, late_since=NOW)
    late = Booking.objects.select_related("delivery", "quote", "stop__route__shift__plan").get()

    move(late)

    assert Delivery.objects.get().state == Delivery.State.CONFIRMED
    assert start_route  # its van may leave without it
    assert list(breaches()) == []
