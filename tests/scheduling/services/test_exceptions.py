"""What will break a promise is raised once, and is over when it no longer will."""

from datetime import timedelta

import pytest

from scheduling import clock
from scheduling.errors import NotChangeable
from scheduling.models import DayException, Expected, LastSeen, Stop
from scheduling.services.days import finish_route
from scheduling.services.exceptions import (
    acknowledge_exception,
    assign_exception,
    look,
    plans_to_watch,
    settle_exception,
)
from scheduling.services.handing_over import Handover, settle_stop
from scheduling.services.telling import note_message_failed
from scheduling.tasks import watch_days
from tests.factories import make_booking, make_depot, make_network, plan_on, start_day

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet():
    return make_network(vans=1)


def under_way(outlet, hours=(10, 14)):
    """A day with a stop at each of some hours, its one vehicle out."""
    bookings = [make_booking(outlet, hour=hour) for hour in hours]
    plan = plan_on(outlet)
    [route] = start_day(plan)
    return plan, route, bookings


def open_kinds(plan) -> list[str]:
    rows = DayException.objects.filter(plan=plan, settled_at__isnull=True).order_by("breaks_at", "pk")
    return list(rows.values_list("kind", flat=True))


def seen(plan, now) -> list[str]:
    look(plan_id=plan.pk, now=now)
    return open_kinds(plan)


def test_who_cannot_be_reached_in_time_is_late_until_somebody_is_quicker(outlet):
    plan, _route, (first, _second) = under_way(outlet)
    early, late = first.stop.opens_at, first.stop.closes_at

    assert seen(plan, early) == []
    assert seen(plan, late) == seen(plan, late) == ["late"]
    row = DayException.objects.get()
    assert (row.stop_id, row.breaks_at, row.raised_at) == (first.stop_id, late, late)
    settle_stop(stop_id=first.stop_id, handover=Handover("handed_over", late), actor="s", now=late)
    assert seen(plan, late) == []
    row.refresh_from_db()
    assert row.settled_by == "clock"


def test_an_expected_time_counts_more_than_the_schedule(outlet):
    plan, _route, (first, _second) = under_way(outlet)
    now, closes = first.stop.closes_at - timedelta(minutes=59), first.stop.closes_at
    expected = Expected.objects.create(
        stop=first.stop, from_at=now, at=now, until_at=closes + timedelta(minutes=1), made_at=now
    )
    # Far ahead ranges are wide: that it may be late is no news yet.
    assert seen(plan, now - timedelta(minutes=2)) == []
    assert seen(plan, now) == ["late"]

    expected.until_at = closes - timedelta(minutes=1)  # hardly better: it stays
    expected.save()
    assert seen(plan, now) == ["late"]
    expected.until_at = closes - timedelta(minutes=3)
    expected.save()
    assert seen(plan, now) == []
    expected.at = expected.until_at = closes
    expected.save()
    assert seen(plan, now - timedelta(minutes=2)) == ["late"]  # likely late is late, however early


def test_what_was_tried_in_vain_is_missed_until_its_customer_was_spoken_with(outlet):
    plan, _route, (first, _second) = under_way(outlet)
    now = first.stop.opens_at
    settle_stop(
        stop_id=first.stop_id,
        handover=Handover("not_possible", now, reason="nobody_home"),
        actor="s",
        now=now,
    )
    assert seen(plan, now) == ["missed"]

    row = DayException.objects.get()
    settle_exception(depot=outlet.depot, exception_id=row.pk, actor="user:1", now=now)
    assert seen(plan, now) == []


def test_a_vehicle_that_falls_silent_is_called_silent_if_it_ever_spoke(outlet):
    plan, route, (first, _second) = under_way(outlet)
    now = route.started_at + timedelta(minutes=6)
    assert seen(plan, now) == []
    LastSeen.objects.create(shift=route.shift, at=now - timedelta(minutes=5), lat=60.2, lon=24.9)

    assert seen(plan, now) == ["silent"]
    row = DayException.objects.get()
    assert (row.route_id, row.stop_id, row.breaks_at) == (route.pk, None, first.stop.closes_at)
    with pytest.raises(NotChangeable):  # it is over when the vehicle speaks again
        settle_exception(depot=outlet.depot, exception_id=row.pk, actor="user:1", now=now)
    LastSeen.objects.update(at=now)
    assert seen(plan, now) == []


def test_it_is_acknowledged_once_and_given_to_somebody(outlet):
    plan, _route, (first, _second) = under_way(outlet)
    now = first.stop.opens_at
    row = note_message_failed(delivery_id=first.delivery_id, now=now)

    for actor in ("user:1", "user:2"):
        acknowledge_exception(depot=outlet.depot, exception_id=row.pk, actor=actor, now=now)
    assign_exception(depot=outlet.depot, exception_id=row.pk, to="user:3", actor="user:2", now=now)

    row.refresh_from_db()
    assert (row.acknowledged_by, row.assigned_to) == ("user:1", "user:3")
    assert seen(plan, now) == ["message_failed"]  # nobody but people settle it
    with pytest.raises(NotChangeable):
        settle_exception(depot=make_depot(), exception_id=row.pk, actor="user:1", now=now)
    settle_exception(depot=outlet.depot, exception_id=row.pk, actor="user:1", now=now)
    assert open_kinds(plan) == []


def test_days_are_watched_while_they_are_under_way(outlet, django_assert_max_num_queries):
    plan, route, bookings = under_way(outlet)
    now = bookings[0].stop.closes_at
    clock.set_source(lambda: now)
    try:
        assert (watch_days(), watch_days()) == (1, 0)
        with django_assert_max_num_queries(16):
            watch_days()
    finally:
        clock.set_source(None)
    for booking in bookings:
        settle_stop(
            stop_id=booking.stop_id,
            handover=Handover("handed_over", booking.stop.closes_at),
            actor="s",
            now=booking.stop.closes_at,
        )
    finish_route(route_id=route.pk, actor="s", now=bookings[1].stop.closes_at)
    look(plan_id=plan.pk, now=bookings[1].stop.closes_at)
    assert plans_to_watch() == []
    # The second was late, too, and nobody had looked: it is on file all the same.
    assert DayException.objects.filter(stop__in=Stop.objects.booked(), kind="late").count() == 2
