"""The queue and its timetable.

What matters is a row first: a lost message is found again by the next sweep, so every task here may
run late, twice, or after its worker was killed.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("doorstep")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

MINUTE = 60.0
app.conf.beat_schedule = {
    "relay events": {"task": "scheduling.tasks.relay_events", "schedule": 5.0},
    "send messages": {"task": "portal.tasks.send_due_messages", "schedule": 5.0},
    "sweep lapsed holds": {"task": "scheduling.tasks.sweep_holds", "schedule": MINUTE},
    "close day plans": {"task": "scheduling.tasks.close_plans", "schedule": MINUTE},
    "extend the horizon": {"task": "scheduling.tasks.extend_horizon", "schedule": 60 * MINUTE},
}
