"""A day is locked, its vehicles leave and come back; each step once."""

import pytest

from scheduling.errors import IllegalMove, NotOnTheRoad
from scheduling.models import DayPlan, Event, Route
from scheduling.services.days import finish_route, lock_plan, start_route
from scheduling.services.handing_over import Handover, settle_stop
from scheduling.services.plans import close_plan
from tests.factories import NOW, make_booking, make_network, plan_on, start_day

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
