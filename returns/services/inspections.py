"""The returns desk: parcels arrive, are opened and looked at; every state can be put right, with a reason."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from returns.errors import BadInspection, MoneyMoved, MoreThanBought, NotExpected, NotYet, ReasonNeeded
from returns.models import Return, ReturnItem, ReturnPhoto
from returns.reasons import DISPOSITIONS, EXCEPTIONS, GRADES
from returns.services.pickups import cancel_pickup
from returns.services.refunds import settle, take_back
from returns.services.requests import left_of, lock_order, lock_return, told
from returns.states import PUT_RIGHT, TRAVELLING
from scheduling.errors import DomainError
from scheduling.models import Merchant
from scheduling.services.changes import one_change
from scheduling.services.files import remove_later
from scheduling.states import check_move

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
    found = lock_return(return_id)
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
    told(found, "received", now=now, actor=actor)
    return found


@one_change
def inspect(item_id: int, finding: Finding, *, actor: str, now: datetime) -> ReturnItem:
    """Note what was found of one item of a parcel that arrived; noting it again replaces it.

    Raises NotYet while its parcel has not arrived, MoneyMoved once it was decided what is owed,
    BadInspection.
    """
    found = _lock_of(item_id)
    item = ReturnItem.objects.select_related("item").get(pk=item_id)
    if found.parcel != Return.Parcel.RECEIVED:
        raise NotYet
    if found.inspection == Return.Inspection.DONE or (found.money != "open" and finding.deduction_minor):
        raise MoneyMoved
    _require_sense(item, finding)
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


def open_again(return_id: int, *, reason: str, actor: str, now: datetime) -> Return:
    """Take an inspection's end back, and what was decided of the money. Raises ReasonNeeded, MoneyMoved."""
    _require_reason(reason)
    take_back(return_id, actor=actor, now=now)
    return _waiting_again(return_id, reason=reason, actor=actor, now=now)


@one_change
def _waiting_again(return_id: int, *, reason: str, actor: str, now: datetime) -> Return:
    found = lock_return(return_id)
    if found.inspection == Return.Inspection.DONE:
        found.move(inspection=Return.Inspection.WAITING)
        found.inspected_at = None
        found.save()
        told(found, "put_right", now=now, actor=actor, what="inspection", reason=reason.strip()[:200])
    return found


@one_change
def put_right(return_id: int, parcel: str, *, reason: str, actor: str, now: datetime) -> Return:
    """Say by hand where a return's parcel is, as returns.states.PUT_RIGHT allows.

    Raises ReasonNeeded, IllegalMove, MoneyMoved while an inspection or money hangs on it (see `open_again`),
    MoreThanBought where what would come back once more is on its way in another return.
    """
    _require_reason(reason)
    order = lock_order(Return.objects.values_list("order_id", flat=True).get(pk=return_id))
    found = lock_return(return_id)
    before = found.parcel
    check_move(PUT_RIGHT, before, parcel)
    if found.money != Return.Money.OPEN or found.inspection == Return.Inspection.DONE:
        raise MoneyMoved
    if before not in TRAVELLING:
        wanted = {item.item_id: item.quantity for item in found.items.all()}
        if any(left_of(line) < wanted.get(line.pk, 0) for line in order.items.all()):
            raise MoreThanBought
    found.parcel, found.version = parcel, found.version + 1
    if found.inspection == Return.Inspection.UNNEEDED:
        found.inspection = Return.Inspection.WAITING
    found.received_at = now if parcel == Return.Parcel.RECEIVED else None
    found.collected_at = None if parcel == Return.Parcel.APPROVED else found.collected_at
    found.closed_at = now if parcel in ("rejected", "cancelled") else None
    found.save()
    said = {"from": before, "to": parcel, "reason": reason.strip()[:200]}
    told(found, "put_right", now=now, actor=actor, what="parcel", **said)
    # What its customer waits for to hear is told as if it had come the usual way.
    if parcel in ("approved", "rejected", "cancelled", "received") and (before, parcel) != (
        "received",
        "approved",
    ):
        told(found, parcel, now=now, actor=actor, reason=reason.strip()[:200])
    return found


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
    return lock_return(ReturnItem.objects.values_list("of_id", flat=True).get(pk=item_id))


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ReasonNeeded
