"""A customer says how to get in. Codes are written here and never read: see services/codes.py."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from scheduling import events
from scheduling.errors import BadFacts, ChangedMeanwhile, NotChangeable
from scheduling.models import AccessNotes, Booking, Delivery
from scheduling.sealing import place_of, seal
from scheduling.selectors.doors import kept_for
from scheduling.selectors.notes import KEPT, notes_open
from scheduling.services.changes import one_change
from scheduling.ways_in import CODES, MOST_CODE, WayIn

KIND = "delivery.notes_changed"


@one_change
def save_notes(
    *, delivery: Delivery, way_in: WayIn, kept: bool, seen: int, actor: str, now: datetime
) -> bool:
    """Keep what a customer says of getting in; `seen` is the revision that they were shown.

    Returns whether that changed anything: what is there already does not. `kept`: a later delivery of this
    household begins with a copy; without it none of the household's notes are kept for later. Raises
    NotChangeable, or ChangedMeanwhile if something else was saved since.
    """
    notes = _lock_notes(delivery, now=now)
    if (WayIn.of(notes), notes.kept) == (way_in, kept):
        return False
    if notes.revision != seen:
        raise ChangedMeanwhile
    for name, value in way_in.as_dict().items():
        setattr(notes, name, value)
    notes.kept, notes.revision = kept, notes.revision + 1
    if not kept:
        _forget_kept(notes.delivery)
    _save(notes, actor=actor, now=now)
    return True


@one_change
def set_codes(*, delivery: Delivery, codes: Mapping[str, str], actor: str, now: datetime) -> AccessNotes:
    """Keep codes, each in place of what was there, sealed for this row. Raises NotChangeable or BadFacts."""
    if not codes or not all(code in CODES and 0 < len(text) <= MOST_CODE for code, text in codes.items()):
        raise BadFacts(_("Please type the code again."))
    notes = _lock_notes(delivery, now=now)
    for code, text in codes.items():
        put_code(notes, code, text, now=now)
    _save(notes, actor=actor, now=now)
    return notes


@one_change
def remove_code(*, delivery: Delivery, code: str, actor: str, now: datetime) -> AccessNotes:
    """Forget a code. One that is not there stays so, without an event. Raises NotChangeable."""
    notes = _lock_notes(delivery, now=now)
    if code in notes.codes:
        setattr(notes, code, "")
        setattr(notes, f"{code}_at", None)
        _save(notes, actor=actor, now=now)
    return notes


def put_code(notes: AccessNotes, code: str, text: str, *, now: datetime) -> None:
    """Seal a code into its row and column. Does not save."""
    setattr(notes, code, seal(text, place=code_place(notes, code)))
    setattr(notes, f"{code}_at", now)


def code_place(notes: AccessNotes, code: str) -> str:
    """Return what a row's code is bound to."""
    return place_of(AccessNotes._meta.db_table, notes.pk.hex, code)


def _lock_notes(delivery: Delivery, *, now: datetime) -> AccessNotes:
    """Lock a delivery and return its notes as they then are, new ones unsaved; raise NotChangeable."""
    Delivery.objects.lock([delivery.pk])
    found = Booking.objects.select_related("delivery__address", "stop__route__shift__plan")
    booking = found.filter(delivery_id=delivery.pk).first()
    if booking is None or not notes_open(booking, now=now):
        raise NotChangeable
    kept = AccessNotes.objects.select_for_update().filter(delivery_id=delivery.pk).first()
    notes = kept or AccessNotes(delivery=booking.delivery)
    notes.delivery = booking.delivery
    return notes


def _save(notes: AccessNotes, *, actor: str, now: datetime) -> None:
    notes.changed_at = now
    notes.save()
    # Without content: whoever may know it reads the row.
    events.record(KIND, delivery=notes.delivery, actor=actor, now=now)


def _forget_kept(delivery: Delivery) -> None:
    AccessNotes.objects.filter(delivery__in=kept_for(delivery, flag=KEPT)).update(kept=False)
