"""From a queued row to a signed message and what came of it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.messaging.signing import live_secrets, signed_headers
from portal.messaging.targets import Answer, post
from portal.metrics import webhooks
from portal.models.hooks import WebhookDelivery
from portal.services.feed import in_json, instant, told
from portal.services.hook_queue import mark_refused, mark_taken

TEST_KIND: Final = "webhook.test"


def payload_of(delivery: WebhookDelivery) -> dict[str, Any]:
    """Return what is told: the event as GET /events gives it. The same at each try."""
    if delivery.entry is None:
        at = instant(delivery.created_at)
        data = {"id": message_id_of(delivery), "endpoint": delivery.endpoint_id.hex}
        return {"type": TEST_KIND, "timestamp": at, "data": data}
    event = in_json(told(delivery.entry))
    return {"type": event["type"], "timestamp": event["occurred_at"], "data": event}


def message_id_of(delivery: WebhookDelivery) -> str:
    """Return the webhook-id: the event's own, alike at each try and each replay."""
    if delivery.entry is None:
        return f"test_{delivery.endpoint_id.hex}_{delivery.pk}"
    return str(delivery.entry.event.uid.hex)


@dataclass(frozen=True, slots=True)
class Signed:
    """A message ready to go. It holds no secret."""

    url: str
    body: bytes
    headers: dict[str, str]


def sign(delivery: WebhookDelivery, *, now: datetime, wall: datetime) -> Signed:
    """Return a claimed delivery's message; `wall` is what its receiver's clock says."""
    body = json.dumps(payload_of(delivery), ensure_ascii=False, separators=(",", ":"))
    secrets = live_secrets(delivery.endpoint, now=now)
    headers = signed_headers(secrets=secrets, message_id=message_id_of(delivery), body=body, at=wall)
    return Signed(delivery.endpoint.url, body.encode(), headers | {"Content-Type": "application/json"})


def deliver(signed: Signed) -> Answer:
    """Send it. Touches no database: it runs beside others."""
    return post(signed.url, body=signed.body, headers=signed.headers)


def settle(delivery: WebhookDelivery, answer: Answer, *, now: datetime) -> bool:
    """Note what came of it; return whether it was taken."""
    webhooks.labels("taken" if answer.taken else "refused" if answer.status else "unanswered").inc()
    if answer.status is not None and answer.taken:
        mark_taken(delivery, status=answer.status, ms=answer.ms, now=now)
    else:
        mark_refused(
            delivery,
            status=answer.status,
            error=answer.error,
            ms=answer.ms,
            retry_after_s=answer.retry_after_s,
            now=now,
        )
    return answer.taken
