"""SMS: by a real server that is as strict as Twilio's; STOP; one channel standing in for the other."""

from datetime import time, timedelta

import pytest
from django.test import Client

from portal.messaging.subscribe import leaves_at
from portal.models import Message, Silence
from portal.models.messages import Channel
from portal.services.silences import is_silent, silence
from portal.services.telling import Hours, change_telling
from portal.short_links import link_from_short
from portal.tasks import send_due_messages
from scheduling import events
from scheduling.models import DayException, Delivery
from scheduling.services.bookings import cancel_delivery
from tests.factories import NOW, make_booking, make_link, make_network, some_contact
from tests.fakes.sms import SENDER, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("at")]
PHONE = "+358401234567"


@pytest.fixture
def outlet():
    made = make_network()
    made.merchant.name = "Kauppa & Co"
    made.merchant.save()
    return made


def tell(outlet, **ways):
    by = {name: [Channel(each) for each in chosen] for name, chosen in ways.items()}
    change_telling(merchant=outlet.merchant, ways=by, hours=Hours())


def booked(outlet, email="aino@example.com", phone=PHONE):
    return make_booking(outlet, contact=some_contact(email=email, phone=phone))


def deliver() -> int:
    events.relay(now=NOW)
    return send_due_messages()


def test_who_left_only_a_number_is_told_by_sms_with_one_link_that_works(outlet, sms_server, mail_server):
    booking = booked(outlet, email="")

    assert deliver() == 1

    (sms,) = sms_server.texts
    assert (sms.to, sms.sender) == (PHONE, SENDER)
    assert sms.body.startswith("Kauppa & Co: booked, Tue 24 Nov 10:00-12:00. See or change: http://")
    token = sms.body.rpartition("/l/")[2]
    link, _message = link_from_short(token, now=NOW)
    assert (link.kind, link.delivery_id) == ("manage", booking.delivery_id)
    opened = Client().get(f"/l/{token}")
    assert (opened.status_code, opened["Location"]) == (302, f"/d/{booking.delivery.ref}/")
    assert mail_server.mails == []


def test_an_event_goes_once_by_each_way_that_the_shop_chose(outlet, sms_server, mail_server):
    tell(outlet, booked=["email", "sms"])
    booked(outlet)

    assert deliver() == 2
    events.Event.objects.update(relayed_at=None)
    assert deliver() == 0

    assert (len(sms_server.texts), len(mail_server.mails)) == (1, 1)
    assert len(set(Message.objects.values_list("message_id", flat=True))) == 2


def test_without_an_account_nobody_is_sent_an_sms(outlet, mail_server):
    tell(outlet, booked=["email", "sms"])
    booked(outlet)

    assert deliver() == 1
    assert Message.objects.get().channel == "email"


def test_a_short_link_ends_with_the_link_it_stands_for(outlet, sms_server):
    booking = booked(outlet, email="")
    deliver()
    token = sms_server.texts[0].body.rpartition("/l/")[2]

    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert link_from_short(forged, now=NOW) is None
    assert link_from_short("x" * 40, now=NOW) is None
    assert link_from_short(token, now=NOW + timedelta(days=60)) is None
    from portal.access import renew_link

    renew_link(make_link(booking))
    assert link_from_short(token, now=NOW) is None


def test_a_number_that_takes_none_is_told_by_mail_once_and_dispatch_sees_it_until_then(
    outlet, sms_server, mail_server
):
    booking = booked(outlet)
    deliver()
    sms_server.unreachable.add(PHONE)
    event = events.record("delivery.near", delivery=booking.delivery, actor="t", now=NOW)

    deliver()

    assert dict(Message.objects.filter(event=event).values_list("channel", "state")) == {
        "sms": "failed",
        "email": "sent",
    }
    assert Message.objects.get(event=event, channel="sms").error == "SMS 21614"
    assert DayException.objects.get(kind="message_failed").settled_at == NOW


def test_what_no_channel_takes_stays_with_dispatch(outlet, sms_server):
    booking = booked(outlet, email="")
    sms_server.unreachable.add(PHONE)

    deliver()

    raised = DayException.objects.get()
    assert (raised.kind, raised.stop_id, raised.settled_at) == ("message_failed", booking.stop_id, None)


def test_an_sms_that_was_taken_and_never_arrived_is_told_by_mail(outlet, sms_server, mail_server, client):
    tell(outlet, booked=["sms"])
    booked(outlet, email="")
    deliver()
    Delivery.objects.update(contact_email="aino@example.com")
    (sms,) = sms_server.texts
    said = {"MessageSid": sms.sid, "MessageStatus": "undelivered", "ErrorCode": "30005"}
    path = sms.callback_url.removeprefix("http://127.0.0.1:8000")

    for _i in range(2):
        heard = client.post(path, said, headers=sms_server.signed(sms.callback_url, **said))
        assert heard.status_code == 204
    send_due_messages()

    assert Message.objects.get(channel="sms").error == "SMS 30005"
    assert len(mail_server.mails) == 1


def test_an_sms_server_that_is_away_holds_up_no_mail_and_is_asked_again(outlet, sms_server, mail_server, at):
    tell(outlet, booked=["email", "sms"])
    sms_server.refusals = 1
    booked(outlet)
    booked(outlet)

    assert deliver() == 2
    assert (len(mail_server.mails), len(sms_server.texts)) == (2, 0)
    at.now = NOW + timedelta(minutes=1)
    assert send_due_messages() == 2


def test_a_wrong_account_is_nobody_s_fault_and_tried_again(outlet, sms_server, settings):
    booked(outlet, email="")
    settings.SMS_TOKEN = "another"

    assert deliver() == 0

    message = Message.objects.get()
    assert (message.state, message.error) == ("queued", "SMS 20003")
    assert not DayException.objects.exists()


def inbound(client, server, body, sender=PHONE, **headers):
    said = {"From": sender, "To": SENDER, "Body": body, "MessageSid": "SM1"}
    url = "http://127.0.0.1:8000/sms/inbound/"
    return client.post("/sms/inbound/", said, headers=headers or server.signed(url, **said))


def test_stop_ends_every_sms_to_a_number_and_start_begins_again(outlet, sms_server, client, mail_server):
    tell(outlet, booked=["email", "sms"])

    assert inbound(client, sms_server, " Stop. ").status_code == 200
    booked(outlet)
    deliver()
    assert (len(sms_server.texts), len(mail_server.mails)) == (0, 1)

    inbound(client, sms_server, "START")
    booked(outlet)
    deliver()
    assert (len(sms_server.texts), len(mail_server.mails)) == (1, 2)


def test_what_twilio_did_not_sign_is_not_heeded(outlet, sms_server, client):
    url = "http://127.0.0.1:8000/sms/inbound/"
    other = sms_server.signed(url, From=PHONE, To=SENDER, Body="START", MessageSid="SM1")

    refused = [
        inbound(client, sms_server, "STOP", **{"X-Twilio-Signature": signature}).status_code
        for signature in ("", "x", other["X-Twilio-Signature"])
    ]

    assert refused == [403, 403, 403]
    assert not Silence.objects.exists()


def test_anything_else_sent_to_the_number_is_answered_with_where_people_are(sms_server, client):
    said = inbound(client, sms_server, "When do you come?").content.decode()

    assert "Nobody reads this number." in said
    assert not Silence.objects.exists()


def test_who_told_the_carrier_to_stop_is_not_tried_again(outlet, sms_server):
    sms_server.stopped.add(PHONE)
    booking = booked(outlet, email="")

    deliver()

    assert is_silent(Channel.SMS, booking.delivery)


def test_a_mark_of_who_is_silent_says_no_number_and_outlives_a_new_key(outlet, settings):
    booking = booked(outlet)
    silence(Channel.SMS, PHONE, now=NOW)
    old = settings.SECRET_KEY
    assert PHONE.strip("+") not in Silence.objects.get().mark

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key" * 6, [old]
    assert is_silent(Channel.SMS, booking.delivery)
    settings.SECRET_KEY_FALLBACKS = []
    assert is_silent(Channel.SMS, booking.delivery)


def test_at_night_an_sms_that_can_wait_does_and_one_that_cannot_goes(outlet, sms_server):
    booking = booked(outlet)
    eleven = NOW.replace(hour=21)  # 23:00 in Helsinki
    told = [
        events.record(kind, delivery=booking.delivery, actor="t", now=eleven)
        for kind in ("delivery.missed", "delivery.near")
    ]

    missed, near = [leaves_at(event, booking.delivery, Channel.SMS, now=eleven) for event in told]

    assert missed == (eleven + timedelta(days=1)).replace(hour=6)  # 8:00 there
    assert near == eleven
    assert leaves_at(told[0], booking.delivery, Channel.EMAIL, now=eleven) == eleven


def test_a_customer_s_own_quiet_hours_go_before_the_shop_s(outlet):
    booking = booked(outlet)
    Delivery.objects.update(quiet_from=time(23, 30), quiet_until=time(5))
    booking.delivery.refresh_from_db()
    eleven = NOW.replace(hour=21)
    event = events.record("delivery.missed", delivery=booking.delivery, actor="t", now=eleven)

    assert leaves_at(event, booking.delivery, Channel.SMS, now=eleven) == eleven


def test_refused_half_the_time_each_sms_arrives_in_the_end_and_once(outlet, sms_server, at):
    for number in range(4):
        booked(outlet, email="", phone=f"+35840123456{number}")
    asked = []

    def every_second(said):
        asked.append(said)
        return Refused(500, 20500) if len(asked) % 2 else None

    sms_server.refuse = every_second
    deliver()
    for minutes in range(1, 400, 5):
        at.now = NOW + timedelta(minutes=minutes)
        send_due_messages()

    assert len(sms_server.texts) == len({text.callback_url for text in sms_server.texts}) == 4


def test_a_cancelled_delivery_is_not_said_to_come(outlet, sms_server):
    booking = booked(outlet, email="")
    deliver()
    event = events.record("delivery.near", delivery=booking.delivery, actor="t", now=NOW)
    cancel_delivery(delivery=booking.delivery, actor="t", now=NOW)

    deliver()

    assert Message.objects.get(event=event).error == "too late to be of use"
    assert [text.body.partition(",")[0] for text in sms_server.texts[1:]] == ["Kauppa & Co: cancelled"]
