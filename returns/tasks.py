"""What the worker does about money: each task reads the clock, makes service calls, and bears repetition."""

import logging
from time import monotonic
from typing import Final

from celery import shared_task

from returns.payments import Broke, Refused, Unanswered
from returns.services import reconciling, sending
from returns.services.dues import remind_of_refunds
from scheduling import clock
from scheduling.errors import PlanBusy
from scheduling.tasks import Waker

log = logging.getLogger(__name__)

LONGEST_S: Final = 60
"""Then sending ends until its next turn; a try that began then has half a minute yet."""


@shared_task
def send_refunds() -> int:
    """Try each refund that is due, until none is or others must have their turn; return how many tries."""
    until, tries = monotonic() + LONGEST_S, 0
    while monotonic() < until and (due := sending.due_refunds(now=clock.now())):
        for pk in due:
            if monotonic() >= until:
                break
            try:
                sending.submit(pk, now=clock.now())
            except PlanBusy:
                log.info("Refund %s is busy: sent next time", pk)
            tries += 1
    return tries


wake_refunds: Final = Waker(send_refunds)


@shared_task
def reconcile_refunds() -> int:
    """Have each shop's refunds compared with Stripe's; return how many shops there are."""
    shops = reconciling.shops_to_reconcile()
    for merchant_id in shops:
        reconcile_shop.apply_async((merchant_id,), retry=False, ignore_result=True)
    return len(shops)


@shared_task
def reconcile_shop(merchant_id: int) -> int:
    """Compare one shop's refunds with Stripe's; return how many faults were found; none where it is away."""
    try:
        found = reconciling.reconcile(merchant_id, now=clock.now())
    except (Unanswered, Broke, Refused) as error:
        log.warning("Shop %s is reconciled another night: %s", merchant_id, error)
        return 0
    log.info("Shop %s: %s refunds, %s repaired", merchant_id, found.checked, found.repaired)
    return found.faults


@shared_task
def remind_shops() -> int:
    """Tell shops whose money the law wants back soon; return how many returns that is."""
    return remind_of_refunds(now=clock.now())
