"""Webhook endpoints: where a merchant's own server is told what happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from portal.api import hook_schemas as schemas
from portal.api.callers import Caller, Needs, caller_of
from portal.api.documents import ONCE, changes, looks
from portal.api.errors import NotFound
from portal.api.hook_schemas import EndpointChange, EndpointQuestion, ReplayQuestion, RotateQuestion
from portal.api.repeats import Reveal, once
from portal.messaging.signing import secret_of
from portal.messaging.webhooks import message_id_of, payload_of
from portal.models.hooks import WebhookDelivery, WebhookEndpoint
from portal.models.keys import Scope
from portal.services import hooks

router = Router(tags=["Webhooks"])
MAY: Final = Needs(Scope.WEBHOOKS)
MOST_SHOWN: Final = 100

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="the endpoint’s id")]


@router.get("/webhook-endpoints", response=looks(schemas.Endpoints), auth=MAY)
def list_endpoints(request: HttpRequest) -> Any:
    """See where your servers are told what happened."""
    return schemas.Endpoints(
        endpoints=[endpoint(one) for one in hooks.endpoints_of(caller_of(request).merchant)]
    )


@router.post(
    "/webhook-endpoints", response=changes(schemas.EndpointSecret, 201), openapi_extra=ONCE, auth=MAY
)
def add_endpoint(request: HttpRequest, question: EndpointQuestion) -> HttpResponse:
    """Have an address of yours told from now on. Its secret is in the answer and nowhere else."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        made = hooks.create_endpoint(
            merchant=caller.merchant, url=question.url, kinds=question.events, actor=caller.actor, now=now
        )
        return 201, _said(made)

    return once(request, caller, effect, reveal=_with_secret)


@router.get("/webhook-endpoints/{id}", response=looks(schemas.Endpoint, 404), auth=MAY)
def look_at_endpoint(request: HttpRequest, id: Id) -> Any:  # noqa: A002 - its name in the path
    """See whether an endpoint is live, and when it last took something."""
    return endpoint(_endpoint(caller_of(request), id))


@router.patch("/webhook-endpoints/{id}", response=changes(schemas.Endpoint), openapi_extra=ONCE, auth=MAY)
def alter_endpoint(request: HttpRequest, id: Id, question: EndpointChange) -> HttpResponse:  # noqa: A002
    """Change where it is or what it is told of; pause it, or resume it: then what waited is sent first."""

    def change(found: WebhookEndpoint, now: datetime) -> dict[str, Any]:
        hooks.change_endpoint(endpoint=found, url=question.url, kinds=question.events)
        if question.state == "paused":
            hooks.pause_endpoint(endpoint=found)
        elif question.state == "live":
            hooks.resume_endpoint(endpoint=found, now=now)
        return _said(found)

    return _changed(request, id, change)


@router.delete("/webhook-endpoints/{id}", response=changes(schemas.Deleted), openapi_extra=ONCE, auth=MAY)
def remove_endpoint(request: HttpRequest, id: Id) -> HttpResponse:  # noqa: A002
    """Forget an endpoint, its log, and what still waits for it."""

    def change(found: WebhookEndpoint, now: datetime) -> dict[str, Any]:
        hooks.delete_endpoint(endpoint=found)
        return {"id": id}

    return _changed(request, id, change)


@router.post(
    "/webhook-endpoints/{id}/rotate",
    response=changes(schemas.EndpointSecret),
    openapi_extra=ONCE,
    auth=MAY,
)
def rotate(request: HttpRequest, id: Id, question: RotateQuestion) -> HttpResponse:  # noqa: A002
    """Get a new secret; the present one signs beside it for a while, a day unless you say otherwise."""

    def change(found: WebhookEndpoint, now: datetime) -> dict[str, Any]:
        hooks.rotate_secret(endpoint=found, keep_for=timedelta(seconds=question.keep_old_s), now=now)
        return _said(found)

    return _changed(request, id, change, reveal=_with_secret)


@router.post("/webhook-endpoints/{id}/test", response=changes(schemas.Queued), openapi_extra=ONCE, auth=MAY)
def send_test(request: HttpRequest, id: Id) -> HttpResponse:  # noqa: A002
    """Have a `webhook.test` sent; what came of it is in the log a moment later."""

    def change(found: WebhookEndpoint, now: datetime) -> dict[str, Any]:
        hooks.send_test(endpoint=found, now=now)
        return {"queued": 1}

    return _changed(request, id, change)


@router.post("/webhook-endpoints/{id}/replay", response=changes(schemas.Queued), openapi_extra=ONCE, auth=MAY)
def replay(request: HttpRequest, id: Id, question: ReplayQuestion) -> HttpResponse:  # noqa: A002
    """Have one event sent again, or all since an instant; each with the `webhook-id` it had before."""

    def change(found: WebhookEndpoint, now: datetime) -> dict[str, Any]:
        if question.since is not None:
            since = datetime.fromisoformat(question.since)
            return {"queued": hooks.replay_since(endpoint=found, since=since, now=now)}
        queued = hooks.replay_one(endpoint=found, event_id=UUID(question.event), now=now)
        if not queued:
            raise NotFound
        return {"queued": queued}

    return _changed(request, id, change)


@router.get("/webhook-endpoints/{id}/attempts", response=looks(schemas.Attempts, 404), auth=MAY)
def read_log(
    request: HttpRequest,
    id: Id,  # noqa: A002
    before: Annotated[
        str, Query(pattern=r"^[0-9]{0,18}$", description="the `next` of the answer before")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_SHOWN)] = MOST_SHOWN,
) -> Any:
    """Read what was or is to be told to an endpoint, word for word, the latest first."""
    found = _endpoint(caller_of(request), id)
    rows = hooks.log_of(found, before=int(before) if before else None, limit=limit + 1)
    shown = rows[:limit]
    return schemas.Attempts(
        attempts=[attempted(one) for one in shown],
        next=str(shown[-1].pk) if shown else before or "0",
        more=len(rows) > limit,
    )


def endpoint(one: WebhookEndpoint) -> schemas.Endpoint:
    """Return an endpoint without its secret."""
    return schemas.Endpoint(
        id=one.pk.hex,
        url=one.url,
        events=one.kinds,
        state=one.state,
        why=one.why,
        secret_number=one.generation,
        old_secret_until=one.previous_until,
        created_at=one.created_at,
        last_success_at=one.last_success_at,
        failing_since=one.failing_since,
    )


def attempted(one: WebhookDelivery) -> schemas.Attempted:
    """Return a line of the log."""
    return schemas.Attempted(
        number=one.pk,
        state=one.state,
        attempts=one.attempts,
        created_at=one.created_at,
        next_attempt_at=one.next_attempt_at,
        sent_at=one.sent_at,
        status=one.status,
        error=one.error,
        took_ms=one.took_ms,
        webhook_id=message_id_of(one),
        payload=payload_of(one),
    )


def _changed(
    request: HttpRequest,
    pk: str,
    change: Callable[[WebhookEndpoint, datetime], dict[str, Any]],
    *,
    reveal: Reveal | None = None,
) -> HttpResponse:
    caller = caller_of(request)
    return once(request, caller, lambda now: (200, change(_endpoint(caller, pk), now)), reveal=reveal)


def _with_secret(said: dict[str, Any]) -> dict[str, Any]:
    """Put the secret into an answer, which is kept without it for those who ask again."""
    return said | {"secret": secret_of(WebhookEndpoint(pk=UUID(said["id"])), said["secret_number"])}


def _said(one: WebhookEndpoint) -> dict[str, Any]:
    return endpoint(one).model_dump(mode="json")


def _endpoint(caller: Caller, pk: str) -> WebhookEndpoint:
    """Return an endpoint of the caller's. Raises NotFound."""
    found = hooks.endpoint_of(caller.merchant, UUID(pk))
    if found is None:
        raise NotFound
    return found
