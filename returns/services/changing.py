"""A return is changed or called off by its customer, until it was collected or handed in."""

from datetime import datetime
from typing import Final

from returns.errors import NotToCallOff, ReturnChanged
from returns.models import Return
from returns.selectors.terms import ways_for
from returns.services.pickups import cancel_pickup
from returns.services.requests import lock_order, lock_return, told
from scheduling.services.changes import one_change

STILL_HERE: Final = (Return.Parcel.REQUESTED, Return.Parcel.APPROVED, Return.Parcel.BOOKED)


def may_call_off(of: Return) -> bool:
    """Whether its customer may call it off. A withdrawal is a statement: it stands, whatever comes of it."""
    return of.parcel in STILL_HERE and of.kind == Return.Kind.POLICY


def may_change(of: Return) -> bool:
    """Whether it may still travel another way."""
    return of.parcel in (Return.Parcel.APPROVED, Return.Parcel.BOOKED) and of.method != "none"


@one_change
def call_off(return_id: int, *, actor: str, now: datetime) -> Return:
    """Call a return off, and its pickup with it. Twice is once.

    Raises NotToCallOff once it has left its customer, or what `cancel_pickup` raises.
    """
    lock_order(Return.objects.values_list("order_id", flat=True).get(pk=return_id))
    of = lock_return(return_id)
    if of.parcel == Return.Parcel.CANCELLED:
        return of
    if not may_call_off(of):
        raise NotToCallOff
    if of.parcel == Return.Parcel.BOOKED:
        of = cancel_pickup(return_id, actor=actor, now=now)
    of.move(parcel=Return.Parcel.CANCELLED, inspection=Return.Inspection.UNNEEDED, money=Return.Money.NOTHING)
    of.closed_at = now
    of.save()
    told(of, "cancelled", now=now, actor=actor)
    return of


@one_change
def change_method(return_id: int, method: str, *, version: int, actor: str, now: datetime) -> Return:
    """Have a return travel another way, at that way's fee; a pickup that was booked is called off.

    Raises ReturnChanged, or what `cancel_pickup` raises.
    """
    lock_order(Return.objects.values_list("order_id", flat=True).get(pk=return_id))
    of = lock_return(return_id, version=version)
    ways = ways_for(of)
    if not may_change(of) or method not in ways:
        raise ReturnChanged
    if of.method == method:
        return of
    if of.parcel == Return.Parcel.BOOKED:
        of = cancel_pickup(return_id, actor=actor, now=now)
    of.method, of.fee_minor = method, ways[method]
    of.version += 1
    of.save()
    return of
