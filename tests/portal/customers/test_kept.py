"""What is kept about somebody: told to them whole, and erased by their own page."""

import json

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from portal.services.erasure import erase_person
from scheduling.bought import ItemBought, OrderBought
from scheduling.models import Booking, Delivery, Event, Stop
from scheduling.services.diverting import divert_delivery
from scheduling.services.orders import record_order
from tests.factories import NOW, make_booking, make_network, make_point, some_contact, some_facts
from tests.portal.customers.codes import passes_code

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def text(response) -> str:
    return response.content.decode()


@pytest.fixture
def booked(shopper) -> str:
    """A booking of `shopper`'s, whose browser has shown the code."""
    address = shopper.books()
    passes_code(shopper.client, address)
    return address


def file_of(shopper, booked: str) -> dict:
    response = shopper.client.get(booked + "kept.json")
    return json.loads(b"".join(response.streaming_content).decode())


def test_the_file_says_all_that_is_kept_and_what_each_part_is(shopper, booked, outlet):
    bought = OrderBought(number="10482", currency="EUR", items=(ItemBought("CUP", "Cup äö", 990),))
    record_order(
        merchant=outlet.merchant, bought=bought, contact=some_contact(phone="+358401234567"), now=NOW
    )

    kept = file_of(shopper, booked)

    parts = set(kept) - {"about", "shop", "made_at"}
    assert parts == {
        "deliveries",
        "addresses",
        "orders",
        "attempts",
        "returns",
        "withdrawals",
        "getting_in",
        "promises",
        "events",
        "quotes",
        "messages",
        "links",
    }
    assert all(
        kept[part]["about"].endswith(".") and kept[part]["rows"]
        for part in parts - {"messages", "getting_in", "attempts", "returns", "withdrawals"}
    )
    (delivery,) = kept["deliveries"]["rows"]
    assert delivery["contact_email"] == "aino@example.com"
    assert delivery["booking"]["state"] == "booked"
    assert kept["addresses"]["rows"][0]["line"] == "Testikatu 1"
    (order,) = kept["orders"]["rows"]
    assert (order["items"][0]["name"], order["contact_phone"]) == ("Cup äö", "+358401234567")


def test_it_says_to_which_pickup_point_a_delivery_goes(shopper, booked):
    point = make_point(shopper.outlet.depot, name="Kulman kioski", line="Rantatie 4")
    divert_delivery(delivery=Delivery.objects.get(state="confirmed"), point=point, actor="x", now=NOW)

    (delivery,) = file_of(shopper, booked)["deliveries"]["rows"]

    assert delivery["booking"]["pickup_point"] == "Kulman kioski, Rantatie 4"


def test_the_file_is_streamed_as_a_download_and_kept_out_of_caches(shopper, booked):
    response = shopper.client.get(booked + "kept.json")

    assert response.streaming
    assert response["Content-Disposition"].startswith("attachment; filename=")
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response["Cache-Control"] == "no-store, private"


def test_the_file_holds_nobody_elses_and_no_link_or_code(shopper, booked, outlet):
    make_booking(outlet, contact=some_contact(email="other@example.com"), facts=some_facts(north_m=99))
    same = make_booking(outlet, hour=14, facts=some_facts(east_m=99))
    make_booking(make_network(), contact=some_contact(name="Elsewhere"))

    kept = file_of(shopper, booked)

    refs = {each["ref"] for each in kept["deliveries"]["rows"]}
    assert refs == {same.delivery.ref, booked.split("/")[2]}
    assert "other@example.com" not in json.dumps(kept)
    assert "Elsewhere" not in json.dumps(kept)
    assert "/l/" not in json.dumps(kept)


def test_before_it_is_erased_the_page_says_what_goes_what_stays_and_what_is_cancelled(
    shopper, booked, outlet
):
    make_booking(outlet, hour=14, facts=some_facts(east_m=99))
    page = text(shopper.client.get(booked + "erase/"))

    for words in (
        "What goes",
        "What stays, without you",
        "First we cancel",
        "your 1 other delivery",
        "must keep its books",
        "Cancel and erase",
    ):
        assert words in page
    assert Delivery.objects.filter(state="confirmed").count() == 2


def test_erased_by_the_page_it_is_gone_and_the_links_end(shopper, booked, outlet):
    done = shopper.client.post(booked + "erase/", {"sure": "1"})

    assert "It is erased" in text(shopper.client.get(done["Location"]))
    assert (Booking.objects.get().state, Delivery.objects.get().contact_email) == ("cancelled", "")
    assert shopper.client.get(booked).status_code == 404
    assert Event.objects.get(kind="delivery.erased").actor.startswith("link:")
    assert all(
        f"visit:{outlet.merchant.slug}" not in session.get_decoded() for session in Session.objects.all()
    )


def test_without_the_tick_nothing_is_erased(shopper, booked):
    page = shopper.client.post(booked + "erase/")

    assert page.status_code == 422
    assert "Tick the box first" in text(page)
    assert Delivery.objects.get().contact_email == "aino@example.com"


def test_on_the_day_itself_the_page_says_why_not_and_until_when(shopper, booked, at):
    start = Stop.objects.get(booking__isnull=False).route.shift.starts_at
    at.now = start
    passes_code(shopper.client, booked)

    assert "Not today" in text(shopper.client.get(booked + "erase/"))
    refused = shopper.client.post(booked + "erase/", {"sure": "1"})
    assert refused.status_code == 409
    assert "The day of your delivery has begun" in text(refused)


def test_the_merchant_sees_that_it_is_erased_and_by_whom_no_more(shopper, booked, outlet):
    from portal.api import wire

    booking = Booking.objects.get()
    assert wire.person(booking.delivery).email == "aino@example.com"

    erase_person(delivery=booking.delivery, actor="link:x", now=NOW)

    assert wire.person(Delivery.objects.get()) is None


def test_a_stranger_finds_no_page_about_anybody(booked):
    for page in ("kept.json", "erase/", "contact/", "preferences/"):
        assert Client().get(booked + page).status_code == 404
