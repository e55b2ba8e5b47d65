"""Shift links: made for a shift, opened by a PIN on one phone, freed for another."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from secrets import token_urlsafe
from typing import Final

from django.db.models import F

from portal.models.driving import MOST_TRIES, ShiftLink
from portal.shift_links import digest_of, is_pin, over_at
from scheduling.models import Shift
from scheduling.services.changes import one_change

SECRET_BYTES: Final = 32


class PinVerdict(Enum):
    """What became of a PIN that was typed."""

    RIGHT = "right"
    WRONG = "wrong"
    USED_UP = "used up"
    ELSEWHERE = "elsewhere"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class PinJudged:
    """A verdict, how many tries are left, and the secret for a phone that was let in."""

    verdict: PinVerdict
    left: int = 0
    secret: str = ""


@one_change
def hand_out(*, shift: Shift, now: datetime) -> ShiftLink:
    """Return the shift's link, made now if there is none."""
    link, _made = ShiftLink.objects.get_or_create(shift=shift, defaults={"created_at": now})
    return link


@one_change
def free_phone(*, shift: Shift) -> None:
    """End the link, PIN and phone of a shift so far; another link and PIN stand ready."""
    ShiftLink.objects.filter(shift=shift).update(
        generation=F("generation") + 1, tries=0, device_digest="", bound_at=None
    )


@one_change
def try_pin(*, link: ShiftLink, typed: str, now: datetime) -> PinJudged:
    """Count one try, then judge it; the first phone with the right PIN is bound, and no other after it."""
    if now >= over_at(link):
        return PinJudged(PinVerdict.OVER)
    rows = ShiftLink.objects.filter(pk=link.pk, generation=link.generation, device_digest="")
    # Its conditions are judged again by the update: nobody gets a sixth try by coming at the same moment.
    counted = rows.filter(tries__lt=MOST_TRIES).update(tries=F("tries") + 1)
    link.refresh_from_db(fields=["tries", "device_digest", "bound_at"])
    if not counted:
        return PinJudged(PinVerdict.ELSEWHERE if link.device_digest else PinVerdict.USED_UP)
    if not is_pin(link, typed):
        left = MOST_TRIES - link.tries
        return PinJudged(PinVerdict.WRONG if left else PinVerdict.USED_UP, left)
    secret = token_urlsafe(SECRET_BYTES)
    if not rows.update(device_digest=digest_of(secret), bound_at=now):
        return PinJudged(PinVerdict.ELSEWHERE)
    link.refresh_from_db(fields=["device_digest", "bound_at"])
    return PinJudged(PinVerdict.RIGHT, secret=secret)
