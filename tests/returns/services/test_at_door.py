"""What is refused at the door is a return at once, on board already, and goes back to its shop."""

import pytest

from returns.models import Return
from scheduling.invariants import breaches
from scheduling.models import Event
from scheduling.services.days import finish_route
from scheduling.services.handing_over import undo_attempt
from tests.factories import make_booking, make_network
from tests.returns.pickups import brought, relay_all, sent_out, tried

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet():
    return make_network(vans=1)


def test_a_refusal_is_a_return_of_all_of_it_with_its_reason(outlet):
    booking = sent_out(outlet, brought(outlet))

    tried(booking, "refused", reason="wrong_goods")

    ret = Return.objects.get()
    assert (ret.kind, ret.parcel, ret.delivery) == ("at_door", "collected", booking.delivery)
    assert [(each.quantity, each.reason) for each in ret.items.all()] == [
        (2, "wrong_item"),
        (1, "wrong_item"),
    ]
    assert ret.collected_at == booking.stop.opens_at
    told = Event.objects.filter(kind__startswith="return.").order_by("pk").values_list("kind", flat=True)
    assert list(told) == ["return.requested", "return.approved", "return.collected"]


def test_it_goes_back_to_its_shop_with_the_van(outlet):
    booking = sent_out(outlet, brought(outlet))
    tried(booking, "refused", reason="not_wanted")

    finish_route(route_id=booking.stop.route_id, actor="test", now=booking.stop.closes_at)

    booking.delivery.refresh_from_db()
    assert booking.delivery.state == "returned"
    assert list(breaches()) == []


def test_a_refusal_taken_back_is_no_return_any_more(outlet):
    booking = sent_out(outlet, brought(outlet))
    tried(booking, "refused", reason="not_wanted")

    undo_attempt(stop_id=booking.stop_id, because="wrong button", actor="user:1", now=booking.stop.opens_at)
    relay_all(booking.stop.opens_at)

    ret = Return.objects.get()
    assert (ret.parcel, ret.money, ret.inspection) == ("cancelled", "nothing", "unneeded")
    tried(booking, "handed_over")
    assert Return.objects.count() == 1


@pytest.mark.parametrize("outcome", ["handed_over", "not_possible"])
def test_nothing_else_at_a_door_is_a_return(outlet, outcome):
    booking = sent_out(outlet, brought(outlet))

    tried(booking, outcome, reason="nobody_home" if outcome == "not_possible" else "")

    assert not Return.objects.exists()


def test_of_an_order_that_nobody_told_there_is_none(outlet):
    booking = sent_out(outlet, make_booking(outlet))

    tried(booking, "refused", reason="not_wanted")

    assert not Return.objects.exists()
