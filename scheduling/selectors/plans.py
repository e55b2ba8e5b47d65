"""Answers about day plans."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, F, OuterRef, Q

from scheduling.models import Booking, DayPlan, Hold, Improvement
from scheduling.states import PLAN_WRITES

MANY: Final = 20
QUIET: Final = timedelta(minutes=5)
A_DAY: Final = timedelta(days=1)
WAIT_FOR_SOLVER: Final = timedelta(minutes=10)


def plans_with_lapsed_holds(*, now: datetime) -> list[int]:
    """Return the day plans in which a hold's time is over but its place is still taken. One query."""
    holds = Hold.objects.filter(state=Hold.State.LIVE, expires_at__lte=now)
    plans = DayPlan.objects.filter(shifts__routes__stops__hold__in=holds).order_by("depot_id", "service_date")
    return list(plans.values_list("pk", flat=True).distinct())


def plans_to_improve(*, now: datetime) -> list[int]:
    """Return the day plans whose routes are due to be improved, the most changed first. One query.

    Due is a plan that changed MANY times since it was improved, or did not change for QUIET since it last
    did, or for which somebody asked.
    """
    since = F("version") - F("improved_version")
    due = (
        Q(version__gte=F("improved_version") + MANY)
        | Q(version__gt=F("improved_version"), changed_at__lte=now - QUIET)
        | Q(improvement_asked_at__isnull=False)
    )
    improvable = [state for state, writes in PLAN_WRITES.items() if "improve" in writes]
    plans = DayPlan.objects.filter(due, state__in=improvable, origin_at__gt=now - A_DAY)
    asked_first = F("improvement_asked_at").asc(nulls_last=True)
    return list(plans.order_by(asked_first, -since, "pk").values_list("pk", flat=True))


def solvers_running(*, now: datetime) -> int:
    """Return how many plans are being improved, those aside whose solver must have died. One query."""
    running = Improvement.objects.filter(outcome=Improvement.Outcome.RUNNING)
    return running.filter(started_at__gt=now - Improvement.LEASE).count()


@dataclass(frozen=True, slots=True)
class ImprovementSeen:
    """One run as staff see it: instants in the depot's zone, metres as the routes drive them."""

    outcome: str
    outcome_name: str
    actor: str
    started: datetime
    seconds: float | None
    version: int
    visits: int
    before_m: int | None
    after_m: int | None
    before_s: int | None
    after_s: int | None

    @property
    def taken(self) -> bool:
        """Whether its routes were taken."""
        return self.outcome == Improvement.Outcome.SWAPPED

    @property
    def saved_m(self) -> int:
        """Return how many metres less its routes drive."""
        return (self.before_m or 0) - (self.after_m or 0)


def improvements_of(plan: DayPlan, *, limit: int = 20) -> list[ImprovementSeen]:
    """Return the latest runs of the solver on a day plan, newest first. One query."""
    zone = plan.depot.zone
    runs = Improvement.objects.filter(plan=plan).order_by("-started_at", "-pk")[:limit]
    return [
        ImprovementSeen(
            outcome=run.outcome,
            outcome_name=str(Improvement.Outcome(run.outcome).label),
            actor=run.actor,
            started=run.started_at.astimezone(zone),
            seconds=(run.finished_at - run.started_at).total_seconds() if run.finished_at else None,
            version=run.version,
            visits=run.visits,
            before_m=run.before_m,
            after_m=run.after_m,
            before_s=run.before_s,
            after_s=run.after_s,
        )
        for run in runs
    ]


def plans_to_narrow(*, now: datetime) -> list[int]:
    """Return the closed day plans with flexible promises still to be narrowed. One query.

    What was asked of the solver comes first, for a while: narrowing leaves it less to choose from.
    """
    pending = Q(
        shifts__routes__stops__booking__state=Booking.State.BOOKED,
        shifts__routes__stops__booking__narrows_to_s__gt=0,
        shifts__routes__stops__booking__narrowed_at__isnull=True,
    )
    improving = Q(improvement_asked_at__gt=now - WAIT_FOR_SOLVER) | Q(
        Exists(Improvement.objects.filter(plan=OuterRef("pk"), outcome=Improvement.Outcome.RUNNING))
    )
    narrowing = [state for state, writes in PLAN_WRITES.items() if "narrow" in writes]
    plans = DayPlan.objects.filter(pending, state__in=narrowing).exclude(improving)
    return list(plans.order_by("depot_id", "service_date").values_list("pk", flat=True).distinct())
