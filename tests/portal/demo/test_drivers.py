"""The demo's vehicles do what their routes say, in order, however the clock jumps."""

from datetime import timedelta

import pytest

from portal.demo import tasks
from portal.demo.drivers import drive, drive_until
from scheduling import clock
from scheduling.invariants import breaches
from scheduling.models import Attempt, DayPlan, LastSeen, Route, Stop
from scheduling.selectors.road import stops_before
from scheduling.services.days import lock_plan
from scheduling.services.plans import close_plan
from tests.factories import make_booking, make_network, plan_on, some_facts

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def outlet():
    outlet = make_network()
    for north_m in (0, 200, 400, 600, 800):
        make_booking(outlet, facts=some_facts(north_m=north_m))
    return outlet


def hours(plan, count):
    return plan.origin_at + timedelta(hours=count)


def test_in_one_jump_a_whole_day_is_driven(outlet):
    plan = plan_on(outlet)

    drive(now=hours(plan, 30), depot=outlet.depot)

    plan.refresh_from_db()
    assert plan.state == DayPlan.State.FINISHED
    assert Attempt.objects.count() == 5
    assert list(breaches()) == []
    assert drive(now=hours(plan, 30), depot=outlet.depot) == 0


def test_step_by_step_the_same_happens_at_the_same_moments(outlet):
    plan = plan_on(outlet)
    for quarter in range(4 * 24):
        drive(now=hours(plan, quarter / 4), depot=outlet.depot)

    moments = dict(Stop.objects.filter(done_at__isnull=False).values_list("pk", "done_at"))
    assert len(moments) == 5
    for attempt in Attempt.objects.all():
        assert attempt.told_at == attempt.happened_at == moments[attempt.stop_id]


def test_nothing_happens_before_it_is_due(outlet):
    drive(now=hours(plan_on(outlet), 1), depot=outlet.depot)

    assert not Route.objects.exclude(state=Route.State.TENTATIVE).exists()


def test_it_is_driven_until_three_stops_are_left_before_one_s_own(outlet):
    plan = plan_on(outlet)
    last = Stop.objects.booked().order_by("route", "-position").first()

    at = drive_until(lambda: stops_before(last) <= 3, depot=outlet.depot, latest=hours(plan, 30))

    assert at is not None
    assert stops_before(last) == 3
    assert not Stop.objects.filter(done_at__gt=at).exists()


def test_vehicles_that_are_out_say_where_they_are(outlet, monkeypatch):
    plan = plan_on(outlet)
    first = Stop.objects.booked().order_by("opens_at").first()
    at = drive_until(
        lambda: Route.objects.filter(state=Route.State.STARTED).exists(),
        depot=outlet.depot,
        latest=hours(plan, 30),
    )
    monkeypatch.setattr(tasks, "DEPOT", outlet.depot.slug)
    clock.set_source(lambda: at + timedelta(seconds=90))
    try:
        assert tasks.say_where() == Route.objects.filter(state=Route.State.STARTED).count()
    finally:
        clock.set_source(None)

    seen = LastSeen.objects.get(shift=first.route.shift)
    assert seen.at == at + timedelta(seconds=90)


def test_a_day_that_somebody_else_locked_is_driven_all_the_same(outlet):
    plan = plan_on(outlet)
    close_plan(plan_id=plan.pk, now=hours(plan, 1))
    lock_plan(plan_id=plan.pk, actor="user:1", now=hours(plan, 1))

    drive(now=hours(plan, 30), depot=outlet.depot)

    assert Attempt.objects.count() == 5
