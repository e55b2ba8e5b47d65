"""How merchants know that it is us: Standard Webhooks, with secrets that are derived and never kept.

A secret is an HMAC-SHA256 (256 bits) of the endpoint's id and which of its secrets it is. While one replaces
another, and while SECRET_KEY does, what we send carries a signature for each.
"""

from base64 import b64encode
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils.crypto import salted_hmac
from standardwebhooks import Webhook

from portal.models.hooks import WebhookEndpoint

SALT: Final = "portal.messaging.signing"
PREFIX: Final = "whsec_"


def secret_of(endpoint: WebhookEndpoint, number: int | None = None) -> str:
    """Return an endpoint's secret, the present one unless a number says which. Never store or log it."""
    return _secret(endpoint, number or endpoint.generation, settings.SECRET_KEY)


def live_secrets(endpoint: WebhookEndpoint, *, now: datetime) -> list[str]:
    """Return the secrets that sign now, the present one first."""
    numbers = [endpoint.generation]
    if endpoint.previous_until is not None and now < endpoint.previous_until:
        numbers.append(endpoint.generation - 1)
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [_secret(endpoint, number, key) for key in keys for number in numbers]


def signed_headers(*, secrets: list[str], message_id: str, body: str, at: datetime) -> dict[str, str]:
    """Return the headers that prove a message; `at` is what receivers hold against their own clocks."""
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _secret(endpoint: WebhookEndpoint, number: int, key: str) -> str:
    said = f"{endpoint.pk.hex}:{number}"
    return PREFIX + b64encode(salted_hmac(SALT, said, secret=key, algorithm="sha256").digest()).decode()
