"""One-time codes: asked for, sent to the contact on file, tried at most five times, used once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from portal.codes import LASTS, channel_for, is_right
from portal.messaging.subscribe import CODE_ACCEPTED, CODE_ASKED, CODE_USED_UP
from portal.models import AccessLink, OneTimeCode
from portal.models.codes import MOST_TRIES
from scheduling import events
from scheduling.errors import DomainError
from scheduling.models import Delivery
from scheduling.services.changes import one_change

MOST_SENT: Final = ((timedelta(hours=1), 5), (timedelta(days=1), 10))
"""To one delivery. With five tries each: 50 guesses a day among a million, whoever shares the link."""
KEPT_FOR: Final = timedelta(days=2)


class NoWayToSend(DomainError):
    """A code is needed, and there is nothing on file to send it to."""

    code = "no_way_to_send"
    sentence = _("We have no e-mail address or mobile number to send it to. Please contact the shop.")


class TooManyCodes(DomainError):
    """As many codes as anybody needs went to this delivery already."""

    code = "too_many_codes"
    sentence = _("We sent several codes already. The newest may still work; another one can be sent later.")


class Verdict(Enum):
    """What became of digits that were typed."""

    RIGHT = "right"
    WRONG = "wrong"
    USED = "used"
    USED_UP = "used up"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and how many tries are left."""

    verdict: Verdict
    left: int


@one_change
def ask_code(*, link: AccessLink, now: datetime, by: str = "") -> OneTimeCode:
    """Have six digits sent to the contact on file, `by` the channel they wish if there is that way.

    Raises NoWayToSend or TooManyCodes.
    """
    delivery = link.delivery
    channel = channel_for(delivery, by)
    if channel is None:
        raise NoWayToSend
    # Counted in rows, behind the delivery's lock: it bounds what can be guessed, also while a cache is away.
    Delivery.objects.lock([delivery.pk])
    asked = OneTimeCode.objects.filter(link__delivery=delivery)
    if any(asked.filter(asked_at__gt=now - span).count() >= most for span, most in MOST_SENT):
        raise TooManyCodes
    code = OneTimeCode.objects.create(
        link=link, generation=link.generation, channel=channel, asked_at=now, ends_at=now + LASTS
    )
    events.record(CODE_ASKED, delivery=delivery, actor=link.actor, now=now, data={"code": code.pk.hex})
    return code


@one_change
def try_code(*, code: OneTimeCode, link: AccessLink, typed: str, now: datetime) -> Judged:
    """Count one try, then judge it: of many at once, five are judged and one is right."""
    rows = OneTimeCode.objects.filter(pk=code.pk, generation=link.generation, used_at=None)
    # Its conditions are judged again by the update: nobody gets a sixth try by coming at the same moment.
    counted = rows.filter(tries__lt=MOST_TRIES, ends_at__gt=now).update(tries=F("tries") + 1)
    code.refresh_from_db()
    if not counted:
        return Judged(_why_not(code), 0)
    if is_right(code, link.delivery, typed):
        rows.update(used_at=now)
        events.record(CODE_ACCEPTED, delivery=link.delivery, actor=link.actor, now=now)
        return Judged(Verdict.RIGHT, 0)
    left = MOST_TRIES - code.tries
    if not left:
        events.record(CODE_USED_UP, delivery=link.delivery, actor=link.actor, now=now)
    return Judged(Verdict.WRONG if left else Verdict.USED_UP, left)


def _why_not(code: OneTimeCode) -> Verdict:
    if code.used_at is not None:
        return Verdict.USED
    return Verdict.USED_UP if code.tries >= MOST_TRIES else Verdict.EXPIRED


def forget_codes(*, now: datetime) -> int:
    """Delete codes that neither work nor count any more; return how many."""
    deleted, _by_model = OneTimeCode.objects.filter(asked_at__lt=now - KEPT_FOR).delete()
    return deleted
