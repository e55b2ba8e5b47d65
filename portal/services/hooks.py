"""A merchant's webhook endpoints: made, changed, paused, replayed. What is sent is hook_queue's."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.messaging.targets import check_target
from portal.models.feed import FeedEntry
from portal.models.hooks import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint, Why
from portal.services.hook_queue import a_delivery, tried_until, wake
from scheduling.errors import DomainError
from scheduling.models import Merchant
from scheduling.selectors.merchants import TOLD

MOST_ENDPOINTS: Final = 10
MOST_REPLAYED: Final = 10_000
OLD_SECRET_FOR: Final = timedelta(hours=24)
LONGEST_OLD_SECRET: Final = timedelta(days=7)


class BadEndpoint(DomainError):
    """An endpoint that would be told of nothing that there is."""

    code = "bad_endpoint"
    sentence = _("Choose from the kinds of events that there are, or none of them for all.")


class TooManyEndpoints(DomainError):
    """Nobody needs so many."""

    code = "too_many_endpoints"
    sentence = _("You have as many endpoints as you can have. Delete one that you no longer use.")


class EndpointOff(DomainError):
    """Nothing is sent to an endpoint that is paused or disabled."""

    code = "endpoint_off"
    sentence = _("This endpoint is paused or disabled. Resume it first.")


class TooMuchToReplay(DomainError):
    """More events than one replay takes."""

    code = "too_much_to_replay"
    sentence = _("That is more than 10,000 events. Choose a later time, or read them with GET /events.")


# Looked at


def endpoints_of(merchant: Merchant) -> list[WebhookEndpoint]:
    """Return a merchant's endpoints, the oldest first. One query."""
    return list(WebhookEndpoint.objects.of(merchant).order_by("created_at", "pk"))


def endpoint_of(merchant: Merchant, pk: UUID) -> WebhookEndpoint | None:
    """Return one of a merchant's endpoints; None for any other. One query."""
    found: WebhookEndpoint | None = (
        WebhookEndpoint.objects.of(merchant).select_related("merchant").filter(pk=pk).first()
    )
    return found


def log_of(
    endpoint: WebhookEndpoint, *, before: int | None = None, state: str = "", limit: int
) -> list[WebhookDelivery]:
    """Return what was or is to be told to an endpoint, the latest first. One query."""
    rows = WebhookDelivery.objects.of(endpoint.merchant).filter(endpoint=endpoint)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if state:
        rows = rows.filter(state=state)
    return list(rows.select_related("entry__event__delivery__order").order_by("-pk")[:limit])


def waiting_at(endpoints: Sequence[WebhookEndpoint]) -> dict[UUID, int]:
    """Return how many messages wait for each endpoint. One query for each."""
    return {
        each.pk: WebhookDelivery.objects.of(each.merchant)
        .filter(endpoint=each, state=DeliveryState.QUEUED)
        .count()
        for each in endpoints
    }


# Changed


@transaction.atomic
def create_endpoint(
    *, merchant: Merchant, url: str, kinds: Collection[str] = (), actor: str, now: datetime
) -> WebhookEndpoint:
    """Return a new endpoint, told from now on. Raises BadTarget, BadEndpoint or TooManyEndpoints."""
    # Its own row is the mutex: two requests at once can't both take the last place.
    Merchant.objects.select_for_update(of=("self",), no_key=True).get(pk=merchant.pk)
    if WebhookEndpoint.objects.of(merchant).count() >= MOST_ENDPOINTS:
        raise TooManyEndpoints
    made: WebhookEndpoint = WebhookEndpoint.objects.create(
        merchant=merchant, url=check_target(url), kinds=_known(kinds), created_at=now, created_by=actor
    )
    return made


@transaction.atomic
def change_endpoint(
    *, endpoint: WebhookEndpoint, url: str | None = None, kinds: Collection[str] | None = None
) -> None:
    """Change where it is, or what it is told of from now on. Raises BadTarget or BadEndpoint."""
    changes: dict[str, Any] = {}
    if url is not None and url != endpoint.url:
        changes |= {"url": check_target(url)} | _AS_NEW
    if kinds is not None:
        changes["kinds"] = _known(kinds)
    _change(endpoint, **changes)


_AS_NEW: Final[dict[str, Any]] = {"failing_since": None, "unanswered": 0, "rests_until": None}


def delete_endpoint(*, endpoint: WebhookEndpoint) -> None:
    """Forget an endpoint, its log, and what still waits for it."""
    WebhookEndpoint.objects.of(endpoint.merchant).filter(pk=endpoint.pk).delete()


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint, keep_for: timedelta = OLD_SECRET_FOR, now: datetime) -> None:
    """Give an endpoint another secret; the present one goes on signing for a while, one before it no more."""
    locked = WebhookEndpoint.objects.of(endpoint.merchant).select_for_update().get(pk=endpoint.pk)
    until = now + min(keep_for, LONGEST_OLD_SECRET)
    _change(endpoint, generation=locked.generation + 1, previous_until=until)


def pause_endpoint(*, endpoint: WebhookEndpoint) -> None:
    """Send nothing for now; what happens meanwhile waits for it."""
    live = WebhookEndpoint.objects.of(endpoint.merchant).filter(pk=endpoint.pk, state=EndpointState.LIVE)
    live.update(state=EndpointState.PAUSED, why=Why.ASKED)
    endpoint.refresh_from_db()


@transaction.atomic
def resume_endpoint(*, endpoint: WebhookEndpoint, now: datetime) -> None:
    """Go on, with what waited first."""
    if endpoint.state == EndpointState.LIVE:
        return
    _change(endpoint, state=EndpointState.LIVE, why="", **_AS_NEW)
    waiting = WebhookDelivery.objects.of(endpoint.merchant).filter(
        endpoint=endpoint, state=DeliveryState.QUEUED
    )
    waiting.update(next_attempt_at=now)
    wake()


# Sent again


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    """Queue a message that says nothing but that it is one. Raises EndpointOff."""
    _require_live(endpoint)
    delivery = a_delivery(endpoint, None, now=now)
    delivery.save()
    wake()
    return delivery


@transaction.atomic
def replay_one(*, endpoint: WebhookEndpoint, event_id: UUID, now: datetime) -> int:
    """Tell an endpoint of one event again, whatever kinds it wants; return 1, or 0 if there is no such event.

    Raises EndpointOff.
    """
    _require_live(endpoint)
    return _replayed(endpoint, list(_entries(endpoint).filter(event__uid=event_id)), now=now)


@transaction.atomic
def replay_since(*, endpoint: WebhookEndpoint, since: datetime, now: datetime) -> int:
    """Tell an endpoint again of all that it wants and that happened since; return how many.

    Raises EndpointOff or TooMuchToReplay.
    """
    _require_live(endpoint)
    rows = _entries(endpoint).filter(event__occurred_at__gte=since)
    if endpoint.kinds:
        rows = rows.filter(event__kind__in=endpoint.kinds)
    entries = list(rows.order_by("number")[: MOST_REPLAYED + 1])
    if len(entries) > MOST_REPLAYED:
        raise TooMuchToReplay
    return _replayed(endpoint, entries, now=now)


def _replayed(endpoint: WebhookEndpoint, entries: list[FeedEntry], *, now: datetime) -> int:
    rows = WebhookDelivery.objects.of(endpoint.merchant)
    for start in range(0, len(entries), 500):
        some = entries[start : start + 500]
        again = {"state": DeliveryState.QUEUED, "attempts": 0, "next_attempt_at": now, "sent_at": None}
        rows.filter(endpoint=endpoint, entry__in=some).update(**again, try_until=tried_until(now), error="")
        rows.bulk_create([a_delivery(endpoint, entry, now=now) for entry in some], ignore_conflicts=True)
    wake()
    return len(entries)


def _entries(endpoint: WebhookEndpoint) -> Any:
    return FeedEntry.objects.of(endpoint.merchant)


def _require_live(endpoint: WebhookEndpoint) -> None:
    if endpoint.state != EndpointState.LIVE:
        raise EndpointOff


def _change(endpoint: WebhookEndpoint, **changes: Any) -> None:
    WebhookEndpoint.objects.of(endpoint.merchant).filter(pk=endpoint.pk).update(**changes)
    endpoint.refresh_from_db()


def _known(kinds: Collection[str]) -> list[str]:
    if not set(kinds) <= set(TOLD):
        raise BadEndpoint
    return [kind for kind in TOLD if kind in kinds]
