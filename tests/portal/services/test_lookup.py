"""Finding a booking again tells the asker nothing, and the contact on file everything."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.services.lookup import find_booking_links, lookup_wait_s
from portal.tasks import send_due_messages
from scheduling import clock, events
from scheduling.models import Event
from scheduling.services.bookings import cancel_delivery
from scheduling.services.joining import join_delivery
from tests.factories import NOW, make_booking, make_network, some_contact

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


def look_up(order_number: str, email: str) -> list[str]:
    """Look up; return what was asked of the database, without the values."""
    with CaptureQueriesContext(connection) as asked:
        find_booking_links(order_number=order_number, email=email, now=NOW)
    return [query["sql"].split(" ")[0] for query in asked.captured_queries]


def mails(mail_server):
    Event.objects.filter(kind="booking.confirmed").update(relayed_at=NOW)
    events.relay(now=NOW)
    send_due_messages()
    return mail_server.mails


def test_the_links_go_to_the_contact_on_file(mail_server):
    make_booking(make_network(), order_number="A-77", contact=some_contact(email="Aino@Example.com"))

    look_up(" a-77 ", " aino@example.COM ")

    (mail,) = mails(mail_server)
    assert mail.recipients == ("Aino@Example.com",)
    assert mail.subject == "Your links to order A-77"
    assert mail.text.count("/l/") == 3
    assert mail.attachments == {}


def test_an_order_that_joined_finds_the_delivery_it_comes_with(mail_server):
    booking = make_booking(make_network(), order_number="A-77")
    goods = {"load_g": 3_000, "load_ml": 15_000, "parcels": 1}
    join_delivery(delivery=booking.delivery, order_number="B-78", actor="test", now=NOW, **goods)
    Event.objects.filter(kind="booking.joined").update(relayed_at=NOW)

    look_up("b-78", "eve@example.com")
    look_up("b-78", "aino@example.com")

    (mail,) = mails(mail_server)
    assert mail.recipients == ("aino@example.com",)
    assert mail.text.count("/l/") == 3


@pytest.mark.parametrize(
    ("order_number", "email"),
    [
        ("A-77", "eve@example.com"),
        ("A-78", "aino@example.com"),
        ("", ""),
        ("A%", "%"),
        ("x" * 5000, "x" * 5000),
    ],
)
def test_a_miss_mails_nobody(mail_server, order_number, email):
    make_booking(make_network(), order_number="A-77")

    look_up(order_number, email)

    assert mails(mail_server) == []


def test_a_hit_and_a_miss_ask_the_database_the_same(mail_server):
    make_booking(make_network(), order_number="A-77")

    hit, miss = look_up("A-77", "aino@example.com"), look_up("A-77", "eve@example.com")

    assert hit == miss
    assert mail_server.mails == []


def test_only_the_asker_s_own_deliveries_of_an_order_are_mailed(mail_server):
    outlet = make_network()
    make_booking(outlet, order_number="A-77")
    make_booking(outlet, order_number="A-77")
    make_booking(outlet, order_number="A-77", contact=some_contact(email="bo@example.com"))

    look_up("A-77", "aino@example.com")

    (mail,) = mails(mail_server)
    assert mail.recipients == ("aino@example.com",)
    assert mail.text.count("/l/") == 6


def test_of_a_cancelled_delivery_it_says_so(mail_server):
    booking = make_booking(make_network(), order_number="A-77")
    cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)
    Event.objects.update(relayed_at=NOW)

    look_up("A-77", "aino@example.com")

    (mail,) = mails(mail_server)
    assert "Cancelled: Tuesday 24 November, 10:00–12:00" in mail.text
    assert "You can change it until" not in mail.text


def test_by_the_tenth_guess_a_network_has_to_wait():
    waits = [
        lookup_wait_s(network="192.0.2.0/24", order_number=f"A-{i}", email="a@b.example", now=NOW)
        for i in range(1000)
    ]

    assert [bool(wait) for wait in waits] == [False] * 9 + [True] * 991


def test_one_question_is_answered_three_times_from_wherever_it_comes():
    waits = [
        lookup_wait_s(network=f"10.0.{i}.0/24", order_number="A-77", email=address, now=NOW)
        for i, address in enumerate(["a@b.example", "A@b.example ", "a@b.example", "a@b.example"])
    ]

    assert [bool(wait) for wait in waits] == [False, False, False, True]
