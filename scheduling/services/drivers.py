"""Who drives a shift that nobody was given: whoever is free and rested, and drove least of late."""

from datetime import timedelta
from typing import Final

from django.db.models import Q

from scheduling.models import DayPlan, Driver, Shift, Stop

DAILY_REST: Final = timedelta(hours=11)
"""Between two shifts of one person at least (Regulation (EC) 561/2006, article 8)."""


def give_drivers(plan: DayPlan) -> int:
    """Give each used shift of a locked plan without a driver one who is free; return how many got one.

    Who drove fewest of the depot's last shifts comes first. What somebody decided by hand stays, also that
    nobody drives.
    """
    waiting = Shift.objects.filter(
        plan=plan, driver__isnull=True, assigned_by="", routes__stops__state=Stop.State.BOOKED
    )
    drivers = list(Driver.objects.filter(depot=plan.depot_id, active=True).order_by("pk"))
    given = 0
    for shift in waiting.distinct().order_by("starts_at", "pk"):
        free = [driver for driver in drivers if not _busy(driver, shift)]
        if free:
            shift.driver = min(free, key=lambda driver: (_shifts_of(driver, plan), driver.pk))
            shift.save(update_fields=["driver"])
            given += 1
    return given


def _busy(driver: Driver, shift: Shift) -> bool:
    """Whether a driver works then, or too shortly before or after."""
    near = Shift.objects.filter(
        driver=driver,
        starts_at__lt=shift.ends_at + DAILY_REST,
        ends_at__gt=shift.starts_at - DAILY_REST,
    )
    return near.exclude(pk=shift.pk).exists()


def _shifts_of(driver: Driver, plan: DayPlan) -> int:
    lately = Q(plan__service_date__gt=plan.service_date - timedelta(days=14))
    return Shift.objects.filter(lately, driver=driver).count()
