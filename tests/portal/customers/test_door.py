"""What a shopper says of their door: kept, shown to whom it concerns, and to nobody else."""

import re
from datetime import time

import pytest
from django.test import Client

from portal.access import FOLLOW, issue_link, token_of
from portal.messaging.facts import current_entry, facts_of
from portal.models.people import Role
from scheduling.models import Delivery, Event, Hold, Merchant, SlotPattern
from tests.factories import NOW, make_membership, make_user
from tests.portal.customers.conftest import Shopper, offers_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PORCH = {"outside": "on", "safe_place": "porch", "note": "left  of the door", "longer": "3"}
PLACE = "Porch, left of the door"


@pytest.fixture
def outlet(outlet):
    SlotPattern.objects.create(
        outlet=outlet, opens=time(20), closes=time(21), base_price_minor=190, unattended=True
    )
    return outlet


@pytest.fixture
def shopper(outlet) -> Shopper:
    found = Shopper(outlet)
    found.types()
    return found


def says(shopper: Shopper, day: str = "", **values: str):
    return shopper.client.post(shopper.base + "door/" + (f"?day={day}" if day else ""), values)


def text(response) -> str:
    return response.content.decode()


def books_outside(shopper: Shopper) -> Delivery:
    says(shopper, **PORCH)
    shopper.keeps(shopper.offers()[-1])
    shopper.confirms()
    return Delivery.objects.get(contact_email="aino@example.com")


def test_nothing_is_ticked_and_the_more_there_would_be_is_said_in_one_line(shopper):
    page = text(shopper.sees_times("2026-11-25"))

    assert "Nobody at home?" in page
    assert " checked" not in page
    assert "1 more time if we may leave it outside, from €1.90" in page
    assert "20:00–21:00" not in page


def test_a_named_place_shows_the_times_that_need_nobody(shopper):
    response = says(shopper, day="2026-11-25", **PORCH)

    assert (response.status_code, response["Location"]) == (303, shopper.base + "times/?day=2026-11-25")
    page = text(shopper.sees_times("2026-11-25"))
    assert "20:00–21:00" in page
    assert "Nobody at home needed" in page
    assert f"We may leave it outside: {PLACE}" in page
    assert "3 minutes more at the door" in page


def test_taking_it_back_takes_the_times_away_and_keeps_what_was_typed(shopper):
    says(shopper, **PORCH)

    says(shopper, **(PORCH | {"outside": ""}))

    page = text(shopper.sees_times("2026-11-25"))
    assert "20:00–21:00" not in page
    assert 'value="porch" selected' in page


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"safe_place": ""}, "Choose where we may leave it."),
        ({"safe_place": "moon"}, "Choose one of the places in the list."),
        ({"note": "x" * 81}, "Say it in up to 80 letters"),
        ({"longer": "240"}, "Choose one of the minutes in the list."),
    ],
)
def test_what_makes_no_sense_is_asked_about_and_kept(shopper, wrong, sentence):
    response = says(shopper, **(PORCH | wrong))

    assert response.status_code == 422
    assert sentence in text(response)
    assert "Nothing is lost" in text(response)
    assert 'id="door" open' in text(response)
    assert "checked" in text(response)
    assert "20:00–21:00" not in text(response)


@pytest.mark.parametrize("requirement", ["signature", "age_check"])
def test_goods_that_are_handed_over_say_so_and_a_forged_form_changes_nothing(shopper, requirement):
    Merchant.objects.update(requirements=[requirement])

    page = text(shopper.sees_times())
    response = says(shopper, **PORCH)

    assert "somebody must be at home" in page
    assert 'name="outside"' not in page
    assert "more time if we may" not in page
    assert response.status_code == 422
    assert "somebody must be at home" in text(response)
    assert "We may leave it outside:" not in text(shopper.sees_times())


def test_a_place_named_before_the_shop_asked_for_signatures_counts_no_more(shopper):
    says(shopper, **PORCH)
    Merchant.objects.update(requirements=["signature"])

    page = text(shopper.sees_times())

    assert page.count("somebody must be at home") >= 1
    assert "Porch, left" not in page
    assert Hold.objects.count() == 0


def test_without_an_address_the_door_asks_for_it(outlet):
    assert says(Shopper(outlet), **PORCH)["Location"] == f"/s/{outlet.merchant.slug}/"


def test_another_address_is_another_door(shopper):
    says(shopper, **PORCH)

    shopper.types("Testikatu 3, 00100 Helsinki")

    assert PLACE not in text(shopper.sees_times())


def test_another_size_at_the_same_address_keeps_the_door(shopper):
    says(shopper, **PORCH)

    shopper.types(size="bag")

    assert PLACE in text(shopper.sees_times())


def test_a_time_kept_in_another_tab_is_confirmed_as_that_tab_showed_it(shopper):
    attended = shopper.offers()[-1]
    says(shopper, **PORCH)

    shopper.keeps(attended)

    assert "May be left" not in text(shopper.checks())
    assert Hold.objects.get().delivery.safe_place == ""


def test_check_booking_mail_calendar_and_move_say_where_it_may_be_left(shopper):
    delivery = books_outside(shopper)
    page = f"/d/{delivery.ref}/"

    assert (delivery.safe_place, delivery.extra_s, delivery.service_s) == ("porch", 180, 360)
    booking = text(shopper.client.get(page))
    assert PLACE in booking
    assert "3 minutes more" in booking
    mail = facts_of(Event.objects.get(kind="booking.confirmed"), delivery, now=NOW)
    assert mail.door == (
        f"We may leave it outside: {PLACE}.",
        "It takes 3 minutes more at the door.",
    )
    assert PLACE in current_entry(delivery).notes
    assert "Nobody at home needed" in text(shopper.client.get(page + "move/"))


def test_the_check_says_what_was_said_of_the_door(shopper):
    says(shopper, **PORCH)
    shopper.keeps(shopper.offers()[-1])

    page = text(shopper.checks())

    assert PLACE in page
    assert "3 minutes more" in page


def test_a_follow_link_never_shows_the_safe_place(shopper):
    delivery = books_outside(shopper)
    friend = Client()
    friend.get(f"/l/{token_of(issue_link(delivery=delivery, kind=FOLLOW, now=NOW))}/")

    page = text(friend.get(f"/f/{delivery.ref}/"))

    assert "The van comes between these times." in page
    for word in ("Porch", "left of the door", "3 minutes", "outside"):
        assert word not in page
    assert "porch" not in str(list(Event.objects.values_list("data", flat=True)))


def test_another_order_that_needs_a_signature_does_not_join_what_may_be_left_outside(shopper):
    delivery = books_outside(shopper)
    Merchant.objects.update(requirements=["signature"])

    response = shopper.client.post(f"/d/{delivery.ref}/join/", {"order_number": "10484", "size": "bag"})

    assert response.status_code == 409
    assert "These goods need a signature" in text(response)
    assert "10484" in text(response)


def test_the_depots_board_says_where_it_may_be_left_and_what_takes_longer(shopper, outlet):
    delivery = books_outside(shopper)
    planner, user = Client(), make_user()
    make_membership(user, Role.VIEWER, depot=outlet.depot)
    planner.force_login(user)
    day = delivery.booking.stop.route.shift.plan.service_date

    page = text(planner.get(f"/depot/{outlet.depot.slug}/{day.isoformat()}/"))

    assert f"May be left: {PLACE}" in page
    assert "Takes 3 minutes more at the door" in page


def test_a_shop_that_only_sells_unattended_times_says_how_to_get_them(shopper):
    SlotPattern.objects.filter(unattended=False).delete()

    page = text(shopper.sees_times())

    assert "there are times if we may leave it outside" in page
    says(shopper, **PORCH)
    assert offers_in(shopper.sees_times())


def test_the_line_leads_to_the_open_card(shopper):
    page = text(shopper.sees_times("2026-11-25"))
    found = re.search(r'href="([^"]+door=open#door)"', page)

    assert found
    assert 'id="door" open' in text(shopper.client.get(found[1].replace("&amp;", "&").partition("#")[0]))
