"""Two act at once on the day: each change is whole, nobody is served twice, nothing served moves."""

from datetime import timedelta
from functools import partial

import pytest

from scheduling.errors import DomainError, NotChangeable
from scheduling.invariants import breaches
from scheduling.models import Attempt, Event, Route, Stop
from scheduling.services.bookings import cancel_delivery
from scheduling.services.days import lock_plan, start_route
from scheduling.services.dispatching import break_down, reassign_stop, reorder_route
from scheduling.services.handing_over import Handover, settle_stop
from scheduling.services.plans import close_plan
from tests.factories import make_booking, make_network, plan_on, some_facts, start_day
from tests.races.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def outlet():
    return make_network(vans=2)


def bookings_of(outlet, count: int = 4):
    return [make_booking(outlet, facts=some_facts(north_m=300 * number)) for number in range(count)]


def out(outlet) -> tuple[Route, Route]:
    """The route that is out, and the one that has nothing to bring yet."""
    plan = plan_on(outlet)
    [route] = start_day(plan)
    return route, Route.objects.filter(shift__plan=plan).exclude(pk=route.pk).get()


def test_a_start_against_a_cancellation_leaves_it_on_the_road_or_cancelled(outlet):
    booking, other = bookings_of(outlet, 2)
    plan = plan_on(outlet)
    at = plan.origin_at + timedelta(hours=7)
    close_plan(plan_id=plan.pk, now=at)
    lock_plan(plan_id=plan.pk, actor="test", now=at)

    started, cancelled = at_once(
        partial(start_route, route_id=booking.stop.route_id, actor="s", now=at),
        partial(cancel_delivery, delivery=booking.delivery, actor="link:1", now=at),
    )

    booking.delivery.refresh_from_db()
    other.delivery.refresh_from_db()
    assert isinstance(started, Route)
    assert other.delivery.state == "on_board"
    refused = isinstance(cancelled, DomainError)
    assert booking.delivery.state == ("on_board" if refused else "cancelled")
    assert list(breaches()) == []


def test_a_reassignment_against_a_hand_over_leaves_it_served_or_moved(outlet):
    stops = [booking.stop_id for booking in bookings_of(outlet)]
    route, other = out(outlet)
    at = Stop.objects.get(pk=stops[0]).opens_at

    driver = f"shift:{route.shift_id}"

    for stop_id in stops[:3]:
        served, moved = at_once(
            partial(settle_stop, stop_id=stop_id, handover=Handover("handed_over", at), actor=driver, now=at),
            partial(reassign_stop, stop_id=stop_id, route_id=other.pk, seen=[], actor="user:1", now=at),
        )
        row = Stop.objects.get(pk=stop_id)
        # The driver's fact wins, whoever came first: it is served, on the vehicle that served it.
        assert isinstance(served, Attempt)
        assert isinstance(moved, (Stop, NotChangeable))
        assert (row.route_id, row.done_at) == (route.pk, served.happened_at)
    assert list(breaches()) == []


def test_two_dispatchers_who_give_a_stop_to_two_vehicles_leave_it_on_one(outlet):
    stops = [booking.stop_id for booking in bookings_of(outlet)]
    route, other = out(outlet)
    at = Stop.objects.get(pk=stops[0]).opens_at - timedelta(hours=1)
    turned = stops[::-1]

    done = at_once(
        partial(reassign_stop, stop_id=stops[0], route_id=other.pk, seen=[], actor="user:1", now=at),
        partial(reassign_stop, stop_id=stops[0], route_id=other.pk, seen=[], actor="user:2", now=at),
        partial(reorder_route, route_id=route.pk, order=turned, seen=[], actor="user:3", now=at),
        partial(break_down, route_id=route.pk, actor="user:4", now=at),
    )

    assert Event.objects.filter(kind="delivery.reassigned").count() <= 1
    assert isinstance(done[3], Route)
    row = Stop.objects.get(pk=stops[0])
    assert (row.route_id == other.pk) == (row.unassigned_at is None)
    assert Stop.objects.booked().count() == len(stops)
    assert list(breaches()) == []
