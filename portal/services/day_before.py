"""Whom to ask, the day before, whether we may come: at each shop's hour where the delivery goes, once."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.models.telling import REMINDS_AT, MessageRule, TellingHours
from scheduling import windows
from scheduling.models import DayPlan, Delivery, Event, Promise, Stop
from scheduling.services.answering import ASKED

AT_ONCE: Final = 200
CHOSEN: Final = (Promise.Cause.CONFIRMED, Promise.Cause.MOVED)


def deliveries_to_ask(*, now: datetime) -> list[int]:
    """Return the deliveries of tomorrow whose customers are to be asked now, at most AT_ONCE.

    Who chose their time after the hour of asking has just said so. Two queries, and one a plan and hour.
    """
    found: list[int] = []
    for plan, reminds_at, whose in _due(now):
        found += _to_ask(plan, reminds_at).filter(whose).values_list("pk", flat=True)[: AT_ONCE - len(found)]
    return found


def _due(now: datetime) -> Iterator[tuple[DayPlan, time, Q]]:
    """Yield each plan of tomorrow with each hour that has come there, and whose that hour is."""
    hours = dict(TellingHours.objects.of_everybody().values_list("merchant_id", "reminds_at"))
    at = {reminds_at: [pk for pk, one in hours.items() if one == reminds_at] for reminds_at in hours.values()}
    groups = [(REMINDS_AT, ~Q(merchant__in=list(hours)))]
    groups += [(reminds_at, Q(merchant__in=whose)) for reminds_at, whose in at.items()]
    for plan in _tomorrow(now):
        today = plan.service_date - timedelta(days=1)
        for reminds_at, whose in groups:
            if windows.instant(today, reminds_at, plan.depot.zone) <= now:
                yield plan, reminds_at, whose


def _tomorrow(now: datetime) -> list[DayPlan]:
    """The plans of the day after today, where they are. One query."""
    near = DayPlan.objects.filter(origin_at__gt=now, origin_at__lte=now + timedelta(days=2))
    plans = near.exclude(state__in=(DayPlan.State.STARTED, DayPlan.State.FINISHED)).select_related("depot")
    return [
        plan
        for plan in plans
        if plan.service_date == windows.local_date(now, plan.depot.zone) + timedelta(days=1)
    ]


def _to_ask(plan: DayPlan, reminds_at: time) -> QuerySet[Delivery]:
    asked_at = windows.instant(plan.service_date - timedelta(days=1), reminds_at, plan.depot.zone)
    asked = Event.objects.filter(delivery=OuterRef("pk"), kind=ASKED, data__date=str(plan.service_date))
    chosen_since = Promise.objects.filter(delivery=OuterRef("pk"), cause__in=CHOSEN, made_at__gte=asked_at)
    silent = MessageRule.objects.of_everybody().filter(topic="day_before", email=False, sms=False)
    booked = Stop.objects.booked().of_plan(plan)
    return (
        Delivery.objects.filter(state=Delivery.State.CONFIRMED, stops__in=booked)
        .exclude(Exists(asked))
        .exclude(Exists(chosen_since))
        .exclude(merchant__in=silent.values("merchant"))
        .order_by("pk")
    )
