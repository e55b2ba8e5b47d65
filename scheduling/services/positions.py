"""Where vehicles are: fixes are kept while a shift is on the road, and the last believable one is shown.

Fixes may come late, twice, in any order, by a clock that is wrong, from a phone that is elsewhere: what is
kept and shown in the end is the same as if they had come one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

from django.conf import settings
from django.db.models import Q

from scheduling.models import LastSeen, Position, Route, Shift
from scheduling.models.network import distance_m
from scheduling.routing import tracks
from scheduling.services.changes import one_change

AHEAD: Final = timedelta(seconds=30)
"""Clocks may go so much ahead of ours; what lies further in the future is taken to be from now."""
KEPT: Final = timedelta(hours=72)
STALE: Final = timedelta(minutes=3)
"""From then on a place is "last seen", and no longer where a vehicle is."""
MOST_FROM_DEPOT_M: Final = 500_000
MOST_UNSURE_M: Final = 500
"""A fix that may be wrong by more shows nothing."""
MOST_AT_ONCE: Final = 2_000
LATELY: Final = 12
"""So many of a vehicle's latest routes are looked at: more than in three days."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A place of a device at an instant of its own clock."""

    said_at: datetime
    lat: float
    lon: float
    accuracy_m: float | None = None
    speed_m_per_s: float | None = None
    heading: float | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who tells: a device of a vehicle, or the sheet of a shift. `source` names it and is no secret."""

    source: str
    vehicle_id: int | None = None
    shift_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Out:
    """A time in which a shift was on the road, and the places near which nothing is kept."""

    shift_id: int
    began_at: datetime
    ended_at: datetime | None
    depot: tuple[float, float]
    own_start: tuple[float, float] | None

    @classmethod
    def of(cls, route: Route) -> "_Out":
        """Return the time of a route that has left; its shift, driver and depot are loaded."""
        depot, driver = route.shift.plan.depot, route.shift.driver
        start = (driver.start_lat, driver.start_lon) if driver else (None, None)
        return cls(
            shift_id=route.shift_id,
            began_at=route.started_at or route.shift.starts_at,
            ended_at=route.finished_at,
            depot=(depot.lat, depot.lon),
            own_start=(start[0], start[1]) if start[0] is not None and start[1] is not None else None,
        )

    def keeps(self, fix: Fix, at: datetime) -> bool:
        """Whether a fix was on this road, and nobody's own affair."""
        if not self.began_at <= at or (self.ended_at is not None and at > self.ended_at):
            return False
        if distance_m(*self.depot, fix.lat, fix.lon) > MOST_FROM_DEPOT_M:
            return False
        near_m = settings.HIDDEN_NEAR_START_M
        return self.own_start is None or distance_m(*self.own_start, fix.lat, fix.lon) > near_m


@one_change
def keep_fixes(*, sender: Sender, fixes: Sequence[Fix], now: datetime) -> int:
    """Keep what of some fixes may be kept; return how many. Five queries, however many they are.

    Nothing is kept of a vehicle that is not on the road, while its driver does not want it, nor near where
    they begin their day; nor what lies too far from the depot to be true. Repeating it changes nothing.
    """
    out = _out(sender)
    found = [row for fix in fixes[:MOST_AT_ONCE] if (row := _row(sender, fix, out, now=now)) is not None]
    for shift_id in sorted({row.shift_id for row in found}):
        _keep(shift_id, [row for row in found if row.shift_id == shift_id])
    return len(found)


def _out(sender: Sender) -> list[_Out]:
    """Return when the sender's vehicle was on the road lately. One query."""
    routes = Route.objects.filter(started_at__isnull=False, shift__hides_position=False)
    if sender.shift_id is not None:
        routes = routes.filter(shift_id=sender.shift_id)
    else:
        routes = routes.filter(shift__vehicle_id=sender.vehicle_id or 0)
    lately = routes.select_related("shift__driver", "shift__plan__depot").order_by("-started_at")[:LATELY]
    return [_Out.of(route) for route in lately]


def _row(sender: Sender, fix: Fix, out: Sequence[_Out], *, now: datetime) -> Position | None:
    numbers = (fix.lat, fix.lon, fix.accuracy_m or 0.0, fix.speed_m_per_s or 0.0, fix.heading or 0.0)
    on_earth = all(map(isfinite, numbers)) and abs(fix.lat) <= 90 and abs(fix.lon) <= 180
    at = fix.said_at if fix.said_at <= now + AHEAD else now
    if not on_earth or at < now - KEPT:
        return None
    shift_id = next((each.shift_id for each in out if each.keeps(fix, at)), None)
    if shift_id is None:
        return None
    return Position(
        shift_id=shift_id,
        source=sender.source,
        said_at=fix.said_at,
        at=at,
        received_at=now,
        lat=fix.lat,
        lon=fix.lon,
        accuracy_m=fix.accuracy_m,
        speed_m_per_s=fix.speed_m_per_s,
        heading=fix.heading,
    )


def _keep(shift_id: int, rows: list[Position]) -> None:
    # One at a time for each shift: who comes second sees what the first kept, and so which is the last.
    Shift.objects.select_for_update(of=("self",), no_key=True).get(pk=shift_id)
    Position.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    _show_last(shift_id)


def _show_last(shift_id: int) -> None:
    """Show the last fix that can be believed, out of all that are kept."""
    sure = Q(accuracy_m__isnull=True) | Q(accuracy_m__lte=MOST_UNSURE_M)
    newest = Position.objects.filter(sure, shift_id=shift_id).order_by("-at", "-said_at", "-pk")
    rows = list(reversed(newest[: tracks.LOOKED_AT]))
    believed = tracks.last_possible([tracks.Fix(row.at.timestamp(), row.lat, row.lon) for row in rows])
    if believed < 0:
        return
    row = rows[believed]
    shown = {name: getattr(row, name) for name in ("at", "lat", "lon", "accuracy_m", "heading")}
    if not LastSeen.objects.filter(shift_id=shift_id).update(**shown):
        LastSeen.objects.create(shift_id=shift_id, **shown)


@one_change
def hide_position(*, shift_id: int, hides: bool) -> None:
    """Note whether a shift's driver wants its place kept. Once hidden, what was last seen is gone, too."""
    shift = Shift.objects.select_for_update(of=("self",), no_key=True).get(pk=shift_id)
    shift.hides_position = hides
    shift.save(update_fields=["hides_position"])
    if hides:
        LastSeen.objects.filter(shift=shift).delete()


@one_change
def purge_positions(*, now: datetime) -> int:
    """Remove fixes that are older than they may be kept, and places last seen; return how many fixes."""
    LastSeen.objects.filter(at__lt=now - KEPT).delete()
    removed, _by_kind = Position.objects.filter(received_at__lt=now - KEPT).delete()
    return removed
