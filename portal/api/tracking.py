"""How far a delivery is: for a shop's own page of its orders."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from portal.api.callers import Needs, caller_of
from portal.api.deliveries import Ref
from portal.api.documents import looks
from portal.api.errors import NotFound
from portal.api.schemas import Window
from portal.api.wire import window
from portal.models.keys import Scope
from scheduling import clock
from scheduling.phases import PHASES, every_s, phase_of, range_of, spot_of, stops_shown
from scheduling.selectors.merchants import delivery_of
from scheduling.selectors.road import glimpse_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from scheduling.phases import Glimpse

router = Router(tags=["Deliveries"])


class Range(Schema):
    """Between when and when it is expected; it narrows as the vehicle comes closer."""

    from_at: datetime
    until_at: datetime


class PositionSeen(Schema):
    """About where the vehicle is, rounded to some 100 m; `stale`: where it was seen last."""

    lat: float
    lon: float
    seen_at: datetime
    stale: bool


class Tracking(Schema):
    """How far a delivery is, and where its vehicle is once that is close."""

    ref: str
    state: str
    phase: Annotated[str, Field(description="one of: " + ", ".join(PHASES))]
    promised: Window
    expected: Annotated[Range | None, Field(description="none while it is no more than what is promised")] = (
        None
    )
    stops_before: Annotated[int | None, Field(description="none unless its vehicle is out")] = None
    position: Annotated[
        PositionSeen | None, Field(description="only from three stops before it until it is at the door")
    ] = None
    ask_again_in_s: Annotated[int, Field(description="0: nothing more will come")]


@router.get("/deliveries/{ref}/tracking", response=looks(Tracking, 404), auth=Needs(Scope.DELIVERIES_READ))
def track(request: HttpRequest, ref: Ref) -> Any:
    """See how far a delivery is: its phase, when it is expected, the stops before it, its vehicle when close.

    It is what its customer sees. Ask again as the answer says; webhooks tell what happens without asking.
    """
    delivery = delivery_of(merchant=caller_of(request).merchant, ref=ref)
    seen = glimpse_of(delivery) if delivery else None
    if delivery is None or seen is None:
        raise NotFound
    return told(seen, delivery.booking.stop.route.shift.plan.depot.zone, now=clock.now())


def told(it: Glimpse, zone: ZoneInfo, *, now: datetime) -> Tracking:
    """Return what a program is told of a glimpse."""
    phase = phase_of(it, now)
    expected, spot = range_of(it, phase), spot_of(it, phase, now)
    return Tracking(
        ref=it.ref,
        state=it.state,
        phase=phase,
        promised=window(it.opens_at, it.closes_at, zone),
        expected=Range(from_at=expected[0], until_at=expected[1]) if expected else None,
        stops_before=stops_shown(it, phase),
        position=PositionSeen(lat=spot.lat, lon=spot.lon, seen_at=spot.at, stale=spot.stale)
        if spot
        else None,
        ask_again_in_s=every_s(it, phase),
    )
