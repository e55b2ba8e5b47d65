import re
from datetime import UTC, datetime

import pytest
from django.test import Client
from icalendar import Calendar

from portal.access import FOLLOW, issue_link, token_of
from scheduling.models import Booking, Delivery
from tests.factories import NOW, make_booking, make_link, make_network, some_facts
from tests.portal.customers.conftest import Shopper

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def text(response) -> str:
    return response.content.decode()


@pytest.fixture
def booked(shopper) -> str:
    """The address of a booking which `shopper` made."""
    return shopper.books()


@pytest.fixture
def follower(booked) -> Client:
    """A browser that came by the follow link."""
    client = Client()
    link = issue_link(delivery=Delivery.objects.get(state="confirmed"), kind=FOLLOW, now=NOW)
    client.get(f"/l/{token_of(link)}/")
    return client


def test_the_page_says_when_where_what_and_what_happened(shopper, booked):
    page = text(shopper.client.get(booked))

    for words in (
        "Booked",
        "Testikatu 1, 00100 Helsinki",
        "2 parcels, 9 kg",
        "aino@example.com",
        "Order 10482",
    ):
        assert words in page
    assert "You chose" in page
    assert "At your door" in page


def test_the_pin_of_a_booking_stays_where_it_is(shopper, booked):
    page = text(shopper.client.get(booked))

    assert "data-map" in page
    assert "data-movable" not in page


def test_what_was_just_done_is_said_once(shopper, booked):
    first, second = (text(shopper.client.get(booked)) for _i in range(2))

    assert "It is booked. Thank you." in first
    assert "It is booked" not in second


def test_the_page_is_kept_out_of_caches_searches_and_other_sites(shopper, booked):
    response = shopper.client.get(booked)

    assert response["Cache-Control"] == "no-store, private"
    assert response["X-Robots-Tag"].startswith("noindex")
    assert response["Referrer-Policy"] in {"same-origin", "no-referrer"}


@pytest.mark.parametrize("page", ["", "move/", "cancel/", "calendar.ics"])
def test_a_stranger_finds_nothing(booked, page):
    assert Client().get(booked + page).status_code == 404


@pytest.mark.parametrize("page", ["", "move/", "cancel/", "calendar.ics"])
def test_a_follow_link_cannot_open_what_manages(follower, booked, page):
    assert follower.get(booked + page).status_code == 403
    assert follower.post(booked + page, {"offer": "x"}).status_code == 403
    assert Booking.objects.get().state == "booked"


def test_the_follow_page_only_looks(follower, booked):
    response = follower.get(booked.replace("/d/", "/f/"))
    page = text(response)

    assert response["Referrer-Policy"] == "no-referrer"
    assert "Booked" in page
    for secret in ("Testikatu", "aino", "10482", "€", "parcel", "kg", "/d/", "/l/", "move", "24.94"):
        assert secret not in page
    assert follower.post(booked.replace("/d/", "/f/")).status_code == 403


def test_the_calendar_file_holds_the_window_and_no_link(shopper, booked):
    response = shopper.client.get(booked + "calendar.ics")

    event = Calendar.from_ical(response.content).walk("VEVENT")[0]
    stop = Booking.objects.get().stop
    assert response["Content-Type"].startswith("text/calendar")
    assert (event["dtstart"].dt, event["dtend"].dt) == (stop.opens_at, stop.closes_at)
    assert b"http" not in response.content


def test_cancelling_takes_two_steps(shopper, booked):
    asked = shopper.client.get(booked + "cancel/")
    assert Booking.objects.get().state == "booked"

    done = shopper.client.post(booked + "cancel/")

    assert "Cancel this delivery?" in text(asked)
    assert done["Location"] == booked
    assert Booking.objects.get().state == "cancelled"
    page = text(shopper.client.get(booked))
    assert "Cancelled" in page
    assert "You cancelled it" in page
    assert "Move it" not in page


def test_cancelling_twice_is_cancelling_once(shopper, booked):
    first, second = (shopper.client.post(booked + "cancel/") for _i in range(2))

    assert first["Location"] == second["Location"] == booked
    assert text(shopper.client.get(booked)).count("You cancelled it") == 1


def test_after_the_cutoff_it_stays_where_it_is_but_may_still_be_cancelled(shopper, booked, at):
    at.now = Booking.objects.get().change_until_at

    page = text(shopper.client.get(booked))

    assert "You can cancel it until the vans start." in page
    assert "/move/" not in page
    assert shopper.client.get(booked + "move/")["Location"] == booked
    assert "Move it instead" not in text(shopper.client.get(booked + "cancel/"))
    assert shopper.client.post(booked + "cancel/").status_code == 303


def test_once_the_vans_start_nothing_changes_and_the_page_says_so(shopper, booked, at):
    plan = Booking.objects.get().stop.route.shift.plan
    type(plan).objects.filter(pk=plan.pk).update(state="started")

    page = text(shopper.client.get(booked))
    refused = shopper.client.post(booked + "cancel/")

    assert "contact the shop" in page
    assert "/cancel/" not in page
    assert shopper.client.get(booked + "cancel/")["Location"] == booked
    assert refused.status_code == 409
    assert "It is not cancelled" in text(refused)
    assert Booking.objects.get().state == "booked"


def test_looking_changes_nothing(shopper, follower, booked):
    before = list(Booking.objects.values()), Delivery.objects.count()

    for page in ("", "cancel/", "calendar.ics"):
        shopper.client.get(booked + page)
    follower.get(booked.replace("/d/", "/f/"))

    assert (list(Booking.objects.values()), Delivery.objects.count()) == before


def offers_on_move(response) -> list[tuple[str, str]]:
    return re.findall(
        r'name="(?:suggestion|offer)"[^>]* value="([^"]+)"[^>]* data-key="([^"]+)"', text(response)
    )


def test_moving_shows_the_difference_and_moves(shopper, booked):
    now_at = Booking.objects.get().stop.opens_at
    page = shopper.client.get(booked + "move/?day=2026-11-26")
    offer = offers_on_move(page)[-1][0]

    moved = shopper.client.post(booked + "move/", {"offer": offer})

    assert "Against now:" in text(page)
    assert moved["Location"] == booked
    assert Booking.objects.get().stop.opens_at > now_at
    assert "You moved it to" in text(shopper.client.get(booked))
    assert Booking.objects.count() == 1


def test_the_time_it_has_now_is_marked(shopper, booked):
    day = Booking.objects.get().stop.opens_at.date().isoformat()

    assert "Your time now" in text(shopper.client.get(f"{booked}move/?day={day}"))


def test_moving_to_nothing_or_to_a_forged_time_changes_nothing(shopper, booked):
    nothing = shopper.client.post(booked + "move/", {})
    forged = shopper.client.post(booked + "move/", {"offer": "forged"})

    assert (nothing.status_code, forged.status_code) == (422, 409)
    assert "stays as it was" in text(forged)
    assert Booking.objects.get().stop.state == "booked"


def test_choosing_the_time_it_has_changes_nothing_and_says_so(shopper, booked):
    day = Booking.objects.get().stop.opens_at.date().isoformat()
    rows = shopper.client.get(f"{booked}move/?day={day}").context["times"].rows
    mine = next(row for row in rows if "Your time now" in {str(tag.word) for tag in row.tags})

    shopper.client.post(booked + "move/", {"offer": mine.offer})

    page = text(shopper.client.get(booked))
    assert "It stays as it was" in page
    assert "You moved it to" not in page


def test_an_offer_of_the_checkout_cannot_move_a_booking(shopper):
    shopper.types()
    offer = shopper.offers()[-1]
    shopper.keeps(offer)
    booked = shopper.confirms()["Location"]

    assert shopper.client.post(booked + "move/", {"offer": offer}).status_code == 409


def test_a_cancelled_booking_is_not_moved(shopper, booked):
    offer = offers_on_move(shopper.client.get(booked + "move/"))[0][0]
    shopper.client.post(booked + "cancel/")

    response = shopper.client.post(booked + "move/", {"offer": offer})

    assert response.status_code == 409
    assert "It stays as it was" in text(response)
    assert shopper.client.get(booked + "move/")["Location"] == booked


@pytest.mark.parametrize(("day", "utc_hour"), [("2026-10-24", 7), ("2026-10-26", 8)])
def test_ten_o_clock_is_the_depots_on_both_sides_of_a_clock_change(db, at, day, utc_hour):
    at.now = datetime(2026, 10, 22, 9, tzinfo=UTC)
    shopper = Shopper(make_network(now=at.now, hours=(10,), days=8))
    shopper.types()
    shopper.keeps(shopper.offers(day)[-1])

    page = text(shopper.client.get(shopper.confirms()["Location"]))

    assert "10:00–12:00" in page
    assert Booking.objects.get().stop.opens_at == datetime.fromisoformat(f"{day}T{utc_hour:02}:00+00:00")


def test_the_street_may_hear_of_it_or_no_longer(shopper, booked):
    asked = text(shopper.client.get(booked + "street/"))
    told = shopper.client.post(booked + "street/", {"tells": "yes"})

    assert "Never who, never what, never which hours." in asked
    assert told["Location"] == booked
    page = text(shopper.client.get(booked))
    assert "Your street may hear that a van comes." in page
    assert "You let your street hear that a van comes" in page

    shopper.client.post(booked + "street/", {"tells": "no"})
    assert "You took that back from your street" in text(shopper.client.get(booked))
    assert not Booking.objects.get().delivery.tells_street


def test_a_pickup_says_what_it_adds_beside_a_trip_of_its_own_in_whole_kilometres():
    outlet = make_network()
    make_booking(outlet, facts=some_facts(north_m=50))
    booking = make_booking(outlet, facts=some_facts(direction="in"))
    client = Client()
    client.get(f"/l/{token_of(make_link(booking))}/")

    page = text(client.get(f"/d/{booking.delivery.ref}/")).replace("\u00a0", " ")

    assert re.search(r"of driving; a trip of its own would be about 2\d km", page)
    assert "<dt>Pickup</dt>" in page
    assert "<dt>Delivery</dt>" not in page
