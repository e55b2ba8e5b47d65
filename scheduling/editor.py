"""A locked day plan while it is changed: moves in the core's plan, then writes the rows that differ."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max

from scheduling.access import Part
from scheduling.allotments import Taken
from scheduling.conversion import StopRow, row_of, visit_within, waypoint
from scheduling.day_rows import read_stops
from scheduling.errors import PlanBusy, SlotTaken, VanFull
from scheduling.models import DayPlan, Delivery, PickupPoint, Route, Stop
from scheduling.models.plans import POSITION_STEP, seconds_after
from scheduling.routing import problem
from scheduling.routing.insertion import Gap, cheapest_of, insert, remove
from scheduling.routing.lived import with_visits
from scheduling.routing.schedule import violations
from scheduling.routing.tape import Tape, build_tape
from scheduling.snapshots import (
    ROAD,
    Snapshot,
    cached_snapshot,
    counts_of,
    first_expiry,
    keep_newer,
    note_bump,
    read_snapshot,
)
from scheduling.windows import Window

STOPS_AT_ONCE = 100  # SQLite takes so many values in one statement, and PostgreSQL more


class PlanEditor:
    """Changes to one locked day plan. Nothing is certain before `save`, which bumps the version.

    The caller holds the plan's lock and is inside a transaction. What is saved is the plan's next snapshot:
    once it is committed, whoever quotes in this process reads it from there.
    """

    def __init__(self, plan: DayPlan, *, now: datetime) -> None:
        found = cached_snapshot(plan, now=now) or read_snapshot(plan, version=plan.version, now=now)
        self.row, self.now = plan, now
        self.snapshot: Snapshot = found
        self.plan = found.plan
        # Lapsed stops are out of the core's plan already; whoever writes takes their rows out as well.
        self.lapsed = found.lapsed
        self._rows = dict(found.rows)
        self._returns = dict(found.returns)
        self._changed = False

    def seconds(self, at: datetime) -> int:
        """Return an instant as the core counts it."""
        return seconds_after(self.row.origin_at, at)

    def visit_in(self, visit: problem.Visit, window: Window, *, buffer_s: int, part: Part) -> problem.Visit:
        """Return the visit in a part of a promised window less its buffer, as the core counts it."""
        return visit_within(visit, window, buffer_s=buffer_s, part=part, origin_at=self.row.origin_at)

    def taken(self) -> Taken:
        """Return which places of the day are taken, changes so far included."""
        counts = counts_of(self._rows.values())
        return Taken(counts, gives_one_back=counts[()] < self.snapshot.counts()[()])

    def take_out(self, stop: Stop, state: str) -> None:
        """Take a stop off its route and save it in its new state.

        Where the road times are odd and leaving the place out would make somebody late, the route
        keeps driving through it.
        """
        without = remove(self.plan, stop.pk, ROAD)
        if _breaks(self.plan, without):
            state = Stop.State.WAYPOINT
            self.plan = _with_visit(self.plan, stop.pk, lambda visit: waypoint(visit.key, visit.place))
            self._note(stop, state=state, expires_at=None)
        else:
            self.plan = without
            del self._rows[stop.pk]
        stop.move_to(state)
        stop.save(update_fields=["state"])
        self._changed = True

    def arranged_as(self, wanted: problem.Plan) -> problem.Plan:
        """Return the plan with the places that stops have in `wanted`, each visit and known leg its own."""
        own = {visit.key: visit for trip in _trips(self.plan) for visit in trip.visits}
        shifts = []
        for old, new in zip(self.plan.shifts, wanted.shifts, strict=True):
            trips = tuple(
                with_visits(self.plan.depot, trip, [own[v.key] for v in to.visits], old.vehicle, ROAD)
                for trip, to in zip(old.trips, new.trips, strict=True)
            )
            shifts.append(old if trips == old.trips else replace(old, trips=trips))
        return replace(self.plan, shifts=tuple(shifts))

    def drive_by(self, plan: problem.Plan) -> None:
        """Take the same routes with other legs: another vehicle drives them."""
        self.plan, self._changed = plan, True

    def give(self, stop: Stop, wanted: problem.Plan, route: Route, *, actor: str) -> None:
        """Put a stop on another route, where it stands in `wanted`; better routes leave it there.

        It may have been on no route at all.
        """
        if stop.pk not in self._rows:
            self._take_in(stop, route)
        self.reroute(self.arranged_as(wanted))
        stop.route, stop.unassigned_at, stop.placed_by = route, None, actor
        stop.save(update_fields=["unassigned_at", "placed_by"])

    def _take_in(self, stop: Stop, route: Route) -> None:
        """Put a stop that is on no route behind all others of one, for `reroute` to find it its place."""
        delivery = stop.delivery
        if delivery is None:
            raise ValueError("a rest is always on a route")
        stop.position = self._above() + POSITION_STEP
        stop.route, stop.unassigned_at = route, None
        stop.save(update_fields=["position", "route", "unassigned_at"])
        visit, self._rows[stop.pk] = read_stops(self.row)[stop.pk][1]
        shift = next(s for s in self.plan.shifts for t in s.trips if t.key == route.pk)
        trip = next(t for t in shift.trips if t.key == route.pk)
        longer = with_visits(self.plan.depot, trip, (*trip.visits, visit), shift.vehicle, ROAD)
        trips = tuple(longer if t.key == trip.key else t for t in shift.trips)
        changed = replace(shift, trips=trips)
        self.plan = replace(self.plan, shifts=tuple(changed if s is shift else s for s in self.plan.shifts))
        self._changed = True

    def set_aside(self, stops: Sequence[Stop], *, route: Route) -> None:
        """Take booked stops off their routes and leave them on none; they are kept with one that broke down.

        What the routes drive is theirs without them; the windows promised stay.
        """
        position = self._above()
        for number, stop in enumerate(stops, start=1):
            self.plan = remove(self.plan, stop.pk, ROAD)
            del self._rows[stop.pk]
            stop.unassigned_at, stop.route = self.now, route
            stop.position = position + number * POSITION_STEP
            stop.save(update_fields=["unassigned_at", "route", "position"])
        self._changed = True

    def _above(self) -> int:
        """Return a position above all of the day's, those on no route included."""
        last = Stop.objects.of_plan(self.row).aggregate(last=Max("position"))["last"]
        return last or 0

    def forget(self, stop: Stop, state: str) -> None:
        """Take a stop that is over out of the day in its new state: what was driven for it was driven."""
        if stop.pk in self._rows:
            self.plan = remove(self.plan, stop.pk, ROAD)
            del self._rows[stop.pk]
        stop.move_to(state)
        stop.save(update_fields=["state"])
        self._changed = True

    def drop_lapsed(self, stops: list[Stop]) -> None:
        """Save stops, which the snapshot already left out, as lapsed."""
        for stop in stops:
            stop.move_to(Stop.State.LAPSED)
            stop.save(update_fields=["state"])
            del self._rows[stop.pk]
            self._changed = True

    def book(self, stop: Stop) -> None:
        """Save a held stop as booked, where it stands."""
        stop.move_to(Stop.State.BOOKED)
        stop.save(update_fields=["state"])
        self.plan = _with_visit(self.plan, stop.pk, lambda visit: replace(visit, booked=True))
        self._note(stop, state=Stop.State.BOOKED, expires_at=None)

    def extend(self, stop: Stop, *, expires_at: datetime) -> None:
        """Note that a held stop's hold runs out later: who has read the old end must read again."""
        self._note(stop, expires_at=expires_at)

    def narrow(self, stop: Stop, window: Window, *, buffer_s: int) -> None:
        """Give a booked stop a window inside its own. Its caller picks what the route keeps."""
        stop.opens_at, stop.closes_at, stop.buffer_s = window.opens_at, window.closes_at, buffer_s
        stop.save(update_fields=["opens_at", "closes_at", "buffer_s"])
        narrowed = partial(self.visit_in, window=window, buffer_s=buffer_s, part=stop.part)
        self.plan = _with_visit(self.plan, stop.pk, narrowed)
        self._note(stop, opens_at=window.opens_at, closes_at=window.closes_at)

    def touch(self) -> None:
        """Bump the version on saving though no route changes: what is said at a stop is another."""
        self._changed = True

    def fill_up(self, stop: Stop, visit: problem.Visit) -> None:
        """Have a booked stop take the time, the loads and the skills of `visit` where it stands.

        Raises VanFull if its vehicle is not fit for that, anybody would be late, or its service would last
        into hours at which the vehicle may not stop.
        """
        window = Window(stop.opens_at, stop.closes_at)

        def filled(old: problem.Visit) -> problem.Visit:
            service_s, delivered, collected = visit.service_s, visit.delivered, visit.collected
            longer = replace(old, service_s=service_s, delivered=delivered, collected=collected)
            longer = replace(longer, skills=visit.skills)
            return self.visit_in(longer, window, buffer_s=stop.buffer_s, part=stop.part)

        fuller = _with_visit(self.plan, stop.pk, filled)
        changed = (new for old, new in zip(self.plan.shifts, fuller.shifts, strict=True) if old is not new)
        if any(map(violations, changed)):
            raise VanFull
        self.plan, self._changed = fuller, True
        if stop.pickup_point_id is not None:  # a door's seconds are its delivery's own
            stop.service_s = visit.service_s
            stop.save(update_fields=["service_s"])

    def put_in(
        self,
        visit: problem.Visit,
        *,
        delivery: Delivery,
        window: Window,
        buffer_s: int,
        parts: Sequence[Part],
        state: str,
        expires_at: datetime | None = None,
        point: PickupPoint | None = None,
    ) -> tuple[Stop, int]:
        """Insert a visit at its cheapest gap within `window`; return its stop and the metres it adds.

        From now on the routes keep the last `buffer_s` seconds of the window free, and to that of its `parts`
        in which the gap lies. `expires_at` is the end
        of the hold that a held stop is for, `point` where the stop stands if not at the delivery's own door.
        Raises SlotTaken if no route serves it, or the core's own check of the result finds a fault.
        """
        visit = replace(visit, booked=state == Stop.State.BOOKED)
        tried_in = [self.visit_in(visit, window, buffer_s=buffer_s, part=part) for part in parts]
        found = cheapest_of(self.tape(), tried_in, ROAD)
        if found is None:
            raise SlotTaken
        at, gap, added_m = found[:3]
        visit, part = tried_in[at], parts[at]
        tried = insert(self.plan, gap, visit, ROAD)
        if violations(_shift_of(tried, gap.shift_key)):
            raise SlotTaken
        leg = _trip_of(tried, gap).legs[gap.position]
        stop = Stop.objects.create(
            route_id=gap.trip_key,
            delivery=delivery,
            pickup_point=point,
            service_s=visit.service_s if point else None,
            state=state,
            position=self._position_at(gap),
            opens_at=window.opens_at,
            closes_at=window.closes_at,
            buffer_s=buffer_s,
            not_before_at=part.not_before_at,
            done_by_at=part.done_by_at,
            barred=" ".join(sorted(part.barred)),
            arc_s=leg.seconds,
            arc_m=leg.metres,
            arc_source=ROAD.source,
            created_at=self.now,
        )
        self.plan = insert(self.plan, gap, replace(visit, key=stop.pk), ROAD)
        self._rows[stop.pk] = row_of(stop, delivery=delivery, expires_at=expires_at)
        self._changed = True
        return stop, added_m

    def reroute(self, plan: problem.Plan) -> None:
        """Take better routes for the same stops: each goes to its new trip and place, in few statements.

        New positions lie above all old ones of the day, so that no two stops meet on the way.
        """
        routes = {visit.key: row.route_id for visit, row in self._visits_with_rows(self.plan)}
        if {visit.key for visit, _row in self._visits_with_rows(plan)} != set(routes):
            raise ValueError("better routes must serve the same stops")
        above = self._above()
        moved = []
        for old, new in zip(_trips(self.plan), _trips(plan), strict=True):
            if old == new:
                continue
            for number, (visit, leg) in enumerate(zip(new.visits, new.legs, strict=False), start=1):
                place = {"route_id": new.key, "position": above + number * POSITION_STEP}
                self._note_row(visit.key, arc=leg, **place)
                moved.append(
                    Stop(pk=visit.key, arc_s=leg.seconds, arc_m=leg.metres, arc_source=ROAD.source, **place)
                )
        fields = ["route_id", "position", "arc_s", "arc_m", "arc_source"]
        Stop.objects.bulk_update(moved, fields, batch_size=STOPS_AT_ONCE)
        self.plan = plan
        self._changed = True

    def _visits_with_rows(self, plan: problem.Plan) -> Iterator[tuple[problem.Visit, StopRow]]:
        return ((visit, self._rows[visit.key]) for trip in _trips(plan) for visit in trip.visits)

    def save(self) -> None:
        """Write the arcs that differ and bump the version; nothing if nothing changed."""
        if not self._changed:
            return
        for shift in self.plan.shifts:
            for trip in shift.trips:
                self._save_trip(trip)
        version = self.row.version
        bumped = DayPlan.objects.filter(pk=self.row.pk, version=version).update(
            version=version + 1, changed_at=self.now
        )
        if not bumped:
            raise PlanBusy
        note_bump(self.row.pk)
        self.row.version = version + 1
        transaction.on_commit(partial(keep_newer, self._next()), robust=True)

    def _next(self) -> Snapshot:
        """Return the snapshot that the plan's rows make from now on."""
        return replace(
            self.snapshot,
            version=self.row.version,
            plan=self.plan,
            rows=dict(self._rows),
            returns=dict(self._returns),
            lapsed=(),
            stale_from=first_expiry(self._rows.values(), after=self.now),
            known=self.snapshot.strips,
        )

    def tape(self) -> Tape:
        """Return the plan as it is by now, as the core quotes it."""
        if self.plan is self.snapshot.plan:
            return self.snapshot.tape
        return build_tape(self.plan, self.snapshot.strips)

    def _note(self, stop: Stop, **values: Any) -> None:
        self._note_row(stop.pk, **values)

    def _note_row(self, pk: int, **values: Any) -> None:
        self._rows[pk] = replace(self._rows[pk], **values)
        self._changed = True

    def _save_trip(self, trip: problem.Trip) -> None:
        for visit, leg in zip(trip.visits, trip.legs, strict=False):
            row = self._rows[visit.key]
            if row.arc != leg:
                Stop.objects.filter(pk=visit.key).update(
                    arc_s=leg.seconds, arc_m=leg.metres, arc_source=ROAD.source
                )
                self._rows[visit.key] = replace(row, arc=leg)
        back = trip.legs[-1] if trip.legs else problem.Leg(0, 0)
        if self._returns[trip.key] != back:
            Route.objects.filter(pk=trip.key).update(
                return_s=back.seconds, return_m=back.metres, return_source=ROAD.source
            )
            self._returns[trip.key] = back

    def _position_at(self, gap: Gap) -> int:
        """Return a free position for a new stop, making room among its neighbours where there is none."""
        trip = _trip_of(self.plan, gap)
        taken = [self._rows[visit.key].position for visit in trip.visits]
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
        start = max(self._rows[visit.key].position for visit in trip.visits)
        for number, visit in enumerate(trip.visits, start=1):
            position = start + number * POSITION_STEP
            Stop.objects.filter(pk=visit.key).update(position=position)
            self._rows[visit.key] = replace(self._rows[visit.key], position=position)


def _trips(plan: problem.Plan) -> Iterator[problem.Trip]:
    return (trip for shift in plan.shifts for trip in shift.trips)


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


def _with_visit(
    plan: problem.Plan, key: int, change: Callable[[problem.Visit], problem.Visit]
) -> problem.Plan:
    """Return the plan with one visit changed where it stands; the shifts of the others stay the same."""
    shifts = list(plan.shifts)
    for number, shift in enumerate(shifts):
        if any(visit.key == key for trip in shift.trips for visit in trip.visits):
            trips = tuple(_with_visit_of_trip(trip, key, change) for trip in shift.trips)
            shifts[number] = replace(shift, trips=trips)
    return replace(plan, shifts=tuple(shifts))


def _with_visit_of_trip(
    trip: problem.Trip, key: int, change: Callable[[problem.Visit], problem.Visit]
) -> problem.Trip:
    return replace(trip, visits=tuple(change(v) if v.key == key else v for v in trip.visits))
