"""Links short enough for an SMS: `/l/` and 40 characters, which mean one message and lead where it is about.

The first six bytes number the message, the other 24 (192 bits) are an HMAC-SHA256 of message, manage link and
its generation. Nothing is kept: a short link is derived when it is sent; it ends with the link it stands for.
"""

import base64
import binascii
import hmac
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils.crypto import salted_hmac

from portal.access import MANAGE, find_link, is_live
from portal.models.messages import Message
from portal.models.people import AccessLink

TOKEN_LENGTH: Final = 40
NUMBER_BYTES: Final = 6
PROOF_BYTES: Final = 24
SALT: Final = "portal.short-links"


def short_url(message: Message, link: AccessLink) -> str:
    """Return the whole address to send. Never store or log it."""
    return f"{settings.PUBLIC_URL}/l/{_token(message.pk, link, settings.SECRET_KEY)}"


def link_from_short(token: str, *, now: datetime) -> tuple[AccessLink, Message] | None:
    """Return the live manage link that a short one stands for, and the message it was in; None otherwise."""
    number = _number_in(token)
    rows = Message.objects.select_related("event")
    message = rows.filter(pk=number).first() if number is not None else None
    if message is None or message.event.delivery_id is None:
        return None
    held = AccessLink.objects.filter(delivery=message.event.delivery_id, kind=MANAGE, revoked_at=None).first()
    link = find_link(held.pk) if held else None
    if link is None:
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    # Every key is compared, in constant time: how long it takes says nothing.
    known = [hmac.compare_digest(_token(message.pk, link, key).encode(), token.encode()) for key in keys]
    return (link, message) if any(known) and is_live(link, now=now) else None


def _token(number: int, link: AccessLink, key: str) -> str:
    said = f"{number}:{link.pk.hex}:{link.generation}"
    proof = salted_hmac(SALT, said, secret=key, algorithm="sha256").digest()[:PROOF_BYTES]
    return base64.urlsafe_b64encode(number.to_bytes(NUMBER_BYTES) + proof).decode()


def _number_in(token: str) -> int | None:
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        said = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return int.from_bytes(said[:NUMBER_BYTES])
