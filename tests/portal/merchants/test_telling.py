"""A shop decides by which ways its customers hear of what; they can stop what they don't need."""

import re

import pytest
from django.test import Client

from portal.messaging.reach import channels_for, is_silent
from portal.messaging.topics import CHOSEN, TOPICS
from portal.models import MessageRule, Silence
from portal.models.messages import Channel
from portal.models.people import Role
from portal.services.telling import hours_of, ways_of
from portal.tasks import send_due_messages
from scheduling import clock, events
from scheduling.models import Delivery
from tests.factories import NOW, make_booking, make_membership, make_merchant, make_network, some_contact

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


def somebody(shop, role=Role.MANAGER) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=shop, role=role).user)
    return client


def form(**values) -> dict[str, str]:
    ways = {topic.name: "email" for topic in CHOSEN}
    return ways | {"quiet_from": "22:00", "quiet_until": "07:00", "reminds_at": "18:30"} | values


def test_managers_choose_the_ways_and_the_hours():
    shop = make_merchant()
    page = f"/shop/{shop.slug}/messages/"

    kept = somebody(shop).post(page, form(near="sms", late="both", next="none"))

    assert (kept.status_code, kept["Location"]) == (303, page + "?kept")
    ways = ways_of(shop)
    assert ways["near"] == [Channel.SMS]
    assert ways["late"] == [Channel.EMAIL, Channel.SMS]
    assert ways["next"] == []
    assert str(hours_of(shop).reminds_at) == "18:30:00"
    shown = somebody(shop).get(page + "?kept").content.decode()
    assert "It counts for what happens from now on." in shown
    assert 'value="22:00"' in shown


def test_what_makes_no_sense_is_said_beside_its_field_and_changes_nothing():
    shop = make_merchant()
    bad = [
        form(near="pigeon"),
        form(booked="none"),  # what was agreed is always mailed
        form(quiet_until=""),
        form(quiet_until="22:00"),
        form(reminds_at="noon"),
    ]

    answers = [somebody(shop).post(f"/shop/{shop.slug}/messages/", said) for said in bad]

    assert [answer.status_code for answer in answers] == [422] * len(bad)
    assert not MessageRule.objects.of(shop).exists()


def test_only_the_shop_s_managers_see_it():
    shop, other = make_merchant(), make_merchant()
    page = f"/shop/{shop.slug}/messages/"

    assert somebody(shop, Role.RETURNS_DESK).get(page).status_code == 403
    assert somebody(other).get(page).status_code == 404
    assert Client().get(page).status_code == 302


def reminded(booking, mail_server):
    events.record("delivery.day_before", delivery=booking.delivery, actor="clock", now=NOW)
    events.relay(now=NOW)
    send_due_messages()
    return mail_server.to("aino@example.com")[-1]


def test_a_mail_that_nobody_needs_says_how_to_stop_it_and_one_press_does(mail_server):
    booking = make_booking(make_network())
    mail = reminded(booking, mail_server)
    header = mail.message["List-Unsubscribe"].strip()
    url = re.fullmatch(r"<http://127\.0\.0\.1:8000(/unsubscribe/[^>]+/)>", header)[1]
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in mail.text
    assert url in mail.html
    looked = Client().get(url)
    assert "What is always sent" in looked.content.decode()
    assert not Silence.objects.exists()  # looking changes nothing

    pressed = Client(enforce_csrf_checks=True).post(url, {"List-Unsubscribe": "One-Click"})

    assert pressed.status_code == 200
    assert channels_for(TOPICS["day_before"], booking.delivery) == []
    assert channels_for(TOPICS["late"], booking.delivery) == [Channel.EMAIL]
    Client().post(url, {"again": "1"})
    assert channels_for(TOPICS["day_before"], booking.delivery) == [Channel.EMAIL]


def test_what_was_agreed_has_no_such_address(mail_server):
    make_booking(make_network())
    events.relay(now=NOW)
    send_due_messages()

    assert mail_server.mails[0].message["List-Unsubscribe"] is None


def test_a_forged_address_stops_nobody_and_one_of_before_neither(mail_server):
    booking = make_booking(make_network(), contact=some_contact())
    url = "/unsubscribe/" + reminded(booking, mail_server).text.partition("/unsubscribe/")[2].split()[0]
    forged = url[:-2] + ("A/" if url[-2] != "A" else "B/")
    Delivery.objects.update(contact_email="bo@example.com")

    assert [Client().post(each).status_code for each in (forged, url, "/unsubscribe/x/")] == [404] * 3

    booking.delivery.refresh_from_db()
    assert not is_silent(Channel.EMAIL, booking.delivery)
