"""Stripe, and nobody else: refunds are made, found and read here, with a shop's own key.

Nothing here knows rows, and nothing here is called within a transaction. Every answer is one of ours: a
refund as Stripe has it, or one of the four exceptions, which say how much is certain.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import stripe
from django.conf import settings

TIMEOUT_S: Final = (3.05, 8)
"""For a connection, and for an answer. Stripe's client alone would wait 80 s, three times over."""
TOLERANCE_S: Final = 300
PAGE: Final = 100
OURS: Final = "doorstep_refund"
"""Under this name each refund's metadata says which of ours it is."""

# What a request took is nobody's business but ours.
stripe.enable_telemetry = False


class Unanswered(Exception):
    """No answer, or none that says anything: the refund may have been made. The same key asks again."""


class Broke(Exception):
    """Stripe broke over it (5xx): the refund may have been made, and the same key repeats this answer."""


class KeyRefused(Exception):
    """Stripe does not take the shop's key, or it may not do that. This try made nothing."""


class Refused(Exception):
    """Stripe understood and said no: `code` says why. Nothing was made."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class BadSignature(Exception):
    """What claims to come from Stripe was not signed with the shop's secret, or too long ago."""


@dataclass(frozen=True, slots=True)
class AtStripe:
    """A refund as Stripe has it; `ours` is the id of our row as its metadata says, else empty."""

    stripe_id: str
    status: str
    amount_minor: int
    currency: str
    ours: str = ""
    why: str = ""

    @property
    def failed(self) -> bool:
        """Whether its bank sent the money back, or it was called off: nobody was paid."""
        return self.status in ("failed", "canceled")


@dataclass(frozen=True, slots=True)
class Told:
    """An event of Stripe's: its id, its kind, and the refund it speaks of, else nothing."""

    event_id: str
    kind: str
    refund: str


def refund(*, key: str, idempotency_key: str, intent: str, amount_minor: int, ours: str, of: str) -> AtStripe:
    """Give some of a payment back, once for each idempotency key (within 24 hours).

    Raises Unanswered, Broke, KeyRefused, Refused.
    """
    with _client(key) as client, _understood():
        made = client.v1.refunds.create(
            {
                "payment_intent": intent,
                "amount": amount_minor,
                "reason": "requested_by_customer",
                "metadata": {OURS: ours, "doorstep_return": of},
            },
            {"idempotency_key": idempotency_key},
        )
        return _read(made)


def find_refunds(*, key: str, intent: str, ours: str) -> list[AtStripe]:
    """Return the refunds of a payment that are one row of ours: none, one, or more than ever should be.

    Raises Unanswered, Broke, KeyRefused, Refused.
    """
    with _client(key) as client, _understood():
        listed = client.v1.refunds.list({"payment_intent": intent, "limit": PAGE})
        return [found for each in listed.auto_paging_iter() if (found := _read(each)).ours == ours]


def refunds_since(*, key: str, since: datetime) -> list[AtStripe]:
    """Return the refunds made since an instant that claim to be ours.

    Raises Unanswered, Broke, KeyRefused, Refused.
    """
    with _client(key) as client, _understood():
        listed = client.v1.refunds.list({"created": {"gte": int(since.timestamp())}, "limit": PAGE})
        return [found for each in listed.auto_paging_iter() if (found := _read(each)).ours]


def read_refund(*, key: str, stripe_id: str) -> AtStripe:
    """Return a refund as it is now. Raises Unanswered, Broke, KeyRefused, Refused."""
    with _client(key) as client, _understood():
        return _read(client.v1.refunds.retrieve(stripe_id))


def heard(*, body: bytes, signature: str, secret: str) -> Told:
    """Return what an event says, verified over the raw body.

    Raises BadSignature, also for what was signed more than 300 s ago.
    """
    try:
        event = stripe.Webhook.construct_event(body, signature, secret, tolerance=TOLERANCE_S)
        what = event.to_dict()
        about: Mapping[str, Any] = what["data"]["object"]
        name = str(about.get("id", "")) if about.get("object") == "refund" else ""
        return Told(str(what["id"]), str(what["type"]), name)
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSignature from error


@contextmanager
def _client(key: str) -> Iterator[stripe.StripeClient]:
    http = stripe.RequestsClient(timeout=TIMEOUT_S)
    base: Any = {"api": settings.STRIPE_API_BASE} if settings.STRIPE_API_BASE else None
    try:
        # Tries are ours to count: each is a row's, and made known before.
        yield stripe.StripeClient(key, http_client=http, base_addresses=base, max_network_retries=0)
    finally:
        http.close()  # type: ignore[no-untyped-call] # Stripe's own, without types


@contextmanager
def _understood() -> Iterator[None]:
    """Turn what Stripe's client raises into how much is certain."""
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise KeyRefused from error
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        raise Refused(error.code or "invalid_request") from error
    except stripe.IdempotencyError as error:
        raise Refused("idempotency") from error
    except stripe.StripeError as error:
        status = error.http_status or 0
        raise (Broke if status >= 500 else Unanswered)(f"{type(error).__name__} {status}") from error
    except (KeyError, ValueError, TypeError) as error:  # an answer, but no refund
        raise Unanswered(type(error).__name__) from error


def _read(made: stripe.Refund) -> AtStripe:
    what = made.to_dict()
    return AtStripe(
        stripe_id=str(what["id"]),
        status=str(what.get("status") or "pending"),
        amount_minor=int(what["amount"]),
        currency=str(what["currency"]).upper(),
        ours=str((what.get("metadata") or {}).get(OURS, "")),
        why=str(what.get("failure_reason") or ""),
    )
