"""Many want longer at the door at the same moment: a van's slack is given once."""

from functools import partial

import pytest

from scheduling.errors import NoTimeLonger
from scheduling.facts import SafePlace
from scheduling.invariants import breaches
from scheduling.models import Booking, Delivery, Event
from scheduling.services.doors import change_safe_place, change_time_at_door
from tests.factories import NOW, make_booking, make_network, some_facts
from tests.races.test_pickup_points import at_once

LONGER_S = 30 * 60


def longer(booking: Booking) -> None:
    change_time_at_door(delivery=booking.delivery, extra_s=LONGER_S, actor="x", now=NOW)


def two_hours_nearly_full(count: int = 10) -> list[Booking]:
    """One van, and two hours that leave half an hour; in the order in which it comes."""
    outlet = make_network(vans=1, days=3, hours=(10,))
    for number in range(count):
        make_booking(outlet, hour=10, facts=some_facts(north_m=20 * number, service_s=600))
    return list(Booking.objects.select_related("delivery__merchant").order_by("stop__position"))


@pytest.mark.django_db(transaction=True)
def test_two_who_want_the_last_slack_at_once_never_both_get_it():
    first, second = two_hours_nearly_full()[:2]

    refused = at_once([partial(longer, first), partial(longer, second)])

    assert sorted(type(error).__name__ for error in refused) == ["NoTimeLonger", "NoneType"]
    assert Delivery.objects.filter(extra_s=LONGER_S).count() == 1
    assert Event.objects.filter(kind="delivery.longer_at_door").count() == 1
    assert list(breaches()) == []


@pytest.mark.django_db(transaction=True)
def test_ten_who_want_it_with_others_who_name_a_place_leave_every_promise_kept():
    bookings = two_hours_nearly_full()
    told = [
        partial(change_safe_place, delivery=each.delivery, place=SafePlace("porch"), actor="x", now=NOW)
        for each in bookings
    ]

    refused = at_once([*(partial(longer, each) for each in bookings), *told])

    assert refused[len(bookings) :] == [None] * len(told)
    assert all(isinstance(error, NoTimeLonger) for error in refused if error)
    given = refused[: len(bookings)].count(None)
    assert 1 <= given < len(bookings)
    assert Delivery.objects.filter(extra_s=LONGER_S).count() == given
    assert Delivery.objects.filter(safe_place="porch").count() == len(bookings)
    assert list(breaches()) == []
