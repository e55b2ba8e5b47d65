"""What the worker does: each task reads the clock, makes service calls, and bears repetition."""

import logging
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Any, Final

from celery import shared_task
from django.conf import settings

from scheduling import clock, events
from scheduling.errors import PlanBusy
from scheduling.models import Depot
from scheduling.models.plans import Improvement
from scheduling.routing.improve import BeyondRange
from scheduling.selectors.ahead import shifts_out
from scheduling.selectors.carbon import plans_to_account
from scheduling.selectors.plans import (
    plans_to_improve,
    plans_to_narrow,
    plans_with_lapsed_holds,
    solvers_running,
)
from scheduling.services import (
    accounts,
    codes,
    days,
    exceptions,
    expecting,
    improvements,
    narrowing,
    order_imports,
    plans,
    positions,
)

log = logging.getLogger(__name__)

LONGEST_S: Final = 20
"""Then the relay ends until its next turn: in a burst of thousands mails would wait for the last."""

STALE_S: Final = 30
TRIES: Final = 3
REST_S: Final = 5


@shared_task
def relay_events() -> int:
    """Hand waiting events to their subscribers, until none waits or others must have their turn; how many."""
    until, total = monotonic() + LONGEST_S, 0
    # In small batches, each with its own reading of the clock: a lease counts from there.
    while monotonic() < until and (claimed := events.relay(now=clock.now(), limit=10)):
        total += claimed
    return total


class Waker:
    """Asks a worker to do a task now, from a thread of its own: nobody who records waits for a broker.

    What is asked for while a message is under way becomes one more. Where the broker is away the timetable
    finds what waits.
    """

    def __init__(self, task: Any) -> None:
        self._task, self._asked, self._lock = task, Event(), Lock()
        self._thread: Thread | None = None

    def __call__(self) -> None:
        """Have the task done soon. Never waits, never raises."""
        self._asked.set()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # the first, or the first after a fork
                self._thread = Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            try:
                self._task.apply_async(retry=False, ignore_result=True, expires=STALE_S)
            except Exception as error:  # noqa: BLE001 - kombu's, redis', the system's: all mean "not now"
                log.warning("%s was not woken: %s", self._task.name, type(error).__name__)
                sleep(REST_S)


wake_relay: Final = Waker(relay_events)


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
def purge_codes() -> int:
    """Remove access codes whose time is over; return of how many deliveries."""
    removed = codes.purge_codes(now=clock.now())
    if removed:
        log.info("Access codes of %s deliveries were removed", removed)
    return removed


@shared_task
def import_orders() -> int:
    """Take in the lists of orders that wait, one after the other; return how many are over.

    What takes longer than a task may is gone on with by the next.
    """
    count = 0
    while (waiting := order_imports.claim_import(now=clock.now())) is not None:
        if not order_imports.run_import(waiting, now=clock.now()):
            wake_imports()
            break
        count += 1
    return count


wake_imports: Final = Waker(import_orders)


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


@shared_task
def lock_plans() -> int:
    """Lock the closed day plans whose first vehicle is about to leave; return how many."""
    now = clock.now()
    due = days.plans_to_lock(now=now, before=timedelta(minutes=settings.LOCK_BEFORE_MINUTES))
    return sum(_locked(pk, now=now) for pk in due)


def _locked(plan_id: int, *, now: datetime) -> int:
    try:
        days.lock_plan(plan_id=plan_id, actor="clock", now=now)
    except PlanBusy:
        log.info("Plan %s is busy: locked next time", plan_id)
        return 0
    return 1


@shared_task
def finish_days() -> int:
    """End the days of which nothing is left to be driven; return how many."""
    now = clock.now()
    return sum(_finished(pk, now=now) for pk in days.plans_to_finish())


def _finished(plan_id: int, *, now: datetime) -> int:
    try:
        days.finish_day(plan_id=plan_id, actor="clock", now=now)
    except PlanBusy:
        log.info("Plan %s is busy: finished next time", plan_id)
        return 0
    return 1


@shared_task
def watch_days() -> int:
    """Look what will break a promise on the days under way; return how much was raised or settled."""
    now = clock.now()
    return sum(_watched(pk, now=now) for pk in exceptions.plans_to_watch())


def _watched(plan_id: int, *, now: datetime) -> int:
    try:
        return exceptions.look(plan_id=plan_id, now=now)
    except PlanBusy:
        log.info("Plan %s is busy: looked at next time", plan_id)
        return 0


@shared_task
def close_accounts() -> int:
    """Share the grams of days that are over among their stops; return how many stops got some."""
    now = clock.now()
    return sum(_accounted(pk, now=now) for pk in plans_to_account(now=now))


def _accounted(plan_id: int, *, now: datetime) -> int:
    try:
        return accounts.close_account(plan_id=plan_id, now=now)
    except PlanBusy:
        log.info("Plan %s is busy: accounted for next time", plan_id)
        return 0


@shared_task
def refresh_ranges() -> int:
    """Work out anew when all stops of vehicles on the road are expected; return how many stops."""
    now = clock.now()
    return sum(_refreshed(pk, now=now) for pk in shifts_out(now=now))


def _refreshed(shift_id: int, *, now: datetime) -> int:
    try:
        return expecting.refresh_shift(shift_id=shift_id, now=now)
    except PlanBusy:
        log.info("Shift %s is busy: expected anew next time", shift_id)
        return 0


@shared_task
def purge_positions() -> int:
    """Remove places that are older than they may be kept; return how many."""
    return positions.purge_positions(now=clock.now())


@shared_task
def improve_plans() -> int:
    """Have the day plans that are due most improved, as many as solvers may run at once; return how many."""
    now = clock.now()
    for plan_id in improvements.plans_with_lost_runs(now=now):
        _given_up(plan_id, now=now)
    free = settings.SOLVERS_AT_ONCE - solvers_running(now=now)
    due = plans_to_improve(now=now)[: max(0, free)]
    for plan_id in due:
        improve_plan.apply_async((plan_id,), retry=False, ignore_result=True, expires=STALE_S)
    return len(due)


def _given_up(plan_id: int, *, now: datetime) -> None:
    try:
        improvements.give_up_lost(plan_id=plan_id, now=now)
    except PlanBusy:
        log.info("Plan %s is busy: its lost run is given up next time", plan_id)


@shared_task
def improve_plan(plan_id: int, actor: str = "clock") -> str:
    """Look for better routes for one day plan, and take them; return what became of it.

    While workers are busy the same plan is sent again and again: only the first finds that it is due.
    """
    now = clock.now()
    if plan_id not in plans_to_improve(now=now):
        return "nothing"
    try:
        begun = improvements.begin_improvement(plan_id=plan_id, actor=actor, now=now)
    except PlanBusy:
        return "busy"
    if begun is None:
        return "nothing"
    try:
        found = improvements.solve(begun)
    except BeyondRange:
        improvements.give_up(begun=begun, outcome=Improvement.Outcome.RANGE, now=clock.now())
        return Improvement.Outcome.RANGE
    for _ in range(TRIES):
        try:
            return improvements.finish_improvement(begun=begun, found=found, now=clock.now()).outcome
        except PlanBusy:
            log.info("Plan %s is busy: its better routes wait", plan_id)
    improvements.give_up(begun=begun, outcome=Improvement.Outcome.BUSY, now=clock.now())
    return "busy"


@shared_task
def narrow_promises() -> int:
    """Narrow the flexible promises of days that are closed; return how many."""
    now = clock.now()
    return sum(_narrowed(pk, now=now) for pk in plans_to_narrow(now=now))


def _narrowed(plan_id: int, *, now: datetime) -> int:
    try:
        return narrowing.narrow_promises(plan_id=plan_id, actor="clock", now=now)
    except PlanBusy:
        log.info("Plan %s is busy: narrowed next time", plan_id)
        return 0
