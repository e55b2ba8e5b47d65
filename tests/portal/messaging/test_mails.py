"""What the mails say, as a real mail server gets them."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar

from portal import access
from portal.collection import code_of
from portal.messaging.mails import compose
from portal.models import Message
from portal.not_me import Report, report_from_token
from portal.tasks import send_due_messages
from scheduling import events
from scheduling.models import Delivery, Quote
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from scheduling.services.diverting import divert_delivery
from scheduling.services.joining import join_delivery
from tests.factories import (
    NOW,
    a_session,
    ask_for,
    make_booking,
    make_network,
    make_point,
    some_contact,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("at")]

LINK = re.compile(r"http://127\.0\.0\.1:8000/l/([^/\s\"]+)/")


@pytest.fixture
def outlet():
    made = make_network()
    made.merchant.name, made.merchant.contact_email = "Kauppa & Co", "help@kauppa.example"
    made.merchant.save()
    return made


def move(booking, *, hour: int, day: date, now=NOW):
    delivery = Delivery.objects.get(pk=booking.delivery_id)
    session_key = a_session()
    facts = Quote.objects.get(pk=booking.quote_id).facts
    view = ask_for(
        booking.stop.route.shift.plan.depot.outlets.get(),
        some_facts().from_json(facts),
        moving=delivery,
        session_key=session_key,
        now=now,
    )
    return reschedule_delivery(
        delivery=delivery, offer_token=token_at(view, hour, day), session_key=session_key, actor="t", now=now
    )


def deliver(mail_server, address: str = "aino@example.com"):
    events.relay(now=NOW)
    send_due_messages()
    return mail_server.to(address)


def test_who_sent_it_to_a_pickup_point_gets_where_and_until_when_and_no_code(outlet, mail_server):
    booking = make_booking(outlet, facts=some_facts(extra_s=180))
    point = make_point(outlet.depot, name="Kulman kioski", hours="Mo-Fr 08:00-20:00")
    sent = divert_delivery(delivery=booking.delivery, point=point, actor="t", now=NOW)

    booked, diverted = deliver(mail_server)

    assert diverted.subject.strip() == "Now to a pickup point: Kulman kioski, Tuesday 24 November"
    for said in (
        "Tuesday 24 November, 8:00–20:00",
        "Your parcels wait at Kulman kioski, from about 20:00 at the latest, until Tuesday 1 December.",
        "Instead of Tuesday 24 November, 10:00–12:00.",
        "€4.90",
    ):
        assert said in diverted.text
    assert "wait at Kulman kioski" in diverted.html
    assert "at the door" not in diverted.text
    assert str(entry_in(diverted)["location"]).startswith("Kulman kioski, ")
    assert code_of(sent.stop) not in diverted.text + diverted.html
    # Though sent late, the first mail says what it was about.
    assert str(booking.delivery.address.line) in booked.text
    assert "kioski" not in booked.text + str(entry_in(booked)["location"])


def entry_in(mail):
    (calendar,) = [Calendar.from_ical(data) for data in mail.attachments.values()]
    (event,) = calendar.walk("VEVENT")
    return event


def test_who_booked_gets_what_where_when_and_how_to_change_it(outlet, mail_server):
    booking = make_booking(outlet, order_number="A-77")

    (mail,) = deliver(mail_server)

    assert mail.subject == "Booked: Tuesday 24 November, 10:00–12:00"
    for said in (
        "Hello Aino,",
        "Kauppa & Co",
        "Tuesday 24 November, 10:00–12:00",
        str(booking.delivery.address.line),
        "Order A-77.",
        "€4.90",
        "You can change it until Monday 23 November, 18:00.",
    ):
        assert said in mail.text
    assert "Kauppa &amp; Co" in mail.html
    assert "10:00–12:00" in mail.html
    assert mail.message["Reply-To"] == "help@kauppa.example"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert "\n\n\n" not in mail.text


def test_its_links_work_and_the_first_one_manages(outlet, mail_server):
    booking = make_booking(outlet)

    (mail,) = deliver(mail_server)

    *tokens, not_me = LINK.findall(mail.text)
    links = [access.link_from_token(token, now=NOW) for token in tokens]
    assert [link.kind for link in links] == ["manage", "follow"]
    assert report_from_token(not_me, now=NOW) == Report(links[0], 1)
    assert {link.delivery_id for link in links} == {booking.delivery_id}
    assert LINK.findall(mail.html) == LINK.findall(mail.text)


def test_the_calendar_file_names_the_promise_and_holds_no_link(outlet, mail_server):
    make_booking(outlet)

    (mail,) = deliver(mail_server)
    event = entry_in(mail)

    assert event["dtstart"].dt == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert event["dtend"].dt == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    assert event["sequence"] == 0
    assert b"/l/" not in next(iter(mail.attachments.values()))


def test_who_moved_it_gets_the_new_time_the_old_one_and_a_newer_calendar_entry(outlet, mail_server):
    booking = make_booking(outlet)
    move(booking, hour=14, day=date(2026, 11, 26), now=NOW + timedelta(minutes=1))

    booked, changed = deliver(mail_server)

    assert changed.subject.strip() == "Changed: now Thursday 26 November, 14:00–16:00"
    assert "Instead of Tuesday 24 November, 10:00–12:00." in changed.text
    assert "Instead of Tuesday 24 November" in changed.html
    assert LINK.findall(changed.text) == LINK.findall(booked.text)
    # Though sent late, the first mail says what it was about.
    assert "Tuesday 24 November, 10:00–12:00" in booked.text
    assert entry_in(booked)["uid"] == entry_in(changed)["uid"]
    assert [entry_in(mail)["sequence"] for mail in (booked, changed)] == [0, 1]


def test_who_cancelled_gets_it_in_writing_and_a_way_to_a_new_time(outlet, mail_server):
    booking = make_booking(outlet)
    cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)

    _booked, cancelled = deliver(mail_server)

    assert cancelled.subject.strip() == "Cancelled: Tuesday 24 November, 10:00–12:00"
    assert f"http://127.0.0.1:8000/s/{outlet.merchant.slug}/" in cancelled.text
    assert cancelled.attachments == {}


def test_who_added_an_order_gets_both_numbers_in_writing_and_the_same_time(outlet, mail_server):
    booking = make_booking(outlet, order_number="A-77")
    join_delivery(
        delivery=booking.delivery,
        load_g=3_000,
        load_ml=15_000,
        parcels=1,
        order_number="B-78",
        actor="test",
        now=NOW,
    )

    _booked, joined = deliver(mail_server)

    assert joined.subject == "Order B-78 comes along on Tuesday 24 November"
    for said in (
        "Hello Aino,",
        "Tuesday 24 November, 10:00–12:00",
        "Together: 2 parcels, 8 kg. No extra stop, no extra charge.",
        "Orders A-77 and B-78.",
        "The delivery costs €4.90",
    ):
        assert said in joined.text
    assert "Together: 2 parcels, 8 kg." in joined.html
    assert "Orders A-77 and B-78." in joined.html
    assert joined.attachments == {}
    assert "\n\n\n" not in joined.text


def test_who_cancels_two_orders_reads_of_both(outlet, mail_server):
    booking = make_booking(outlet, order_number="A-77")
    goods = {"load_g": 3_000, "load_ml": 15_000, "parcels": 1}
    join_delivery(delivery=booking.delivery, order_number="B-78", actor="test", now=NOW, **goods)
    cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)

    cancelled = deliver(mail_server)[-1]

    assert "Your orders A-77 and B-78 themselves are between you and Kauppa & Co" in cancelled.text


def test_a_name_can_neither_break_the_page_nor_the_headers(outlet, mail_server):
    outlet.merchant.name = "Shop\r\nBcc: all@example.com"
    outlet.merchant.save()
    make_booking(outlet, contact=some_contact(name="<b>Aino</b> {{ 1 }} {% now 'Y' %}"))

    (mail,) = deliver(mail_server)

    assert "Hello <b>Aino</b> {{ 1 }} {% now 'Y' %}," in mail.text
    assert "<b>" not in mail.html
    assert mail.recipients == ("aino@example.com",)
    assert mail.message["Bcc"] is None


def test_a_language_we_do_not_speak_becomes_ours_throughout(outlet, mail_server):
    make_booking(outlet, contact=some_contact(language="fi"))

    (mail,) = deliver(mail_server)

    assert "Tuesday 24 November" in mail.text
    assert 'lang="en"' in mail.html


def test_mails_read_without_images_and_in_the_dark(outlet, mail_server):
    make_booking(outlet)

    (mail,) = deliver(mail_server)

    assert "<img" not in mail.html
    assert "prefers-color-scheme: dark" in mail.html
    assert 'name="color-scheme" content="light dark"' in mail.html


def test_a_message_is_the_same_mail_at_each_attempt(outlet):
    make_booking(outlet)
    events.relay(now=NOW)
    message = Message.objects.select_related("event__delivery__merchant").get()

    first = compose(message, now=NOW).message()
    second = compose(message, now=NOW + timedelta(hours=3)).message()

    assert first["Message-ID"] == second["Message-ID"] == message.message_id
    assert first["Date"] == second["Date"] == "Mon, 23 Nov 2026 09:00:00 +0000"
    parts = [[part.get_payload(decode=True) for part in mail.walk()] for mail in (first, second)]
    assert parts[0] == parts[1]
