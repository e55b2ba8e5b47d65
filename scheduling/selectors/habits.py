"""How long ways and doors take at a depot, learned from its own latest stops."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from scheduling.models import Depot, Stop
from scheduling.routing.habits import PRIOR, Habits, Seen, learned
from scheduling.selectors.ahead import seen_of

MOST: Final = 5_000
"""So many of a depot's latest stops are learned from, of these days at most."""
BACK: Final = timedelta(days=60)
KEPT: Final = timedelta(minutes=30)

_known: dict[int, tuple[datetime, Habits]] = {}


def habits_of(depot: Depot, *, now: datetime) -> Habits:
    """Return a depot's habits as of the last half hour. One query where they are older."""
    known = _known.get(depot.pk)
    if known is not None and known[0] <= now < known[0] + KEPT:
        return known[1]
    habits = _learned(depot, now=now)
    _known[depot.pk] = now, habits
    return habits


def forget_habits() -> None:
    """Keep nothing of it: the database was replaced under us."""
    _known.clear()


def _learned(depot: Depot, *, now: datetime) -> Habits:
    rows = Stop.objects.filter(
        route__shift__plan__depot=depot,
        route__shift__plan__service_date__gte=(now - BACK).date(),
        state=Stop.State.BOOKED,
        done_at__isnull=False,
    )
    rows = rows.select_related("route__shift__plan", "delivery__address", "delivery__access_notes", "rest")
    by_shift: dict[int, list[Stop]] = defaultdict(list)
    for stop in reversed(rows.order_by("-done_at")[:MOST]):
        stop.route.shift.plan.depot = depot
        by_shift[stop.route.shift_id].append(stop)
    ways: list[Seen] = []
    doors: list[Seen] = []
    for done in by_shift.values():
        more_ways, more_doors = seen_of(done[0].route.shift, done)
        ways += more_ways
        doors += more_doors
    return learned(ways, doors) if ways or doors else PRIOR
