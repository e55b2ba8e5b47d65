"""The portal without what keeps the last place from being sold twice: `gunicorn tests.proofs.unlocked`.

For the control: what the race proves must be the doing of what is switched off here. That is the lock on the
day plan, the look at the plan as it is under that lock, and what would notice afterwards: the version that
must not have moved, and the places on a route that only one stop can have.
"""

from random import getrandbits

from portal.wsgi import application
from scheduling import editor, snapshots
from scheduling.models import DayPlan
from scheduling.models.plans import DayPlanQuerySet

_first_seen: dict[int, snapshots.Snapshot] = {}


def read_without_lock(self, ids):
    return {plan.pk: plan for plan in self.filter(pk__in=set(ids)).select_related("depot")}


def as_first_seen(plan, *, now):
    """The routes as this process first saw them, whatever was sold since."""
    if plan.pk not in _first_seen:
        _first_seen[plan.pk] = snapshots.read_snapshot(plan, version=plan.version, now=now)
    return _first_seen[plan.pk]


def save_without_version(self):
    DayPlan.objects.filter(pk=self.row.pk).update(version=self.row.version + 1)


def anywhere(self, gap):
    """A position that nobody else has, so that no constraint speaks up."""
    return getrandbits(40)


DayPlanQuerySet.lock = read_without_lock
editor.cached_snapshot = as_first_seen
editor.PlanEditor.save = save_without_version
editor.PlanEditor._position_at = anywhere

__all__ = ["application"]
