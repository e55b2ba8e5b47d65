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
from portal.codes import code_asked, digits_of
from portal.customers import words
from portal.messaging.calendars import calendar_file
from portal.messaging.day_facts import OutOfDate, day_facts
from portal.messaging.facts import booking_of, current_entry, entry_of, facts_of, zone_of
from portal.messaging.notices import facts_for_shop
from portal.messaging.return_facts import receipt, return_facts
from portal.messaging.subscribe import CODE_ASKED, FAREWELL, LINKS_ASKED, NOTICES, folder_of, topic_of
from portal.messaging.unsubscribing import unsubscribe_url
from portal.models.messages import FormerContact, Message
from portal.services.messages import FORMER, MERCHANT
from scheduling.models import Delivery, Event
from scheduling.selectors.shopper import orders_of

OF_THE_DAY: Final = frozenset(
    {"day_before", "on_the_way", "near", "next", "running_late", "late", "delivered", "ready", "missed"}
)
OF_A_RETURN: Final = "return."
PICKUP_BOOKED: Final = "return.pickup_booked"
WITH_CALENDAR: Final = {"booking.confirmed", "booking.moved", "delivery.diverted", "promise.narrowed"}


class NobodyToTell(Exception):
    """The delivery has no contact (any more): there is nothing to send."""

    why = "no address on file"


class NobodyWaits(NobodyToTell):
    """It would come too late to be of use."""

    why = "too late to be of use"


def compose(message: Message, *, now: datetime) -> EmailMultiAlternatives:
    """Return the mail. Its links are derived here, and are nowhere but in it.

    Raises NobodyToTell if the event's delivery, or its merchant, has no e-mail address on file, NobodyWaits
    if it is about a code that has ended.
    """
    mail = _for(message, now=now)
    # The same id and date at each attempt: a mail sent twice is shown once.
    mail.extra_headers |= {
        "Message-ID": message.message_id,
        "Date": format_datetime(message.created_at),
        "Auto-Submitted": "auto-generated",
    }
    return mail


def _for(message: Message, *, now: datetime) -> EmailMultiAlternatives:
    if message.person.startswith(MERCHANT):
        return _notice(message.event)
    if message.person.startswith(FORMER):
        return _farewell(message.event, now=now)
    return _for_customer(message.event, now=now)


def _farewell(event: Event, *, now: datetime) -> EmailMultiAlternatives:
    """Return a mail to the contact that a delivery had before `event`. It holds no link of any kind."""
    former = FormerContact.objects.filter(event=event).first()
    delivery = event.delivery
    if former is None or delivery is None:
        raise NobodyToTell
    with translation.override(language_of(delivery)):
        facts = {
            "shop": delivery.merchant.name,
            "order": words.listed(orders_of(delivery)),
            "at": words.long_moment(event.occurred_at.astimezone(zone_of(booking_of(delivery)))),
        }
        mail = _written(FAREWELL, {"mail": facts}, to=former.email)
    mail.reply_to = [delivery.merchant.contact_email] if delivery.merchant.contact_email else []
    return mail


def _for_customer(event: Event, *, now: datetime) -> EmailMultiAlternatives:
    delivery = event.delivery
    if delivery is None or not delivery.contact_email:
        raise NobodyToTell
    with translation.override(language_of(delivery)):
        return _worded(event, delivery, now=now)


def _notice(event: Event) -> EmailMultiAlternatives:
    """Return a mail to a merchant about something of its own that waits for it."""
    merchant = event.merchant
    facts = facts_for_shop(event) if merchant and merchant.contact_email else None
    if merchant is None or facts is None:
        raise NobodyToTell
    return _written(NOTICES[event.kind], {"mail": facts}, to=merchant.contact_email)


def language_of(delivery: Delivery) -> str:
    """Return the contact's language, or ours if we do not speak it."""
    try:
        return translation.get_supported_language_variant(delivery.language)
    except LookupError:
        return settings.LANGUAGE_CODE


def _worded(event: Event, delivery: Delivery, *, now: datetime) -> EmailMultiAlternatives:
    topic, context = topic_of(event), context_of(event, delivery, now=now)
    if not topic.needed:
        context["unsubscribe_url"] = unsubscribe_url(delivery)
    mail = _written(folder_of(event), context, to=delivery.contact_email)
    mail.reply_to = [delivery.merchant.contact_email] if delivery.merchant.contact_email else []
    if not topic.needed:
        # As RFC 8058 asks: mail programs show a button of their own, and one press is a POST.
        mail.extra_headers |= {
            "List-Unsubscribe": f"<{context['unsubscribe_url']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    if event.kind in WITH_CALENDAR:
        mail.attach("delivery.ics", calendar_file(entry_of(event, delivery)), "text/calendar")
    if event.kind == PICKUP_BOOKED and (pickup := _pickup(event, delivery)):
        mail.attach("pickup.ics", calendar_file(current_entry(pickup)), "text/calendar")
    return mail


def _pickup(event: Event, delivery: Delivery) -> Delivery | None:
    """Return what fetches a return, as long as it is to come. One query."""
    rows = Delivery.objects.select_related("merchant", "order", "address")
    return rows.filter(pickup_of__delivery=delivery, pickup_of__ref=event.data.get("return", "")).first()


def _written(name: str, context: dict[str, Any], *, to: str) -> EmailMultiAlternatives:
    folder = f"messages/{name}"
    mail = EmailMultiAlternatives(
        subject=" ".join(render_to_string(f"{folder}/subject.txt", context).split()),
        body=re.sub(r"\n{3,}", "\n\n", render_to_string(f"{folder}/body.txt", context)),
        to=[to],
    )
    mail.attach_alternative(_styled(render_to_string(f"{folder}/body.html", context)), "text/html")
    return mail


def _styled(html: str) -> str:
    """Put the styles into the head: a mail can't fetch them, and reads well where they are dropped."""
    return html.replace("</head>", f"<style>\n{render_to_string('messages/mail.css')}</style>\n</head>", 1)


def context_of(event: Event, delivery: Delivery, *, now: datetime) -> dict[str, Any]:
    """Return what the words of a message are made of. Raises NobodyToTell or NobodyWaits."""
    if event.kind == CODE_ASKED:
        return {"mail": facts_of(event, delivery, now=now), "code": _code(event, delivery, now=now)}
    if event.kind.startswith(OF_A_RETURN):
        return _of_a_return(event, delivery, now=now)
    if topic_of(event).name in OF_THE_DAY:
        return _of_the_day(event, delivery, now=now)
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


def _of_the_day(event: Event, delivery: Delivery, *, now: datetime) -> dict[str, Any]:
    try:
        day = day_facts(event, topic_of(event), delivery, now=now)
    except OutOfDate as error:
        raise NobodyWaits from error
    return {"mail": facts_of(event, delivery, now=now), "day": day}


def _of_a_return(event: Event, delivery: Delivery, *, now: datetime) -> dict[str, Any]:
    facts = {"mail": facts_of(event, delivery, now=now)}
    try:
        if topic_of(event).name == "withdrawn":
            return facts | {"receipt": receipt(event, delivery)}
        return facts | {"back": return_facts(event, delivery)}
    except OutOfDate as error:
        raise NobodyWaits from error


def _code(event: Event, delivery: Delivery, *, now: datetime) -> dict[str, str]:
    """Return the digits and until when they work. They are nowhere but in this message."""
    code = code_asked(event.data["code"], now=now)
    if code is None:
        raise NobodyWaits
    ends_at = code.ends_at.astimezone(zone_of(booking_of(delivery)))
    return {"digits": digits_of(code, delivery), "until": words.clock_time(ends_at)}
