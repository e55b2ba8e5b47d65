"""What a shop's programs, and its shopper's session, may see: their own, and nobody else's."""

import pytest

from scheduling.models import Event, Hold
from scheduling.selectors import merchants, shopper
from scheduling.services.joining import join_delivery
from tests.factories import NOW, make_booking, make_hold, make_merchant, make_network

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def outlet():
    return make_network()


@pytest.fixture
def stranger():
    return make_merchant()


def test_a_delivery_is_its_merchant_s_once_it_is_booked(outlet, stranger, django_assert_num_queries):
    booked, kept = make_booking(outlet), make_hold(outlet, hour=14)
    shop = outlet.merchant

    with django_assert_num_queries(1):
        found = merchants.delivery_of(merchant=shop, ref=booked.delivery.ref)
        assert found.booking.stop.route.shift.vehicle.vehicle_class.name == "Battery van"

    assert merchants.delivery_of(merchant=stranger, ref=booked.delivery.ref) is None
    assert merchants.delivery_of(merchant=shop, ref=kept.delivery.ref) is None


def test_a_hold_and_a_quote_are_found_by_their_merchant_alone(outlet, stranger):
    hold = make_hold(outlet)

    for shop, found in ((outlet.merchant, True), (stranger, False)):
        assert (merchants.hold_of(merchant=shop, token=hold.token) == hold) is found
        assert (merchants.quote_of(merchant=shop, ref=hold.quote.ref) == hold.quote) is found


def test_times_kept_are_counted_by_how_their_sessions_begin(outlet, stranger):
    hold = make_hold(outlet)
    beginning = hold.session_key[:-1]

    assert merchants.live_holds_beginning(merchant=outlet.merchant, sessions=beginning) == 1
    assert merchants.live_holds_beginning(merchant=stranger, sessions=beginning) == 0
    Hold.objects.update(state=Hold.State.RELEASED)
    assert merchants.live_holds_beginning(merchant=outlet.merchant, sessions=beginning) == 0


def test_an_order_knows_the_deliveries_booked_for_it_and_those_it_joined(outlet, stranger):
    booked = make_booking(outlet, order_number="A-1")
    more = {"parcels": 1, "load_g": 1, "load_ml": 1, "actor": "x", "now": NOW}
    join_delivery(delivery=booked.delivery, order_number="A-2", **more)

    for number in ("A-1", "A-2"):
        order = merchants.order_numbered(merchant=outlet.merchant, number=number)
        assert merchants.refs_of(order) == [booked.delivery.ref]
    assert merchants.order_numbered(merchant=stranger, number="A-1") is None
    assert shopper.orders_of(booked.delivery) == ["A-1", "A-2"]


def test_an_event_says_everything_but_numbers_of_rows():
    event = Event(kind="hold.placed", data={"hold": 7, "price_minor": 490})

    assert merchants.said_of(event) == {"price_minor": 490}


def test_a_kept_time_is_shown_to_its_own_session(outlet, stranger):
    hold = make_hold(outlet)
    asked = {"token": hold.token, "merchant": outlet.merchant, "session_key": hold.session_key}

    assert shopper.hold_kept(**asked) == hold
    for other in ({"session_key": "another"}, {"merchant": stranger}, {"token": ""}, {"token": "none"}):
        assert shopper.hold_kept(**asked | other) is None


def test_a_shop_is_found_by_name_and_what_comes_for_it_by_its_depots(outlet, stranger):
    assert shopper.merchant_named(outlet.merchant.slug) == outlet.merchant
    assert shopper.merchant_named("nobody") is None
    assert [kind.name for kind in shopper.vehicle_classes_of(outlet.merchant)] == ["Battery van"]
    assert shopper.vehicle_classes_of(stranger) == []


def test_what_happened_is_told_in_order_and_by_kind(outlet):
    booked = make_booking(outlet)

    told = shopper.history_of(booked.delivery, ["booking.confirmed", "hold.placed"])

    assert [event.kind for event in told] == ["hold.placed", "booking.confirmed"]
