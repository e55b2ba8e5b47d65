"""Messages leave outside any transaction, mails by SMTP or a service, SMS by Twilio; tried until out."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPResponseException

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from celery.exceptions import SoftTimeLimitExceeded

from portal.messaging.giving_up import give_up, note_arrival
from portal.messaging.mails import NobodyToTell, compose
from portal.messaging.texts import compose_text
from portal.messaging.twilio import TextNotTaken, send_text
from portal.models.messages import Channel, Message
from portal.services.messages import (
    claim_message,
    is_last_attempt,
    mark_given_up,
    mark_refused,
    mark_sent,
)
from scheduling.errors import PlanBusy

log = logging.getLogger(__name__)
NOT_TAKEN = (SMTPException, AnymailError, TextNotTaken, OSError)
OUR_ACCOUNT = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.PAYMENT_REQUIRED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


class Outcome(Enum):
    """What became of one attempt."""

    SENT = "sent"
    NOT_SENT = "not sent"
    SERVER_AWAY = "the server is away: no use in trying others by its channel now"


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: what became of it, and by which channel."""

    outcome: Outcome
    channel: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a server did not take a message, without what it said: that may repeat an address."""

    error: str
    about_it: bool
    for_good: bool
    code: int = 0


def try_message(*, pk: int, now: datetime) -> Tried:
    """Try to send a message, unless somebody else has just taken it; note what came of it.

    Raises SoftTimeLimitExceeded if the task's time is up: the message is then due again after its lease.
    """
    message = claim_message(pk=pk, now=now)
    if message is None:
        return Tried(Outcome.NOT_SENT, "")
    return Tried(_try(message, now=now), message.channel)


def _try(message: Message, *, now: datetime) -> Outcome:
    try:
        send(message, now=now)
    except NOT_TAKEN as error:
        refusal = refusal_of(error)
        _settle(message, refusal, now=now)
        return Outcome.NOT_SENT if refusal.about_it else Outcome.SERVER_AWAY
    except NobodyToTell as reason:
        mark_given_up(message, error=reason.why)
        return Outcome.NOT_SENT
    except SoftTimeLimitExceeded:
        raise  # not the message's fault, and the server may have taken it
    except Exception as error:
        # One that can't be made must not hold up the others.
        log.exception("Message %s can't be made", message.pk)
        _settle(message, Refusal(type(error).__name__, about_it=True, for_good=False), now=now)
        return Outcome.NOT_SENT
    return Outcome.SENT


def send(message: Message, *, now: datetime) -> None:
    """Send one claimed message. A worker killed between the two lines sends it again, with the same id."""
    if message.channel == Channel.SMS:
        send_text(compose_text(message, now=now))
    else:
        compose(message, now=now).send()
    mark_sent(message, now=now)
    with suppress(PlanBusy):
        note_arrival(message, now=now)


def _settle(message: Message, refusal: Refusal, *, now: datetime) -> None:
    if refusal.for_good or is_last_attempt(message, now=now):
        with suppress(PlanBusy):  # it is due again when its lease is over
            give_up(message, error=refusal.error, code=refusal.code, now=now)
    else:
        mark_refused(message, error=refusal.error, now=now)


def refusal_of(error: Exception) -> Refusal:
    """Return what a failure to send means."""
    if isinstance(error, TextNotTaken):
        return Refusal(str(error), about_it=error.for_good, for_good=error.for_good, code=error.code)
    if isinstance(error, AnymailError):
        return _by_service(error)
    about_it = isinstance(error, SMTPRecipientsRefused | SMTPDataError)
    codes = _codes(error)
    for_good = about_it and bool(codes) and min(codes) >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Refusal(" ".join([type(error).__name__, *map(str, codes)]), about_it=about_it, for_good=for_good)


def _by_service(error: AnymailError) -> Refusal:
    """A mail service's API: what it says of this mail is for good, what it says of us or itself is not."""
    status = int(error.status_code or 0)
    about_it = isinstance(error, AnymailRecipientsRefused) or (
        HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in OUR_ACCOUNT
    )
    said = [type(error).__name__, *([str(status)] if status else [])]
    return Refusal(" ".join(said), about_it=about_it, for_good=about_it)


def _codes(error: Exception) -> list[int]:
    """Return the server's codes of an SMTP reply; from 500 on it will never take the mail."""
    if isinstance(error, SMTPRecipientsRefused):
        return [code for code, _said in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, SMTPResponseException) else []
