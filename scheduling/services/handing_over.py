"""At the door: the driver comes, hands over or can't. What they say happened counts more than the plan."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from scheduling import events
from scheduling.errors import BadAttempt, NotOnTheRoad, PlanBusy, StopDone, StopGone
from scheduling.models import Attempt, DayException, DayPlan, Delivery, HandedParcel, Proof, Route, Stop
from scheduling.models.network import distance_m
from scheduling.models.plans import StopQuerySet
from scheduling.models.road import MOST_PERSON, MOST_SAID
from scheduling.proving import digest_of, seal
from scheduling.selectors.attempts import record_of
from scheduling.services.changes import one_change
from scheduling.services.giving_back import give_back
from scheduling.services.reports import (
    Handover,
    KeptPhoto,
    counts_said,
    outcome_said,
    parcels_said,
    require_steps,
)
from scheduling.statements import NUMBER, Instances, Statement

__all__ = ["Handover", "KeptPhoto", "arrive", "settle_stop", "undo_attempt"]

_PLAN_OF: Final = Statement(
    lambda stop: Stop.objects.filter(pk=stop).values_list("route__shift__plan_id"), NUMBER
)
_STOP: Final = Instances(lambda stop: _stops().filter(pk=stop), NUMBER)


@one_change
def arrive(*, stop_id: int, at: datetime, actor: str, now: datetime) -> Stop:
    """Note that the driver is at a stop's door. Repeating it changes nothing.

    Raises NotOnTheRoad, or StopGone if it was cancelled or moved to another day.
    """
    stop = _lock_stop(stop_id, actor, now=now)
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
    """Note what came of a stop, once: its attempt sealed with its proofs, parcels, its delivery's state.

    Said again, the first answer stands; StopDone if it said something else. What was noted by itself,
    because the tour had ended, gives way to its driver. Raises NotOnTheRoad, StopGone, StepMissing where its
    goods need a step that was not taken, BadAttempt for what does not fit it.
    """
    stop = _lock_stop(stop_id, actor, now=now)
    [delivery] = Delivery.objects.lock({stop.delivery_id or 0})
    parcels = parcels_said(handover, delivery)
    outcome, counts = outcome_said(handover, stop, delivery, parcels), counts_said(handover, delivery)
    done: Attempt | None = Attempt.objects.filter(stop=stop).first()
    if done is not None and not _gives_way(done, delivery, actor):
        before = (done.outcome, done.reason, sorted(done.parcels), done.counts)
        if before != (outcome, handover.reason, parcels, counts):
            raise StopDone
        return done
    require_steps(handover, outcome, stop, delivery)
    if done is not None:
        _take_back(done, delivery, because=_("Its driver said what came of it."), actor=actor, now=now)
        stop.refresh_from_db()
    attempt = _note(handover, outcome, parcels, stop, delivery, actor=actor, now=now)
    _conclude(delivery, attempt, actor=actor, now=now)
    _tell_dispatcher(attempt, stop, delivery, now=now)
    return attempt


@one_change
def undo_attempt(*, stop_id: int, because: str, actor: str, now: datetime) -> Attempt | None:
    """Take back what was noted of a stop: it is to be served again. Who and why stays with the attempt.

    For who dispatches, while its route is out. Taken back already: None. Raises NotOnTheRoad once the route
    is back, BadAttempt without a reason.
    """
    if not because.strip() or len(because) > MOST_SAID or not actor.startswith("user:"):
        raise BadAttempt(_("Say in a few words why it is taken back."))
    stop = _lock_stop(stop_id, actor, now=now)
    done: Attempt | None = Attempt.objects.filter(stop=stop).first()
    if done is None:
        return None
    if stop.route.state != Route.State.STARTED:
        raise NotOnTheRoad
    [delivery] = Delivery.objects.lock({stop.delivery_id or 0})
    _take_back(done, delivery, because=because.strip(), actor=actor, now=now)
    return done


def _gives_way(done: Attempt, delivery: Delivery, actor: str) -> bool:
    """Whether what was noted by itself, since the tour had ended, gives way to who was there."""
    by_itself = done.reason == Attempt.Reason.NOT_REACHED and not done.actor.startswith("shift:")
    waits = delivery.state in (Delivery.State.FAILED, Delivery.State.AT_DEPOT)
    return by_itself and actor.startswith("shift:") and waits


# What is noted


def _note(
    handover: Handover,
    outcome: str,
    parcels: list[str],
    stop: Stop,
    delivery: Delivery,
    *,
    actor: str,
    now: datetime,
) -> Attempt:
    """Write the attempt, sealed, with its proofs and parcels; its stop is done."""
    happened_at = _clamped(handover.happened_at, stop, now=now)
    before = Attempt.objects.filter(delivery=delivery).order_by("number").last()
    attempt = Attempt(
        stop=stop,
        delivery=delivery,
        number=before.number + 1 if before else 1,
        outcome=outcome,
        reason=handover.reason,
        to_whom=_to_whom(handover, delivery),
        note=handover.note.strip(),
        parcels=parcels,
        counts=counts_said(handover, delivery),
        age_checked=handover.age_checked,
        arrived_at=stop.arrived_at or happened_at,
        happened_at=happened_at,
        told_at=now,
        actor=actor,
        **_where(handover, stop, delivery),
    )
    proofs = list(_proofs(attempt, handover, now=now))
    record = record_of(attempt, ref=delivery.ref, proofs=proofs, before=before.seal if before else "")
    attempt.seal = seal(record)
    attempt.save(force_insert=True)
    Proof.objects.bulk_create(proofs)
    handed = delivery.parcels.filter(barcode__in=parcels)
    HandedParcel.objects.bulk_create(HandedParcel(attempt=attempt, parcel=parcel) for parcel in handed)
    stop.arrived_at, stop.done_at = attempt.arrived_at, happened_at
    stop.save(update_fields=["arrived_at", "done_at"])
    return attempt


def _to_whom(handover: Handover, delivery: Delivery) -> str:
    """Return who took it; the neighbour is the one that its customer named, if nobody says another."""
    said = handover.to_whom.strip()
    if said or handover.outcome != Attempt.Outcome.NEIGHBOUR:
        return said
    return f"{delivery.neighbour_name}, {delivery.neighbour_unit}"[:MOST_PERSON]


def _where(handover: Handover, stop: Stop, delivery: Delivery) -> dict[str, Any]:
    """Return where the driver's phone was, and how far that is from where it was to go."""
    if handover.lat is None or handover.lon is None:
        return {}
    lat, lon, at = float(handover.lat), float(handover.lon), stop.pickup_point or delivery.address
    accuracy_m = None if handover.accuracy_m is None else float(handover.accuracy_m)
    away_m = round(distance_m(lat, lon, at.lat, at.lon))
    return {"lat": lat, "lon": lon, "accuracy_m": accuracy_m, "distance_m": away_m}


def _proofs(attempt: Attempt, handover: Handover, *, now: datetime) -> list[Proof]:
    """Return the rows of its photos, in order, and of its signature."""
    made = [Proof(kind=Proof.Kind.PHOTO, path=one.path, digest=one.digest) for one in handover.photos]
    if drawn := handover.signature:
        digest = digest_of(drawn.encode())
        made.append(Proof(kind=Proof.Kind.SIGNATURE, strokes=drawn, digest=digest))
    for number, proof in enumerate(made, start=1):
        proof.attempt, proof.number, proof.kept_at = attempt, number, now
    return made


def _conclude(delivery: Delivery, attempt: Attempt, *, actor: str, now: datetime) -> None:
    kind = "delivery.missed"
    if attempt.served:
        inward = delivery.direction == Delivery.Direction.IN
        kind = "delivery.collected" if inward else "delivery.delivered"
    if delivery.state == Delivery.State.CONFIRMED:  # a pickup, or goods that were loaded late
        delivery.move_to(Delivery.State.ON_BOARD)
    delivery.move_to(Delivery.State.DELIVERED if attempt.served else Delivery.State.FAILED)
    delivery.save(update_fields=["state"])
    events.record(kind, delivery=delivery, actor=actor, now=now, data=_said_of(attempt, delivery))


def _said_of(attempt: Attempt, delivery: Delivery) -> dict[str, Any]:
    """Return what events say of it: nothing of anybody."""
    counted = {} if attempt.counts is None else {"counts": attempt.counts}
    return counted | {
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "at": attempt.happened_at.isoformat(),
        "parcels": len(attempt.parcels),
        "of": delivery.parcel_count,
    }


def _tell_dispatcher(attempt: Attempt, stop: Stop, delivery: Delivery, *, now: datetime) -> None:
    """Raise an exception where goods come back: all of them, or those that were not handed over."""
    outward = delivery.direction == Delivery.Direction.OUT
    whole = len(attempt.parcels) == delivery.parcel_count
    if attempt.served and (whole or not outward):
        return
    kind = DayException.Kind.CAME_BACK if attempt.served else DayException.Kind.MISSED
    DayException.objects.get_or_create(
        kind=kind,
        stop=stop,
        settled_at=None,
        defaults={
            "plan_id": stop.route.shift.plan_id,
            "route_id": stop.route_id,
            "breaks_at": stop.closes_at,
            "raised_at": now,
        },
    )


def _take_back(done: Attempt, delivery: Delivery, *, because: str, actor: str, now: datetime) -> None:
    """Take an attempt from its stop: goods are on board again, what was raised because of it is settled."""
    stop = done.stop
    if stop is None:
        return
    delivery.move_to(Delivery.State.ON_BOARD)
    delivery.save(update_fields=["state"])
    done.handed.all().delete()
    done.stop, done.undone_at, done.undone_by, done.undone_because = None, now, actor, because
    done.save(update_fields=["stop", "undone_at", "undone_by", "undone_because"])
    stop.done_at = None
    if done.arrived_at == done.happened_at:  # nobody said when the driver came
        stop.arrived_at = None
    stop.save(update_fields=["arrived_at", "done_at"])
    raised = DayException.objects.filter(stop=stop, settled_at=None)
    raised.filter(kind__in=(DayException.Kind.CAME_BACK, DayException.Kind.MISSED)).update(
        settled_at=now, settled_by=actor
    )
    events.record("delivery.undone", delivery=delivery, actor=actor, now=now, data={"outcome": done.outcome})


# Where and when


def _lock_stop(stop_id: int, actor: str, *, now: datetime) -> Stop:
    """Lock the day of a stop; return the stop as it then is, or the one that took its place that day.

    Given to a vehicle that has not left, it goes back to the one whose driver speaks. Raises NotOnTheRoad
    unless its route is out, or is back without it being done, and StopGone if it was cancelled or moved to
    another day.
    """
    plan_id = _PLAN_OF.value(stop_id)
    if plan_id is None:
        raise NotOnTheRoad
    DayPlan.objects.lock({plan_id})
    stop = _STOP.get(stop_id)
    if stop.state == Stop.State.REPLACED:
        moved = _stops().booked().filter(delivery=stop.delivery_id, route__shift__plan=plan_id)
        stop = moved.first() or stop
    if stop.route.shift.plan_id != plan_id:  # between the two looks
        raise PlanBusy
    if stop.state in (Stop.State.REPLACED, Stop.State.CANCELLED):
        raise StopGone
    if stop.state != Stop.State.BOOKED:
        raise NotOnTheRoad
    if not _is_out(stop.route):
        give_back(stop, actor=actor, now=now)
    return stop


def _stops() -> StopQuerySet:
    return Stop.objects.select_related("delivery", "pickup_point", "route__shift__plan")


def _is_out(route: Route) -> bool:
    """Whether a route has left: from then on its driver says what happens."""
    return route.state in (Route.State.STARTED, Route.State.FINISHED)


def _clamped(at: datetime, stop: Stop, *, now: datetime) -> datetime:
    """Return an instant as a driver's device said it: not before its route left, not after now."""
    earliest = stop.arrived_at or stop.route.started_at or at
    return min(max(at, earliest), max(now, earliest))
