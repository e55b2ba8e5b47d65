"""A late delivery's own page, the day before's, and the one message that leads to each."""

import re
from datetime import date, datetime, time, timedelta

import pytest
from django.test import Client

from portal.access import token_of
from portal.models import MessageRule, TellingHours
from portal.services.day_before import deliveries_to_ask
from portal.tasks import ask_the_day_before, send_due_messages
from scheduling import events
from scheduling.models import Booking, DayException, Delivery, Event, Promise
from tests.factories import NOW, make_booking, make_link, make_network, some_contact
from tests.scheduling.services.test_late import make_late, now_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]
FIVE = datetime.fromisoformat("2026-11-23T17:00+02:00")


def customer(booking, to=""):
    client = Client()
    client.get(f"/l/{token_of(make_link(booking))}/{to}")
    return client


@pytest.fixture
def late(at):
    booking = make_late(make_booking(make_network(days=6), contact=some_contact(phone="+358401234567")))
    at.now = now_of(booking)
    return booking


def is_told_late(booking, at):
    events.record("delivery.late", delivery=booking.delivery, actor="clock", now=at.now)
    events.relay(now=at.now)
    return send_due_messages()


def test_an_hour_s_delay_is_one_mail_and_one_sms_within_a_minute_and_their_links_lead_there(
    late, at, mail_server, sms_server
):
    send_due_messages()
    sms_server.texts.clear()

    assert is_told_late(late, at) == 2
    Event.objects.update(relayed_at=None)
    events.relay(now=at.now + timedelta(seconds=40))
    assert send_due_messages() == 0

    (sms,) = sms_server.texts
    mail = mail_server.to("aino@example.com")[-1]
    assert mail.subject == "We will be late: about 13:00"
    assert "We had promised 10:00–12:00. That promise stays until you change it." in mail.text
    assert re.match(r"Shop \d+: sorry, late: about 13:00\. Wait or choose: http", sms.body)
    page = f"/d/{late.delivery.ref}/late/"
    for link in (re.search(r"/l/[^/]+/late/", mail.text)[0], sms.body.rpartition("8000")[2]):
        assert Client().get(link)["Location"] == page


def test_the_page_offers_three_other_days_at_no_more_than_before(late):
    client = customer(late)

    page = client.get(f"/d/{late.delivery.ref}/late/").content.decode()

    assert ">13:00<" in page
    times = re.findall(r'choice__name keep">([^<]+)<', page)
    assert [when[:10] for when in times] == ["Wed 25 Nov", "Thu 26 Nov", "Fri 27 Nov"]
    assert "I wait for you" in page
    assert f"/d/{late.delivery.ref}/place/" in page
    assert Promise.objects.count() == 1


def test_the_time_that_was_taken_is_the_promise_then_and_dispatch_is_told(late):
    client, url = customer(late), f"/d/{late.delivery.ref}/late/"
    offer = re.findall(r'name="offer" value="([^"]+)"', client.get(url).content.decode())[1]

    taken = client.post(url, {"offer": offer})

    assert (taken.status_code, taken["Location"]) == (303, f"/d/{late.delivery.ref}/")
    booking = Booking.objects.get()
    assert booking.stop.opens_at.date() == date(2026, 11, 26)
    assert Event.objects.get(kind="delivery.late_answered").data["answer"] == "moved"
    assert DayException.objects.get(kind="late").settled_at is not None
    assert client.get(url)["Location"] == f"/d/{late.delivery.ref}/"  # nothing is late any more


def test_who_waits_presses_once_and_keeps_the_promise(late):
    client, url = customer(late), f"/d/{late.delivery.ref}/late/"

    assert client.post(url, {"answer": "keep"}).status_code == 303

    assert "Thank you for waiting." in client.get(f"/d/{late.delivery.ref}/").content.decode()
    assert Promise.objects.count() == 1


def test_it_can_be_left_somewhere_while_the_van_is_out(late):
    client, url = customer(late), f"/d/{late.delivery.ref}/place/"
    assert "until the driver is there" in client.get(url).content.decode()

    assert client.post(url, {"place": "porch", "note": "", "neighbour": ""}).status_code == 303

    assert Delivery.objects.get().safe_place == "porch"
    assert Event.objects.get(kind="delivery.late_answered").data["answer"] == "place"


def test_nothing_chosen_and_odd_offers_leave_all_as_it_was(late):
    client, url = customer(late), f"/d/{late.delivery.ref}/late/"

    assert client.post(url, {}).status_code == 422
    assert client.post(url, {"offer": "x" * 40}).status_code == 409
    assert Promise.objects.count() == 1


def test_without_a_delay_the_page_is_the_booking_s(at):
    booking = make_booking(make_network())
    client = customer(booking)

    assert client.get(f"/d/{booking.delivery.ref}/late/")["Location"] == f"/d/{booking.delivery.ref}/"


# The day before


def test_the_day_before_each_is_asked_once_at_the_shop_s_hour(at, mail_server):
    outlet = make_network()
    booking = make_booking(outlet)
    make_booking(outlet, day=date(2026, 11, 25))
    at.now = FIVE - timedelta(minutes=1)
    assert ask_the_day_before() == 0

    at.now = FIVE
    assert ask_the_day_before() == 1
    assert ask_the_day_before() == 0

    events.relay(now=at.now)
    send_due_messages()
    mail = mail_server.mails[-1]
    assert mail.subject == "Tomorrow, 10:00–12:00: does it suit you?"
    path = re.search(r"/l/[^/]+/tomorrow/", mail.text)[0]
    client = Client()
    assert client.get(path, follow=True).redirect_chain[-1][0] == f"/d/{booking.delivery.ref}/tomorrow/"
    assert not Event.objects.filter(kind="delivery.day_before_answered").exists()  # looking is no answer

    for _time in range(2):
        client.post(f"/d/{booking.delivery.ref}/tomorrow/")

    assert Event.objects.filter(kind="delivery.day_before_answered").count() == 1
    assert (
        "You said that it suits you." in client.get(f"/d/{booking.delivery.ref}/tomorrow/").content.decode()
    )


def test_each_shop_has_its_hour_and_may_ask_nobody(at):
    early, never = make_network(), make_network()
    first, _second = make_booking(early), make_booking(never)
    TellingHours.objects.create(merchant=early.merchant, reminds_at=time(12))
    MessageRule.objects.create(merchant=never.merchant, topic="day_before", email=False, sms=False)

    assert deliveries_to_ask(now=FIVE - timedelta(hours=1)) == [first.delivery_id]
    assert deliveries_to_ask(now=FIVE) == [first.delivery_id]


def test_who_chose_after_the_hour_of_asking_has_just_said_so(at):
    booking = make_booking(make_network())
    Promise.objects.update(made_at=FIVE + timedelta(minutes=5))

    assert deliveries_to_ask(now=FIVE + timedelta(minutes=10)) == []
    Promise.objects.update(made_at=NOW)
    assert deliveries_to_ask(now=FIVE + timedelta(minutes=10)) == [booking.delivery_id]


def test_who_moved_to_a_later_day_is_asked_again_and_who_is_over_is_not(at):
    booking = make_booking(make_network())
    client = customer(booking)
    at.now = booking.stop.closes_at

    assert client.get(f"/d/{booking.delivery.ref}/tomorrow/")["Location"] == f"/d/{booking.delivery.ref}/"
    assert client.post(f"/d/{booking.delivery.ref}/tomorrow/").status_code == 409
