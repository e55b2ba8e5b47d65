"""How far a delivery is, in one word, and what may be shown of its van. Pure: a glimpse and a time in.

A glimpse is all that whoever follows a delivery can see, as it stands in the rows at one moment. Whether
something new is to be shown is decided by it alone, so that who polls costs next to nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import cos, radians
from typing import Final
from zoneinfo import ZoneInfo

from scheduling import windows

NEAR: Final = 3
"""From so many stops before one's own on the van is shown."""
STALE: Final = timedelta(minutes=3)
"""A position that is older says where a van was seen last, not where it is."""
GIVEN_UP: Final = timedelta(hours=1)
"""So long after its promise a delivery that never left is one that nobody knows of."""
EVERY_S: Final = {"far": 60, "today": 30, "out": 15, "soon": 4}
"""How often a page asks: the day before, before the van leaves, on its way, and from SOON_STOPS before."""
SOON_STOPS: Final = 10
STEP: Final = 0.001
"""Degrees of latitude to which a position is rounded: about 111 m."""

BEFORE_IT_LEAVES: Final = ("booked", "tomorrow", "today")
ON_THE_ROAD: Final = ("on_the_way", "near", "next", "arrived")
TROUBLED: Final = ("late", "unassigned", "overdue")
SERVED: Final = ("handed_over", "partly", "safe_place", "neighbour", "at_point", "collected")
IN_VAIN: Final = (
    "refused",
    "nobody_home",
    "no_way_in",
    "not_found",
    "not_safe",
    "no_proof_of_age",
    "nobody_signs",
    "damaged",
    "not_on_board",
    "not_reached",
    "other",
    "not_collected",
)
AFTERWARDS: Final = ("at_depot", "returned", "cancelled")
PHASES: Final = (*BEFORE_IT_LEAVES, *ON_THE_ROAD, *TROUBLED, *SERVED, *IN_VAIN, *AFTERWARDS)
OVER: Final = frozenset({*SERVED, "returned", "cancelled"})
"""After these nothing more happens."""
CLOSE: Final = frozenset({"near", "next"})
"""In these the van is shown. Once it is at the door its place would be the customer's own."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the rows say of a booked delivery. Instants are aware; `before` counts stops on its own route."""

    ref: str
    direction: str
    state: str
    booking_state: str
    change_until_at: datetime
    stop_id: int
    opens_at: datetime
    closes_at: datetime
    arrived_at: datetime | None
    done_at: datetime | None
    point_id: int | None
    route_state: str
    service_date: date
    time_zone: str
    outcome: str | None
    reason: str | None
    expected_from_at: datetime | None
    expected_at: datetime | None
    expected_until_at: datetime | None
    late_since: datetime | None
    seen_at: datetime | None
    seen_lat: float | None
    seen_lon: float | None
    driver: str | None
    shows_name: bool | None
    shows_vehicle: bool | None
    vehicle: str
    unassigned_at: datetime | None
    before: int
    last_event: int

    @property
    def inward(self) -> bool:
        """Whether something is collected there."""
        return self.direction == "in"

    @property
    def on_the_road(self) -> bool:
        """Whether its vehicle is out, and it is still to come."""
        return self.route_state == "started" and self.state in ("confirmed", "on_board")

    def day_from(self, now: datetime) -> int:
        """Return in how many local days its day is: 0 today, 1 tomorrow."""
        return (self.service_date - windows.local_date(now, ZoneInfo(self.time_zone))).days


@dataclass(frozen=True, slots=True)
class Spot:
    """About where a van was, rounded to some 100 m, and when."""

    lat: float
    lon: float
    at: datetime
    stale: bool


def phase_of(it: Glimpse, now: datetime) -> str:
    """Return how far a delivery is: one of PHASES."""
    if it.booking_state == "cancelled" or it.state == "cancelled":
        return "cancelled"
    if it.state == "delivered":
        return it.outcome or ("collected" if it.inward else "handed_over")
    if it.state == "failed":
        return _in_vain(it)
    if it.state in ("at_depot", "returned"):
        return it.state
    return _to_come(it, now)


def _in_vain(it: Glimpse) -> str:
    if it.inward:
        return "not_collected"
    reason = "refused" if it.outcome == "refused" else it.reason
    return reason if reason in IN_VAIN else "other"


def _to_come(it: Glimpse, now: datetime) -> str:
    if it.unassigned_at is not None:
        return "unassigned"
    if it.on_the_road and it.day_from(now) >= 0:
        return _on_the_road(it)
    if now >= it.closes_at + GIVEN_UP and (it.state == "confirmed" or it.day_from(now) < 0):
        return "overdue"
    if it.late_since is not None:
        return "late"
    if it.state == "on_board":
        return "on_the_way"
    return {1: "tomorrow", 0: "today"}.get(it.day_from(now), "booked" if it.day_from(now) > 0 else "overdue")


def _on_the_road(it: Glimpse) -> str:
    if it.arrived_at is not None:
        return "arrived"
    if it.before <= NEAR:
        return "near" if it.before else "next"
    return "late" if it.late_since is not None else "on_the_way"


def spot_of(it: Glimpse, phase: str, now: datetime) -> Spot | None:
    """Return about where its van is; None unless it is close, on the road and was seen."""
    if phase not in CLOSE or not it.on_the_road:
        return None
    if it.seen_at is None or it.seen_lat is None or it.seen_lon is None:
        return None
    lat, lon = rounded(it.seen_lat, it.seen_lon)
    return Spot(lat, lon, it.seen_at, stale=now - it.seen_at > STALE)


def rounded(lat: float, lon: float) -> tuple[float, float]:
    """Return a place to about 100 m each way: the nearest point of a grid, always the same for one place."""
    across = STEP * min(20, max(1, round(1 / max(cos(radians(lat)), 0.01))))
    return round(round(lat / STEP) * STEP, 3), round(round(lon / across) * across, 3)


def stops_shown(it: Glimpse, phase: str) -> int | None:
    """Return how many stops its van makes before it; None unless it is out."""
    return it.before if it.on_the_road and phase in ("on_the_way", "late", "near", "next") else None


def range_of(it: Glimpse, phase: str) -> tuple[datetime, datetime] | None:
    """Return between when and when it is expected; None while that is no more than the promise."""
    if phase not in (*ON_THE_ROAD, "late", "today", "tomorrow") or phase == "arrived":
        return None
    if it.expected_from_at is None or it.expected_until_at is None:
        return None
    return it.expected_from_at, it.expected_until_at


def every_s(it: Glimpse, phase: str) -> int:
    """Return in how many seconds to ask again: the nearer the van, the sooner; 0 for never."""
    if phase in OVER or phase == "booked":
        return 0
    if it.on_the_road and phase not in IN_VAIN:
        return EVERY_S["soon" if it.before <= SOON_STOPS else "out"]
    return EVERY_S["today" if phase == "today" else "far"]
