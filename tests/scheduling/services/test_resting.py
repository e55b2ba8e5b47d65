"""What a driver says of the way itself: a rest begins and ends, and all that is to come will be late."""

from datetime import timedelta

import pytest

from scheduling.errors import BadFacts, NotOnTheRoad
from scheduling.models import Event, Expected, Route, Stop
from scheduling.services.resting import begin_rest, end_rest, tell_running_late
from tests.factories import a_break, make_booking, make_network, plan_on, start_day

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def rest() -> Stop:
    """The break of a van that is out with one delivery."""
    outlet = make_network(vans=1, rests=[a_break(12)])
    make_booking(outlet)
    start_day(plan_on(outlet))
    return Stop.objects.select_related("route").get(state="rest", route__state="started")


def test_a_rest_begins_and_ends_once_whatever_is_said_again(rest):
    at = rest.opens_at
    for later in (0, 5):
        begin_rest(stop_id=rest.pk, at=at + later * MINUTE, now=at + 9 * MINUTE)
    for later in (30, 45):
        end_rest(stop_id=rest.pk, at=at + later * MINUTE, now=at + 60 * MINUTE)
    begin_rest(stop_id=rest.pk, at=at + 50 * MINUTE, now=at + 60 * MINUTE)

    rest.refresh_from_db()
    assert (rest.arrived_at, rest.done_at) == (at, at + 30 * MINUTE)


def test_a_rest_that_nobody_began_ends_when_it_is_said_to_and_never_later_than_now(rest):
    ended = end_rest(stop_id=rest.pk, at=rest.opens_at + 9 * MINUTE, now=rest.opens_at)

    assert ended.arrived_at == ended.done_at == rest.opens_at


def test_there_is_no_rest_at_a_door_or_of_a_vehicle_that_is_not_out(rest):
    door = Stop.objects.booked().get()
    with pytest.raises(NotOnTheRoad):
        begin_rest(stop_id=door.pk, at=rest.opens_at, now=rest.opens_at)
    Route.objects.filter(pk=rest.route_id).update(state="loaded", started_at=None)
    with pytest.raises(NotOnTheRoad):
        end_rest(stop_id=rest.pk, at=rest.opens_at, now=rest.opens_at)
    with pytest.raises(NotOnTheRoad):
        tell_late(rest, 10 * MINUTE)


def tell_late(rest: Stop, late_by: timedelta) -> None:
    at = rest.opens_at
    tell_running_late(route_id=rest.route_id, late_by=late_by, at=at, actor="shift:1", now=at)


def test_who_is_next_is_told_that_it_takes_longer(rest):
    tell_late(rest, 25 * MINUTE)

    told = Event.objects.get(kind="delivery.running_late")
    assert (told.delivery, told.data["minutes"]) == (Stop.objects.booked().get().delivery, 25)
    assert Event.objects.get(kind="route.running_late").data["route"] == rest.route_id
    assert Expected.objects.filter(stop__route=rest.route_id).count() <= 1


@pytest.mark.parametrize("late_by", [timedelta(), -MINUTE, timedelta(hours=5)])
def test_what_is_no_delay_is_refused(rest, late_by):
    with pytest.raises(BadFacts):
        tell_late(rest, late_by)
