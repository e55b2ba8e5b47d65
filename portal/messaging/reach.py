"""By which channels a delivery's contact hears of what: the shop's rules, what is on file, who said stop."""

from typing import Final

from portal.messaging.topics import Topic
from portal.messaging.twilio import sms_is_on
from portal.models.messages import Channel
from portal.services.silences import is_silent
from portal.services.telling import ways_for
from scheduling.models import Delivery

OTHER: Final = {Channel.EMAIL: Channel.SMS, Channel.SMS: Channel.EMAIL}


def channels_for(topic: Topic, delivery: Delivery) -> list[Channel]:
    """Return the channels by which a delivery's contact hears of a topic; none where nobody is to hear.

    Where none of the shop's ways has an address on file, the other way stands in.
    """
    wanted = ways_for(topic, delivery.merchant)
    reached = [channel for channel in wanted if has_address(delivery, channel)]
    if wanted and not reached:
        reached = [channel for channel in OTHER if has_address(delivery, channel)]
    return [channel for channel in reached if hears(delivery, channel, topic)]


def other_channel(topic: Topic, delivery: Delivery, failed: Channel) -> Channel | None:
    """Return by which channel to try what did not arrive by `failed`, if there is one."""
    other = OTHER[failed]
    return other if has_address(delivery, other) and hears(delivery, other, topic) else None


def has_address(delivery: Delivery, channel: Channel) -> bool:
    """Whether there is somewhere to write to."""
    if channel == Channel.EMAIL:
        return bool(delivery.contact_email)
    return bool(delivery.contact_phone) and sms_is_on()


def hears(delivery: Delivery, channel: Channel, topic: Topic) -> bool:
    """Whether the contact wants to hear of it there. Needed mails go in any case; no SMS does after STOP."""
    if channel == Channel.EMAIL and topic.needed:
        return True
    return not is_silent(channel, delivery)
