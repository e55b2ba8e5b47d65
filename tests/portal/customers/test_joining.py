"""Add an order to a booking: who may, what it says, and that nothing is lost or done twice."""

import pytest
from django.test import Client

from portal.access import FOLLOW, cookie_name, issue_link, token_of
from scheduling.models import Booking, DayPlan, Delivery, Event, JoinedOrder, Vehicle, VehicleClass
from scheduling.services.bookings import cancel_delivery
from tests.factories import NOW, make_booking, make_link, make_network, some_contact
from tests.portal.test_hostile_requests import signed

pytestmark = [pytest.mark.django_db, pytest.mark.once]

TYPED = {"order_number": "10483", "size": "bag"}


@pytest.fixture
def booked(shopper) -> str:
    """The address of a booking which `shopper` made: two parcels, 9 kg."""
    return shopper.books()


def text(response) -> str:
    return response.content.decode()


def delivery() -> Delivery:
    return Delivery.objects.get(order__number="10482")


def came_by(link) -> Client:
    """A browser that came by a link."""
    client = Client()
    client.get(f"/l/{token_of(link)}/")
    return client


def test_the_page_says_when_it_comes_and_that_it_costs_nothing(shopper, booked):
    page = text(shopper.client.get(booked + "join/"))

    assert f'href="{booked}join/"' in text(shopper.client.get(booked))
    assert "It comes with your delivery on" in page
    assert "10:00–12:00" in page or "8:00–10:00" in page
    assert "No extra stop, no extra charge." in page
    assert page.index('name="order_number"') < page.index('name="size"')


def test_adding_an_order_takes_one_form_and_says_so_once(shopper, booked):
    price = Booking.objects.get().price_minor
    shopper.client.get(booked)

    added = shopper.client.post(booked + "join/", TYPED)
    first, second = (text(shopper.client.get(booked)) for _i in range(2))

    assert (added.status_code, added["Location"]) == (303, booked)
    assert "The order is added" in first
    assert "The order is added" not in second
    for words in ("Orders 10482 and 10483", "3 parcels, 12 kg", "You added order 10483"):
        assert words in second
    assert Booking.objects.get().price_minor == price
    assert delivery().parcels.count() == 3


def test_a_double_click_adds_it_once(shopper, booked):
    answers = [shopper.client.post(booked + "join/", TYPED) for _i in range(2)]

    assert [answer["Location"] for answer in answers] == [booked, booked]
    assert JoinedOrder.objects.count() == 1
    assert delivery().parcel_count == 3
    assert text(shopper.client.get(booked)).count("You added order 10483") == 1


def test_exact_numbers_count_as_typed(shopper, booked):
    typed = {"order_number": " 10483 ", "size": "exact", "parcels": "4", "weight": "2,5"}

    shopper.client.post(booked + "join/", typed)

    row = JoinedOrder.objects.get()
    assert (row.order.number, row.parcels, row.load_g) == ("10483", 4, 2_500)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Write the number of the order to add."),
        ({"order_number": "10483"}, "Choose how big it is"),
        ({"order_number": "10483", "size": "exact", "parcels": "0", "weight": "1"}, "at least 1 parcel"),
        ({"order_number": "10482", "size": "bag"}, "the order this delivery was booked for"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(shopper, booked, typed, said):
    response = shopper.client.post(booked + "join/", typed)

    assert response.status_code == 422
    assert said in text(response)
    assert not typed or f'value="{typed["order_number"]}"' in text(response)
    assert not JoinedOrder.objects.exists()


def test_a_full_van_is_said_plainly_and_what_was_typed_is_kept(shopper, booked):
    VehicleClass.objects.filter(vehicles__in=Vehicle.objects.all()).update(capacity_g=11_000)
    DayPlan.objects.update(version=99)  # read it again

    response = shopper.client.post(booked + "join/", TYPED)
    page = text(response)

    assert response.status_code == 409
    assert "The van that brings it has no room for more." in page
    assert "Your delivery stays as it was" in page
    assert 'value="10483"' in page
    assert 'value="bag"' in page
    assert "checked" in page
    assert delivery().parcel_count == 2


def test_looking_changes_nothing(shopper, booked):
    before = list(Delivery.objects.values()), Event.objects.count()

    for _i in range(2):
        shopper.client.get(booked + "join/?order_number=10483&size=bag")
    shopper.client.head(booked + "join/")

    assert (list(Delivery.objects.values()), Event.objects.count()) == before
    assert not JoinedOrder.objects.exists()


def test_after_the_cutoff_it_is_neither_offered_nor_done(shopper, booked, at):
    at.now = Booking.objects.get().change_until_at

    refused = shopper.client.post(booked + "join/", TYPED)

    assert shopper.client.get(booked + "join/")["Location"] == booked
    assert "/join/" not in text(shopper.client.get(booked))
    assert refused.status_code == 409
    assert "too late to change" in text(refused)
    assert not JoinedOrder.objects.exists()


def test_nothing_is_added_to_what_is_cancelled(shopper, booked):
    cancel_delivery(delivery=delivery(), actor="test", now=NOW)

    refused = shopper.client.post(booked + "join/", TYPED)

    assert shopper.client.get(booked + "join/")["Location"] == booked
    assert refused.status_code == 409
    assert "can no longer be changed" in text(refused)


# Who may


@pytest.mark.parametrize("cookie", ["none", "to follow", "another's", "another's, renamed", "another shop's"])
def test_only_who_may_change_the_delivery_may_add_to_it(outlet, booked, cookie):
    mine = delivery()
    if cookie == "none":
        stranger, status = Client(), 404
    elif cookie == "to follow":
        stranger, status = came_by(issue_link(delivery=mine, kind=FOLLOW, now=NOW)), 403
    else:
        where = make_network() if "shop" in cookie else outlet
        theirs = make_link(make_booking(where, contact=some_contact(email="other@example.com")))
        stranger, status = came_by(theirs), 404
        if "renamed" in cookie:
            stranger.cookies[cookie_name(mine.ref)] = signed(theirs)

    answers = stranger.get(booked + "join/"), stranger.post(booked + "join/", TYPED)

    assert [answer.status_code for answer in answers] == [status, status]
    assert not JoinedOrder.objects.exists()


def test_who_follows_sees_nothing_of_it(shopper, booked):
    follower = came_by(issue_link(delivery=delivery(), kind=FOLLOW, now=NOW))
    before = text(follower.get(booked.replace("/d/", "/f/")))

    shopper.client.post(booked + "join/", TYPED)

    assert text(follower.get(booked.replace("/d/", "/f/"))) == before


def test_whoever_else_named_that_order_sees_nothing_of_it_either(outlet, shopper, booked):
    theirs = make_booking(outlet, order_number="10483", contact=some_contact(email="other@example.com"))
    other = came_by(make_link(theirs))
    page = f"/d/{theirs.delivery.ref}/"
    before = text(other.get(page))

    added = shopper.client.post(booked + "join/", TYPED)

    assert added.status_code == 303
    assert text(other.get(page)) == before


def test_a_move_looks_for_room_for_all_of_it(shopper, booked):
    shopper.client.post(booked + "join/", TYPED)

    assert shopper.client.get(booked + "move/").status_code == 200
    assert delivery().quotes.latest("pk").facts["load_g"] == 12_000
