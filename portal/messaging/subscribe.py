"""Which events people are told about by mail, and by which words: the folders of templates/messages/."""

from datetime import datetime
from typing import Final

from django.utils.translation import gettext_noop

from portal.services.hook_queue import DISABLED_KIND, PAUSED_KIND
from portal.services.messages import queue_message, queue_notice
from scheduling import events
from scheduling.models import Event

LINKS_ASKED: Final = "links.asked"
LINKS_REVOKED: Final = "links.revoked"
CODE_ASKED: Final = "code.asked"
CODE_ACCEPTED: Final = "code.accepted"
CODE_USED_UP: Final = "code.used_up"
FOLDERS: Final = {
    "booking.confirmed": "booked",
    "booking.moved": "changed",
    "booking.joined": "joined",
    "booking.cancelled": "cancelled",
    "promise.narrowed": "narrowed",
    "delivery.notes_changed": "door_changed",
    LINKS_ASKED: "links",
    LINKS_REVOKED: "revoked",
    CODE_ASKED: "code",
}
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
    if event.delivery is not None and event.delivery.contact_email:
        queue_message(event=event, ref=event.delivery.ref, now=now)


def tell_merchant(event: Event, now: datetime) -> None:
    """Queue one mail to the merchant's own address, if we have one."""
    if event.merchant is not None and event.merchant.contact_email:
        queue_notice(event=event, slug=event.merchant.slug, now=now)
