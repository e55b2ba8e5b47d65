"""From a queued message to an SMS: the same words in fewer, with one short link, in its reader's language."""

from datetime import datetime
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from portal.access import MANAGE, issue_link
from portal.messaging.gsm import plain
from portal.messaging.mails import NobodyToTell, context_of, language_of
from portal.messaging.subscribe import folder_of
from portal.messaging.twilio import Text
from portal.models.messages import Message
from portal.short_links import short_url
from scheduling.models import Delivery

MOST_SHOP: Final = 22
"""So many signs of a shop's name: the rest of 160 is for what happened."""


def compose_text(message: Message, *, now: datetime) -> Text:
    """Return the SMS. Its link is derived here, and is nowhere but in it.

    Raises NobodyToTell where there is no number on file, NobodyWaits where it comes too late to be of use.
    """
    delivery = message.event.delivery
    if delivery is None or not delivery.contact_phone:
        raise NobodyToTell
    with translation.override(language_of(delivery)):
        body = _body(message, delivery, now=now)
    return Text(to=str(delivery.contact_phone), body=body, callback_url=callback_url(message))


def _body(message: Message, delivery: Delivery, *, now: datetime) -> str:
    link = issue_link(delivery=delivery, kind=MANAGE, now=now)
    context = context_of(message.event, delivery, now=now) | {
        "shop": shop_in_short(delivery.merchant.name),
        "url": short_url(message, link),
    }
    return plain(render_to_string(f"messages/{folder_of(message.event)}/sms.txt", context))


def shop_in_short(name: str) -> str:
    """Return a shop's name, cut where it would leave no room for what happened."""
    tidy = plain(name)
    return tidy if len(tidy) <= MOST_SHOP else tidy[: MOST_SHOP - 1].rstrip() + "."


def callback_url(message: Message) -> str:
    """Return where we hear what became of an SMS: the same at each attempt, so that repeats are known."""
    return f"{settings.PUBLIC_URL}/sms/{message.pk}/status/"
