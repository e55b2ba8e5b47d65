"""What a customer said of their door, written to their delivery. Callers hold the plan's lock."""

from datetime import datetime
from typing import Final

from scheduling import events
from scheduling.facts import DoorWish, SafePlace, VisitFacts
from scheduling.leaving import require_leavable, why_not_left
from scheduling.models import Delivery
from scheduling.selectors.doors import kept_for
from scheduling.services.files import give_up_photo

KEPT: Final = "safe_place_kept"
PLACE_FIELDS: Final = (
    "safe_place",
    "safe_place_note",
    "neighbour_name",
    "neighbour_unit",
    "safe_place_photo",
    KEPT,
    "safe_place_recalled",
)


def write_place(
    delivery: Delivery, place: SafePlace, *, kept: bool, photo: str, recalled: bool = False
) -> None:
    """Set where a delivery may be left. Does not save."""
    delivery.safe_place, delivery.safe_place_note = place.place, place.note
    delivery.neighbour_name, delivery.neighbour_unit = place.neighbour, place.neighbour_unit
    delivery.safe_place_kept, delivery.safe_place_recalled = kept, recalled
    delivery.safe_place_photo = photo


def settle_safe_place(delivery: Delivery, *, depot_id: int) -> None:
    """Settle where a delivery may be left once its order and contact are known. Does not save.

    What was named at its quote stands, unless its order now says that its goods are never left anywhere:
    then NeedsSomebody is raised. Where nothing was named, the place kept from last time is taken, if it may
    be. At most three queries.
    """
    if delivery.safe_place:
        if delivery.merchant.high_value_minor is not None:
            require_leavable(delivery, depot_id=depot_id)
    elif delivery.direction == Delivery.Direction.OUT:
        before = next(iter(kept_for(delivery, flag=KEPT)), None)
        if before is not None and not why_not_left(delivery, depot_id=depot_id):
            photo = before.safe_place_photo
            write_place(delivery, before.left_at, kept=True, photo=photo, recalled=True)


def note_place(
    delivery: Delivery,
    place: SafePlace,
    *,
    kept: bool,
    actor: str,
    now: datetime,
    service_s: int,
    photo: str = "",
) -> None:
    """Save where a delivery may be left, and the seconds at its door, with the event.

    A photo that it showed before is given up with it.
    """
    before = delivery.safe_place_photo
    write_place(delivery, place, kept=kept, photo=photo)
    delivery.service_s = service_s
    delivery.save(update_fields=[*PLACE_FIELDS, "service_s"])
    give_up_photo(before, now=now)
    events.record(
        "delivery.safe_place_changed",
        delivery=delivery,
        actor=actor,
        now=now,
        data={"may_be_left": bool(place.place)},
    )


def note_time(delivery: Delivery, *, extra_s: int, service_s: int, actor: str, now: datetime) -> None:
    """Save how much longer it takes at a door, with the event."""
    before_s = delivery.extra_s
    delivery.extra_s, delivery.service_s = extra_s, service_s
    delivery.save(update_fields=["extra_s", "service_s"])
    data = {"extra_s": extra_s, "before_extra_s": before_s}
    events.record("delivery.longer_at_door", delivery=delivery, actor=actor, now=now, data=data)


def grant(wish: DoorWish, facts: VisitFacts, delivery: Delivery, *, actor: str, now: datetime) -> None:
    """Save what a customer wanted at another time, an event for each; nothing where it was so before."""
    if wish.at_home and delivery.safe_place:
        note_place(delivery, SafePlace(), kept=False, actor=actor, now=now, service_s=facts.service_s)
    if facts.extra_s != delivery.extra_s:
        note_time(delivery, extra_s=facts.extra_s, service_s=facts.service_s, actor=actor, now=now)
