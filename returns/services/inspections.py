"""The returns desk: parcels arrive, are opened and looked at."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from returns.errors import (
    BadInspection,
    CountedElsewhere,
    MoneyMoved,
    NotExpected,
    NotYet,
)
from returns.models import Return, ReturnItem, ReturnPhoto
from returns.reasons import DISPOSITIONS, EXCEPTIONS, GRADES
from returns.selectors.worth import left_of
from returns.services.pickups import cancel_pickup
from returns.services.refunds import settle
from returns.services.requests import leave_to_others, lock_return, lock_with_order, told
from scheduling.errors import DomainError
from scheduling.models import Merchant
from scheduling.services.changes import one_change
from scheduling.services.files import remove_later

UNDO_FOR: Final = timedelta(seconds=30)
"""So long nobody is asked to pay: whoever pressed too early takes it back."""
EXPECTED: Final = ("approved", "booked", "collected", "handed_in")
SOLD: Final = frozenset({"stock", "resale"})
"""With these it is on sale again as soon as it is put away."""
MOST_PHOTOS: Final = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one item: how many arrived, how many of them count, and what becomes of them."""

    received: int
    accepted: int
    grade: str = ""
    disposition: str = ""
    deduction_minor: int = 0
    deduction_reason: str = ""
    exchange_minor: int | None = None
    exception: str = ""


def find_return(merchant: Merchant, code: str) -> Return:
    """Return the return that a code on a parcel means: its own, its pickup's, a parcel's, or its order's.

    Where several are meant, the one that is expected. Raises NotExpected.
    """
    code = code.strip()
    if not code:
        raise NotExpected
    own = Return.objects.filter(merchant=merchant).exclude(parcel__in=("draft", "dropped"))
    meant = (
        Q(ref=code.upper())
        | Q(pickup__ref=code.upper())
        | Q(pickup__parcels__barcode=code)
        | Q(delivery__parcels__barcode=code)
        | Q(order__number__iexact=code)
    )
    found = list(own.filter(meant).distinct().order_by("-created_at")[:20])
    found.sort(key=lambda each: (each.ref != code.upper(), each.parcel not in EXPECTED))
    if not found:
        raise NotExpected
    return found[0]


def receive(*, merchant: Merchant, code: str, actor: str, now: datetime) -> Return:
    """Note that a parcel arrived, by what is scanned on it; twice is once. Raises NotExpected.

    A pickup that was booked for it is called off, unless its driver is there already.
    """
    found = find_return(merchant, code)
    if found.parcel == Return.Parcel.BOOKED:
        with suppress(DomainError):  # too late to call it off: the driver hears at the door
            cancel_pickup(found.pk, actor=actor, now=now)
    return _arrived(found.pk, actor=actor, now=now)


@one_change
def _arrived(return_id: int, *, actor: str, now: datetime) -> Return:
    found = lock_with_order(return_id)
    if found.parcel == Return.Parcel.RECEIVED:
        return found
    if found.parcel not in EXPECTED:
        raise NotExpected(
            _("That return was “%(state)s”. Put that right first, if it is to come back.")
            % {"state": found.get_parcel_display()}
        )
    found.move(parcel=Return.Parcel.RECEIVED)
    found.received_at = now
    found.save()
    leave_to_others(found)  # what the desk had counted before it was put right, counts again
    told(found, "received", now=now, actor=actor)
    return found


@one_change
def inspect(item_id: int, finding: Finding, *, actor: str, now: datetime) -> ReturnItem:
    """Note what was found of one item of a parcel that arrived; noting it again replaces it.

    Raises NotYet while its parcel has not arrived, MoneyMoved once it was decided what is owed,
    BadInspection, CountedElsewhere where more arrived than another return leaves: there the rest is counted.
    """
    found = _lock_of(item_id)
    item = ReturnItem.objects.select_related("item").get(pk=item_id)
    if found.parcel != Return.Parcel.RECEIVED:
        raise NotYet
    if found.inspection == Return.Inspection.DONE or (found.money != "open" and finding.deduction_minor):
        raise MoneyMoved
    _require_sense(item, finding)
    item.of = found
    _make_room(item, min(finding.received, item.quantity))
    item.received, item.accepted = finding.received, finding.accepted
    item.rejected = finding.received - finding.accepted
    item.exception, item.grade, item.disposition = finding.exception, finding.grade, finding.disposition
    item.deduction_minor = finding.deduction_minor
    item.deduction_reason = finding.deduction_reason.strip()[:200]
    item.exchange_minor = finding.exchange_minor
    item.inspected_at = now
    item.on_sale_at = now if finding.accepted and finding.disposition in SOLD else None
    item.save()
    found.version += 1
    found.save(update_fields=["version"])
    return item


def _make_room(item: ReturnItem, count: int) -> None:
    """Have so many of an item count, under its order's lock; what was left to another return and came counts.

    Does not save. Raises CountedElsewhere.
    """
    if count > item.counts + max(0, left_of(item.item)):
        others = ReturnItem.objects.filter(item=item.item_id).travelling().exclude(of=item.of_id)
        refs = ", ".join(others.values_list("of__ref", flat=True))
        raise CountedElsewhere(
            _("%(item)s: the rest is in return %(others)s. Count it there, or put that return right first.")
            % {"item": item.item.name, "others": refs}
        )
    item.elsewhere = min(item.elsewhere, item.quantity - count)


def _require_sense(item: ReturnItem, finding: Finding) -> None:
    if not 0 <= finding.accepted <= min(finding.received, item.quantity):
        raise BadInspection(_("No more can be accepted than arrived, and than was announced."))
    if finding.accepted and finding.grade not in GRADES:
        raise BadInspection(_("Say in which state it is."))
    if finding.accepted and finding.disposition not in DISPOSITIONS:
        raise BadInspection(_("Say what becomes of it."))
    if finding.exception and (finding.exception not in EXCEPTIONS or finding.accepted):
        raise BadInspection(_("What was not in the box can’t be accepted."))
    if finding.deduction_minor > item.value_minor:
        raise BadInspection(_("No more can be taken off than was paid."))
    if finding.deduction_minor and not finding.deduction_reason.strip():
        raise BadInspection(_("Say why something is taken off: its customer reads it."))


@one_change
def look_again(item_id: int, *, actor: str, now: datetime) -> ReturnItem:
    """Take back what was noted of one item. Raises MoneyMoved once it was decided what is owed."""
    found = _lock_of(item_id)
    if found.inspection == Return.Inspection.DONE:
        raise MoneyMoved
    item = ReturnItem.objects.get(pk=item_id)
    item.received = item.accepted = item.rejected = item.exchange_minor = None
    item.exception = item.grade = item.disposition = item.deduction_reason = ""
    item.deduction_minor, item.inspected_at, item.on_sale_at = 0, None, None
    item.save()
    leave_to_others(found)
    found.version += 1
    found.save(update_fields=["version"])
    return item


def finish(return_id: int, *, actor: str, now: datetime) -> Return:
    """End an inspection of which every item was looked at, and settle what is owed; twice is once.

    Raises NotYet while something was not looked at.
    """
    _looked_at(return_id, actor=actor, now=now)
    return settle(return_id, actor=actor, now=now, wait=UNDO_FOR)


@one_change
def _looked_at(return_id: int, *, actor: str, now: datetime) -> None:
    found = lock_return(return_id)
    if found.inspection != Return.Inspection.WAITING:
        return
    if found.parcel != Return.Parcel.RECEIVED or found.items.filter(inspected_at=None).exists():
        raise NotYet
    found.move(inspection=Return.Inspection.DONE)
    found.inspected_at = now
    found.save()
    counts = {"accepted": 0, "rejected": 0}
    for item in found.items.all():
        counts["accepted"] += item.accepted or 0
        counts["rejected"] += item.rejected or 0
    told(found, "inspected", now=now, actor=actor, **counts)


@one_change
def back_on_sale(item_id: int, *, actor: str, now: datetime) -> ReturnItem:
    """Note that what was repaired or cleaned is on sale again; twice is once. Raises NotYet."""
    found = _lock_of(item_id)
    item = ReturnItem.objects.get(pk=item_id)
    if item.inspected_at is None or not item.accepted or found.parcel != Return.Parcel.RECEIVED:
        raise NotYet
    if item.on_sale_at is None:
        item.on_sale_at = now
        item.save(update_fields=["on_sale_at"])
    return item


@one_change
def add_desk_photo(item_id: int, path: str, *, now: datetime) -> ReturnPhoto:
    """Keep a photo that was taken at the desk; the oldest of too many goes."""
    _lock_of(item_id)
    mine = ReturnPhoto.objects.filter(of=item_id, taken=ReturnPhoto.Taken.DESK).order_by("-pk")
    for old in mine[MOST_PHOTOS - 1 :]:
        remove_later([old.file], now=now)
        old.delete()
    return ReturnPhoto.objects.create(of_id=item_id, taken=ReturnPhoto.Taken.DESK, file=path, added_at=now)


def _lock_of(item_id: int) -> Return:
    return lock_with_order(ReturnItem.objects.values_list("of_id", flat=True).get(pk=item_id))
