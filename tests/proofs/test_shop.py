"""Hurrying a proof on must not do what the proof looks for: a mail ended in mid-sending goes out twice."""

from datetime import timedelta

import pytest

from portal.models import Message
from portal.services.messages import claim_message, due_messages, queue_message
from scheduling import clock
from scheduling.models import Event
from tests.factories import NOW, make_booking, make_network
from tests.proofs.shop import end_leases

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    booking = make_booking(make_network())
    event = Event.objects.get(kind="booking.confirmed")
    return queue_message(event=event, ref=booking.delivery.ref, now=NOW)


def test_a_mail_that_is_being_sent_stays_its_senders(message):
    claim_message(pk=message.pk, now=clock.now())

    end_leases()

    assert claim_message(pk=message.pk, now=clock.now()) is None


def test_a_mail_whose_sender_was_killed_is_due_again_soon(message):
    claim_message(pk=message.pk, now=clock.now() - timedelta(seconds=15))

    end_leases()

    assert due_messages(now=clock.now(), limit=1) == [message.pk]
