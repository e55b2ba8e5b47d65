"""A route and its stops on the road, as a dispatcher reads them: what is over, and what to expect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from scheduling.models import Attempt, Expected, LastSeen, Route, Stop


@dataclass(frozen=True, slots=True)
class DispatchStop:
    """A stop on the road. Instants are in the depot's zone.

    `expected` is when service begins as far as is known, `until` the end of the range that its customer
    reads, if there is one; `arrived` and `done` are what happened. At a `rest` (its kind in words) nobody is
    served. `alone` is on no route. `outcome` is in words, `failed` whether somebody has to come again.
    """

    key: int
    route_key: int
    state: str
    address: str
    unit: str
    ref: str
    for_whom: str
    rest: str
    lat: float
    lon: float
    opens: datetime
    closes: datetime
    expected: datetime | None
    until: datetime | None
    arrived: datetime | None
    done: datetime | None
    outcome: str
    failed: bool
    alone: bool
    by_hand: bool

    @property
    def over(self) -> bool:
        """Whether nothing more happens there."""
        return self.done is not None

    @property
    def held(self) -> bool:
        """Whether it is only kept for somebody who decides."""
        return self.state == Stop.State.HELD

    @property
    def served_there(self) -> bool:
        """Whether somebody is, or was to be, served."""
        return not self.rest and self.state != Stop.State.WAYPOINT

    @property
    def movable(self) -> bool:
        """Whether it may go to another vehicle."""
        return self.state == Stop.State.BOOKED and not self.over and (self.alone or self.arrived is None)

    @property
    def margin_s(self) -> int | None:
        """How many seconds before its promise breaks it is expected; None once it is over, or unknown."""
        at = self.expected
        if self.over or at is None or not self.served_there:
            return None
        return int((self.closes - at).total_seconds())

    @property
    def kept(self) -> bool:
        """Whether it was served in time."""
        return self.over and not self.failed and self.arrived is not None and self.arrived < self.closes

    def broken_by(self, now: datetime) -> bool:
        """Whether its promise is broken: served too late, in vain, or not at all."""
        return not self.kept and (self.over or now >= self.closes)


@dataclass(frozen=True, slots=True)
class DispatchRoute:
    """One trip of a vehicle. `stops` are those that are over, as they were, and then those to come.

    `margin_s` is the smallest of its stops to come, None without one; `seen` where its vehicle was last.
    """

    key: int
    shift_key: int
    trip: int
    vehicle: str
    vehicle_class: str
    state: str
    state_name: str
    driver_id: int | None
    driver: str
    driver_phone: str
    crew_by: str
    started: datetime | None
    finished: datetime | None
    broken: datetime | None
    seen: datetime | None
    seen_at: tuple[float, float] | None
    stops: tuple[DispatchStop, ...]

    @classmethod
    def of(cls, row: Route, stops: Sequence[DispatchStop], seen: LastSeen | None, zone: ZoneInfo) -> Self:
        """Return a route with its stops in order. No query where its shift's rows are loaded."""
        shift = row.shift

        def local(at: datetime | None) -> datetime | None:
            return at.astimezone(zone) if at else None

        return cls(
            key=row.pk,
            shift_key=shift.pk,
            trip=row.trip,
            vehicle=shift.vehicle.name,
            vehicle_class=shift.vehicle.vehicle_class.name,
            state=row.state,
            state_name=str(Route.State(row.state).label),
            driver_id=shift.driver_id,
            driver=shift.driver.name if shift.driver else "",
            driver_phone=str(shift.driver.phone) if shift.driver else "",
            crew_by=shift.assigned_by,
            started=local(row.started_at),
            finished=local(row.finished_at),
            broken=local(row.broke_down_at),
            seen=local(seen.at) if seen else None,
            seen_at=(seen.lat, seen.lon) if seen else None,
            stops=tuple(stops),
        )

    @property
    def name(self) -> str:
        """Return what tells it from others of its day, for sorting."""
        return f"{self.vehicle} {self.trip}"

    @property
    def done(self) -> int:
        """At how many of its doors it is over."""
        return sum(stop.over for stop in self.stops if stop.served_there)

    @property
    def left(self) -> int:
        """At how many doors somebody is still to be served."""
        return sum(not stop.over for stop in self.stops if stop.served_there)

    @property
    def next(self) -> DispatchStop | None:
        """The next stop at which somebody is served."""
        return next((stop for stop in self.stops if stop.served_there and not stop.over), None)

    @property
    def margin_s(self) -> int | None:
        """The smallest margin of its stops to come; None without one."""
        return min((m for stop in self.stops if (m := stop.margin_s) is not None), default=None)


def stop_seen(
    row: Stop, starts_at: datetime | None, expected: Expected | None, zone: ZoneInfo
) -> DispatchStop:
    """Return a stop's row as a dispatcher reads it. No query where what it is for is loaded with it."""

    def local(at: datetime | None) -> datetime | None:
        return at.astimezone(zone) if at else None

    attempt: Attempt | None = getattr(row, "attempt", None)
    over = row.done_at is not None
    at = None if over else expected.at if expected else starts_at
    place, unit, lat, lon = _where(row)
    return DispatchStop(
        key=row.pk,
        route_key=row.route_id,
        state=row.state,
        address=place,
        unit=unit,
        ref=row.delivery.ref if row.delivery else "",
        for_whom=_for_whom(row),
        rest=str(row.rest.get_kind_display()) if row.rest else "",
        lat=lat,
        lon=lon,
        opens=row.opens_at.astimezone(zone),
        closes=row.closes_at.astimezone(zone),
        expected=local(at),
        until=local(expected.until_at) if expected and not over else None,
        arrived=local(row.arrived_at),
        done=local(row.done_at),
        outcome=_outcome(attempt),
        failed=attempt is not None and not attempt.served,
        alone=row.unassigned_at is not None and not over,
        by_hand=bool(row.placed_by),
    )


def _outcome(attempt: Attempt | None) -> str:
    if attempt is None:
        return ""
    words = str(attempt.get_outcome_display())
    return f"{words}: {attempt.get_reason_display()}" if attempt.reason else words


def _for_whom(row: Stop) -> str:
    if row.delivery is None:
        return ""
    number = row.delivery.order.number if row.delivery.order else ""
    return f"{row.delivery.merchant.name} {number}".strip()


def _where(row: Stop) -> tuple[str, str, float, float]:
    """Return where it is in words, the flat, and its place."""
    if row.rest is not None:
        return row.rest.place, "", row.rest.lat, row.rest.lon
    if (point := row.pickup_point) is not None:
        return f"{point.name}, {point.line}", "", point.lat, point.lon
    if row.delivery is None:
        raise ValueError("a stop is for a delivery or a rest")
    home = row.delivery.address
    return home.line, home.unit, home.lat, home.lon
