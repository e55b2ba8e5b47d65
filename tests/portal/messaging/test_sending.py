"""One mail per event, whatever happens on the way."""

import os
import signal
import smtplib
from datetime import timedelta
from threading import Timer

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.management import call_command
from django.db import IntegrityError, transaction

from portal import access, metrics
from portal.messaging import sending, subscribe
from portal.models import Message
from portal.services import messages
from portal.tasks import send_due_messages
from scheduling import events
from scheduling.models import Delivery, Event
from tests.factories import NOW, make_booking, make_network, some_contact

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def booking(at):
    made = make_booking(make_network())
    events.relay(now=NOW)
    return made


def test_an_event_handled_twice_is_one_mail(booking, mail_server):
    event = Event.objects.get(kind="booking.confirmed")
    for _i in range(3):
        subscribe.tell_customer(event, NOW)
    Event.objects.update(relayed_at=None)
    events.relay(now=NOW)

    send_due_messages()
    send_due_messages()

    assert Message.objects.count() == 1
    assert len(mail_server.mails) == 1


def test_the_database_refuses_a_second_message_of_one_event(booking):
    first = Message.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(
            event=first.event, person=first.person, message_id="<other>", created_at=NOW, next_attempt_at=NOW
        )


def test_each_event_has_its_own_mail(booking, mail_server):
    make_booking(make_network(), contact=some_contact(email="bo@example.com"))
    events.relay(now=NOW)

    send_due_messages()

    ids = [mail.message["Message-ID"] for mail in mail_server.mails]
    assert len(set(ids)) == 2
    assert [mail.recipients for mail in mail_server.mails] == [("aino@example.com",), ("bo@example.com",)]


def test_a_mail_that_went_out_is_noted(booking, mail_server):
    assert send_due_messages() == 1

    message = Message.objects.get()
    assert (message.state, message.attempts, message.sent_at) == ("sent", 1, NOW)
    assert mail_server.mails[0].message["Message-ID"] == message.message_id


def test_all_that_is_due_goes_out_at_once_however_much_waited(booking, mail_server, monkeypatch):
    monkeypatch.setattr("portal.tasks.AT_ONCE", 1)
    make_booking(make_network(), contact=some_contact(email="bo@example.com"))
    events.relay(now=NOW)

    assert send_due_messages() == 2
    assert len(mail_server.mails) == 2


def test_while_the_server_is_slow_no_mail_is_begun_that_may_not_end(booking, mail_server, monkeypatch):
    monkeypatch.setattr("portal.tasks.LONGEST_S", 0.1)
    mail_server.answer_after_s = 0.2
    make_booking(make_network(), contact=some_contact(email="bo@example.com"))
    events.relay(now=NOW)

    assert [send_due_messages() for _ in range(3)] == [1, 1, 0]
    assert [mail.recipients for mail in mail_server.mails] == [("aino@example.com",), ("bo@example.com",)]


def test_what_came_of_each_attempt_is_counted(booking, mail_server, settings):
    before = tried()
    send_due_messages()
    make_booking(make_network(), contact=some_contact(email="bo@example.com"))
    events.relay(now=NOW)
    settings.EMAIL_PORT = 1
    send_due_messages()

    now = tried()
    assert {name: now[name] - before[name] for name in now} == {"sent": 1, "not_sent": 0, "server_away": 1}


def tried() -> dict[str, float]:
    names = ("sent", "not_sent", "server_away")
    return {name: metrics.messages.labels(name)._value.get() for name in names}


@pytest.fixture
def time_is_up_soon():
    """What Celery does at a task's soft limit, a moment from now."""

    def time_is_up(*_signal):
        raise SoftTimeLimitExceeded

    before = signal.signal(signal.SIGUSR1, time_is_up)
    timer = Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    yield
    timer.cancel()
    timer.join()
    signal.signal(signal.SIGUSR1, before)


def test_a_task_whose_time_is_up_does_not_say_that_its_mail_cannot_be_made(
    booking, mail_server, caplog, at, time_is_up_soon
):
    mail_server.answer_after_s = 1.5

    with pytest.raises(SoftTimeLimitExceeded):
        send_due_messages()

    message = Message.objects.get()
    assert (message.state, message.attempts, message.error) == ("queued", 1, "")
    assert message.next_attempt_at == NOW + messages.LEASE
    assert "can't be made" not in caplog.text


def test_a_busy_server_is_asked_again_later(booking, mail_server, at):
    mail_server.refusals = 2

    sent = []
    for minutes in (0, 0.5, 1, 2, 6, 7):
        at.now = NOW + timedelta(minutes=minutes)
        sent.append(send_due_messages())

    assert sent == [0, 0, 0, 0, 1, 0]
    assert len(mail_server.mails) == 1
    assert Message.objects.get().attempts == 3


def test_while_the_server_is_away_the_others_wait_untried(booking, mail_server, settings, at):
    make_booking(make_network())
    events.relay(now=NOW)
    settings.EMAIL_PORT, port = 1, settings.EMAIL_PORT

    assert send_due_messages() == 0

    assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 1]
    settings.EMAIL_PORT, at.now = port, NOW + timedelta(minutes=1)
    assert send_due_messages() == 2


def test_a_worker_killed_before_sending_only_delays_the_mail(booking, mail_server, at):
    pk = Message.objects.get().pk
    assert messages.claim_message(pk=pk, now=NOW) is not None  # and here it is killed

    assert send_due_messages() == 0
    at.now = NOW + messages.LEASE
    assert send_due_messages() == 1
    assert len(mail_server.mails) == 1


def test_a_worker_killed_after_sending_repeats_the_mail_with_the_same_id(booking, mail_server, at):
    message = messages.claim_message(pk=Message.objects.get().pk, now=NOW)
    sending.compose(message, now=NOW).send()  # and here it is killed

    at.now = NOW + messages.LEASE
    send_due_messages()
    send_due_messages()

    first, second = mail_server.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.text == second.text


def test_of_two_senders_one_gets_the_message(booking):
    pk = Message.objects.get().pk

    claims = [messages.claim_message(pk=pk, now=NOW) for _i in range(2)]

    assert [claim is not None for claim in claims] == [True, False]


def test_a_sender_whose_lease_ran_out_does_not_undo_the_other_s_word(booking):
    pk = Message.objects.get().pk
    slow = messages.claim_message(pk=pk, now=NOW)
    quick = messages.claim_message(pk=pk, now=NOW + messages.LEASE)
    messages.mark_sent(quick, now=NOW + messages.LEASE)

    assert not messages.mark_given_up(slow, error="late")

    assert Message.objects.get().state == "sent"


def test_after_a_day_and_a_half_of_refusals_it_is_given_up(booking, mail_server, at):
    mail_server.refusals = 99

    for hour in range(72):
        at.now = NOW + timedelta(hours=hour)
        send_due_messages()

    message = Message.objects.get()
    assert (message.state, message.attempts) == ("failed", messages.MOST_ATTEMPTS)
    assert message.error == "SMTPDataError 451"


@pytest.mark.parametrize(
    ("error", "for_good", "server_away"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"no such a@b.example")}), True, False),
        (smtplib.SMTPRecipientsRefused({"a@b.example": (450, b"later")}), False, False),
        (smtplib.SMTPDataError(554, b"spam"), True, False),
        (smtplib.SMTPAuthenticationError(535, b"who?"), False, True),
        (smtplib.SMTPServerDisconnected("gone"), False, True),
        (TimeoutError(), False, True),
    ],
)
def test_refusals_are_told_apart(error, for_good, server_away):
    refusal = sending.refusal_of(error)

    assert (refusal.for_good, refusal.about_it) == (for_good, not server_away)
    assert "a@b.example" not in refusal.error


def test_whose_address_is_gone_gets_nothing_and_holds_nobody_up(booking, mail_server):
    # Erased: a phone number is contact enough for the constraint.
    Delivery.objects.update(contact_email="", contact_phone="+358401234567")

    assert send_due_messages() == 0

    assert Message.objects.get().state == "failed"
    assert mail_server.mails == []


def test_a_mail_that_cannot_be_made_does_not_hold_up_the_next(booking, mail_server, caplog):
    Event.objects.filter(kind="booking.confirmed").update(data={"opens_at": "nonsense"})
    make_booking(make_network(), contact=some_contact(email="bo@example.com"))
    events.relay(now=NOW)

    assert send_due_messages() == 1

    assert [mail.recipients for mail in mail_server.mails] == [("bo@example.com",)]
    assert Message.objects.order_by("pk").first().error == "ValueError"
    assert "can't be made" in caplog.text


def test_an_event_nobody_can_be_told_of_makes_no_message(at):
    events.record(subscribe.LINKS_ASKED, now=NOW, actor="test", data={"refs": []})

    events.relay(now=NOW)

    assert Message.objects.count() == 0
    assert Event.objects.get().relayed_at == NOW


def test_neither_tokens_nor_addresses_are_kept_with_messages(booking, mail_server, tmp_path):
    send_due_messages()
    call_command(
        "dumpdata", "portal", "scheduling.event", use_base_manager=True, output=str(tmp_path / "dump.json")
    )

    dump = (tmp_path / "dump.json").read_text()

    tokens = [access.token_of(link) for link in access.AccessLink.objects.all()]
    assert len(tokens) == 2
    assert all(token in mail_server.mails[0].text for token in tokens)
    assert not any(token[22:] in dump for token in tokens)
    assert "aino@example.com" not in dump
