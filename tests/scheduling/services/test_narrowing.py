"""Flexible windows: cheaper by the routes, then exact the evening before, always inside what was promised."""

from datetime import time, timedelta
from random import Random

import pytest
from django.core.exceptions import ValidationError

from scheduling import tasks
from scheduling.invariants import breaches
from scheduling.models import Booking, DayPlan, Event, Promise, SlotPattern, Stop
from scheduling.routing.schedule import schedule
from scheduling.selectors.plans import plans_to_narrow
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from scheduling.services.improvements import begin_improvement, finish_improvement, solve
from scheduling.services.narrowing import Span, narrow_promises
from scheduling.services.plans import close_plan
from scheduling.snapshots import forget_all, snapshots_of
from tests.factories import (
    NOW,
    a_session,
    answer_at,
    ask_for,
    make_booking,
    make_network,
    plan_on,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]
EVENING = NOW + timedelta(hours=8)
TWO_HOURS = 2 * 3600


@pytest.fixture
def outlet():
    made = make_network(vans=2, hours=(10, 12, 14, 16))
    SlotPattern.objects.create(
        outlet=made, opens=time(8), closes=time(18), base_price_minor=290, narrowed_to_minutes=120
    )
    return made


def some_place(random: Random):
    return some_facts(north_m=random.uniform(-5_000, 5_000), east_m=random.uniform(-5_000, 5_000))


def close(outlet) -> DayPlan:
    close_plan(plan_id=plan_on(outlet).pk, now=EVENING)
    return plan_on(outlet)


def narrow(outlet, now=EVENING) -> int:
    return narrow_promises(plan_id=plan_on(outlet).pk, actor="clock", now=now)


def latest(booking: Booking) -> Promise:
    return booking.delivery.promises.latest("number")


# The offer


def test_a_flexible_time_says_what_will_be_left_of_it_and_costs_no_more_driving(outlet):
    view = ask_for(outlet)

    flexible, fixed = answer_at(view, 8), answer_at(view, 12)

    assert (flexible.narrows_to_s, fixed.narrows_to_s) == (TWO_HOURS, 0)
    assert flexible.added_m <= fixed.added_m
    assert flexible.price_minor < fixed.price_minor


def test_a_booking_remembers_what_was_agreed(outlet):
    assert make_booking(outlet, hour=8).narrows_to_s == TWO_HOURS
    assert make_booking(outlet, hour=12).narrows_to_s == 0


def test_a_window_no_longer_than_what_is_left_of_it_is_not_flexible(outlet):
    SlotPattern.objects.filter(opens=time(12)).update(narrowed_to_minutes=120)

    assert answer_at(ask_for(outlet), 12).narrows_to_s == 0


@pytest.mark.parametrize("minutes", [5, 2_000])
def test_what_is_left_is_half_an_hour_at_least(outlet, minutes):
    pattern = SlotPattern.objects.get(opens=time(8))
    pattern.narrowed_to_minutes = minutes

    with pytest.raises(ValidationError):
        pattern.full_clean()


# Narrowing


def test_each_becomes_a_part_of_itself_where_its_route_comes_by(outlet):
    random = Random(3)
    made = [make_booking(outlet, hour=8, facts=some_place(random)) for _ in range(6)]
    fixed = make_booking(outlet, hour=12, facts=some_place(random))
    close(outlet)

    assert narrow(outlet) == 6

    for booking in made:
        booking.refresh_from_db()
        stop, first = booking.stop, booking.delivery.promises.get(number=1)
        assert stop.closes_at - stop.opens_at == timedelta(hours=2)
        assert first.opens_at <= stop.opens_at < stop.closes_at <= first.closes_at
        assert (latest(booking).opens_at, latest(booking).cause) == (stop.opens_at, "narrowed")
        assert booking.narrowed_at == EVENING
    assert fixed.delivery.promises.count() == 1
    assert list(breaches()) == []


def test_the_routes_stay_as_they_are_and_keep_what_is_left(outlet):
    random = Random(4)
    for hour in (8, 8, 10, 8, 14, 8):
        make_booking(outlet, hour=hour, facts=some_place(random))
    (before,) = snapshots_of([close(outlet)], now=EVENING)
    starts = [times.starts_s for shift in before.plan.shifts for times in schedule(shift)]

    narrow(outlet)

    forget_all()
    (after,) = snapshots_of([plan_on(outlet)], now=EVENING)
    assert [times.starts_s for shift in after.plan.shifts for times in schedule(shift)] == starts
    assert list(breaches()) == []


def test_whoever_waits_hears_of_it_once(outlet):
    booking = make_booking(outlet, hour=8)
    close(outlet)

    narrow(outlet)
    narrow(outlet)

    event = Event.objects.get(kind="promise.narrowed")
    booking.refresh_from_db()
    assert event.delivery == booking.delivery
    assert event.data["opens_at"] == booking.stop.opens_at.isoformat()
    assert event.data["from_opens_at"] == booking.delivery.promises.get(number=1).opens_at.isoformat()
    assert Promise.objects.filter(cause="narrowed").count() == 1


def test_an_open_day_and_one_on_the_road_are_left_alone(outlet):
    make_booking(outlet, hour=8)
    assert narrow(outlet) == 0

    DayPlan.objects.update(state=DayPlan.State.STARTED)
    assert narrow(outlet) == 0
    assert not Event.objects.filter(kind="promise.narrowed").exists()


def test_who_cancelled_or_moved_to_a_fixed_time_hears_nothing(outlet):
    gone, moved = make_booking(outlet, hour=8), make_booking(outlet, hour=8)
    cancel_delivery(delivery=gone.delivery, actor="test", now=NOW)
    session = a_session()
    view = ask_for(outlet, session_key=session, moving=moved.delivery)
    reschedule_delivery(
        delivery=moved.delivery, offer_token=token_at(view, 14), session_key=session, actor="test", now=NOW
    )
    close(outlet)

    assert narrow(outlet) == 0


def test_who_moves_away_and_back_is_narrowed_again(outlet):
    booking = make_booking(outlet, hour=12)
    session = a_session()
    view = ask_for(outlet, session_key=session, moving=booking.delivery)
    reschedule_delivery(
        delivery=booking.delivery, offer_token=token_at(view, 8), session_key=session, actor="test", now=NOW
    )
    close(outlet)

    assert narrow(outlet) == 1
    assert list(breaches()) == []


@pytest.mark.parametrize(
    ("around_s", "expected"),
    [
        (8 * 3600, (8 * 3600, 10 * 3600)),  # at its very beginning
        (12 * 3600, (11 * 3600 + 15 * 60, 13 * 3600 + 15 * 60)),  # a third before, from a quarter on
        (18 * 3600 - 1, (16 * 3600, 18 * 3600)),  # at its very end
    ],
)
def test_what_is_left_holds_the_moment(around_s, expected):
    span = Span(8 * 3600, 18 * 3600)

    found = span.narrowed(to_s=TWO_HOURS, around_s=around_s)

    assert (found.opens_s, found.closes_s) == expected
    assert found.opens_s <= around_s < found.closes_s


def test_a_span_shorter_than_what_is_left_stays():
    assert Span(0, 100).narrowed(to_s=200, around_s=50) == Span(0, 100)


def test_every_moment_of_odd_windows_is_held():
    random = Random(5)
    for _ in range(500):
        opens = random.randrange(0, 80_000)
        span = Span(opens, opens + random.randrange(1_801, 40_000))
        around = random.randrange(span.opens_s, span.closes_s)
        found = span.narrowed(to_s=random.randrange(1_800, 20_000), around_s=around)
        assert span.opens_s <= found.opens_s <= around < found.closes_s <= span.closes_s


# When


def test_the_solver_has_its_last_word_first(outlet, monkeypatch):
    make_booking(outlet, hour=8)
    make_booking(outlet, hour=10, facts=some_facts(north_m=3_000))
    plan = close(outlet)
    assert plans_to_narrow(now=EVENING) == []

    run = begin_improvement(plan_id=plan.pk, actor="test", now=EVENING)
    assert plans_to_narrow(now=EVENING) == []
    finish_improvement(begun=run, found=solve(run), now=EVENING)
    assert plans_to_narrow(now=EVENING) == [plan.pk]


def test_where_no_solver_comes_it_is_not_waited_for(outlet):
    make_booking(outlet, hour=8)
    plan = close(outlet)

    assert plans_to_narrow(now=EVENING + timedelta(minutes=10)) == [plan.pk]


def test_the_task_does_it_and_then_finds_nothing_more(outlet, monkeypatch):
    make_booking(outlet, hour=8)
    close(outlet)
    monkeypatch.setattr(tasks.clock, "now", lambda: EVENING + timedelta(minutes=11))

    assert tasks.narrow_promises() == 1
    assert tasks.narrow_promises() == 0


def test_a_narrowing_that_leaves_its_window_is_a_breach(outlet):
    booking = make_booking(outlet, hour=8)
    close(outlet)
    narrow(outlet)
    late = latest(booking)
    Promise.objects.filter(pk=late.pk).update(closes_at=late.closes_at + timedelta(days=1))
    Stop.objects.filter(delivery=booking.delivery).update(closes_at=late.closes_at)

    assert any(breach.rule == "I4" and "narrowed" in breach.what for breach in breaches())
