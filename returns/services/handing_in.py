"""A return is handed in at a point: whoever stands there scans its code."""

from datetime import datetime

from returns.errors import NotThisCode, NotToHandIn, ReturnChanged
from returns.labels import ref_of
from returns.models import Return
from returns.services.requests import lock_return, told
from scheduling.models import Depot, PickupPoint
from scheduling.services.changes import one_change


@one_change
def hand_in(code: str, *, depot: Depot, point_id: int, actor: str, now: datetime) -> Return:
    """Note that a return was handed in at one of a depot's points. Scanned twice it is handed in once.

    Raises NotThisCode for a code that is no return of a shop that sells from this depot, NotToHandIn with the
    reason where it is not to be brought to a point.
    """
    point = PickupPoint.objects.filter(pk=point_id, depot=depot, active=True).first()
    found = Return.objects.filter(
        ref=ref_of(code), merchant__outlets__depot=depot, merchant__outlets__active=True
    ).values_list("pk", flat=True)
    pk = found.first()
    if point is None or pk is None:
        raise NotThisCode
    ret = lock_return(pk)
    if ret.parcel == Return.Parcel.HANDED_IN:
        return ret
    if ret.parcel != Return.Parcel.APPROVED or ret.method != "dropoff":
        raise NotToHandIn
    ret.point, ret.collected_at = point, now
    ret.move(parcel=Return.Parcel.HANDED_IN)
    ret.save()
    told(ret, "handed_in", now=now, actor=actor, point=point.name)
    return ret


@one_change
def take_back(return_id: int, *, depot: Depot, actor: str, now: datetime) -> Return:
    """Take back that a return was handed in: it was another one. Taken back already it stays so.

    Raises NotThisCode for one that was not handed in at this depot's points, ReturnChanged once it arrived.
    """
    ret = lock_return(return_id)
    if ret.point is None or ret.point.depot_id != depot.pk:
        raise NotThisCode
    if ret.parcel == Return.Parcel.APPROVED:
        return ret
    if ret.parcel != Return.Parcel.HANDED_IN:
        raise ReturnChanged
    ret.move(parcel=Return.Parcel.APPROVED)
    ret.collected_at = None
    ret.save()
    told(ret, "put_right", now=now, actor=actor, what="handed_in")
    return ret
