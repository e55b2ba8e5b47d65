"""At the door: the driver comes, hands over or can't. What they say happened counts more than the plan."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from scheduling import events
from scheduling.errors import NotOnTheRoad
from scheduling.models import Attempt, Delivery, HandedParcel, Route, Stop
from scheduling.services.changes import one_change
from scheduling.services.days import lock_route


@dataclass(frozen=True, slots=True)
class Handover:
    """What came of a stop, as its driver says. `barcodes` are of the parcels handed over; None: all."""

    outcome: str
    happened_at: datetime
    reason: str = ""
    to_whom: str = ""
    note: str = ""
    barcodes: Collection[str] | None = field(default=None)
    lat: float | None = None
    lon: float | None = None


@one_change
def arrive(*, stop_id: int, at: datetime, actor: str, now: datetime) -> Stop:
    """Note that the driver is at a stop's door. Repeating it changes nothing. Raises NotOnTheRoad."""
    stop = _lock_stop(stop_id)
    if stop.arrived_at is not None or stop.done_at is not None:
        return stop
    stop.arrived_at = _clamped(at, stop, now=now)
    stop.save(update_fields=["arrived_at"])
    if stop.delivery is not None:
        data = {"at": stop.arrived_at.isoformat()}
        events.record("delivery.arrived", delivery=stop.delivery, actor=actor, now=now, data=data)
    return stop


@one_change
def settle_stop(*, stop_id: int, handover: Handover, actor: str, now: datetime) -> Attempt:
    """Note what came of a stop, once: its attempt, its parcels, its delivery’s state, the event.

    Said again, the first answer stands. Raises NotOnTheRoad for a stop of a route that is not out.
    """
    stop = _lock_stop(stop_id)
    done: Attempt | None = Attempt.objects.filter(stop=stop).first()
    if done is not None:
        return done
    delivery = Delivery.objects.lock({stop.delivery_id or 0})[0]
    happened_at = _clamped(handover.happened_at, stop, now=now)
    attempt = Attempt.objects.create(
        stop=stop,
        delivery=delivery,
        outcome=handover.outcome,
        reason=handover.reason,
        to_whom=handover.to_whom,
        note=handover.note,
        lat=handover.lat,
        lon=handover.lon,
        arrived_at=stop.arrived_at or happened_at,
        happened_at=happened_at,
        told_at=now,
        actor=actor,
    )
    stop.arrived_at, stop.done_at = attempt.arrived_at, happened_at
    stop.save(update_fields=["arrived_at", "done_at"])
    if attempt.served:
        parcels = delivery.parcels.all()
        if handover.barcodes is not None:
            parcels = parcels.filter(barcode__in=handover.barcodes)
        HandedParcel.objects.bulk_create(HandedParcel(attempt=attempt, parcel=parcel) for parcel in parcels)
    _conclude(delivery, attempt, actor=actor, now=now)
    return attempt


def _conclude(delivery: Delivery, attempt: Attempt, *, actor: str, now: datetime) -> None:
    kind = "delivery.missed"
    if attempt.served:
        inward = delivery.direction == Delivery.Direction.IN
        kind = "delivery.collected" if inward else "delivery.delivered"
    if delivery.state == Delivery.State.CONFIRMED:  # a pickup, or goods that were loaded late
        delivery.move_to(Delivery.State.ON_BOARD)
    delivery.move_to(Delivery.State.DELIVERED if attempt.served else Delivery.State.FAILED)
    delivery.save(update_fields=["state"])
    data = {
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "at": attempt.happened_at.isoformat(),
    }
    events.record(kind, delivery=delivery, actor=actor, now=now, data=data)


def _lock_stop(stop_id: int) -> Stop:
    """Lock a stop's day plan; return the stop as it then is. Raises NotOnTheRoad unless its route is out."""
    route_id = Stop.objects.filter(pk=stop_id).values_list("route_id", flat=True).first()
    if route_id is None:
        raise NotOnTheRoad
    route, _plan = lock_route(route_id)
    stop = Stop.objects.select_related("delivery", "route__shift").get(pk=stop_id)
    if stop.route_id != route.pk or stop.state != Stop.State.BOOKED or route.state != Route.State.STARTED:
        raise NotOnTheRoad
    return stop


def _clamped(at: datetime, stop: Stop, *, now: datetime) -> datetime:
    """Return an instant as a driver's device said it: not before its route left, not after now."""
    earliest = stop.arrived_at or stop.route.started_at or at
    return min(max(at, earliest), max(now, earliest))
