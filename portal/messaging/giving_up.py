"""A message that will never arrive: its reader is told by the other channel, once, and staff see it."""

from datetime import datetime

from django.db import transaction

from portal.messaging.reach import other_channel
from portal.messaging.subscribe import topic_of
from portal.messaging.twilio import STOPPED
from portal.models.messages import Channel, Message, MessageState
from portal.services.messages import CUSTOMER, mark_given_up, mark_undelivered, queue_message
from portal.services.silences import silence
from scheduling.services.telling import note_message_arrived, note_message_failed


@transaction.atomic
def give_up(message: Message, *, error: str, code: int = 0, now: datetime) -> None:
    """Note that a message will never go out, and try the other channel."""
    if mark_given_up(message, error=error):
        _fall_back(message, code=code, now=now)


@transaction.atomic
def note_undelivered(message: Message, *, code: int, now: datetime) -> None:
    """Note that an SMS was taken and never arrived, and try the other channel; heard again, do nothing."""
    if mark_undelivered(message, error=f"SMS {code}"):
        _fall_back(message, code=code, now=now)


def _fall_back(message: Message, *, code: int, now: datetime) -> None:
    """Tell a customer by the other channel. Asked again it finds its row: no third message comes of two."""
    event, delivery = message.event, message.event.delivery
    if delivery is None or not message.person.startswith(CUSTOMER):
        return
    topic = topic_of(event)
    if code == STOPPED:
        silence(Channel.SMS, str(delivery.contact_phone), now=now)
    other = other_channel(topic, delivery, Channel(message.channel)) if topic.name != "code" else None
    if other is not None:
        queue_message(event=event, ref=delivery.ref, channel=other, now=now)
    note_message_failed(delivery_id=delivery.pk, now=now)


def note_arrival(message: Message, *, now: datetime) -> None:
    """Tell staff no longer of a failure once the other channel has it. One query where nothing failed."""
    delivery = message.event.delivery
    if delivery is None or not message.person.startswith(CUSTOMER):
        return
    failed = Message.objects.filter(event=message.event_id, person=message.person, state=MessageState.FAILED)
    if failed.exists():
        note_message_arrived(delivery_id=delivery.pk, now=now)
