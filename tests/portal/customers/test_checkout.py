import re
from datetime import timedelta

import pytest

from scheduling.models import Booking, Delivery, Hold
from tests.factories import make_network
from tests.portal.customers.conftest import Shopper

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def text(response) -> str:
    return response.content.decode()


@pytest.fixture
def keeper(shopper) -> Shopper:
    """A shopper for whom a time is kept."""
    shopper.types()
    shopper.keeps()
    return shopper


def test_the_check_says_what_is_kept_until_when_and_what_can_be_changed(keeper):
    page = text(keeper.checks())

    for words in (
        "15 minutes",
        "11:15",
        "Testikatu 1, 00100 Helsinki",
        "2 parcels, 9 kg",
        "€4.90, charged by",
    ):
        assert words in page
    assert "You can move or cancel it until" in page
    assert 'data-countdown="900"' in page


def test_confirming_books_it_and_lets_this_browser_manage_it(keeper):
    response = keeper.confirms(mobile="040 123 4567")

    delivery = Delivery.objects.get(state="confirmed")
    assert (response.status_code, response["Location"]) == (303, f"/d/{delivery.ref}/")
    assert (delivery.contact_email, str(delivery.contact_phone)) == ("aino@example.com", "+358401234567")
    assert delivery.order.number == "10482"
    assert "Booked" in text(keeper.client.get(response["Location"]))


def test_the_price_shown_is_the_price_held_and_booked(keeper):
    shown = re.search(r"(€\d+\.\d\d), charged by", text(keeper.checks()))[1]

    keeper.confirms()

    booking = Booking.objects.get()
    assert shown == f"€{booking.price_minor / 100:.2f}"
    assert booking.price_minor == Hold.objects.get().price_minor


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "", "Write your e-mail address"),
        ("email", "aino@", "Write the whole e-mail address"),
        ("mobile", "12", "Write the number with its country"),
        ("order_number", "", "Write the order number"),
        ("order_number", "x" * 65, ""),
    ],
)
def test_a_contact_that_cannot_be_right_is_refused_and_kept(keeper, field, value, sentence):
    response = keeper.confirms(**{"mobile": "040 123 4567", field: value})

    assert response.status_code == 422
    assert sentence in text(response)
    assert not Booking.objects.exists()
    if field != "mobile":
        assert 'value="040 123 4567"' in text(response)


def test_confirming_twice_leads_to_the_one_booking(keeper):
    data = {"email": "aino@example.com", "order_number": "10482"}
    data["keeping"] = re.search(r'name="keeping" value="([^"]+)"', text(keeper.checks()))[1]

    first, second = (keeper.client.post(keeper.base + "check/", data) for _i in range(2))

    assert first["Location"] == second["Location"]
    assert Booking.objects.count() == 1


def lose_the_answer(keeper: Shopper) -> str:
    """Book, but let the browser know nothing of it: its cookies and its session stay as they were."""
    cookies, session = keeper.client.cookies.copy(), dict(keeper.client.session)
    booking = keeper.confirms()["Location"]
    keeper.client.cookies = cookies
    before = keeper.client.session
    before.clear()
    before.update(session)
    before.save()
    return booking


def test_who_never_got_the_answer_is_led_to_the_booking_and_let_in(keeper):
    booking = lose_the_answer(keeper)

    assert keeper.checks()["Location"] == booking
    assert "It is booked. Thank you." in text(keeper.client.get(booking))
    assert Booking.objects.count() == 1


def test_long_after_booking_the_session_alone_lets_nobody_in(keeper, at):
    booking = lose_the_answer(keeper)
    at.now += timedelta(hours=1)

    assert keeper.checks()["Location"] == booking
    assert keeper.client.get(booking).status_code == 404


def test_the_back_button_after_booking_leads_to_the_booking(shopper):
    booking = shopper.books()

    assert shopper.checks()["Location"] == booking
    assert shopper.sees_times()["Location"] == booking
    assert shopper.client.post(shopper.base + "hold/", {"offer": "x"})["Location"] == booking


def test_a_new_address_after_booking_begins_another_visit(shopper):
    shopper.books()

    shopper.types("Testikatu 3, 00100 Helsinki")
    shopper.keeps()

    assert shopper.confirms(order_number="10483").status_code == 303
    assert Booking.objects.count() == 2


def test_a_second_tab_is_told_that_another_time_is_kept(keeper):
    old_tab = re.search(r'name="keeping" value="([^"]+)"', text(keeper.checks()))[1]
    keeper.keeps(keeper.offers()[-1])

    response = keeper.confirms(keeping=old_tab)

    assert response.status_code == 409
    assert "You chose another time meanwhile" in text(response)
    assert "aino@example.com" in text(response)
    assert not Booking.objects.exists()


def test_more_time_keeps_the_place_and_what_was_typed(keeper, at):
    at.now += timedelta(minutes=14)

    response = keeper.client.post(keeper.base + "check/extend/", {"email": "aino@exam", "mobile": "04"})

    page = text(keeper.checks())
    assert response["Location"] == keeper.base + "check/"
    assert 'data-countdown="900"' in page
    assert 'value="aino@exam"' in page


def test_more_time_has_an_end_that_is_said(keeper, at):
    answers = [
        keeper.client.post(keeper.base + "check/extend/", {"email": "a@b.example"}) for _i in range(13)
    ]

    assert [answer.status_code for answer in answers[:10]] == [303] * 10
    assert answers[-1].status_code == 409
    assert "all the extra time there is" in text(answers[-1])
    assert 'value="a@b.example"' in text(answers[-1])


def test_a_hold_that_ran_out_says_so_and_is_still_confirmed_if_its_time_is_free(keeper, at):
    at.now += timedelta(minutes=16)

    page = text(keeper.checks())
    response = keeper.confirms()

    assert "Your time has run out" in page
    assert "data-countdown=" not in page
    assert response.status_code == 303
    assert Booking.objects.count() == 1


def test_a_hold_that_ran_out_and_was_taken_gives_fresh_times_and_keeps_the_contact(at):
    outlet = make_network(daily_cap=1, days=9)
    slow, quick = Shopper(outlet), Shopper(outlet)
    slow.types()
    slow.keeps(slow.offers()[-1])
    at.now += timedelta(minutes=16)
    quick.types("Testikatu 3, 00100 Helsinki")
    quick.keeps(quick.offers()[-1])
    quick.confirms(order_number="1")

    response = slow.confirms(email="slow@example.com")

    assert response.status_code == 409
    assert "What you typed is kept." in text(response)
    slow.keeps(slow.offers("2026-11-27")[-1])
    assert 'value="slow@example.com"' in text(slow.checks())


def test_more_time_after_the_end_says_that_it_ran_out(keeper, at):
    at.now += timedelta(minutes=16)

    keeper.client.post(keeper.base + "check/extend/", {})

    assert "Your time has run out" in text(keeper.checks())


def test_without_a_kept_time_there_is_nothing_to_check(shopper):
    assert shopper.checks()["Location"] == shopper.base + "times/"
    assert shopper.client.post(shopper.base + "check/extend/")["Location"] == shopper.base + "times/"


def test_another_session_cannot_see_or_confirm_what_is_kept(keeper, outlet):
    stranger = Shopper(outlet)
    session = stranger.client.session
    session[f"visit:{outlet.merchant.slug}"] = {"hold": Hold.objects.get().token}
    session.save()

    assert stranger.checks()["Location"] == stranger.base + "times/"
