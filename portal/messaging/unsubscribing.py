"""The address in mails that nobody needs: whoever has the mail can say that they want no more of them.

It means one delivery's contact as it was when the mail was made. It does nothing else, and never ends.
"""

import base64
import binascii
import hmac
from typing import Final

from django.conf import settings
from django.utils.crypto import salted_hmac

from scheduling.models import Delivery

SALT: Final = "portal.unsubscribing"
NUMBER_BYTES: Final = 6
PROOF_BYTES: Final = 24
TOKEN_LENGTH: Final = 40


def unsubscribe_url(delivery: Delivery) -> str:
    """Return the whole address to send."""
    return f"{settings.PUBLIC_URL}/unsubscribe/{_token(delivery, settings.SECRET_KEY)}/"


def delivery_from_token(token: str) -> Delivery | None:
    """Return the delivery whose contact a token means; None if it is forged, or it has another by now."""
    number = _number_in(token)
    rows = Delivery.objects.select_related("merchant__brand").exclude(contact_email="")
    delivery = rows.filter(pk=number).first() if number is not None else None
    if delivery is None:
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    known = [hmac.compare_digest(_token(delivery, key).encode(), token.encode()) for key in keys]
    return delivery if any(known) else None


def _token(delivery: Delivery, key: str) -> str:
    said = f"{delivery.pk}:{delivery.contact_email.casefold()}"
    proof = salted_hmac(SALT, said, secret=key, algorithm="sha256").digest()[:PROOF_BYTES]
    return base64.urlsafe_b64encode(delivery.pk.to_bytes(NUMBER_BYTES) + proof).decode()


def _number_in(token: str) -> int | None:
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        return int.from_bytes(base64.b64decode(token, altchars=b"-_", validate=True)[:NUMBER_BYTES])
    except (binascii.Error, ValueError):
        return None
