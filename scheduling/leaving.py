"""Why goods are never left when nobody opens: what they are, what they are worth, where they go. Never whose.

Stands beside the set-up: quotes ask it of what is kept, holds and changes of the rows as they are.
"""

from collections.abc import Collection, Iterable
from typing import Protocol

from django.db.models import F, Q, QuerySet, Sum
from django.utils.functional import Promise as LazyText

from scheduling.errors import NeedsSomebody
from scheduling.facts import WORTH_TOO_MUCH, why_handed_over
from scheduling.models import Delivery, Merchant, OrderItem, TheftZone
from scheduling.models.slots import covers


class Placed(Protocol):
    """An address, as a row or as facts."""

    @property
    def lat(self) -> float: ...
    @property
    def lon(self) -> float: ...
    @property
    def postcode(self) -> str: ...


def why_never_left(
    *,
    merchant: Merchant,
    requirements: Collection[str],
    worth_minor: int,
    zones: Iterable[TheftZone],
    at: Placed,
) -> str | LazyText:
    """Return the sentence why these goods can't be left there; "" where they can. No query of its own."""
    if why := why_handed_over(requirements):
        return why
    if merchant.high_value_minor is not None and worth_minor >= merchant.high_value_minor:
        return WORTH_TOO_MUCH
    found = (z.sentence for z in zones if covers(z, lat=at.lat, lon=at.lon, postcode=at.postcode))
    return next(found, "")


def zones_of(depots: Iterable[int]) -> QuerySet[TheftZone]:
    """Return the theft zones that count at some depots."""
    return TheftZone.objects.filter(depot__in=depots, active=True).order_by("pk")


def why_not_left(
    delivery: Delivery, *, depot_id: int, joining: Iterable[str] = (), more: Collection[str] = ()
) -> str | LazyText:
    """Return why a delivery, as it is now, can't be left anywhere; "" where it can. Two queries at most.

    `joining` are the numbers of orders that are about to come along, `more` what their goods require.
    """
    return why_never_left(
        merchant=delivery.merchant,
        requirements=(*delivery.requirements, *more),
        worth_minor=worth_of(delivery, joining=joining),
        zones=zones_of([depot_id]),
        at=delivery.address,
    )


def require_leavable(
    delivery: Delivery, *, depot_id: int, joining: Iterable[str] = (), more: Collection[str] = ()
) -> None:
    """Raise NeedsSomebody, with the reason, where `why_not_left` knows one."""
    if why := why_not_left(delivery, depot_id=depot_id, joining=joining, more=more):
        raise NeedsSomebody(why)


def worth_of(delivery: Delivery, *, joining: Iterable[str] = ()) -> int:
    """Return what a delivery's goods are worth, in its merchant's minor units, as far as anybody told.

    What its shop said with the quote, or the items of its order if they are more; and the items of orders
    that joined it. One query, or none where its merchant has no limit.
    """
    merchant = delivery.merchant
    if merchant.high_value_minor is None:
        return delivery.worth_minor
    own = [delivery.order_id] if delivery.order_id else []
    joined = delivery.joined_orders.values("order_id")
    items = OrderItem.objects.filter(order__merchant=merchant, order__currency=merchant.currency)
    line = F("price_minor") * F("quantity")
    told = items.aggregate(
        own=Sum(line, filter=Q(order__in=own), default=0),
        joined=Sum(line, filter=Q(order__in=joined) | Q(order__number__in=list(joining)), default=0),
    )
    return int(max(delivery.worth_minor, told["own"]) + told["joined"])
