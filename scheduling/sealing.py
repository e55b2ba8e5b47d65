"""Access codes at rest: AES-256-GCM, bound to their row, under a ring of keys from the environment.

A sealed text is `1.<key id>.<nonce, ciphertext and tag>`. Table, row and column are its associated data,
so what is copied to another row or column does not open there. New texts are sealed with the first key of
`ACCESS_KEYS`; the others still open theirs. Why so: docs/decisions/.
"""

import base64
import binascii
import logging
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from scheduling.errors import CodeUnreadable

log = logging.getLogger(__name__)

VERSION: Final = "1"
NONCE_BYTES: Final = 12
"""As NIST SP 800-38D, 8.2 wants it of random ones; a key seals far fewer than its 2**32 texts."""


def seal(text: str, *, place: str) -> str:
    """Return `text` sealed for one place (see `place_of`) with the newest key."""
    key_id, key = settings.ACCESS_KEYS[0]
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), place.encode())
    return f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def unseal(sealed: str, *, place: str) -> str:
    """Return what was sealed for this place.

    Raises CodeUnreadable for an unknown key, another place or a changed text, with a line in the log that
    says which key and place, and nothing of the content.
    """
    try:
        version, key_id, body = sealed.split(".", 2)
        raw = base64.b64decode(body, altchars=b"-_", validate=True)
        if version != VERSION:
            raise ValueError(version)
        key = dict(settings.ACCESS_KEYS)[key_id]
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode()).decode()
    except KeyError as error:
        log.error("An access code can't be opened (%s): no key called %s", place, key_id)
        raise CodeUnreadable from error
    except (ValueError, binascii.Error, InvalidTag) as error:
        log.error("An access code can't be opened (%s): %s", place, type(error).__name__)
        raise CodeUnreadable from error


def key_of(sealed: str) -> str:
    """Return the id of the key that sealed a text."""
    return sealed.split(".", 2)[1]


def newest_key() -> str:
    """Return the id of the key that seals now."""
    return str(settings.ACCESS_KEYS[0][0])


def place_of(table: str, row: str, column: str) -> str:
    """Return what a sealed text is bound to."""
    return f"{table}|{row}|{column}"
