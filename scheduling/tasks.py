"""What the worker does: each task reads the clock, makes service calls, and bears repetition."""

import logging
from datetime import datetime

from celery import shared_task

from scheduling import clock, events
from scheduling.errors import PlanBusy
from scheduling.models import Depot
from scheduling.selectors.plans import plans_with_lapsed_holds
from scheduling.services import plans

log = logging.getLogger(__name__)


@shared_task
def relay_events() -> int:
    """Hand waiting events to their subscribers, until none waits; return how many."""
    total = 0
    # In small batches, each with its own reading of the clock: a lease counts from there.
    while claimed := events.relay(now=clock.now(), limit=10):
        total += claimed
    return total


def wake_relay() -> None:
    """Ask a worker to relay now. Never waits for a broker that is away."""
    relay_events.apply_async(retry=False, ignore_result=True)


@shared_task
def sweep_holds() -> int:
    """Take lapsed holds off the routes, so that pages and figures need not wait for the next writer."""
    now = clock.now()
    return sum(_swept(pk, now=now) for pk in plans_with_lapsed_holds(now=now))


def _swept(plan_id: int, *, now: datetime) -> int:
    """Sweep one plan; a busy one waits for the next sweep and holds nobody up."""
    try:
        return plans.sweep_plan(plan_id=plan_id, now=now)
    except PlanBusy:
        log.info("Plan %s is busy: swept next time", plan_id)
        return 0


@shared_task
def extend_horizon() -> int:
    """Make the coming days' plans of every depot; return how many days were made."""
    now = clock.now()
    return sum(plans.extend_horizon(depot=depot, now=now) for depot in Depot.objects.order_by("pk"))


@shared_task
def close_plans() -> int:
    """Close the day plans whose last cut-off has passed; return how many."""
    now = clock.now()
    due = plans.plans_to_close(now=now)
    return sum(_closed(pk, now=now) for pk in due)


def _closed(plan_id: int, *, now: datetime) -> int:
    try:
        plans.close_plan(plan_id=plan_id, now=now)
    except PlanBusy:
        log.info("Plan %s is busy: closed next time", plan_id)
        return 0
    return 1
