"""Where else a delivery could go on its day."""

from datetime import timedelta

import pytest

from scheduling.models import Booking, PickupPoint
from scheduling.selectors.pickup import may_divert, points_near
from scheduling.services.bookings import cancel_delivery
from scheduling.services.diverting import divert_delivery
from scheduling.services.plans import close_plan
from tests.factories import NOW, TOMORROW, make_booking, make_network, make_point, plan_on, some_facts

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def outlet():
    return make_network(vans=1)


@pytest.fixture
def booked(outlet) -> Booking:
    return make_booking(outlet)


def fresh(booked: Booking) -> Booking:
    return Booking.objects.get(pk=booked.pk)


def test_the_nearest_five_are_shown_nearest_first_with_what_they_add(outlet, booked):
    made = [make_point(outlet.depot, east_m=300 * number) for number in (6, 1, 4, 2, 5, 3)]

    found = points_near(booked, now=NOW)

    assert [near.point for near in found.points] == [made[at] for at in (1, 3, 5, 2, 4)]
    assert [round(near.away_m, -2) for near in found.points] == [300, 600, 900, 1200, 1500]
    assert all(near.open and near.reason == "" and near.window and near.added for near in found.points)
    assert found.present.grams > 0


def test_those_that_cannot_take_it_say_why_and_others_further_off_come_in(outlet, booked):
    full = make_point(outlet.depot, east_m=100, used=10)
    closed = make_point(outlet.depot, east_m=200, hours="Su 10:00-12:00")
    free = make_point(outlet.depot, east_m=300)

    found = points_near(booked, now=NOW)

    assert [(near.point, near.status) for near in found.points] == [
        (full, "full"),
        (closed, "closed"),
        (free, "open"),
    ]
    assert "Full" in str(found.points[0].reason)
    assert found.point(full.external_id) is None
    assert found.point(free.external_id).point == free


def test_a_point_the_vans_cannot_fit_in_is_not_offered(outlet, booked):
    far = make_point(outlet.depot, north_m=600_000)

    (near,) = points_near(booked, now=NOW).points

    assert (near.point, near.status, near.added) == (far, "unreached", None)


def test_the_point_that_it_goes_to_already_is_not_offered_again(outlet, booked):
    there, other = make_point(outlet.depot), make_point(outlet.depot, east_m=900)
    divert_delivery(delivery=booked.delivery, point=there, actor="x", now=NOW)

    found = points_near(fresh(booked), now=NOW)

    assert [near.point for near in found.points] == [other]
    assert found.present is not None


def test_it_may_go_to_a_point_until_its_time_begins_its_day_is_locked_or_it_is_cancelled(outlet, booked):
    assert not may_divert(booked, NOW)
    make_point(outlet.depot)
    assert may_divert(booked, NOW)
    assert not may_divert(booked, booked.stop.opens_at)
    PickupPoint.objects.update(active=False)
    assert not may_divert(booked, NOW)
    PickupPoint.objects.update(active=True)
    close_plan(plan_id=plan_on(outlet).pk, now=NOW)
    assert may_divert(fresh(booked), NOW) == plan_on(outlet).allows("move_within")
    other = make_booking(outlet, day=TOMORROW + timedelta(days=1))
    cancel_delivery(delivery=other.delivery, actor="x", now=NOW)
    assert not may_divert(fresh(other), NOW)


def test_goods_that_need_a_signature_go_to_no_point(outlet):
    make_point(outlet.depot)
    signed = make_booking(outlet, facts=some_facts(requirements=("signature",)))

    assert not may_divert(signed, NOW)
