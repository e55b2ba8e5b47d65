"""What a change leaves in the cache is what the next reader would have read."""

from datetime import time, timedelta

import numpy as np
import pytest

from scheduling import snapshots
from scheduling.facts import VisitFacts
from scheduling.models import Booking, Buffer, DayPlan
from scheduling.routing.tape import Tape
from scheduling.services.bookings import cancel_delivery, confirm_hold, reschedule_delivery
from scheduling.services.holds import extend_hold, release_hold
from scheduling.services.narrowing import narrow_promises
from scheduling.services.plans import close_plan, sweep_plan
from tests.factories import (
    NOW,
    TOMORROW,
    ask_for,
    make_booking,
    make_hold,
    make_network,
    plan_on,
    some_contact,
    some_facts,
    token_at,
)

pytestmark = pytest.mark.django_db(transaction=True)

LATER = TOMORROW + timedelta(days=1)


def columns(tape: Tape) -> dict[str, np.ndarray]:
    return {
        name: value for name in Tape.__slots__ if isinstance(value := getattr(tape, name, None), np.ndarray)
    }


def assert_kept(outlet, *, now=NOW) -> None:
    """Compare what is cached of tomorrow and the day after with the rows, down to the tape's numbers."""
    for day in (TOMORROW, LATER):
        plan = DayPlan.objects.select_related("depot").get(pk=plan_on(outlet, day).pk)
        kept = snapshots.cached_snapshot(plan, now=now)
        read = snapshots.read_snapshot(plan, version=plan.version, now=now)
        assert kept == read
        for name, numbers in columns(read.tape).items():
            assert np.array_equal(columns(kept.tape)[name], numbers), name
        assert kept.tape.stops.household == read.tape.stops.household


@pytest.fixture
def outlet():
    outlet = make_network(vans=2, days=4)
    ask_for(outlet)  # reads every day
    return outlet


def test_after_a_hold_and_its_confirmation(outlet):
    hold = make_hold(outlet)
    assert_kept(outlet)

    extend_hold(hold=hold, actor="test", now=NOW + timedelta(minutes=5))
    assert_kept(outlet)

    confirm_hold(hold=hold, contact=some_contact(), order_number="T-1", actor="test", now=NOW)
    assert_kept(outlet)


def test_after_a_hold_that_is_given_back_and_one_that_runs_out(outlet):
    release_hold(hold=make_hold(outlet), actor="test", now=NOW)
    assert_kept(outlet)

    hold = make_hold(outlet)
    sweep_plan(plan_id=plan_on(outlet).pk, now=hold.expires_at)
    assert_kept(outlet, now=hold.expires_at)


def test_after_a_move_within_a_day_one_to_another_and_a_cancellation(outlet):
    for number in range(6):
        make_booking(outlet, hour=10 + number % 2 * 2, facts=some_facts(east_m=number * 300))
    booking = make_booking(outlet, hour=10, facts=some_facts(north_m=500))
    for hour, day in ((14, TOMORROW), (12, LATER)):
        view = ask_for(
            outlet, VisitFacts.from_json(booking.quote.facts), moving=booking.delivery, session_key="mover"
        )
        reschedule_delivery(
            delivery=booking.delivery,
            offer_token=token_at(view, hour, day),
            session_key="mover",
            actor="test",
            now=NOW,
        )
        assert_kept(outlet)

    cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)
    assert_kept(outlet)


def test_after_what_keeps_a_buffer_came_and_was_narrowed(outlet):
    Buffer.objects.create(depot=outlet.depot, name="Traffic", starts=time(8), ends=time(20), minutes=20)
    booking = make_booking(outlet, hour=10)
    assert_kept(outlet)

    Booking.objects.filter(pk=booking.pk).update(narrows_to_s=3600)
    Buffer.objects.update(minutes=5)
    close_plan(plan_id=plan_on(outlet).pk, now=NOW)
    assert narrow_promises(plan_id=plan_on(outlet).pk, actor="test", now=NOW) == 1
    assert_kept(outlet)


def test_what_came_later_is_not_overwritten(outlet):
    plan = DayPlan.objects.select_related("depot").get(pk=plan_on(outlet).pk)
    before = snapshots.cached_snapshot(plan, now=NOW)
    make_hold(outlet)
    after = snapshots._cache[plan.pk]

    snapshots.keep_newer(before)

    assert snapshots._cache[plan.pk] is after
    assert after.version == before.version + 1
