"""Who may do what is sensitive: six digits, sent to the contact on file, asked for beside the link.

The digits are an HMAC-SHA256 of their row's id, link, generation and the address they go to. They are derived
when the mail is made and again when they are judged: no table, event, message or log holds them. If the
address on file changes meanwhile, those that went to the old one are worth nothing.

Whoever typed them may do sensitive things to this delivery for a quarter of an hour, in that browser: its
session holds the row's id, the row holds the link's generation.
"""

import hmac
import uuid
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from portal.messaging.reach import OTHER, has_address, hears
from portal.messaging.topics import TOPICS
from portal.models.codes import OneTimeCode
from portal.models.messages import Channel
from portal.models.people import AccessLink
from scheduling.models import Delivery

DIGITS: Final = 6
LASTS: Final = timedelta(minutes=10)
OPENS_FOR: Final = timedelta(minutes=15)
SALT: Final = "portal.codes"
HIDDEN: Final = "•••"


def digits_of(code: OneTimeCode, delivery: Delivery) -> str:
    """Return the six digits to send. Never store or log them."""
    return _digits(code, delivery, settings.SECRET_KEY)


def is_right(code: OneTimeCode, delivery: Delivery, typed: str) -> bool:
    """Whether `typed` is what was sent. Every key is compared, in constant time."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    known = [hmac.compare_digest(_digits(code, delivery, key).encode(), typed.encode()) for key in keys]
    return any(known)


def _digits(code: OneTimeCode, delivery: Delivery, key: str) -> str:
    said = f"{code.pk.hex}:{code.link_id.hex}:{code.generation}:{code.channel}:{_address(code, delivery)}"
    proof = salted_hmac(SALT, said, secret=key, algorithm="sha256").digest()
    return f"{int.from_bytes(proof) % 10**DIGITS:0{DIGITS}}"


def _address(code: OneTimeCode, delivery: Delivery) -> str:
    return str(delivery.contact_email if code.channel == Channel.EMAIL else delivery.contact_phone)


def channels_to(delivery: Delivery) -> list[Channel]:
    """Return the ways by which a contact may get a code, the usual one first. One query at most."""
    ways = [channel for channel in OTHER if has_address(delivery, channel)]
    return [channel for channel in ways if hears(delivery, channel, TOPICS["code"])]


def channel_for(delivery: Delivery, wanted: str = "") -> Channel | None:
    """Return how a contact gets a code: as they wish, if there is that way; None if there is none."""
    ways = channels_to(delivery)
    return next((way for way in ways if way == wanted), ways[0] if ways else None)


def masked_way(delivery: Delivery, channel: Channel) -> str:
    """Return as much of where a code goes as its owner needs to know it again."""
    if channel == Channel.EMAIL:
        return masked(delivery.contact_email)
    number = str(delivery.contact_phone)
    return f"{number[:4]}{HIDDEN}{number[-2:]}"


def masked(address: str) -> str:
    """Return as much of an e-mail address as its owner needs to know it again: a•••@example.com."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}{HIDDEN}{at}{host}" if at else HIDDEN


def code_asked(key: str, *, now: datetime) -> OneTimeCode | None:
    """Return the code with this id that may still be typed; None once it is of no use. One query."""
    rows = OneTimeCode.objects.filter(pk=uuid.UUID(key), used_at=None, ends_at__gt=now)
    return rows.filter(generation=F("link__generation"), link__revoked_at=None).first()


# What this browser has asked for


def remember_code(request: HttpRequest, code: OneTimeCode, *, ref: str) -> None:
    """Bind a code to this browser: no other can use it, and this one only its newest."""
    request.session[_mark(ref)] = code.pk.hex


def code_of(request: HttpRequest, link: AccessLink) -> OneTimeCode | None:
    """Return the newest code that this browser asked for by this link as it is now. One query, or none."""
    known = request.session.get(_mark(link.delivery.ref))
    if not known:
        return None
    rows = OneTimeCode.objects.filter(link_id=link.pk, generation=link.generation)
    return rows.filter(pk=uuid.UUID(known)).first()


def is_let_in(code: OneTimeCode | None, *, now: datetime) -> bool:
    """Whether a browser with this code may do sensitive things now."""
    return code is not None and code.used_at is not None and now < code.used_at + OPENS_FOR


def _mark(ref: str) -> str:
    return f"code:{ref}"
