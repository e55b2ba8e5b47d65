"""What waits in the outbox."""

from datetime import datetime

from django.db.models import Min, Q
from django.db.models.functions import Coalesce

from scheduling.models import Event


def oldest_waiting_event(*, now: datetime) -> datetime | None:
    """Return since when the longest waiting event could have been handed on; None if none waits. One query.

    One that failed waits from its next attempt on: it says nothing about whether anybody relays.
    """
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    waiting = Event.objects.filter(free, relayed_at__isnull=True)
    since: datetime | None = waiting.aggregate(since=Min(Coalesce("leased_until", "occurred_at")))["since"]
    return since


def events_waiting() -> int:
    """Return how many events were not handed on yet. One query."""
    return Event.objects.filter(relayed_at__isnull=True).count()
