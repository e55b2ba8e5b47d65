"""A locked day plan while it is changed: moves in the core's plan, then writes the rows that differ."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

from scheduling.errors import PlanBusy, SlotTaken
from scheduling.models import DayPlan, Delivery, Route, Stop
from scheduling.models.plans import POSITION_STEP, seconds_after
from scheduling.routing import problem
from scheduling.routing.insertion import Gap, best_gap, insert, remove
from scheduling.routing.schedule import violations
from scheduling.snapshots import (
    ROAD,
    Snapshot,
    cached_snapshot,
    count_stops,
    note_bump,
    read_snapshot,
    waypoint,
)
from scheduling.windows import Window


class PlanEditor:
    """Changes to one locked day plan. Nothing is certain before `save`, which bumps the version.

    The caller holds the plan's lock and is inside a transaction.
    """

    def __init__(self, plan: DayPlan, *, now: datetime) -> None:
        found = cached_snapshot(plan, now=now) or read_snapshot(plan, version=plan.version, now=now)
        self.row = plan
        self.snapshot: Snapshot = found
        self.plan = found.plan
        # Lapsed stops are out of the core's plan already; whoever writes takes their rows out as well.
        self.lapsed = found.lapsed
        self._positions = {pk: row.position for pk, row in found.rows.items()}
        self._arcs = {pk: row.arc for pk, row in found.rows.items()}
        self._returns = dict(found.returns)
        self._changed = False

    def seconds(self, at: datetime) -> int:
        """Return an instant as the core counts it."""
        return seconds_after(self.row.origin_at, at)

    def visit_in(self, visit: problem.Visit, window: Window) -> problem.Visit:
        """Return the visit with a window, as the core counts it."""
        opens_s, closes_s = self.seconds(window.opens_at), self.seconds(window.closes_at)
        return replace(visit, opens_s=opens_s, closes_s=closes_s)

    def touch(self) -> None:
        """Say that the plan's rows change in a way the core does not see, such as held to booked."""
        self._changed = True

    def counts(self) -> Counter[tuple[Any, ...]]:
        """Return how many stops each merchant has that day, changes so far included. One query."""
        return count_stops(
            Stop.objects.of_plan(self.row)
            .filter(state__in=(Stop.State.HELD, Stop.State.BOOKED))
            .values_list("delivery__merchant_id", "opens_at", "closes_at")
        )

    def take_out(self, stop: Stop, state: str) -> None:
        """Take a stop off its route and save it in its new state.

        Where the road times are odd and leaving the place out would make somebody late, the route
        keeps driving through it.
        """
        without = remove(self.plan, stop.pk, ROAD)
        if _breaks(self.plan, without):
            self.plan = _with_waypoint(self.plan, stop.pk)
            state = Stop.State.WAYPOINT
        else:
            self.plan = without
            del self._positions[stop.pk], self._arcs[stop.pk]
        stop.move_to(state)
        stop.save(update_fields=["state"])
        self._changed = True

    def drop_lapsed(self, stops: list[Stop]) -> None:
        """Save stops, which the snapshot already left out, as lapsed."""
        for stop in stops:
            stop.move_to(Stop.State.LAPSED)
            stop.save(update_fields=["state"])
            del self._positions[stop.pk], self._arcs[stop.pk]
            self._changed = True

    def put_in(
        self, visit: problem.Visit, *, delivery: Delivery, window: Window, state: str, now: datetime
    ) -> tuple[Stop, int]:
        """Insert a visit at its cheapest gap within `window`; return its stop and the metres it adds.

        Raises SlotTaken if no route serves it, or the core's own check of the result finds a fault.
        """
        visit = self.visit_in(visit, window)
        found = best_gap(self.plan, visit, ROAD)
        if found is None:
            raise SlotTaken
        gap = found[0]
        stop = Stop(
            route_id=gap.trip_key,
            delivery=delivery,
            state=state,
            position=self._position_at(gap),
            opens_at=window.opens_at,
            closes_at=window.closes_at,
            arc_s=0,
            arc_m=0,
            arc_source=ROAD.source,
            created_at=now,
        )
        stop.save()
        self.plan = insert(self.plan, gap, replace(visit, key=stop.pk), ROAD)
        if violations(_shift_of(self.plan, gap.shift_key)):
            raise SlotTaken
        leg = _trip_of(self.plan, gap).legs[gap.position]
        stop.arc_s, stop.arc_m = leg.seconds, leg.metres
        stop.save(update_fields=["arc_s", "arc_m"])
        self._positions[stop.pk], self._arcs[stop.pk] = stop.position, leg
        self._changed = True
        return stop, found[1]

    def save(self) -> None:
        """Write the arcs that differ and bump the version; nothing if nothing changed."""
        if not self._changed:
            return
        for shift in self.plan.shifts:
            for trip in shift.trips:
                self._save_trip(trip)
        version = self.row.version
        bumped = DayPlan.objects.filter(pk=self.row.pk, version=version).update(version=version + 1)
        if not bumped:
            raise PlanBusy
        note_bump(self.row.pk)
        self.row.version = version + 1

    def _save_trip(self, trip: problem.Trip) -> None:
        for visit, leg in zip(trip.visits, trip.legs, strict=False):
            if self._arcs[visit.key] != leg:
                Stop.objects.filter(pk=visit.key).update(
                    arc_s=leg.seconds, arc_m=leg.metres, arc_source=ROAD.source
                )
                self._arcs[visit.key] = leg
        back = trip.legs[-1] if trip.legs else problem.Leg(0, 0)
        if self._returns[trip.key] != back:
            Route.objects.filter(pk=trip.key).update(
                return_s=back.seconds, return_m=back.metres, return_source=ROAD.source
            )
            self._returns[trip.key] = back

    def _position_at(self, gap: Gap) -> int:
        """Return a free position for a new stop, making room among its neighbours where there is none."""
        trip = _trip_of(self.plan, gap)
        taken = [self._positions[visit.key] for visit in trip.visits]
        before = taken[gap.position - 1] if gap.position else None
        after = taken[gap.position] if gap.position < len(taken) else None
        if before is not None and after is not None and after - before < 2:
            self._spread(trip)
            return self._position_at(gap)
        if before is None and after is None:
            return 0
        if before is None:
            return after - POSITION_STEP  # type: ignore[operator]  # one of the two is known
        return before + POSITION_STEP if after is None else (before + after) // 2

    def _spread(self, trip: problem.Trip) -> None:
        """Renumber a trip's stops far apart, above all its old positions, so that none collides midway."""
        start = max(self._positions[visit.key] for visit in trip.visits)
        for number, visit in enumerate(trip.visits, start=1):
            position = start + number * POSITION_STEP
            Stop.objects.filter(pk=visit.key).update(position=position)
            self._positions[visit.key] = position


def _shift_of(plan: problem.Plan, key: int) -> problem.Shift:
    return next(shift for shift in plan.shifts if shift.vehicle.key == key)


def _trip_of(plan: problem.Plan, gap: Gap) -> problem.Trip:
    return next(trip for trip in _shift_of(plan, gap.shift_key).trips if trip.key == gap.trip_key)


def _breaks(before: problem.Plan, after: problem.Plan) -> bool:
    """Whether a change made a shift late or overloaded that was neither."""
    return any(
        old is not new and violations(new) and not violations(old)
        for old, new in zip(before.shifts, after.shifts, strict=True)
    )


def _with_waypoint(plan: problem.Plan, key: int) -> problem.Plan:
    """Return the plan with one visit turned into a place that is only driven through."""
    shifts = tuple(
        replace(
            shift,
            trips=tuple(
                replace(
                    trip, visits=tuple(waypoint(key, v.place) if v.key == key else v for v in trip.visits)
                )
                for trip in shift.trips
            ),
        )
        for shift in plan.shifts
    )
    return replace(plan, shifts=shifts)
