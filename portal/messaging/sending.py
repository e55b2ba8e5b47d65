"""Mails leave by SMTP, outside any transaction, and are tried again until they are out."""

import logging
from datetime import datetime
from enum import Enum
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPResponseException

from celery.exceptions import SoftTimeLimitExceeded

from portal.messaging.mails import NobodyToTell, compose
from portal.models.messages import Message
from portal.services.messages import claim_message, mark_refused, mark_sent

log = logging.getLogger(__name__)


class Outcome(Enum):
    """What became of one attempt."""

    SENT = "sent"
    NOT_SENT = "not sent"
    SERVER_AWAY = "the mail server is away: no use in trying others now"


def try_message(*, pk: int, now: datetime) -> Outcome:
    """Try to send a message, unless somebody else has just taken it; note what came of it.

    Raises SoftTimeLimitExceeded if the task's time is up: the message is then due again after its lease.
    """
    message = claim_message(pk=pk, now=now)
    if message is None:
        return Outcome.NOT_SENT
    try:
        send(message, now=now)
    except (SMTPException, OSError) as error:
        mark_refused(message, error=_plain(error), for_good=_for_good(error), now=now)
        return Outcome.NOT_SENT if _about_this_mail(error) else Outcome.SERVER_AWAY
    except NobodyToTell as reason:
        mark_refused(message, error=reason.why, for_good=True, now=now)
        return Outcome.NOT_SENT
    except SoftTimeLimitExceeded:
        raise  # not the mail's fault, and the server may have taken it
    except Exception as error:
        # One mail that can't be made must not hold up the others.
        log.exception("Message %s can't be made", message.pk)
        mark_refused(message, error=_plain(error), for_good=False, now=now)
        return Outcome.NOT_SENT
    return Outcome.SENT


def send(message: Message, *, now: datetime) -> None:
    """Send one claimed message. A worker killed between the two lines sends it again, with the same id."""
    compose(message, now=now).send()
    mark_sent(message, now=now)


def _about_this_mail(error: Exception) -> bool:
    return isinstance(error, SMTPRecipientsRefused | SMTPDataError)


def _codes(error: Exception) -> list[int]:
    if isinstance(error, SMTPRecipientsRefused):
        return [code for code, _said in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, SMTPResponseException) else []


def _for_good(error: Exception) -> bool:
    """Whether the server will never take this mail: no such mailbox, or contents it won't have."""
    codes = _codes(error)
    return _about_this_mail(error) and bool(codes) and min(codes) >= 500


def _plain(error: Exception) -> str:
    """Return what went wrong without what the server said: it may repeat an address."""
    return " ".join([type(error).__name__, *map(str, _codes(error))])
