"""Every state of a return can be put right by somebody of its shop, with a reason."""

from datetime import datetime

from returns.errors import MoneyMoved, MoreThanBought, ReasonNeeded
from returns.models import Return
from returns.selectors.worth import left_of, worth_of
from returns.services.refunds import take_back
from returns.services.requests import leave_to_others, lock_return, lock_with_order, told
from returns.states import PUT_RIGHT, TRAVELLING
from scheduling.services.changes import one_change
from scheduling.states import check_move


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
    found = lock_with_order(return_id)
    before = found.parcel
    check_move(PUT_RIGHT, before, parcel)
    if found.money != Return.Money.OPEN or found.inspection == Return.Inspection.DONE:
        raise MoneyMoved
    if before not in TRAVELLING:
        _revive(found)
    found.parcel, found.version = parcel, found.version + 1
    if found.inspection == Return.Inspection.UNNEEDED:
        found.inspection = Return.Inspection.WAITING
    found.received_at = now if parcel == Return.Parcel.RECEIVED else None
    found.collected_at = None if parcel == Return.Parcel.APPROVED else found.collected_at
    found.closed_at = now if parcel in ("rejected", "cancelled") else None
    found.save()
    _count_again(found)
    said = {"from": before, "to": parcel, "reason": reason.strip()[:200]}
    told(found, "put_right", now=now, actor=actor, what="parcel", **said)
    # What its customer waits for to hear is told as if it had come the usual way.
    if parcel in ("approved", "rejected", "cancelled", "received") and (before, parcel) != (
        "received",
        "approved",
    ):
        told(found, parcel, now=now, actor=actor, reason=reason.strip()[:200])
    return found


def _revive(found: Return) -> None:
    """Have what is to come back after all be worth what is left of its line's price.

    Raises MoreThanBought.
    """
    for item in found.items.select_related("item__order"):
        if left_of(item.item) < item.awaited:
            raise MoreThanBought
        if not item.elsewhere:
            item.value_minor = worth_of(item.item, item.quantity)
            item.save(update_fields=["value_minor"])


def _count_again(found: Return) -> None:
    """Count what comes back by where it is said to be now; what others are for by now is left to them.

    Raises MoreThanBought where nothing would be left.
    """
    if found.parcel == Return.Parcel.APPROVED:
        found.items.update(collected=None)
    if leave_to_others(found) and not any(each.awaited for each in found.items.all()):
        raise MoreThanBought


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ReasonNeeded
