"""After booking: where it may be left, how much longer it takes; who may say so, who reads it, who never."""

import re
from datetime import time, timedelta

import pytest
from django.test import Client

from portal.access import FOLLOW, issue_link
from portal.messaging.facts import current_entry, facts_of
from portal.messaging.subscribe import FOLDERS
from portal.models.people import Role
from scheduling.errors import OfferForged, SlotTaken
from scheduling.models import Booking, DayPlan, Delivery, Event, Merchant, SlotPattern, TheftZone
from tests.factories import NOW, make_booking, make_membership, make_user, some_facts
from tests.portal.customers.codes import passes_code
from tests.portal.customers.conftest import offers_in
from tests.portal.customers.test_joining import came_by, text

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PORCH = {"place": "porch", "note": "left  of the door", "keep": "on"}
NEIGHBOUR = {"place": "neighbour", "neighbour": "Virtanen", "neighbour_unit": "B 12", "note": "rings loud"}
PLACE = "Porch, left of the door"


@pytest.fixture
def booked(shopper) -> str:
    """The address of a booking which `shopper` made."""
    return shopper.books()


def delivery(number: str = "10482") -> Delivery:
    return Delivery.objects.get(order__number=number)


def zone(outlet) -> None:
    TheftZone.objects.create(
        depot=outlet.depot, name="Harbour", postcodes=["00100"], sentence="Goods were taken from doors here."
    )


def test_the_booking_says_how_it_is_and_leads_to_where_it_is_changed(shopper, booked):
    page = text(shopper.client.get(booked))

    assert f'href="{booked}place/"' in page
    assert f'href="{booked}longer/"' in page
    assert "Nowhere: somebody is at home" in page
    assert "As long as usual" in page


def test_the_page_says_until_when(shopper, booked):
    page = text(shopper.client.get(booked + "place/"))

    assert "You can change this until Tuesday 24 November, 7:00, when the van may start." in page
    assert re.search(r'value="home"[^>]* checked', page)


def test_a_place_is_said_and_shown(shopper, booked):
    passes_code(shopper.client, booked)
    said = shopper.client.post(booked + "place/", PORCH)
    page = text(shopper.client.get(booked))

    assert (said.status_code, said["Location"]) == (303, booked)
    assert "It is changed. The driver will know." in page
    assert PLACE in page
    assert "You said where it may be left" in page
    assert delivery().safe_place_kept
    again = text(shopper.client.get(booked + "place/"))
    assert 'value="left of the door"' in again


def test_what_is_kept_for_next_time_needs_the_code_and_the_change_does_not(shopper, booked):
    said = shopper.client.post(booked + "place/", PORCH)

    assert said["Location"] == f"{booked}code/?next={booked}place/"
    assert (delivery().safe_place, delivery().safe_place_kept) == ("porch", False)
    passes_code(shopper.client, booked)
    assert shopper.client.post(booked + "place/", PORCH)["Location"] == booked
    assert delivery().safe_place_kept


def test_a_neighbour_has_a_name_and_a_door(shopper, booked):
    shopper.client.post(booked + "place/", NEIGHBOUR)

    assert "With a neighbour: Virtanen, B 12, rings loud" in text(shopper.client.get(booked))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"place": ""}, "Choose where we may leave it, or that we may not."),
        ({"place": "moon"}, "Choose one of the places in the list."),
        ({"note": "x" * 10_000}, "Say it in up to 80 letters; these are 10000."),
        ({"place": "neighbour", "neighbour_unit": "B 12"}, "Write your neighbour’s name."),
        ({"place": "neighbour", "neighbour": "Virtanen"}, "Write your neighbour’s house or flat number."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(shopper, booked, wrong, sentence):
    response = shopper.client.post(booked + "place/", PORCH | wrong)

    assert response.status_code == 422
    assert sentence in text(response)
    assert (wrong.get("note") or "left  of the door") in text(response)
    assert delivery().safe_place == ""


def test_what_is_not_asked_for_cannot_be_wrong(shopper, booked):
    home = {"place": "home", "note": "x" * 999, "neighbour": "y" * 999, "neighbour_unit": "z" * 99}

    assert shopper.client.post(booked + "place/", home).status_code == 303


def test_markup_is_text_and_signs_that_turn_words_around_are_dropped(shopper, booked):
    note = "<b>bold</b> \u202eback\u202c \u2066x\x1b מאחור"

    shopper.client.post(booked + "place/", {"place": "shed", "note": note})

    assert delivery().safe_place_note == "<b>bold</b> back x מאחור"
    assert "&lt;b&gt;bold" in text(shopper.client.get(booked))


def test_looking_changes_nothing(shopper, booked):
    before = list(Delivery.objects.values()), Event.objects.count()

    for page in ("place/?place=porch", "place/?do=forget", "longer/?minutes=5"):
        shopper.client.get(booked + page)
        shopper.client.head(booked + page)

    assert (list(Delivery.objects.values()), Event.objects.count()) == before


# Who may, who reads


@pytest.mark.parametrize("page", ["place/", "place/times/", "longer/", "longer/5/"])
def test_who_only_follows_may_not_and_strangers_find_nothing(shopper, booked, page):
    follower = came_by(issue_link(delivery=delivery(), kind=FOLLOW, now=NOW))

    for client, status in ((follower, 403), (Client(), 404)):
        assert client.get(booked + page).status_code == status
        assert client.post(booked + page, PORCH | {"minutes": "5"}).status_code == status
    assert (delivery().safe_place, delivery().extra_s) == ("", 0)


def test_who_only_follows_sees_nothing_of_it(shopper, booked):
    follower = came_by(issue_link(delivery=delivery(), kind=FOLLOW, now=NOW))
    before = text(follower.get(booked.replace("/d/", "/f/")))

    shopper.client.post(booked + "place/", NEIGHBOUR)
    shopper.client.post(booked + "longer/", {"minutes": "5"})

    assert text(follower.get(booked.replace("/d/", "/f/"))) == before


def test_no_event_says_where(shopper, booked):
    shopper.client.post(booked + "place/", NEIGHBOUR)

    said = str(list(Event.objects.values_list("data", flat=True)))
    for word in ("neighbour", "Virtanen", "B 12", "rings"):
        assert word not in said


def test_the_contact_is_told_by_mail(shopper, booked):
    shopper.client.post(booked + "place/", NEIGHBOUR)
    shopper.client.post(booked + "longer/", {"minutes": "5"})

    for kind in ("delivery.safe_place_changed", "delivery.longer_at_door"):
        assert FOLDERS[kind] == "at_door"
        mail = facts_of(Event.objects.get(kind=kind), delivery(), now=NOW)
        assert mail.door == (
            "If nobody opens, your neighbour takes it: Virtanen, B 12, rings loud.",
            "It takes 5 minutes more at the door.",
        )


def test_the_depots_board_says_it_at_once(shopper, booked, outlet):
    planner, user = Client(), make_user()
    make_membership(user, Role.VIEWER, depot=outlet.depot)
    planner.force_login(user)
    day = delivery().booking.stop.route.shift.plan.service_date
    page = f"/depot/{outlet.depot.slug}/{day.isoformat()}/"
    mark = re.search(r"\?v=([^\"]+)\"", text(planner.get(page)))[1]

    shopper.client.post(booked + "place/", NEIGHBOUR)

    poll = planner.get(page, {"v": mark}, headers={"HX-Request": "true", "HX-Target": "plan"})
    assert poll.status_code == 200
    assert "May be left: With a neighbour: Virtanen, B 12, rings loud" in text(poll)


# Refused


@pytest.mark.parametrize("why", ["signature", "worth", "zone"])
def test_what_is_never_left_says_why_before_and_after(shopper, booked, outlet, why):
    if why == "signature":
        Delivery.objects.update(requirements=["signature"])
    elif why == "worth":
        Merchant.objects.update(high_value_minor=10_000)
        Delivery.objects.update(worth_minor=10_000)
    else:
        zone(outlet)
    sentence = {
        "signature": "These goods need a signature",
        "worth": "These goods are worth so much",
        "zone": "Goods were taken from doors here.",
    }[why]

    page, refused = shopper.client.get(booked + "place/"), shopper.client.post(booked + "place/", PORCH)

    assert sentence in text(page)
    assert 'value="porch"' not in text(page)
    assert refused.status_code == 409
    assert sentence in text(refused)
    assert delivery().safe_place == ""


def test_at_the_checkout_a_theft_zone_says_its_sentence_and_shows_the_other_times(shopper, outlet):
    shopper.types()
    shopper.client.post(shopper.base + "door/", {"outside": "on", "safe_place": "porch", "longer": "3"})
    zone(outlet)

    page = text(shopper.sees_times("2026-11-25"))

    assert "Goods were taken from doors here." in page
    assert 'name="outside"' not in page
    assert offers_in(shopper.sees_times("2026-11-25"))
    shopper.keeps()
    assert Delivery.objects.get().safe_place == ""


def test_a_zone_made_after_the_times_were_shown_is_said_when_one_is_kept(shopper, outlet):
    shopper.types()
    shopper.client.post(shopper.base + "door/", {"outside": "on", "safe_place": "porch", "longer": "0"})
    offer = shopper.offers()[-1]
    zone(outlet)

    response = shopper.keeps(offer)

    assert response.status_code == 409
    assert "Goods were taken from doors here." in text(response)


# A time at which nobody needs to be at home


@pytest.fixture
def unattended(shopper, outlet) -> str:
    SlotPattern.objects.create(
        outlet=outlet, opens=time(20), closes=time(21), base_price_minor=190, unattended=True
    )
    shopper.types()
    shopper.client.post(shopper.base + "door/", {"outside": "on", "safe_place": "porch", "longer": "0"})
    shopper.keeps(shopper.offers()[-1])
    return shopper.confirms()["Location"]


def test_who_wants_to_be_at_home_then_is_led_to_another_time_and_both_change_at_once(shopper, unattended):
    refused = shopper.client.post(unattended + "place/", {"place": "home"})

    assert refused.status_code == 409
    assert "at which nobody needs to be at home" in text(refused)
    assert f'href="{unattended}place/times/"' in text(refused)
    times = shopper.client.get(unattended + "place/times/?day=2026-11-25")
    assert "Nobody at home needed" not in text(times)
    moved = shopper.client.post(unattended + "place/times/", {"offer": offers_in(times)[-1]})
    assert (moved.status_code, moved["Location"]) == (303, unattended)
    assert delivery().safe_place == ""
    assert not Booking.objects.get().unattended


# From last time


@pytest.fixture
def recalled(shopper, outlet, at) -> str:
    """A second booking to the same door, which took its place from the first."""
    first = shopper.books()
    passes_code(shopper.client, first)
    shopper.client.post(first + "place/", NEIGHBOUR | {"keep": "on"})
    shopper.client.cookies.clear()
    shopper.types()
    shopper.keeps()
    return shopper.confirms(order_number="10490")["Location"]


def test_a_place_from_last_time_says_so_and_spells_nothing_out_but_in_the_mail(shopper, recalled):
    pages = [text(shopper.client.get(recalled + page)) for page in ("", "place/", "calendar.ics")]

    assert "With a neighbour, as last time" in pages[0]
    assert "From last time: With a neighbour" in pages[1]
    for page in pages:
        for word in ("Virtanen", "B 12", "rings loud"):
            assert word not in page
    mail = facts_of(Event.objects.filter(kind="booking.confirmed").latest("pk"), delivery("10490"), now=NOW)
    assert "Virtanen, B 12, rings loud. That is as last time" in mail.door[0]
    assert "Virtanen" not in current_entry(delivery("10490")).notes


@pytest.mark.parametrize(("press", "kept"), [("take-off", True), ("forget", False)])
def test_one_press_takes_it_off(shopper, recalled, press, kept):
    page = text(shopper.client.get(recalled + "place/"))
    assert f'name="do" value="{press}"' in page

    assert shopper.client.post(recalled + "place/", {"do": press}).status_code == 303

    assert delivery("10490").safe_place == ""
    assert Delivery.objects.filter(safe_place_kept=True).exists() is kept


# Longer at the door


def test_it_takes_longer_for_nothing(shopper, booked):
    price = Booking.objects.get().price_minor

    page = text(shopper.client.get(booked + "longer/"))
    done = shopper.client.post(booked + "longer/", {"minutes": "5"})

    assert "it costs nothing" in page
    assert done.status_code == 303
    assert "You asked for 5 minutes more at the door" in text(shopper.client.get(booked))
    assert (delivery().extra_s, Booking.objects.get().price_minor) == (300, price)


@pytest.mark.parametrize("minutes", ["", "240", "x", "-3"])
def test_only_minutes_in_the_list_are_taken(shopper, booked, minutes):
    response = shopper.client.post(booked + "longer/", {"minutes": minutes})

    assert response.status_code == 422
    assert "Choose one of the minutes in the list." in text(response)


@pytest.fixture
def full(shopper, outlet) -> str:
    """A booking at ten whose vans have no minutes to spare then."""
    page = shopper.books()
    hour = Booking.objects.get().stop.opens_at.astimezone(outlet.depot.zone).hour
    day = Booking.objects.get().stop.route.shift.plan.service_date
    for number in range(40):
        try:
            make_booking(outlet, hour=hour, day=day, facts=some_facts(north_m=15 * number, service_s=600))
        except (SlotTaken, OfferForged):
            break
    return page


def test_where_no_van_has_the_minutes_times_that_have_are_shown_and_one_press_does_both(shopper, full):
    refused = shopper.client.post(full + "longer/", {"minutes": "30"})

    assert refused.status_code == 409
    assert "no minutes to spare" in text(refused)
    assert "Your delivery stays as it was." in text(refused)
    assert delivery().extra_s == 0
    offers = offers_in(refused)
    moved = shopper.client.post(full + "longer/30/", {"offer": offers[0]})
    assert (moved.status_code, moved["Location"]) == (303, full)
    assert (delivery().extra_s, Booking.objects.get(delivery=delivery()).stop.delivery_id) == (
        1800,
        delivery().pk,
    )


def test_after_its_cutoff_there_is_no_other_time_but_less_is_possible(shopper, full, at):
    at.now = Booking.objects.get(delivery=delivery()).change_until_at + timedelta(minutes=1)

    refused = shopper.client.post(full + "longer/", {"minutes": "30"})

    assert refused.status_code == 409
    assert "no minutes to spare" in text(refused)
    assert not offers_in(refused)
    assert shopper.client.get(full + "longer/30/")["Location"] == full


def test_once_routes_are_fixed_only_less_is_offered(shopper, booked):
    shopper.client.post(booked + "longer/", {"minutes": "10"})
    DayPlan.objects.update(state="locked")

    page = text(shopper.client.get(booked + "longer/"))

    assert "now it can only become less" in page
    assert 'value="15"' not in page
    assert shopper.client.post(booked + "longer/", {"minutes": "15"}).status_code == 409
    assert shopper.client.post(booked + "longer/", {"minutes": "3"}).status_code == 303


def test_once_its_route_may_have_started_nothing_of_it_is_offered(shopper, booked, at):
    at.now = Booking.objects.get().stop.route.shift.starts_at

    page = text(shopper.client.get(booked))

    assert "/place/" not in page
    assert "/longer/" not in page
    for where, typed in (("place/", PORCH), ("longer/", {"minutes": "3"})):
        assert shopper.client.get(booked + where)["Location"] == booked
        refused = shopper.client.post(booked + where, typed)
        assert refused.status_code == 409
        assert "too late to change" in text(refused)
