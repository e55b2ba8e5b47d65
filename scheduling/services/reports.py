"""What a driver says of a stop, and what must hold of it before it is noted. Writes nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from scheduling.bought import MOST_QUANTITY
from scheduling.errors import BadAttempt, NeedsSomebody, StepMissing
from scheduling.facts import NEIGHBOUR
from scheduling.leaving import why_not_left
from scheduling.models import Attempt, Delivery, OrderItem, Stop
from scheduling.models.road import MOST_PERSON, MOST_SAID
from scheduling.outcomes import (
    AGE,
    COUNTS,
    PARCELS,
    PHOTO,
    REASON,
    SIGNATURE,
    Step,
    outcomes_for,
    reasons_for,
    steps_of,
)

MOST_PHOTOS: Final = 4
TOO_MANY: Final = _("That is more photos than we keep of one stop: up to four.")
NOBODY_SAID_SO: Final = _(
    "Its customer did not say that it may be left there. Hand it over, or take it back."
)


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A photo that is kept already: its path below MEDIA_ROOT, and the SHA-256 of its bytes in hex."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class Handover:
    """What came of a stop, as its driver says. `barcodes` are of the parcels handed over; None: all.

    `counts` says how many of each item are collected, by the items' `ref`; None: as announced.
    `to_whom` is empty where its customer took it. `lat`, `lon` and `accuracy_m` say where the driver's phone
    was, `signature` is as it was drawn (see `portal.signatures`).
    """

    outcome: str
    happened_at: datetime
    reason: str = ""
    to_whom: str = ""
    note: str = ""
    barcodes: Collection[str] | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    age_checked: bool = False
    photos: Sequence[KeptPhoto] = ()
    signature: str = ""
    counts: Mapping[str, int] | None = None


def require_number(photos: Collection[object]) -> None:
    """Raise BadAttempt where there are more photos than one report takes."""
    if len(photos) > MOST_PHOTOS:
        raise BadAttempt(TOO_MANY)


def parcels_said(handover: Handover, delivery: Delivery) -> list[str]:
    """Return the barcodes of what is handed over, sorted. Raises BadAttempt for those of other stops."""
    if handover.outcome not in Attempt.SERVED:
        return []
    known = set(delivery.parcels.values_list("barcode", flat=True))
    said = known if handover.barcodes is None else set(handover.barcodes)
    if said - known:
        raise BadAttempt(_("One of those parcels is not of this stop. Scan them again."))
    if not said or (handover.outcome == Attempt.Outcome.PARTLY and handover.barcodes is None):
        raise StepMissing(PARCELS.code, PARCELS.missing)
    return sorted(said)


def counts_said(handover: Handover, delivery: Delivery) -> dict[str, int] | None:
    """Return how many of each item are collected, by ref; None where nobody counted.

    More than was announced, and other items of the order, are counted as they are. Raises BadAttempt for what
    is not of its order, StepMissing where all counts are nothing: then nothing was collected.
    """
    if handover.counts is None:
        return None
    if handover.outcome != Attempt.Outcome.COLLECTED:
        raise BadAttempt
    counts = {ref: int(count) for ref, count in sorted(handover.counts.items()) if count}
    known = set(
        OrderItem.objects.filter(order=delivery.order_id, ref__in=counts).values_list("ref", flat=True)
    )
    if counts.keys() - known or any(not 0 < count <= MOST_QUANTITY for count in counts.values()):
        raise BadAttempt(_("Please look at the numbers again: count what you take of each."))
    if not counts:
        raise StepMissing(COUNTS.code, COUNTS.missing)
    return counts


def outcome_said(handover: Handover, stop: Stop, delivery: Delivery, parcels: list[str]) -> str:
    """Return how it ended: what is handed over is whole or a part by its parcels. Raises BadAttempt."""
    inward = delivery.direction == Delivery.Direction.IN
    if handover.outcome not in outcomes_for(inward=inward, at_point=stop.pickup_point_id is not None):
        raise BadAttempt
    reasons = reasons_for(handover.outcome)
    if handover.reason not in (list(reasons) or [""]):
        raise StepMissing(REASON.code, REASON.missing) if reasons and not handover.reason else BadAttempt
    if handover.outcome not in (Attempt.Outcome.HANDED_OVER, Attempt.Outcome.PARTLY):
        return handover.outcome
    whole = len(parcels) == delivery.parcels.count()
    return Attempt.Outcome.HANDED_OVER if whole else Attempt.Outcome.PARTLY


def require_steps(handover: Handover, outcome: str, stop: Stop, delivery: Delivery) -> None:
    """Raise StepMissing, NeedsSomebody or BadAttempt unless all is done that such an end needs."""
    too_long = len(handover.to_whom) > MOST_PERSON or len(handover.note) > MOST_SAID
    if too_long or not _is_somewhere(handover):
        raise BadAttempt
    require_number(handover.photos)
    _require_leavable(outcome, stop, delivery)
    for step in steps_of(outcome, requirements=delivery.requirements, reason=handover.reason):
        if not _is_done(step, handover):
            raise StepMissing(step.code, step.missing)


def _is_somewhere(handover: Handover) -> bool:
    """Whether it says where it was, on this globe, or nothing of it."""
    lat, lon, accuracy_m = handover.lat, handover.lon, handover.accuracy_m
    if lat is None or lon is None:
        return lat is None and lon is None
    return -90 <= lat <= 90 and -180 <= lon <= 180 and (accuracy_m is None or 0 <= accuracy_m < 1e7)


def _is_done(step: Step, handover: Handover) -> bool:
    done = {
        PHOTO.code: handover.photos,
        SIGNATURE.code: handover.signature,
        AGE.code: handover.age_checked,
        PARCELS.code: handover.barcodes,
        REASON.code: handover.reason,
    }
    return bool(done[step.code])


def _require_leavable(outcome: str, stop: Stop, delivery: Delivery) -> None:
    """Raise NeedsSomebody where nobody said that it may be left so, or such goods never are."""
    if outcome not in (Attempt.Outcome.SAFE_PLACE, Attempt.Outcome.NEIGHBOUR):
        return
    said = delivery.left_at
    wanted = said.needs_nobody if outcome == Attempt.Outcome.SAFE_PLACE else said.place == NEIGHBOUR
    if not wanted:
        raise NeedsSomebody(NOBODY_SAID_SO)
    if why := why_not_left(delivery, depot_id=stop.route.shift.plan.depot_id):
        raise NeedsSomebody(why)
