"""What makes a proof one: what happened, where and when, and its files' digests, signed under a ring of keys.

A seal is `1.<key id>.<HMAC-SHA256 in hex>` over one record as JSON. New ones are made with the first key of
`PROOF_KEYS`; the others still tell whether theirs hold. Each record names the seal before it, of the same
delivery: a row that is taken away breaks the next.
"""

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from django.conf import settings

VERSION: Final = "1"
PURPOSE: Final = b"doorstep attempt 1\n"
"""So that a key that signs something else too signs no record by it."""


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    return sha256(data).hexdigest()


def seal(record: Mapping[str, Any]) -> str:
    """Return the seal of a record, made with the newest key."""
    key_id, key = settings.PROOF_KEYS[0]
    return f"{VERSION}.{key_id}.{_signed(record, key)}"


def holds(sealed: str, record: Mapping[str, Any]) -> bool:
    """Whether this is the seal of exactly this record; no seal and an unknown key never are."""
    version, _dot, rest = sealed.partition(".")
    key_id, _dot, signed = rest.partition(".")
    key = dict(settings.PROOF_KEYS).get(key_id)
    if version != VERSION or key is None:
        return False
    return hmac.compare_digest(signed.encode(), _signed(record, key).encode())


def _signed(record: Mapping[str, Any], key: bytes) -> str:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, PURPOSE + text.encode(), sha256).hexdigest()
