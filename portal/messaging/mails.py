"""From a queued message to a mail: text, HTML, calendar file; in its reader's language."""

import re
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from portal.access import links_ended
from portal.messaging.calendars import calendar_file
from portal.messaging.facts import entry_of, facts_of
from portal.messaging.subscribe import FOLDERS, LINKS_ASKED
from portal.models.messages import Message
from scheduling.models import Delivery, Event

WITH_CALENDAR: Final = {"booking.confirmed", "booking.moved", "promise.narrowed"}


class NobodyToTell(Exception):
    """The delivery has no contact (any more): there is nothing to send."""


def compose(message: Message, *, now: datetime) -> EmailMultiAlternatives:
    """Return the mail. Its links are derived here, and are nowhere but in it.

    Raises NobodyToTell if the event's delivery has no e-mail address on file.
    """
    event = message.event
    delivery = event.delivery
    if delivery is None or not delivery.contact_email:
        raise NobodyToTell
    with translation.override(language_of(delivery)):
        mail = _worded(event, delivery, now=now)
    # The same id and date at each attempt: a mail sent twice is shown once.
    mail.extra_headers |= {
        "Message-ID": message.message_id,
        "Date": format_datetime(message.created_at),
        "Auto-Submitted": "auto-generated",
    }
    return mail


def language_of(delivery: Delivery) -> str:
    """Return the contact's language, or ours if we do not speak it."""
    try:
        return translation.get_supported_language_variant(delivery.language)
    except LookupError:
        return settings.LANGUAGE_CODE


def _worded(event: Event, delivery: Delivery, *, now: datetime) -> EmailMultiAlternatives:
    folder, context = f"messages/{FOLDERS[event.kind]}", _context(event, delivery, now=now)
    reply_to = [delivery.merchant.contact_email] if delivery.merchant.contact_email else None
    mail = EmailMultiAlternatives(
        subject=" ".join(render_to_string(f"{folder}/subject.txt", context).split()),
        body=re.sub(r"\n{3,}", "\n\n", render_to_string(f"{folder}/body.txt", context)),
        to=[delivery.contact_email],
        reply_to=reply_to,
    )
    mail.attach_alternative(_styled(render_to_string(f"{folder}/body.html", context)), "text/html")
    if event.kind in WITH_CALENDAR:
        mail.attach("delivery.ics", calendar_file(entry_of(event, delivery)), "text/calendar")
    return mail


def _styled(html: str) -> str:
    """Put the styles into the head: a mail can't fetch them, and reads well where they are dropped."""
    return html.replace("</head>", f"<style>\n{render_to_string('messages/mail.css')}</style>\n</head>", 1)


def _context(event: Event, delivery: Delivery, *, now: datetime) -> dict[str, Any]:
    if event.kind != LINKS_ASKED:
        return {"mail": facts_of(event, delivery, now=now)}
    # Never another contact's: only deliveries that go to the address this mail goes to.
    theirs = Delivery.objects.filter(
        ref__in=event.data["refs"], contact_email__iexact=delivery.contact_email, booking__isnull=False
    )
    found = theirs.select_related("merchant", "order", "address").order_by("pk")
    mails = [facts_of(event, each, now=now) for each in found if not links_ended(each, now=now)]
    if not mails:
        raise NobodyToTell
    return {"mail": mails[-1], "mails": mails}
