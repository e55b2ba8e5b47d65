"""Messages on their way: queued once, claimed by one sender at a time, tried again until they are out."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F, Min

from portal.models.messages import Channel, FormerContact, Message, MessageState
from scheduling.models import Event
from scheduling.statements import NUMBER, Instances

LEASE: Final = timedelta(seconds=45)
WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 720))
CUSTOMER: Final = "customer:"
MERCHANT: Final = "merchant:"
FORMER: Final = "former:"
TRIED_FOR: Final = timedelta(days=1)
MOST_ATTEMPTS: Final = len(WAITS) + 1

_QUEUED: Final = Instances(
    lambda event, channel, person: Message.objects.filter(event=event, channel=channel, person=person),
    NUMBER,
    "a channel",
    "a person",
)
_CLAIMED: Final = Instances(
    lambda message: Message.objects.filter(pk=message).select_related(
        "event__merchant", "event__delivery__merchant", "event__delivery__order", "event__delivery__address"
    ),
    NUMBER,
)


def queue_message(
    *,
    event: Event,
    ref: str,
    now: datetime,
    at: datetime | None = None,
    channel: Channel = Channel.EMAIL,
) -> Message:
    """Queue one mail or SMS about `event` to the contact of delivery `ref`; asked again, return the same row.

    It leaves at `at`, or now.
    """
    return _queue(event, f"{CUSTOMER}{ref}", ref.lower(), channel=channel, now=now, at=at)


def queue_farewell(*, event: Event, ref: str, now: datetime) -> Message:
    """Queue one mail about `event` to the contact that delivery `ref` had before it."""
    return _queue(event, f"{FORMER}{ref}", f"former-{ref.lower()}", now=now)


def forget_former() -> int:
    """Forget former contacts who have been told, or could not be; return how many."""
    told = Message.objects.filter(person__startswith=FORMER).exclude(state=MessageState.QUEUED)
    count, _each = FormerContact.objects.filter(event__in=told.values("event")).delete()
    return int(count)


def queue_notice(*, event: Event, slug: str, now: datetime) -> Message:
    """Queue one mail about `event` to the event's merchant; asked again, return the same row."""
    return _queue(event, f"{MERCHANT}{slug}", slug, now=now)


def _queue(
    event: Event,
    person: str,
    name: str,
    *,
    now: datetime,
    at: datetime | None = None,
    channel: Channel = Channel.EMAIL,
) -> Message:
    create = partial(
        Message.objects.create,
        event=event,
        channel=channel,
        person=person,
        message_id=f"<{event.uid.hex}.{channel}.{name}@{_host()}>",
        created_at=now,
        next_attempt_at=at or now,
    )
    message, _new = _QUEUED.get_or(create, event.pk, channel, person)
    return message


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def due_messages(*, now: datetime, limit: int, besides: Collection[str] = ()) -> list[int]:
    """Return the ids of messages to be tried now, in the order of their events. One query.

    `besides`: channels of which nobody is there to take any.
    """
    due = Message.objects.filter(state=MessageState.QUEUED, next_attempt_at__lte=now)
    if besides:
        due = due.exclude(channel__in=besides)
    return list(due.order_by("event_id", "pk").values_list("pk", flat=True)[:limit])


def oldest_due_message(*, now: datetime) -> datetime | None:
    """Return since when the longest waiting one could have been tried; None if none waits. One query."""
    due = Message.objects.filter(state=MessageState.QUEUED, next_attempt_at__lte=now)
    since: datetime | None = due.aggregate(since=Min("next_attempt_at"))["since"]
    return since


def claim_message(*, pk: int, now: datetime) -> Message | None:
    """Take a due message for one attempt; None if somebody else has it.

    The claim ends by itself: a message whose sender was killed is due again after the lease.
    """
    # The condition is judged again by the update, so of two senders only one gets the row.
    taken = Message.objects.filter(pk=pk, state=MessageState.QUEUED, next_attempt_at__lte=now).update(
        next_attempt_at=now + LEASE, attempts=F("attempts") + 1
    )
    return _CLAIMED.get(pk) if taken else None


def mark_sent(message: Message, *, now: datetime) -> None:
    """Note that a server took it, however long that was after the claim."""
    Message.objects.filter(pk=message.pk).exclude(state=MessageState.SENT).update(
        state=MessageState.SENT, sent_at=now, next_attempt_at=None, error=""
    )


def mark_refused(message: Message, *, error: str, now: datetime) -> None:
    """Note that it did not go out; try again later."""
    longest = timedelta(seconds=settings.MESSAGE_LONGEST_WAIT_S)
    wait = min(WAITS[min(message.attempts, len(WAITS)) - 1], longest)
    _settle(message, next_attempt_at=now + wait, error=error[:200])


def mark_given_up(message: Message, *, error: str) -> bool:
    """Note that it will never go out; False if somebody else has settled it."""
    return _settle(message, state=MessageState.FAILED, next_attempt_at=None, error=error[:200])


def mark_undelivered(message: Message, *, error: str) -> bool:
    """Note that what a server took never arrived; False if that is known."""
    taken = Message.objects.filter(pk=message.pk, state=MessageState.SENT)
    return bool(taken.update(state=MessageState.FAILED, sent_at=None, error=error[:200]))


def is_last_attempt(message: Message, *, now: datetime) -> bool:
    """Whether it was tried as often and for as long as is of use: kills count as attempts, too."""
    return message.attempts >= MOST_ATTEMPTS and now >= message.created_at + TRIED_FOR


def _settle(message: Message, **changes: object) -> bool:
    # Only the attempt that is still the latest may settle: a slow sender whose lease ran out may not.
    latest = Message.objects.filter(pk=message.pk, state=MessageState.QUEUED, attempts=message.attempts)
    return bool(latest.update(**changes))
