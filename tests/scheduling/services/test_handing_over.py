"""What a driver says happened at the door."""

from datetime import timedelta

import pytest

from scheduling.errors import NotOnTheRoad
from scheduling.models import Attempt, Event
from scheduling.selectors.road import progress_of, stops_before
from scheduling.services.handing_over import Handover, arrive, settle_stop
from tests.factories import make_booking, make_network, start_day

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking():
    return make_booking(make_network())


def test_a_stop_is_handed_over_once(booking):
    start_day(booking.stop.route.shift.plan)
    came, went = booking.stop.opens_at, booking.stop.opens_at + timedelta(minutes=3)
    for _time in range(2):
        arrive(stop_id=booking.stop_id, at=came, actor="shift:1", now=came)
        handover = Handover(outcome="handed_over", happened_at=went, to_whom="Aino")
        settle_stop(stop_id=booking.stop_id, handover=handover, actor="shift:1", now=went)

    booking.delivery.refresh_from_db()
    attempt = Attempt.objects.get()
    assert (attempt.arrived_at, attempt.happened_at, attempt.outcome) == (came, went, "handed_over")
    assert attempt.handed.count() == booking.delivery.parcel_count
    assert booking.delivery.state == "delivered"
    assert Event.objects.filter(kind="delivery.delivered").count() == 1


def test_what_could_not_be_handed_over_says_why(booking):
    [route] = start_day(booking.stop.route.shift.plan)
    at = booking.stop.opens_at
    assert (progress_of(route).left, stops_before(booking.stop)) == (1, 0)
    handover = Handover(outcome="not_possible", reason="nobody_home", happened_at=at)
    settle_stop(stop_id=booking.stop_id, handover=handover, actor="shift:1", now=at)

    booking.delivery.refresh_from_db()
    assert booking.delivery.state == "failed"
    assert Event.objects.get(kind="delivery.missed").data["reason"] == "nobody_home"
    assert progress_of(route).left == 0


def test_times_lie_between_departure_and_now(booking):
    [route] = start_day(booking.stop.route.shift.plan)
    now = booking.stop.opens_at
    early = arrive(stop_id=booking.stop_id, at=now - timedelta(days=1), actor="shift:1", now=now)
    handover = Handover(outcome="handed_over", happened_at=now + timedelta(days=1))
    late = settle_stop(stop_id=booking.stop_id, handover=handover, actor="shift:1", now=now)

    assert (early.arrived_at, late.happened_at) == (route.started_at, now)


def test_nothing_is_handed_over_before_its_route_has_left(booking):
    with pytest.raises(NotOnTheRoad):
        arrive(stop_id=booking.stop_id, at=booking.stop.opens_at, actor="x", now=booking.stop.opens_at)
