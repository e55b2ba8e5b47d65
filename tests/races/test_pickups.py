"""Two at once on a pickup: called off or collected, one of two times, never both and never neither."""

from datetime import timedelta
from functools import partial

import pytest

from returns.errors import ReturnChanged
from returns.models import Return
from returns.services.pickups import book_pickup, cancel_pickup, facts_for
from scheduling.errors import DomainError, NotChangeable, StopGone, TooLateToChange
from scheduling.invariants import breaches
from scheduling.models import Attempt, Booking, Event, Stop
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from scheduling.services.handing_over import Handover, settle_stop
from tests.factories import NOW, ask_for, make_network, token_at
from tests.races.together import at_once
from tests.returns.pickups import a_hold, a_return, a_swap, relay_all, sent_out

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def outlet():
    return make_network(vans=1)


@pytest.mark.parametrize("how", ["return", "delivery"])
def test_called_off_while_its_driver_collects_is_one_of_both(outlet, how):
    ret = a_return(outlet)
    booking = sent_out(outlet, book_pickup(ret.pk, a_hold(outlet, ret).token, actor="link:1", now=NOW))
    at, driver = booking.stop.opens_at, f"shift:{booking.stop.route.shift_id}"
    off = {
        "return": partial(cancel_pickup, ret.pk, actor="link:1", now=at),
        "delivery": partial(cancel_delivery, delivery=booking.delivery, actor="link:1", now=at),
    }

    took, called_off = at_once(
        partial(
            settle_stop, stop_id=booking.stop_id, handover=Handover("collected", at), actor=driver, now=at
        ),
        off[how],
    )
    relay_all(at + timedelta(minutes=1))

    ret = Return.objects.get(pk=ret.pk)
    if isinstance(took, Attempt):
        assert isinstance(called_off, (NotChangeable, TooLateToChange))
        assert (ret.parcel, ret.pickup_id) == ("collected", booking.delivery_id)
    else:
        assert isinstance(took, StopGone)
        assert (ret.parcel, ret.pickup_id) == ("approved", None)
    assert list(breaches()) == []


def test_of_two_tabs_that_book_two_times_one_gets_its_time(outlet):
    ret = a_return(outlet)
    holds = [a_hold(outlet, ret, hour=hour) for hour in (10, 14)]

    done = at_once(*[partial(book_pickup, ret.pk, hold.token, actor="link:1", now=NOW) for hold in holds])

    assert sorted(type(each).__name__ for each in done) == ["Booking", "ReturnChanged"]
    [booking] = [each for each in done if isinstance(each, Booking)]
    assert Return.objects.get(pk=ret.pk).pickup_id == booking.delivery_id
    assert isinstance(next(each for each in done if isinstance(each, DomainError)), ReturnChanged)
    assert list(breaches()) == []


def test_one_time_booked_by_two_presses_is_booked_once(outlet):
    ret = a_return(outlet)
    hold = a_hold(outlet, ret)

    done = at_once(*[partial(book_pickup, ret.pk, hold.token, actor="link:1", now=NOW)] * 4)

    assert len({each.pk for each in done}) == 1
    assert Event.objects.filter(kind="return.pickup_booked").count() == 1


def test_a_swap_moved_while_it_is_called_off_is_one_of_both(outlet):
    ret = a_swap(outlet)
    booking = book_pickup(ret.pk, a_hold(outlet, ret).token, actor="link:1", now=NOW)
    view = ask_for(outlet, facts_for(ret), moving=booking.delivery, session_key="mine")
    moving = partial(
        reschedule_delivery,
        delivery=booking.delivery,
        offer_token=token_at(view, 16),
        session_key="mine",
        actor="link:1",
        now=NOW,
    )

    _moved, called_off = at_once(moving, partial(cancel_pickup, ret.pk, actor="link:1", now=NOW))
    relay_all(NOW + timedelta(minutes=1))

    ret = Return.objects.get(pk=ret.pk)
    off = not isinstance(called_off, DomainError)
    assert (ret.parcel, ret.pickup_id, ret.swap_id) == (
        ("approved", None, None) if off else ("booked", booking.delivery_id, booking.delivery_id)
    )
    assert Stop.objects.booked().filter(delivery=booking.delivery).count() == (0 if off else 1)
    assert list(breaches()) == []
