"""Webhooks on their way: queued with their entry, claimed by one sender at a time, tried again for days."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop

from portal.models.feed import FeedEntry
from portal.models.hooks import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint, Why
from scheduling import events

PAUSED_KIND: Final = "webhook.paused"
DISABLED_KIND: Final = "webhook.disabled"
# Scheduling knows no webhooks, so their events are declared here.
events.KINDS[PAUSED_KIND] = gettext_noop("A webhook endpoint was paused: it took nothing for a day")
events.KINDS[DISABLED_KIND] = gettext_noop("A webhook endpoint was disabled: it is gone")

LEASE: Final = timedelta(seconds=30)
SILENT_FOR: Final = timedelta(hours=24)
WAITS_S: Final = (5, 30, 120, 600, 1800, 3600, 7200, 10_800)
"""Between one try and the next; from then on WEBHOOK_LONGEST_WAIT_S, which also caps these."""
FIRST_REST_S: Final = 5
LONGEST_REST_S: Final = 300
LONGEST_RETRY_AFTER_S: Final = 3600
AT_ONCE: Final = 4
"""So many messages are under way to one endpoint; to one that did not answer last: one."""
KEPT_FOR: Final = timedelta(days=60)
MOST_DUE: Final = 100
GONE: Final = 410
LATER: Final = (429, 503)

_waker: Callable[[], object] | None = None


def set_waker(waker: Callable[[], object] | None) -> None:
    """Say what to call when something was queued, so that nobody waits for the timetable."""
    global _waker
    _waker = waker


def wake() -> None:
    """Have the sender woken once this transaction is certain."""
    if _waker is not None:
        transaction.on_commit(_waker, robust=True)


def queue_entry(entry: FeedEntry, *, now: datetime) -> int:
    """Queue an entry for each of its merchant's endpoints that wants it; return how many. In its transaction.

    What comes while an endpoint is paused waits for it, as long as anything is tried.
    """
    kind = entry.event.kind
    open_ones = WebhookEndpoint.objects.of(entry.merchant).exclude(state=EndpointState.DISABLED)
    rows = [a_delivery(endpoint, entry, now=now) for endpoint in open_ones if endpoint.wants(kind)]
    if rows:
        WebhookDelivery.objects.of_everybody().bulk_create(rows, ignore_conflicts=True)
        wake()
    return len(rows)


def a_delivery(endpoint: WebhookEndpoint, entry: FeedEntry | None, *, now: datetime) -> WebhookDelivery:
    """Return a row that waits from now on, not saved yet."""
    return WebhookDelivery(
        merchant_id=endpoint.merchant_id,
        endpoint=endpoint,
        entry=entry,
        created_at=now,
        next_attempt_at=now,
        try_until=tried_until(now),
    )


def tried_until(now: datetime) -> datetime:
    """Return until when is tried what is queued now."""
    return now + timedelta(hours=settings.WEBHOOK_RETRY_H)


# Claimed, one at a time


def due_deliveries(
    *, now: datetime, busy: Mapping[UUID, int], room: int = MOST_DUE, slow_room: int = MOST_DUE
) -> list[int]:
    """Return the ids of what may be tried now: of each endpoint its oldest few, whose turn it is first.

    `busy` says how many are under way to which endpoint; `room` how many more may be; `slow_room` how many
    to endpoints that did not answer last. One query, and one for each endpoint whose turn it is.
    """
    waiting = _rows().filter(state=DeliveryState.QUEUED, next_attempt_at__lte=now)
    awake = Q(rests_until__isnull=True) | Q(rests_until__lte=now)
    endpoints = WebhookEndpoint.objects.of_everybody().filter(
        awake, Exists(waiting.filter(endpoint=OuterRef("pk"))), state=EndpointState.LIVE
    )
    turns = endpoints.order_by(F("last_tried_at").asc(nulls_first=True)).values_list("pk", "unanswered")
    found: list[int] = []
    for endpoint, unanswered in turns:
        most = min(room - len(found), (1 if unanswered else AT_ONCE) - busy.get(endpoint, 0))
        if most <= 0 or (unanswered and slow_room <= 0):
            continue
        slow_room -= bool(unanswered)
        mine = waiting.filter(endpoint=endpoint).order_by("next_attempt_at", "pk")
        found += mine.values_list("pk", flat=True)[:most]
    return found


def claim_delivery(*, pk: int, now: datetime) -> WebhookDelivery | None:
    """Take a due one for one try; None if somebody else has it, or its endpoint is not to be tried now.

    The claim ends by itself: what a killed worker had is due again after the lease.
    """
    # The condition is judged again by the update, so of two senders only one gets the row.
    due = _rows().filter(pk=pk, state=DeliveryState.QUEUED, next_attempt_at__lte=now)
    if not due.update(next_attempt_at=now + LEASE, attempts=F("attempts") + 1):
        return None
    whole = _rows().select_related("endpoint__merchant", "entry__event__delivery__order")
    delivery: WebhookDelivery | None = whole.filter(pk=pk).first()
    if delivery is not None and not _may_try(delivery.endpoint, now=now):
        _settle(delivery, next_attempt_at=now, attempts=F("attempts") - 1)
        return None
    return delivery


def _may_try(endpoint: WebhookEndpoint, *, now: datetime) -> bool:
    """Whether an endpoint is live; of one that did not answer last only one sender at a time finds that."""
    if endpoint.state != EndpointState.LIVE or not endpoint.unanswered:
        return bool(endpoint.state == EndpointState.LIVE)
    awake = Q(rests_until__isnull=True) | Q(rests_until__lte=now)
    return bool(_endpoint(endpoint).filter(awake).update(rests_until=now + LEASE))


# What came of it


@transaction.atomic
def mark_taken(delivery: WebhookDelivery, *, status: int, ms: int, now: datetime) -> None:
    """Note that the endpoint has it, however long that was after the claim."""
    _rows().filter(pk=delivery.pk).exclude(state=DeliveryState.SENT).update(
        state=DeliveryState.SENT, sent_at=now, next_attempt_at=None, status=status, error="", took_ms=ms
    )
    _endpoint(delivery.endpoint).update(
        last_tried_at=now, last_success_at=now, failing_since=None, unanswered=0, rests_until=None
    )


@transaction.atomic
def mark_refused(
    delivery: WebhookDelivery,
    *,
    status: int | None,
    error: str,
    ms: int,
    retry_after_s: int = 0,
    now: datetime,
) -> None:
    """Note that it was not taken, and try again later while there is time. 410 disables its endpoint."""
    asked_s = min(retry_after_s, LONGEST_RETRY_AFTER_S) if status in LATER else 0
    wait_s = max(_wait_s(delivery.attempts), asked_s)
    _put_off(delivery, wait_s, now=now, status=status, error=error[:120], took_ms=ms)
    _note_failure(delivery.endpoint, answered=status is not None, asked_s=asked_s, now=now)
    if status == GONE:
        _stop(delivery.endpoint, state=EndpointState.DISABLED, why=Why.GONE, now=now)


def mark_unmade(delivery: WebhookDelivery, *, now: datetime) -> None:
    """Note that we could not make it, which is no fault of its endpoint's, and try again later."""
    _put_off(delivery, _wait_s(delivery.attempts), now=now, error="our fault")


def _put_off(delivery: WebhookDelivery, wait_s: int, *, now: datetime, **said: Any) -> None:
    next_at = now + timedelta(seconds=wait_s)
    if next_at < delivery.try_until:
        _settle(delivery, next_attempt_at=next_at, **said)
    else:
        _settle(delivery, state=DeliveryState.FAILED, next_attempt_at=None, **said)


def _wait_s(attempts: int) -> int:
    longest: int = settings.WEBHOOK_LONGEST_WAIT_S
    return min(WAITS_S[attempts - 1], longest) if attempts <= len(WAITS_S) else longest


def _note_failure(endpoint: WebhookEndpoint, *, answered: bool, asked_s: int, now: datetime) -> None:
    # Who answers is there, and is asked to wait by Retry-After alone; who does not is left alone for longer
    # and longer, so that a dead one takes next to nothing of the time that others wait for.
    rest_s = asked_s if answered else min(FIRST_REST_S * 2 ** min(endpoint.unanswered, 10), LONGEST_REST_S)
    _endpoint(endpoint).update(
        last_tried_at=now,
        failing_since=Coalesce(F("failing_since"), now),
        unanswered=0 if answered else F("unanswered") + 1,
        rests_until=now + timedelta(seconds=rest_s) if rest_s else None,
    )


def _stop(endpoint: WebhookEndpoint, *, state: EndpointState, why: Why, now: datetime) -> bool:
    """Stop telling a live endpoint, and record it, once; its merchant is mailed from the event."""
    if not _endpoint(endpoint).filter(state=EndpointState.LIVE).update(state=state, why=why):
        return False
    if state == EndpointState.DISABLED:
        mine = _rows().filter(endpoint=endpoint, state=DeliveryState.QUEUED)
        mine.update(state=DeliveryState.FAILED, next_attempt_at=None, error="the endpoint is gone")
    kind = DISABLED_KIND if state == EndpointState.DISABLED else PAUSED_KIND
    events.record(
        kind, merchant=endpoint.merchant, actor="clock", data={"endpoint": endpoint.pk.hex}, now=now
    )
    return True


# Housekeeping


def pause_silent(*, now: datetime) -> int:
    """Pause live endpoints that took nothing for a day while there was something to tell; return how many."""
    silent = WebhookEndpoint.objects.of_everybody().filter(
        state=EndpointState.LIVE, failing_since__lte=now - SILENT_FOR
    )
    return sum(_paused(endpoint, now=now) for endpoint in silent.select_related("merchant"))


@transaction.atomic
def _paused(endpoint: WebhookEndpoint, *, now: datetime) -> bool:
    return _stop(endpoint, state=EndpointState.PAUSED, why=Why.SILENT, now=now)


def give_up_late(*, now: datetime) -> int:
    """Give up what waited for as long as anything is tried; return how many."""
    late = _rows().filter(state=DeliveryState.QUEUED, try_until__lte=now)
    # What is on its way right now is settled by its sender.
    late = late.filter(Q(next_attempt_at__lte=now) | Q(endpoint__state=EndpointState.PAUSED))
    pks = list(late.values_list("pk", flat=True)[:1000])
    still = _rows().filter(pk__in=pks, state=DeliveryState.QUEUED)
    return int(still.update(state=DeliveryState.FAILED, next_attempt_at=None))


def forget_old(*, now: datetime) -> int:
    """Forget what was settled long ago, some at a time; return how many. The feed keeps the events."""
    old = _rows().exclude(state=DeliveryState.QUEUED).filter(created_at__lte=now - KEPT_FOR)
    pks = list(old.values_list("pk", flat=True)[:1000])
    return int(_rows().filter(pk__in=pks).exclude(state=DeliveryState.QUEUED).delete()[0])


def _rows() -> Any:
    return WebhookDelivery.objects.of_everybody()


def _endpoint(endpoint: WebhookEndpoint) -> Any:
    return WebhookEndpoint.objects.of(endpoint.merchant).filter(pk=endpoint.pk)


def _settle(delivery: WebhookDelivery, **changes: object) -> None:
    # Only the try that is still the latest may settle: a slow sender whose lease ran out may not.
    _rows().filter(pk=delivery.pk, state=DeliveryState.QUEUED, attempts=delivery.attempts).update(**changes)
