"""Access codes after they were given: read by who is about to need them, moved on, sealed anew, removed."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from scheduling import events, windows
from scheduling.errors import CodeGone, CodeRefused, CodeUnreadable
from scheduling.models import AccessNotes, AccessRead, Delivery, Event, Route, Stop
from scheduling.sealing import key_of, newest_key, unseal
from scheduling.selectors.notes import codes_due, next_stop_of, notes_kept_for
from scheduling.services.changes import one_change
from scheduling.services.notes import code_place, put_code
from scheduling.ways_in import CODES, WayIn

log = logging.getLogger(__name__)

AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks for a code: somebody who dispatches at a depot, or who drives a shift; never both."""

    actor: str
    depot_id: int | None = None
    shift_id: int | None = None

    def may_read(self, route: Route) -> bool:
        """Whether they drive or dispatch this route."""
        if self.shift_id is not None:
            return route.shift_id == self.shift_id
        return self.depot_id is not None and route.shift.plan.depot_id == self.depot_id

    @property
    def by(self) -> AccessRead.By:
        """Return as what they are named to the customer."""
        return AccessRead.By.DEPOT if self.shift_id is None else AccessRead.By.DRIVER


@one_change
def read_access_code(*, stop_id: int, code: str, reader: Reader, now: datetime) -> str:
    """Return one code of a route's next stop, and note in the same transaction who looked.

    Raises CodeRefused unless the stop is the next of a route that is on the road today and `reader` drives or
    dispatches it, CodeGone where no code is kept, CodeUnreadable where it can't be opened.
    """
    stop = Stop.objects.select_related("route__shift__plan__depot", "delivery").filter(pk=stop_id).first()
    delivery = stop.delivery if stop else None
    if stop is None or delivery is None or code not in CODES or not _may_read(stop, reader, now=now):
        log.warning("A code of stop %s was refused to %s", stop_id, reader.actor)
        raise CodeRefused
    # The lock keeps a purge of this row waiting: it was read and noted, or it is gone.
    notes = AccessNotes.objects.select_for_update().filter(delivery=delivery).first()
    if notes is None or code not in notes.codes:
        raise CodeGone
    text = unseal(getattr(notes, code), place=code_place(notes, code))
    _note_read(delivery, stop.route, code, reader, now=now)
    return text


def _may_read(stop: Stop, reader: Reader, *, now: datetime) -> bool:
    route = stop.route
    plan = route.shift.plan
    today = plan.service_date == windows.local_date(now, plan.depot.zone)
    if stop.pickup_point_id is not None:  # nobody goes to the gate at home
        return False
    if not (reader.may_read(route) and today and route.state == Route.State.STARTED):
        return False
    return next_stop_of(route) == stop


def _note_read(delivery: Delivery, route: Route, code: str, reader: Reader, *, now: datetime) -> None:
    AccessRead.objects.create(
        delivery=delivery, route=route, code=code, by=reader.by, actor=reader.actor, read_at=now
    )
    data = {"which": code, "by": reader.by.value}
    events.record("delivery.code_read", delivery=delivery, actor=reader.actor, now=now, data=data)


def purge_codes(*, now: datetime) -> int:
    """Remove the codes of deliveries that are over for as long as codes are kept; return of how many."""
    due = AccessNotes.objects.with_codes().filter(codes_due(now=now))
    emptied = {name: value for code in CODES for name, value in ((code, ""), (f"{code}_at", None))}
    return AccessNotes.objects.filter(pk__in=due.values("pk")).update(**emptied)


def carry_over(event: Event, now: datetime) -> None:
    """Begin a delivery just booked with a copy of what its household wished to be kept; once.

    Codes that are still there are sealed anew for the new row; one that can't be opened is left behind.
    """
    delivery = event.delivery
    if delivery is None or AccessNotes.objects.filter(delivery=delivery).exists():
        return
    kept = notes_kept_for(delivery)
    if kept is None:
        return
    notes = AccessNotes(delivery=delivery, kept=True, changed_at=now, **WayIn.of(kept).as_dict())
    for code in kept.codes:
        _carry_code(kept, notes, code, now=now)
    notes.save()


def _carry_code(kept: AccessNotes, notes: AccessNotes, code: str, *, now: datetime) -> None:
    try:
        put_code(notes, code, unseal(getattr(kept, code), place=code_place(kept, code)), now=now)
    except CodeUnreadable:  # the log has it; the customer sees that none is kept
        return


def connect() -> None:
    """Have new bookings begin with what was kept. Called once, when the apps are ready."""
    events.subscribe("booking.confirmed", "scheduling.notes", carry_over)


@dataclass(slots=True)
class Rotated:
    """How many codes were sealed anew, and how many can't be opened with any key we have."""

    sealed: int = 0
    lost: int = 0


def rotate_codes() -> Rotated:
    """Seal every code with the newest key that is not yet. Bears repetition and interruption."""
    rotated = Rotated()
    for pks in _in_batches():
        with transaction.atomic():
            for notes in AccessNotes.objects.select_for_update().filter(pk__in=pks).order_by("pk"):
                _rotate(notes, rotated)
    return rotated


def _in_batches() -> Iterator[list[UUID]]:
    pks = list(AccessNotes.objects.with_codes().order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(pks), AT_ONCE):
        yield pks[first : first + AT_ONCE]


def _rotate(notes: AccessNotes, rotated: Rotated) -> None:
    for code in notes.codes:
        sealed = getattr(notes, code)
        if key_of(sealed) == newest_key():
            continue
        try:
            text = unseal(sealed, place=code_place(notes, code))
        except CodeUnreadable:
            rotated.lost += 1
            continue
        put_code(notes, code, text, now=getattr(notes, f"{code}_at"))
        notes.save(update_fields=[code])
        rotated.sealed += 1
