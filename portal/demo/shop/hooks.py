"""What Doorstep says to the shop's server: signed messages about its deliveries, which anybody could send.

Doorstep tells what happened a moment after it did, and tells it again until it is answered with 2xx.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from standardwebhooks import Webhook, WebhookVerificationError

from portal.demo.shop.orders import Orders

PATH: Final = "/webhooks/doorstep"
KINDS: Final = (
    "booking.confirmed",
    "booking.moved",
    "booking.joined",
    "delivery.diverted",
    "booking.cancelled",
    "promise.narrowed",
)
"""The events that change what the shop says of an order: all that it asks to be told of."""
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True)
class Hooks:
    """Takes what is Doorstep's by the secret in `secret_file`, and notes it in `orders`."""

    secret_file: Path
    orders: Orders

    def take(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Take one message; return the status line of the answer.

        `body` is what came, byte for byte: parsed and written again it would not fit its signature.
        """
        try:
            # Read each time, so that a secret that was replaced needs no restart.
            message = Webhook(self.secret_file.read_text().strip()).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError):  # the library raises both for what is badly made
            return "400 Bad Request"  # changed, not from Doorstep, or more than five minutes old or ahead
        # Kinds that we do nothing with are taken all the same: otherwise they would be sent for days.
        if message["type"] in KINDS:
            self.orders.tell(headers["webhook-id"], message["data"])
        return "204 No Content"  # also to a repeat: this is what ends it
