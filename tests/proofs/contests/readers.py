"""The relay and readers, who meet changes without a lock."""

from datetime import timedelta
from functools import partial
from typing import Any

from scheduling import events, snapshots
from tests.factories import NOW, TOMORROW, plan_on
from tests.proofs.contests.world import Contest, World


def relayed_twice(world: World, *, later: timedelta = timedelta(0)) -> Contest:
    world.booking()
    relaying = partial(events.relay, now=NOW)
    return Contest(relaying, partial(events.relay, now=NOW + later), lambda *_both: True)


def read_and_taken(world: World) -> Contest:
    holding, plan = world.holding(), plan_on(world.outlet, TOMORROW)
    snapshots.forget_all()

    def none_torn(mine: Any, _theirs: Any) -> bool:
        plan.refresh_from_db()
        return mine == [snapshots.read_snapshot(plan, version=plan.version, now=NOW)]

    return Contest(partial(snapshots.snapshots_of, [plan], now=NOW), holding, none_torn)
