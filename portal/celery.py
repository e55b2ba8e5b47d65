"""The queue and its timetable.

What matters is a row first: a lost message is found again by the next sweep, so every task here may
run late, twice, or after its worker was killed.
"""

import logging
import os
from typing import Any

import click
from celery import Celery, signals
from celery.schedules import crontab
from click.core import ParameterSource
from kombu.transport import TRANSPORT_ALIASES
from structlog.contextvars import bind_contextvars, unbind_contextvars

from portal.timetable import EndsWithItsTimetable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

TRANSPORT_ALIASES.update(redis="portal.broker:Transport", rediss="portal.broker:Transport")
app = Celery("doorstep")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(EndsWithItsTimetable)

MINUTE = 60.0


def every(seconds: float, task: str) -> dict[str, Any]:
    """Return a line of the timetable. What no worker took in time is dropped: the next does the same."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 30.0)}}


app.conf.beat_schedule = {
    "relay events": every(5.0, "scheduling.tasks.relay_events"),
    "send messages": every(5.0, "portal.tasks.send_due_messages"),
    "send webhooks": every(5.0, "portal.tasks.send_due_webhooks"),
    "ask the day before": every(MINUTE, "portal.tasks.ask_the_day_before"),
    "tend webhooks": every(MINUTE, "portal.tasks.tend_webhooks"),
    "sweep lapsed holds": every(MINUTE, "scheduling.tasks.sweep_holds"),
    "improve day plans": every(3.0, "scheduling.tasks.improve_plans"),
    "narrow promises": every(MINUTE, "scheduling.tasks.narrow_promises"),
    "refresh ranges": every(30.0, "scheduling.tasks.refresh_ranges"),
    "close day plans": every(MINUTE, "scheduling.tasks.close_plans"),
    "watch days under way": every(3.0, "scheduling.tasks.watch_days"),
    "lock day plans": every(MINUTE, "scheduling.tasks.lock_plans"),
    "finish days": every(MINUTE, "scheduling.tasks.finish_days"),
    "close carbon accounts": every(10 * MINUTE, "scheduling.tasks.close_accounts"),
    "remove old positions": every(10 * MINUTE, "scheduling.tasks.purge_positions"),
    "remove access codes": every(10 * MINUTE, "scheduling.tasks.purge_codes"),
    "forget old answers": every(60 * MINUTE, "portal.tasks.forget_old_answers"),
    "forget old people": every(60 * MINUTE, "portal.tasks.forget_old_people"),
    "send refunds": every(5.0, "returns.tasks.send_refunds"),
    "remind shops of refunds": every(60 * MINUTE, "returns.tasks.remind_shops"),
    "reconcile refunds": {
        "task": "returns.tasks.reconcile_refunds",
        "schedule": crontab(hour=2, minute=30),
        "options": {"expires": 3600.0},
    },
    "take in orders": every(30.0, "scheduling.tasks.import_orders"),
    "extend the horizon": every(60 * MINUTE, "scheduling.tasks.extend_horizon"),
}


@signals.setup_logging.connect
def keep_our_logging(loglevel: int | None = None, **_: Any) -> None:
    """Write lines as the web does, instead of in Celery's own shape; a `--loglevel` given has the last word.

    Without one Celery would have said WARNING, and LOG_LEVEL holds: Django has set it.
    """
    command = click.get_current_context(silent=True)
    given = command and command.get_parameter_source("loglevel")
    if loglevel is not None and given is ParameterSource.COMMANDLINE:
        logging.getLogger().setLevel(loglevel)


@signals.worker_ready.connect
def serve_metrics(**_: Any) -> None:
    """Let the worker's counts be read, its children's included."""
    from portal import metrics

    metrics.serve()


@signals.task_prerun.connect
def bind_task(task_id: str, task: Any, **_: Any) -> None:
    """Put the task into every line that it writes."""
    bind_contextvars(task=task.name, task_id=task_id)


@signals.task_postrun.connect
def unbind_task(**_: Any) -> None:
    """Let the next task's lines be its own."""
    unbind_contextvars("task", "task_id")
