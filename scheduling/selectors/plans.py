"""Answers about day plans."""

from datetime import datetime

from scheduling.models import DayPlan, Hold


def plans_with_lapsed_holds(*, now: datetime) -> list[int]:
    """Return the day plans in which a hold's time is over but its place is still taken. One query."""
    holds = Hold.objects.filter(state=Hold.State.LIVE, expires_at__lte=now)
    plans = DayPlan.objects.filter(shifts__routes__stops__hold__in=holds).order_by("depot_id", "service_date")
    return list(plans.values_list("pk", flat=True).distinct())
