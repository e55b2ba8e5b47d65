"""What the worker does by the clock: a day from its plan to its account, and nothing twice."""

from datetime import timedelta

import pytest

from scheduling import clock, tasks
from scheduling.models import DayPlan, Stop
from scheduling.models.plans import Improvement
from scheduling.selectors.plans import plans_to_improve
from scheduling.services.days import finish_route
from scheduling.services.handing_over import Handover, settle_stop
from tests.factories import (
    LATER,
    NOW,
    make_booking,
    make_depot,
    make_hold,
    make_network,
    plan_on,
    some_facts,
    start_day,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at():
    """Sets what time it is."""
    clock.set_source(lambda: NOW)
    yield lambda now: clock.set_source(lambda: now)
    clock.set_source(None)


def test_lapsed_holds_are_swept_once(at):
    make_hold(make_network())
    at(LATER)

    assert [tasks.sweep_holds() for _time in range(2)] == [1, 0]


def test_each_depot_gets_its_coming_days_once():
    make_network(days=1)
    make_depot()

    assert tasks.extend_horizon() > 0
    assert tasks.extend_horizon() == 0


def test_a_day_closes_locks_and_is_watched_when_it_is_time(at):
    outlet = make_network()
    make_booking(outlet)
    plan = plan_on(outlet)
    at(plan.origin_at + timedelta(hours=7))

    assert tasks.close_plans() >= 1
    assert tasks.lock_plans() == 1
    plan.refresh_from_db()
    assert plan.state == DayPlan.State.LOCKED
    assert tasks.lock_plans() == tasks.close_plans() == 0


def test_a_day_under_way_is_watched_and_what_is_raised_is_raised_once(at):
    outlet = make_network()
    stop = make_booking(outlet).stop
    start_day(plan_on(outlet))
    at(stop.closes_at + timedelta(minutes=1))

    assert tasks.watch_days() > 0
    assert tasks.watch_days() == 0


def test_a_booked_day_gets_better_routes_or_keeps_its_own(at):
    outlet = make_network()
    for number in range(2):
        make_booking(outlet, facts=some_facts(north_m=400 * number))

    plan_id = plan_on(outlet).pk
    at(LATER)
    assert plan_id in plans_to_improve(now=LATER)
    assert tasks.improve_plan(plan_id) in set(Improvement.Outcome)
    assert tasks.improve_plan(plan_id) == "nothing"


def test_a_day_that_is_driven_is_finished_and_accounted_for(at):
    outlet = make_network()
    booking = make_booking(outlet)
    plan = plan_on(outlet)
    [route] = start_day(plan)
    stop = Stop.objects.get(pk=booking.stop_id)
    at(stop.opens_at)
    assert tasks.refresh_ranges() == 1
    settle_stop(
        stop_id=stop.pk, handover=Handover("handed_over", stop.opens_at), actor="s", now=stop.opens_at
    )
    finish_route(route_id=route.pk, actor="s", now=stop.closes_at)

    at(plan.origin_at + timedelta(days=2))
    tasks.finish_days()
    assert tasks.finish_days() == 0
    assert DayPlan.objects.get(pk=plan.pk).state == DayPlan.State.FINISHED
    assert [tasks.close_accounts() > 0, tasks.close_accounts()] == [True, 0]


def test_nothing_to_do_is_nothing_done():
    for task in (
        tasks.purge_codes,
        tasks.purge_positions,
        tasks.narrow_promises,
        tasks.improve_plans,
        tasks.refresh_ranges,
        tasks.finish_days,
        tasks.watch_days,
    ):
        assert task() == 0
    assert tasks.improve_plan(0) == "nothing"
