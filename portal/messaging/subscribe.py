"""Which events people are told about by mail, and by which words: the folders of templates/messages/."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext_noop

from portal.models import FormerContact
from portal.services.hook_queue import DISABLED_KIND, PAUSED_KIND
from portal.services.messages import queue_farewell, queue_message, queue_notice
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
    LINKS_ASKED: "links",
    LINKS_REVOKED: "revoked",
    CODE_ASKED: "code",
    CONTACT_CHANGED: "contact_changed",
}
FAREWELL: Final = "contact_left"
"""What the former contact is told."""
CAN_WAIT: Final = frozenset({"promise.narrowed"})
"""What no customer has just caused: at night it waits for the end of their quiet hours."""
LAST_CALL: Final = timedelta(hours=1)
"""So long before a window begins a mail about it is still of use: it waits no longer."""
NOTICES: Final = {PAUSED_KIND: "webhook_paused", DISABLED_KIND: "webhook_disabled"}
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


def tell_customer(event: Event, now: datetime) -> None:
    """Queue one mail to the contact of the event's delivery; of an event without one nobody hears."""
    if event.delivery is None:
        return
    if event.delivery.contact_email:
        at = leaves_at(event, event.delivery, now=now)
        queue_message(event=event, ref=event.delivery.ref, now=now, at=at)
    if event.kind == CONTACT_CHANGED and FormerContact.objects.filter(event=event).exists():
        queue_farewell(event=event, ref=event.delivery.ref, now=now)


def leaves_at(event: Event, delivery: Delivery, *, now: datetime) -> datetime:
    """Return when a mail may leave: after the quiet hours where it can wait, and while it is of use."""
    if event.kind not in CAN_WAIT or delivery.quiet_from is None or delivery.quiet_until is None:
        return now
    booking = Booking.objects.select_related("stop__route__shift__plan__depot").get(delivery=delivery)
    zone, window_opens = booking.stop.route.shift.plan.depot.zone, booking.stop.opens_at
    ends = end_of_quiet(now, begins=delivery.quiet_from, ends=delivery.quiet_until, zone=zone)
    return max(now, min(ends, window_opens - LAST_CALL)) if ends else now


def tell_merchant(event: Event, now: datetime) -> None:
    """Queue one mail to the merchant's own address, if we have one."""
    if event.merchant is not None and event.merchant.contact_email:
        queue_notice(event=event, slug=event.merchant.slug, now=now)
