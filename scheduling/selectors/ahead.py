"""What a shift still has before it, and how its day went so far, as the core predicts from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from scheduling.models import AccessNotes, LastSeen, Route, Shift, Stop
from scheduling.models.plans import seconds_after
from scheduling.routing.arrivals import REST, Certain, Onward
from scheduling.routing.habits import Seen
from scheduling.routing.problem import Place, VehicleClass
from scheduling.snapshots import ROAD
from scheduling.statements import NUMBER, Instances

BELIEVED: Final = timedelta(minutes=3)
"""Older than this, where a vehicle was says less than where it goes."""
OUT: Final = (Route.State.LOADED, Route.State.STARTED)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A shift's stops to come, in order, beside what the core needs to say when.

    ways, doors: those of this day that are over
    left: its first route with something to come has left the depot
    served: somebody was served on that route already
    """

    stops: tuple[Stop, ...]
    certain: Certain
    onward: tuple[Onward, ...]
    ways: tuple[Seen, ...]
    doors: tuple[Seen, ...]
    left: bool
    served: bool


def shifts_out(*, now: datetime) -> list[int]:
    """Return the shifts that are on the road, or should be by now: those with somebody to come. One query."""
    waiting = Stop.objects.booked().to_do().filter(route__state__in=OUT)
    begun = waiting.filter(route__shift__starts_at__lte=now).exclude(route__shift__ends_at__lt=now - A_DAY)
    started = waiting.filter(route__state=Route.State.STARTED)
    return sorted({*(begun | started).values_list("route__shift_id", flat=True)})


A_DAY: Final = timedelta(days=1)

_STOPS: Final = Instances(
    lambda shift: (
        Stop.objects.active()
        .filter(route__shift=shift)
        .exclude(route__state=Route.State.TENTATIVE)
        .select_related("route", "delivery__address", "delivery__access_notes", "pickup_point", "rest")
        .select_related("expected")
        .order_by("route__trip", "position")
    ),
    NUMBER,
)


def stops_on(shift: Shift) -> list[Stop]:
    """Return a shift's stops of trips that are loaded, out or back, in order. One query.

    Waypoints and rests among them; unassigned stops are not.
    """
    return _STOPS.all(shift.pk)


def ahead_of(shift: Shift, stops: Sequence[Stop], seen: LastSeen | None, *, now: datetime) -> Ahead | None:
    """Return what is ahead of a shift; None where nothing is. `shift` has its plan, depot and vehicle class.

    `stops` are those of `stops_on`, `seen` is where its vehicle was last. No query.
    """
    day = _Day(shift, stops, now)
    coming = day.coming()
    if not coming:
        return None
    return Ahead(
        stops=tuple(coming),
        certain=day.certain(coming, seen),
        onward=tuple(day.onward(coming, seen)),
        ways=tuple(day.ways()),
        doors=tuple(day.doors()),
        left=coming[0].route.state == Route.State.STARTED,
        served=any(stop.route_id == coming[0].route_id for stop in day.done),
    )


class _Day:
    """One shift's day. Seconds after its plan's origin, as the core counts."""

    def __init__(self, shift: Shift, stops: Sequence[Stop], now: datetime) -> None:
        self.shift, self.stops, self.now = shift, stops, now
        self.done = sorted((stop for stop in stops if stop.done_at), key=lambda stop: (stop.done_at, stop.pk))
        self.before = dict(_neighbours(stops))

    def coming(self) -> list[Stop]:
        """Return the stops to come: where the driver stands first, then those of routes that are not back.

        Rests and waypoints are behind as soon as a stop after them is.
        """
        behind = {stop.route_id: stop.position for stop in self.done}
        for stop in self.done:
            behind[stop.route_id] = max(behind[stop.route_id], stop.position)
        left = [
            stop
            for stop in self.stops
            if stop.done_at is None
            and stop.route.state in OUT
            and (stop.state == Stop.State.BOOKED or stop.position > behind.get(stop.route_id, -(1 << 62)))
        ]
        return sorted(left, key=lambda stop: (stop.route.trip, stop.arrived_at is None))

    def certain(self, coming: Sequence[Stop], seen: LastSeen | None) -> Certain:
        """Return the last thing that is certain."""
        first = coming[0]
        if first.arrived_at is not None:
            return Certain(self._s(first.arrived_at), serving=self._onward(first, 0))
        if first.route.state != Route.State.STARTED:
            return Certain(self._s(self._leaves_at(first)))
        left_at = self._left_at(first)
        since = seen.at if seen is not None and self._believed(seen, left_at) else left_at
        late_s, said_at = self._said_late(first, left_at, since)
        return Certain(self._s(since), said_s=self._s(said_at), late_s=late_s)

    def onward(self, coming: Sequence[Stop], seen: LastSeen | None) -> Iterator[Onward]:
        """Yield the stops to come as the core sees them; where the driver stands is none of them."""
        there = coming[0].arrived_at is not None
        for number, stop in enumerate(coming):
            if number == 0 and there:
                continue
            if number == 0:
                yield self._onward(stop, self._first_way_s(stop, seen))
            elif coming[number - 1].route_id != stop.route_id:
                before = coming[number - 1].route
                yield self._onward(stop, before.return_s + stop.arc_s, apart_s=self.shift.reload_s)
            else:
                yield self._onward(stop, self._way_s(coming[number - 1], stop))

    def _first_way_s(self, stop: Stop, seen: LastSeen | None) -> int:
        if stop.route.state != Route.State.STARTED:
            return stop.arc_s
        if seen is not None and self._believed(seen, self._left_at(stop)):
            return self._straight_s(Place(seen.lat, seen.lon), stop)
        last = next((each for each in reversed(self.done) if each.route_id == stop.route_id), None)
        return self._way_s(last, stop) if last else stop.arc_s

    def _way_s(self, before: Stop, stop: Stop) -> int:
        """Return the planned way; as the crow flies where another stop was planned to come before."""
        if self.before.get(stop.pk) == before.pk:
            return stop.arc_s
        return self._straight_s(_place(before), stop)

    def _straight_s(self, start: Place, stop: Stop) -> int:
        return ROAD.leg(start, _place(stop), _kind(self.shift)).seconds

    def _believed(self, seen: LastSeen, left_at: datetime) -> bool:
        return left_at < seen.at <= self.now and seen.at > self.now - BELIEVED

    def _left_at(self, stop: Stop) -> datetime:
        """Return when the vehicle left the place before: its last stop on this route, or the depot."""
        done = [each.done_at for each in self.done if each.route_id == stop.route_id and each.done_at]
        return max(done, default=stop.route.started_at or self.now)

    def _leaves_at(self, first: Stop) -> datetime:
        """Return when a vehicle leaves that has not: loaded, in time for its first window, not before now."""
        back = [route.finished_at for route in {each.route for each in self.stops} if route.finished_at]
        reloaded_at = max(back, default=self.shift.starts_at)
        if back:
            reloaded_at += timedelta(seconds=self.shift.reload_s)
        in_time = first.opens_at - timedelta(seconds=first.arc_s)
        return max(self.shift.starts_at, reloaded_at, in_time, self.now)

    def _said_late(self, first: Stop, left_at: datetime, since: datetime) -> tuple[int, datetime]:
        """Return by how many seconds its driver says they will be later, and since when that counts.

        What happened since then tells better. Where the vehicle is on its way, a part of it is over.
        """
        said_at, late_s = first.route.late_said_at, first.route.late_s
        if said_at is None or left_at > said_at:
            return 0, since
        if since <= said_at:
            return late_s, said_at
        return max(0, late_s - round((since - said_at).total_seconds())), since

    def _onward(self, stop: Stop, way_s: int, *, apart_s: int = 0) -> Onward:
        opens_at = max(stop.opens_at, stop.not_before_at or stop.opens_at)
        door_s, extra_s = door_of(stop)
        return Onward(
            key=stop.pk,
            way_s=way_s,
            opens_s=0 if stop.state == Stop.State.WAYPOINT else self._s(opens_at),
            door_s=door_s,
            extra_s=extra_s,
            building=building_of(stop),
            apart_s=apart_s,
        )

    def _s(self, at: datetime) -> int:
        return seconds_after(self.shift.plan.origin_at, at)

    def ways(self) -> Iterator[Seen]:
        """Yield the ways of this day that are over."""
        return _ways(self.shift, self.done)

    def doors(self) -> Iterator[Seen]:
        """Yield how long this day's doors took."""
        return _doors(self.shift, self.done)


def _neighbours(stops: Sequence[Stop]) -> Iterator[tuple[int, int]]:
    for before, stop in pairwise(stops):
        if before.route_id == stop.route_id:
            yield stop.pk, before.pk


def _ways(shift: Shift, done: Sequence[Stop]) -> Iterator[Seen]:
    """Yield ways between stops that were planned as neighbours: others were planned by nobody."""
    for before, stop in pairwise(done):
        came_at = _came_at(stop)
        neighbours = before.route_id == stop.route_id and before.position < stop.position
        if not neighbours or before.done_at is None or came_at is None or came_at < before.done_at:
            continue
        took_s = round((came_at - before.done_at).total_seconds())
        hour = before.done_at.astimezone(shift.plan.depot.zone).hour
        yield Seen(stop.arc_s, took_s, hour, shift.pk)


def _doors(shift: Shift, done: Sequence[Stop]) -> Iterator[Seen]:
    for stop in done:
        came_at = _came_at(stop)
        if stop.state != Stop.State.BOOKED or came_at is None or stop.done_at is None:
            continue
        began_at = max(came_at, stop.opens_at)
        door_s, extra_s = door_of(stop)
        took_s = round((stop.done_at - began_at).total_seconds()) - extra_s
        if door_s and took_s > 0:  # who was served before their window was not waited for
            hour = began_at.astimezone(shift.plan.depot.zone).hour
            yield Seen(door_s, took_s, hour, shift.pk, building_of(stop))


def _came_at(stop: Stop) -> datetime | None:
    """Return when the driver came; None where only the end was told, and both were taken for the same."""
    return stop.arrived_at if stop.arrived_at != stop.done_at else None


def seen_of(shift: Shift, done: Sequence[Stop]) -> tuple[list[Seen], list[Seen]]:
    """Return the ways and the doors of a shift's stops that are over, in the order in which they were."""
    return list(_ways(shift, done)), list(_doors(shift, done))


def door_of(stop: Stop) -> tuple[int, int]:
    """Return the seconds that a stop is planned to take, and those on top that its customer asked for."""
    if stop.rest is not None:
        return 60 * stop.rest.minutes, 0
    if stop.state == Stop.State.WAYPOINT or stop.delivery is None:
        return 0, 0
    if stop.pickup_point_id is not None:
        return stop.service_s or 0, 0
    return stop.delivery.service_s - stop.delivery.extra_s, stop.delivery.extra_s


def building_of(stop: Stop) -> str:
    """Return what kind of door a stop is at, as far as is known; it decides which habits speak for it."""
    if stop.rest is not None:
        return REST
    if stop.pickup_point_id is not None:
        return "point"
    if stop.delivery is None:
        return ""
    notes: AccessNotes | None = getattr(stop.delivery, "access_notes", None)
    if notes is not None and (notes.stairs in ("one", "more") or notes.lift == "no"):
        return "stairs"
    if notes is not None and notes.lift == "yes":
        return "lift"
    return "flat" if stop.delivery.address.unit else "house"


def _place(stop: Stop) -> Place:
    if stop.rest is not None:
        return Place(stop.rest.lat, stop.rest.lon)
    if stop.pickup_point is not None:
        return Place(stop.pickup_point.lat, stop.pickup_point.lon)
    if stop.delivery is None:
        raise ValueError(f"stop {stop.pk} is nowhere")
    return Place(stop.delivery.address.lat, stop.delivery.address.lon)


def _kind(shift: Shift) -> VehicleClass:
    """Return what the core needs to know of a shift's vehicle to estimate a way."""
    kind = shift.vehicle.vehicle_class
    return VehicleClass(
        key=kind.slug,
        capacity=(),
        speed_m_per_h=kind.speed_m_per_h,
        detour_percent=kind.detour_percent,
        cost_s_per_km=0,
        opening_cost_s=0,
        grams_per_km=0,
    )
