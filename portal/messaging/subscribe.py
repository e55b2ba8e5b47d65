"""Which events people are told about, and by which words: the folders of templates/messages/."""

from datetime import datetime
from typing import Final

from django.utils.translation import gettext_noop

from portal.services.messages import queue_message
from scheduling import events
from scheduling.models import Event

LINKS_ASKED: Final = "links.asked"
FOLDERS: Final = {
    "booking.confirmed": "booked",
    "booking.moved": "changed",
    "booking.joined": "joined",
    "booking.cancelled": "cancelled",
    "promise.narrowed": "narrowed",
    LINKS_ASKED: "links",
}
# Scheduling knows no links, so their event is declared here.
events.KINDS[LINKS_ASKED] = gettext_noop("You asked for your links")


def connect() -> None:
    """Have a message queued for each of these events. Called once, when the apps are ready."""
    for kind in FOLDERS:
        events.subscribe(kind, "portal.messages", tell_customer)


def tell_customer(event: Event, now: datetime) -> None:
    """Queue one mail to the contact of the event's delivery; of an event without one nobody hears."""
    if event.delivery is not None and event.delivery.contact_email:
        queue_message(event=event, ref=event.delivery.ref, now=now)
