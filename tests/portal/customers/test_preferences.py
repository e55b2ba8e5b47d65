"""How a customer is reached: changed behind a code, told to both addresses; language; quiet hours."""

import re
from datetime import time, timedelta

import pytest
from django.test import Client

from portal.access import FOLLOW, MANAGE, issue_link, link_from_token, token_of
from portal.messaging.subscribe import leaves_at
from portal.models import FormerContact, Message
from portal.services.contacts import (
    Preferences,
    change_contact,
    change_preferences,
    mark_of,
)
from portal.services.messages import forget_former
from portal.tasks import send_due_messages
from scheduling import events
from scheduling.errors import ChangedMeanwhile, NotChangeable
from scheduling.models import Booking, Delivery, Event
from scheduling.windows import end_of_quiet
from tests.factories import NOW, make_booking, make_link, make_network, some_contact
from tests.portal.customers.codes import passes_code

pytestmark = [pytest.mark.django_db, pytest.mark.once]

NEW = "aino@new.example"


def text(response) -> str:
    return response.content.decode()


@pytest.fixture
def booked(shopper) -> str:
    return shopper.books()


def delivery() -> Delivery:
    return Delivery.objects.get(state="confirmed")


def was(shopper, booked: str) -> str:
    return re.search(r'name="was" value="(\w+)"', text(shopper.client.get(booked + "contact/")))[1]


def changes(shopper, booked: str, **values: str):
    data = {"email": NEW, "mobile": "", "was": mark_of(delivery())}
    return shopper.client.post(booked + "contact/", data | values)


def mails() -> list[tuple[str, str]]:
    from django.core import mail

    events.relay(now=NOW)
    send_due_messages()
    return [(message.to[0], message.subject) for message in mail.outbox]


def test_the_bookings_page_leads_there_and_says_how_it_is_now(shopper, booked):
    page = text(shopper.client.get(booked))

    assert f'href="{booked}preferences/"' in page
    assert "How we reach you" in page
    assert "aino@example.com" in text(shopper.client.get(booked + "preferences/"))


@pytest.mark.parametrize("page", ["preferences/", "contact/", "kept.json", "erase/"])
def test_a_follow_link_cannot_open_any_of_it(booked, page):
    client = Client()
    client.get(f"/l/{token_of(issue_link(delivery=delivery(), kind=FOLLOW, now=NOW))}/")

    assert client.get(booked + page).status_code == 403
    assert client.post(booked + page, {"email": NEW, "sure": "1"}).status_code == 403


@pytest.mark.parametrize("page", ["contact/", "kept.json", "erase/"])
def test_the_link_alone_is_not_enough_for_what_is_private(shopper, booked, page):
    assert shopper.client.get(booked + page).status_code == 303
    assert shopper.client.post(booked + page, {"email": NEW, "sure": "1"}).status_code == 403
    assert delivery().contact_email == "aino@example.com"


def test_another_address_is_told_and_so_is_the_old_one(shopper, booked):
    mails()
    passes_code(shopper.client, booked)
    mails()
    sent = len(mails())

    assert changes(shopper, booked, mobile="+46 70 123 45 67")["Location"] == booked

    assert (delivery().contact_email, str(delivery().contact_phone)) == (NEW, "+46701234567")
    later = mails()[sent:]
    assert {to for to, _subject in later} == {NEW, "aino@example.com"}
    assert "How we reach you is changed" in text(shopper.client.get(booked))
    assert Event.objects.get(kind="delivery.contact_changed").data == {}


def test_the_old_address_gets_no_link_and_is_forgotten_once_it_is_told(shopper, booked):
    from django.core import mail

    passes_code(shopper.client, booked)
    changes(shopper, booked)
    assert FormerContact.objects.get().email == "aino@example.com"
    assert forget_former() == 0
    mails()

    (farewell,) = [one for one in mail.outbox if "no longer" in one.subject]
    assert farewell.to == ["aino@example.com"]
    assert "/l/" not in farewell.body + str(farewell.alternatives)
    assert NEW not in farewell.body
    assert forget_former() == 1


def test_links_in_the_old_mailbox_end_and_this_browser_stays_let_in(shopper, booked):
    old = token_of(issue_link(delivery=delivery(), kind=MANAGE, now=NOW))
    passes_code(shopper.client, booked)
    changes(shopper, booked)

    assert link_from_token(old, now=NOW) is None
    assert shopper.client.get(booked).status_code == 200
    assert shopper.client.get(booked + "contact/").status_code == 200


def test_another_number_alone_leaves_the_links_as_they_are(shopper, booked):
    token = token_of(issue_link(delivery=delivery(), kind=MANAGE, now=NOW))
    passes_code(shopper.client, booked)
    changes(shopper, booked, email="aino@example.com", mobile="040 123 4567")

    assert str(delivery().contact_phone) == "+358401234567"
    assert link_from_token(token, now=NOW) is not None
    assert not FormerContact.objects.exists()


@pytest.mark.parametrize("wrong", ["12", "+999 123", "call me"])
def test_a_number_that_is_none_gets_a_sentence_and_loses_nothing(shopper, booked, wrong):
    passes_code(shopper.client, booked)
    page = changes(shopper, booked, mobile=wrong)

    assert page.status_code == 422
    assert "Write the number with its country" in text(page)
    assert NEW in text(page)


def test_of_two_tabs_the_second_is_told_and_shown_how_it_is_now(shopper, booked):
    passes_code(shopper.client, booked)
    seen = was(shopper, booked)
    changes(shopper, booked, was=seen)

    page = changes(shopper, booked, email="other@example.com", was=seen)

    assert page.status_code == 409
    assert "perhaps in another tab" in text(page)
    assert f'value="{NEW}"' in text(page)
    assert delivery().contact_email == NEW


def test_the_same_form_sent_twice_changes_once(shopper, booked):
    passes_code(shopper.client, booked)
    seen = was(shopper, booked)

    assert [changes(shopper, booked, was=seen).status_code for _i in range(2)] == [303, 303]
    assert Event.objects.filter(kind="delivery.contact_changed").count() == 1


def test_nobody_elses_delivery_changes_with_it():
    outlet = make_network()
    mine, other = make_booking(outlet), make_booking(outlet, hour=14)
    link = make_link(mine)

    change_contact(link=link, email=NEW, phone="", was=mark_of(mine.delivery), now=NOW)

    assert Delivery.objects.get(pk=other.delivery_id).contact_email == "aino@example.com"


def test_what_was_read_before_is_judged_under_the_lock():
    link = make_link(make_booking(make_network()))
    seen = mark_of(link.delivery)
    change_contact(link=link, email=NEW, phone="", was=seen, now=NOW)

    with pytest.raises(ChangedMeanwhile):
        change_contact(link=link, email="third@example.com", phone="", was=seen, now=NOW)


def test_nobody_comes_back_after_they_were_erased():
    link = make_link(make_booking(make_network()))
    Delivery.objects.filter(pk=link.delivery_id).update(
        erased_at=NOW, contact_name="", contact_email="", contact_phone=""
    )

    with pytest.raises(NotChangeable):
        change_contact(link=link, email=NEW, phone="", was="", now=NOW)
    with pytest.raises(NotChangeable):
        change_preferences(link=link, wanted=Preferences("en", time(22), time(7)), now=NOW)


# Languages and quiet hours


def test_pages_and_mails_follow_the_language_that_was_chosen(shopper, booked, settings):
    settings.LANGUAGES = [("en", "English"), ("fi", "suomi")]
    page = text(shopper.client.get(booked + "preferences/"))
    assert '<option value="fi">suomi</option>' in page

    shopper.client.post(booked + "preferences/", {"language": "fi"})

    assert '<html lang="fi"' in text(shopper.client.get(booked))
    link = make_link(Booking.objects.get())
    change_contact(link=link, email=NEW, phone="", was=mark_of(delivery()), now=NOW)
    mails()
    from django.core import mail

    assert 'lang="fi"' in str(mail.outbox[-1].alternatives)


def test_one_language_is_no_choice(shopper, booked):
    assert 'name="language"' not in text(shopper.client.get(booked + "preferences/"))


def test_quiet_hours_are_kept_and_can_be_ended(shopper, booked):
    shopper.client.post(booked + "preferences/", {"quiet_from": "22:00", "quiet_until": "07:00"})
    assert (delivery().quiet_from, delivery().quiet_until) == (time(22), time(7))
    page = text(shopper.client.get(booked))
    assert "You changed how we write to you" in page
    assert "It counts from the next mail on" in page

    shopper.client.post(booked + "preferences/", {"quiet_from": "", "quiet_until": ""})
    assert delivery().quiet_from is None


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"quiet_from": "22:00"}, "Write both times"),
        ({"quiet_from": "7:00", "quiet_until": "7:00"}, "These are the same"),
        ({"quiet_from": "late", "quiet_until": "7:00"}, "Write a time such as"),
    ],
)
def test_hours_that_make_no_sense_get_a_sentence(shopper, booked, said, sentence):
    page = shopper.client.post(booked + "preferences/", {"language": "en"} | said)

    assert page.status_code == 422
    assert sentence in text(page)


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        # Helsinki is two hours ahead.
        ("2026-11-23T19:59", None),
        ("2026-11-23T20:00", "2026-11-24T05:00"),
        ("2026-11-23T23:30", "2026-11-24T05:00"),
        ("2026-11-24T04:59", "2026-11-24T05:00"),
        ("2026-11-24T05:00", None),
        # On 29 March the clocks go forward, to three hours ahead.
        ("2026-03-28T21:00", "2026-03-29T04:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_where_it_is_delivered(at, ends):
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    def utc(said):
        return datetime.fromisoformat(said).replace(tzinfo=UTC)

    found = end_of_quiet(utc(at), begins=time(22), ends=time(7), zone=ZoneInfo("Europe/Helsinki"))

    assert found == (utc(ends) if ends else None)


def test_quiet_hours_within_a_day_are_within_it():
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Helsinki")  # NOW is 11:00 there
    assert end_of_quiet(NOW, begins=time(9), ends=time(12), zone=zone) == NOW + timedelta(hours=1)
    assert end_of_quiet(NOW, begins=time(12), ends=time(9, 30), zone=zone) is None


def told(kind: str, booking: Booking) -> Event:
    return events.record(kind, delivery=booking.delivery, actor="clock", now=NOW)


def quiet(booking: Booking, begins: time, ends: time) -> Booking:
    Delivery.objects.filter(pk=booking.delivery_id).update(quiet_from=begins, quiet_until=ends)
    booking.delivery.refresh_from_db()
    return booking


def test_what_nobody_caused_waits_for_the_end_of_the_quiet_hours():
    booking = quiet(make_booking(make_network()), time(9), time(13))
    event = told("promise.narrowed", booking)
    events.relay(now=NOW)

    assert leaves_at(event, booking.delivery, now=NOW) == NOW + timedelta(hours=2)
    assert Message.objects.get(event=event).next_attempt_at == NOW + timedelta(hours=2)


def test_what_they_caused_goes_at_once():
    booking = quiet(make_booking(make_network()), time(9), time(13))

    assert leaves_at(told("booking.moved", booking), booking.delivery, now=NOW) == NOW


def test_nothing_waits_until_it_is_of_no_use():
    booking = quiet(make_booking(make_network()), time(9), time(8, 59))
    eleven = booking.stop.opens_at - timedelta(hours=1)

    assert leaves_at(told("promise.narrowed", booking), booking.delivery, now=NOW) == min(
        eleven, NOW + timedelta(hours=21, minutes=59)
    )
    late = booking.stop.opens_at - timedelta(minutes=10)
    assert leaves_at(told("promise.narrowed", booking), booking.delivery, now=late) == late


def test_who_wants_mails_at_any_hour_gets_them_at_once():
    booking = make_booking(make_network(), contact=some_contact())

    assert leaves_at(told("promise.narrowed", booking), booking.delivery, now=NOW) == NOW
