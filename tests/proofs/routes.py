"""Day plans and the runs that improve them, as the rows have them: read past the portal, from outside."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from celery import Celery

from portal.benchmarks.stack import Stack

EXPIRES_S = 30
PLANS = """
    SELECT plan.id, plan.version,
        (SELECT count(*) FROM scheduling_event WHERE kind = 'plan.improved'
            AND data->>'depot' = depot.slug AND data->>'date' = plan.service_date::text)
    FROM scheduling_dayplan plan JOIN scheduling_depot depot ON depot.id = plan.depot_id
"""
STOPS = """
    SELECT shift.plan_id, stop.id, stop.route_id, stop.position, stop.arc_m, stop.arc_s,
        stop.state, stop.opens_at, stop.closes_at
    FROM scheduling_stop stop
        JOIN scheduling_route route ON route.id = stop.route_id
        JOIN scheduling_shift shift ON shift.id = route.shift_id
    WHERE stop.state IN ('held', 'booked', 'waypoint') ORDER BY stop.id
"""
RETURNS = """
    SELECT shift.plan_id, route.id, route.return_m, route.return_s
    FROM scheduling_route route JOIN scheduling_shift shift ON shift.id = route.shift_id ORDER BY route.id
"""
RUNS = "SELECT id, plan_id, outcome, budget_ms, after_m FROM scheduling_improvement ORDER BY id"
SWAPS = """
    SELECT to_char(plan.service_date, 'YYYYMMDD'), extract(epoch FROM run.finished_at)::float
    FROM scheduling_improvement run JOIN scheduling_dayplan plan ON plan.id = run.plan_id
    WHERE run.outcome = 'swapped'
"""
ELSEWHERE = """
    SELECT count(*) FROM scheduling_booking booking
        JOIN scheduling_stop stop ON stop.id = booking.stop_id
        JOIN scheduling_slotpattern slot ON slot.id = split_part(booking.offer_key, '.', 1)::bigint
        JOIN scheduling_merchantdepot outlet ON outlet.id = slot.outlet_id
        JOIN scheduling_depot depot ON depot.id = outlet.depot_id
    WHERE (stop.opens_at AT TIME ZONE depot.time_zone)::time <> slot.opens
        OR (stop.closes_at AT TIME ZONE depot.time_zone)::time <> slot.closes
        OR split_part(booking.offer_key, '.', 2)
            <> to_char(stop.opens_at AT TIME ZONE depot.time_zone, 'YYYYMMDD')
"""


@dataclass(frozen=True, slots=True)
class Swap:
    """Better routes taken for a day, at seconds of the wall's clock."""

    day: str
    at: float


@dataclass(frozen=True)
class Routes:
    """One day's routes: where each stop stands, what it promises, and each trip's way home."""

    version: int
    told: int
    """How often an event said that they became better."""
    stops: tuple[tuple[Any, ...], ...]
    returns: tuple[tuple[Any, ...], ...]

    @property
    def metres(self) -> int:
        """All ways of the day."""
        return sum(stop[3] for stop in self.stops) + sum(back[1] for back in self.returns)

    @property
    def promises(self) -> tuple[tuple[Any, ...], ...]:
        """Each stop with its state and window, wherever it stands."""
        return tuple((stop[0], *stop[5:]) for stop in self.stops)


@dataclass(frozen=True, slots=True)
class Improved:
    """One run as its row says."""

    pk: int
    plan: int
    outcome: str
    budget_ms: int
    after_m: int | None

    @property
    def under_way(self) -> bool:
        return self.outcome == "running"


class Rows:
    """A connection to a portal's PostgreSQL, and a way to send its worker a task."""

    def __init__(self, stack: Stack) -> None:
        self._connection = psycopg.connect(stack.environment["DATABASE_URL"], autocommit=True)
        self._queue = Celery(broker=stack.redis.url)

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()
        self._queue.close()

    def send(self, task: str, *arguments: Any) -> None:
        """Have the worker do a task, as the timetable would."""
        self._queue.send_task(f"scheduling.tasks.{task}", arguments, expires=EXPIRES_S, ignore_result=True)

    def routes(self) -> Mapping[int, Routes]:
        """Every day's routes, in one look: no change comes in between."""
        with self._connection.transaction():
            self._do("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            plans, stops, returns = (self._all(query) for query in (PLANS, STOPS, RETURNS))
        return {pk: Routes(version, told, _of(pk, stops), _of(pk, returns)) for pk, version, told in plans}

    def runs(self) -> list[Improved]:
        """Every run there was, in order."""
        return [Improved(*row) for row in self._all(RUNS)]

    def outcomes(self) -> Counter[str]:
        return Counter(run.outcome for run in self.runs())

    def swaps(self) -> list[Swap]:
        """Every time that better routes were taken."""
        return [Swap(*row) for row in self._all(SWAPS)]

    def bookings_elsewhere(self) -> int:
        """How many bookings have a stop whose window is not the one that was clicked."""
        return int(self._all(ELSEWHERE)[0][0])

    def end_leases(self) -> None:
        """Let runs that are under way have begun long ago: what died is found at once."""
        self._do(
            "UPDATE scheduling_improvement SET started_at = started_at - interval '1 hour' "
            "WHERE outcome = 'running'"
        )

    def ask_for(self, plan: int) -> None:
        """Ask for better routes of one day, and have the worker look at once."""
        self._do("UPDATE scheduling_dayplan SET improvement_asked_at = now() WHERE id = %s", plan)
        self.send("improve_plan", plan)

    def ask_for_all(self) -> None:
        """Ask for better routes of every day that changed since its routes were improved."""
        self._do(
            "UPDATE scheduling_dayplan SET improvement_asked_at = now() "
            "WHERE version > improved_version AND improvement_asked_at IS NULL"
        )

    def _do(self, query: Any, *parameters: Any) -> None:
        self._connection.execute(query, parameters)

    def _all(self, query: Any) -> Sequence[Any]:
        return self._connection.execute(query).fetchall()


def _of(plan: int, rows: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    return tuple(row[1:] for row in rows if row[0] == plan)
