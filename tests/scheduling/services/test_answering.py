"""The day before customers are asked once whether it suits them, and say so once."""

import pytest

from scheduling.errors import NotChangeable
from scheduling.models import Booking, Event
from scheduling.services.answering import answer_day_before, ask_day_before, suits
from scheduling.services.bookings import cancel_delivery
from tests.factories import NOW, make_booking, make_network

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking() -> Booking:
    return make_booking(make_network())


def ask(booking: Booking, now=NOW) -> Event | None:
    return ask_day_before(delivery_id=booking.delivery_id, now=now)


def test_a_delivery_is_asked_once_for_a_day(booking):
    asked = ask(booking)

    assert asked is not None
    assert asked.data["opens_at"] == booking.stop.opens_at.isoformat()
    assert ask(booking) is None
    assert Event.objects.filter(kind="delivery.day_before").count() == 1


def test_its_customer_says_once_that_it_suits_them(booking):
    assert not suits(booking)

    said = [answer_day_before(delivery=booking.delivery, actor="link:1", now=NOW) for _time in range(2)]

    assert said == [True, False]
    assert suits(booking)


@pytest.mark.parametrize("over", [True, False])
def test_nobody_is_asked_about_what_does_not_come(booking, over):
    now = booking.stop.closes_at if over else NOW
    if not over:
        cancel_delivery(delivery=booking.delivery, actor="link:1", now=NOW)

    assert ask(booking, now) is None
    with pytest.raises(NotChangeable):
        answer_day_before(delivery=booking.delivery, actor="link:1", now=now)
