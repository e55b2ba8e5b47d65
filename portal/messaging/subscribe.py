"""Which events people are told about, by which words: the topics, folders of templates/messages/."""

from datetime import datetime, time, timedelta
from typing import Final

from django.utils.translation import gettext_noop

from portal.messaging.reach import channels_for
from portal.messaging.topics import TOPICS, Topic
from portal.models import FormerContact
from portal.models.codes import OneTimeCode
from portal.models.messages import Channel
from portal.services.hook_queue import DISABLED_KIND, PAUSED_KIND
from portal.services.messages import queue_farewell, queue_message, queue_notice
from portal.services.telling import hours_of
from scheduling import events
from scheduling.models import Booking, Delivery, Event
from scheduling.windows import end_of_quiet

LINKS_ASKED: Final = "links.asked"
LINKS_REVOKED: Final = "links.revoked"
CONTACT_CHANGED: Final = "delivery.contact_changed"
CODE_ASKED: Final = "code.asked"
CODE_ACCEPTED: Final = "code.accepted"
CODE_USED_UP: Final = "code.used_up"
FOLDERS: Final = {
    "booking.confirmed": "booked",
    "booking.moved": "changed",
    "booking.joined": "joined",
    "delivery.diverted": "diverted",
    "booking.cancelled": "cancelled",
    "promise.narrowed": "narrowed",
    "delivery.safe_place_changed": "at_door",
    "delivery.longer_at_door": "at_door",
    "delivery.notes_changed": "door_changed",
    "delivery.day_before": "day_before",
    "delivery.on_the_way": "on_the_way",
    "delivery.near": "near",
    "delivery.next": "next",
    "delivery.running_late": "running_late",
    "delivery.late": "late",
    "delivery.delivered": "delivered",
    "delivery.missed": "missed",
    "return.withdrawn": "withdrawn",
    "return.pickup_booked": "pickup_booked",
    "return.requested": "returns",
    "return.approved": "returns",
    "return.rejected": "returns",
    "return.cancelled": "returns",
    "return.pickup_cancelled": "returns",
    "return.collected": "returns",
    "return.handed_in": "returns",
    "return.received": "returns",
    "return.inspected": "returns",
    "return.refunded": "returns",
    "return.refund_delayed": "returns",
    "return.credited": "returns",
    "return.closed": "returns",
    LINKS_ASKED: "links",
    LINKS_REVOKED: "revoked",
    CODE_ASKED: "code",
    CONTACT_CHANGED: "contact_changed",
}
FAREWELL: Final = "contact_left"
"""What the former contact is told."""
OF_THE_RETURN: Final = frozenset({"booking.confirmed", "booking.moved", "booking.cancelled"})
"""What a pickup's own booking says is said of the return that it fetches."""
ON_ITS_DAY: Final = frozenset({"day_before", "on_the_way", "near", "next", "running_late", "late", "missed"})
FETCHED: Final = "fetched"
BEFORE_IT_COMES: Final = frozenset({"narrowed", "day_before"})
"""What is of use only before the window begins."""
LAST_CALL: Final = timedelta(hours=1)
"""So long before a window begins a message about it is still of use: it waits no longer."""
NOTICES: Final = {
    PAUSED_KIND: "webhook_paused",
    DISABLED_KIND: "webhook_disabled",
    "return.unmatched": "return_unmatched",
    "return.refund_due": "return_refund_due",
}
"""What merchants are told of."""
# Scheduling knows neither links nor codes, so their events are declared here.
events.KINDS[LINKS_ASKED] = gettext_noop("You asked for your links")
events.KINDS[LINKS_REVOKED] = gettext_noop("All older links were ended")
events.KINDS[CODE_ASKED] = gettext_noop("Six digits were asked for")
events.KINDS[CODE_ACCEPTED] = gettext_noop("The six digits were right")
events.KINDS[CODE_USED_UP] = gettext_noop("Wrong digits were typed five times")


def connect() -> None:
    """Have a message queued for each of these events. Called once, when the apps are ready."""
    for kind in FOLDERS:
        events.subscribe(kind, "portal.messages", tell_customer)
    for kind in NOTICES:
        events.subscribe(kind, "portal.messages", tell_merchant)


def topic_of(event: Event) -> Topic:
    """Return what an event's message is about. What a pickup point was brought is ready to be collected."""
    if event.kind == "delivery.delivered" and event.data.get("outcome") == "at_point":
        return TOPICS["ready"]
    return TOPICS[FOLDERS[event.kind]]


def tell_customer(event: Event, now: datetime) -> None:
    """Queue one message a channel to the contact of the event's delivery; without one nobody hears."""
    delivery = event.delivery
    if delivery is None or is_told_as_a_return(event, delivery):
        return
    topic = topic_of(event)
    for channel in _channels(event, topic, delivery):
        at = leaves_at(event, delivery, channel, now=now)
        queue_message(event=event, ref=delivery.ref, channel=channel, now=now, at=at)
    if event.kind == CONTACT_CHANGED and FormerContact.objects.filter(event=event).exists():
        queue_farewell(event=event, ref=delivery.ref, now=now)


def is_told_as_a_return(event: Event, delivery: Delivery) -> bool:
    """Whether an event is of what fetches a return, and its customer hears of it as of the return."""
    return delivery.fetches and event.kind in OF_THE_RETURN


def folder_of(event: Event) -> str:
    """Return the folder of an event's words: what is to be fetched has its own for its day."""
    topic = topic_of(event)
    delivery = event.delivery
    if delivery is not None and delivery.direction == Delivery.Direction.IN and topic.name in ON_ITS_DAY:
        return f"{FETCHED}/{topic.name}"
    return topic.name


def _channels(event: Event, topic: Topic, delivery: Delivery) -> list[Channel]:
    if event.kind == CODE_ASKED:  # it goes where it was asked to
        code = OneTimeCode.objects.filter(pk=event.data.get("code")).first()
        return [Channel(code.channel)] if code else []
    return channels_for(topic, delivery)


def leaves_at(
    event: Event, delivery: Delivery, channel: Channel = Channel.EMAIL, *, now: datetime
) -> datetime:
    """Return when a message may leave: after the quiet hours where it can wait, and while it is of use."""
    topic = topic_of(event)
    if not topic.waits:
        return now
    begins, ends = quiet_hours(delivery, channel)
    if begins is None or ends is None:
        return now
    booking = Booking.objects.select_related("stop__route__shift__plan__depot").get(delivery=delivery)
    zone, window_opens = booking.stop.route.shift.plan.depot.zone, booking.stop.opens_at
    over = end_of_quiet(now, begins=begins, ends=ends, zone=zone)
    if over is None:
        return now
    return max(now, min(over, window_opens - LAST_CALL)) if topic.name in BEFORE_IT_COMES else over


def quiet_hours(delivery: Delivery, channel: Channel) -> tuple[time | None, time | None]:
    """Return its contact's own quiet hours; those of the shop's SMS where they said none."""
    if delivery.quiet_from is not None or channel == Channel.EMAIL:
        return delivery.quiet_from, delivery.quiet_until
    hours = hours_of(delivery.merchant)
    return hours.quiet_from, hours.quiet_until


def tell_merchant(event: Event, now: datetime) -> None:
    """Queue one mail to the merchant's own address, if we have one."""
    if event.merchant is not None and event.merchant.contact_email:
        queue_notice(event=event, slug=event.merchant.slug, now=now)
