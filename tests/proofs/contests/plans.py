"""Changes of days as a whole, and their rivals."""

from functools import partial
from typing import Any

from scheduling.models import Event
from scheduling.services.plans import close_plan, extend_horizon
from tests.factories import NOW
from tests.proofs.contests.world import LAID_OUT, Contest, World


def hold_on_a_closing_day(world: World) -> Contest:
    closing = partial(close_plan, plan_id=world.plan_id(), now=NOW)
    return Contest(world.holding(), closing, partial(_nothing_came_after_closing, world))


def closing_day_with_a_hold(world: World) -> Contest:
    closing = partial(close_plan, plan_id=world.plan_id(), now=NOW)
    return Contest(closing, world.holding(), partial(_nothing_came_after_closing, world))


def _nothing_came_after_closing(world: World, *_both: Any) -> bool:
    closed = Event.objects.get(kind="plan.closed", data__depot=world.depot.slug)
    return not Event.objects.filter(kind="hold.placed", pk__gt=closed.pk).exists()


def days_made_twice(world: World) -> Contest:
    making = partial(extend_horizon, depot=world.depot, now=NOW, days=LAID_OUT + 2)

    def each_once(*_both: Any) -> bool:
        plans = world.depot.day_plans.all()
        return [plan.shifts.count() for plan in plans] == [1] * (LAID_OUT + 2)

    return Contest(making, making, each_once)
