"""Which rules a shop has, and what they say of an order's items."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Max, Q, Sum

from returns.eligibility import LASTING, USUAL, Case, Policy, Verdict, judge
from returns.models import COUNTS, PolicyVersion, Return, ReturnItem
from returns.rules import policies_from
from returns.states import TRAVELLING
from scheduling.models import Attempt, Delivery, Merchant, Order, OrderItem
from scheduling.windows import local_date

_UTC: Final = ZoneInfo("UTC")
HISTORY: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is the same for all items of an order: the rules in force, and what they ask besides the item.

    `back` is how many pieces of the order come back already, those at fault left out.
    """

    version: PolicyVersion | None
    policies: tuple[Policy, ...]
    today: date
    currency: str
    ordered: date | None
    delivered: date | None
    on_its_way: bool
    country: str
    back: int
    returns: int


def policy_of(merchant: Merchant) -> tuple[PolicyVersion | None, tuple[Policy, ...]]:
    """Return a shop's rules in force; no version and the usual rule where it wrote none. One query."""
    version = PolicyVersion.objects.filter(merchant=merchant).order_by("-number").first()
    if version is None:
        return None, (replace(USUAL, currency=merchant.currency),)
    return version, policies_from(version.rules, currency=merchant.currency)


def ground_of(order: Order, delivery: Delivery | None, *, today: date) -> Ground:
    """Return what an order's items are judged by. Without `delivery` all that brought it count. 6 queries."""
    version, policies = policy_of(order.merchant)
    came = _came(order, delivery)
    ordered_at = order.placed_at or order.told_at or order.created_at
    return Ground(
        version=version,
        policies=policies,
        today=today,
        currency=order.currency or order.merchant.currency,
        ordered=local_date(ordered_at, came.zone),
        delivered=local_date(came.at, came.zone) if came.at else None,
        on_its_way=came.on_its_way,
        country=came.country,
        back=_back(order),
        returns=returns_of(order, delivery, today=today),
    )


def verdict_on(
    item: OrderItem, ground: Ground, *, reason: str = "", condition: str = "", pieces: int = 1
) -> Verdict:
    """Return what the rules say of an item, where `pieces` of its order are asked for at once. No query."""
    case = Case(
        sku=item.sku,
        price_minor=item.price_minor,
        discount_minor=item.discount_minor,
        today=ground.today,
        ordered=ground.ordered,
        delivered=ground.delivered,
        on_its_way=ground.on_its_way,
        currency=ground.currency,
        category=item.category,
        tags=tuple(item.tags),
        country=ground.country,
        final_sale=item.final_sale,
        pieces=ground.back + pieces,
        returns=ground.returns,
        reason=reason,
        condition=condition,
    )
    return judge(ground.policies, case)


def preview(order: Order, policies: tuple[Policy, ...], *, now: datetime) -> list[tuple[OrderItem, Verdict]]:
    """Return what other rules would say of each item of an order. Seven queries."""
    ground = replace(ground_of(order, None, today=today_for(order, None, now=now)), policies=policies)
    return [(item, verdict_on(item, ground)) for item in order.items.all()]


def versions_of(merchant: Merchant) -> list[PolicyVersion]:
    """Return a shop's latest versions, the newest first. One query."""
    return list(PolicyVersion.objects.filter(merchant=merchant).order_by("-number")[:10])


def verdict_for(
    item: OrderItem,
    *,
    order: Order,
    delivery: Delivery | None,
    reason: str = "",
    condition: str = "",
    today: date,
) -> Verdict:
    """Return what the shop's rules say of one piece of an item. For several items take ground_of once."""
    return verdict_on(item, ground_of(order, delivery, today=today), reason=reason, condition=condition)


def returns_of(order: Order, delivery: Delivery | None, *, today: date) -> int:
    """Return how often who bought an order sent something else back to its shop within a year. One query."""
    email = order.contact_email or (delivery.contact_email if delivery else "")
    if not email:
        return 0
    since = datetime.combine(today - HISTORY, time(), UTC)
    theirs = Return.objects.filter(merchant=order.merchant_id, contact_email__iexact=email)
    gone = theirs.filter(kind=Return.Kind.POLICY, parcel__in=TRAVELLING, requested_at__gte=since)
    return gone.exclude(order=order).count()


def _back(order: Order) -> int:
    items = ReturnItem.objects.filter(of__order=order, of__kind=Return.Kind.POLICY).travelling()
    back: int = items.exclude(reason__in=LASTING).aggregate(n=Sum(COUNTS, default=0))["n"]
    return back


@dataclass(frozen=True, slots=True)
class _Came:
    at: datetime | None = None
    on_its_way: bool = False
    country: str = ""
    zone: ZoneInfo = _UTC


def _came(order: Order, delivery: Delivery | None) -> _Came:
    """Return when and where an order came, the latest of its deliveries deciding. Two queries at most."""
    rows = Delivery.objects.filter(direction=Delivery.Direction.OUT)
    if delivery is not None:
        rows = rows.filter(pk=delivery.pk)
    else:
        # What was called off brought nothing: then we only know when it was ordered.
        rows = rows.filter(Q(order=order) | Q(joined_orders__order=order)).exclude(state="cancelled")
    found = list(rows.filter(booking__isnull=False).order_by("pk").values_list("pk", "state", *_WHERE))
    if not found:
        return _Came()
    country, zone = found[-1][2], ZoneInfo(found[-1][3])
    delivered = [pk for pk, state, *_rest in found if state == Delivery.State.DELIVERED]
    served = Attempt.objects.filter(delivery__in=delivered, outcome__in=Attempt.SERVED, undone_at=None)
    at = served.aggregate(at=Max("happened_at"))["at"] if delivered else None
    return _Came(at, not delivered, country, zone)


_WHERE: Final = ("address__country", "booking__stop__route__shift__plan__depot__time_zone")


def today_for(order: Order, delivery: Delivery | None, *, now: datetime) -> date:
    """Return which day it is where an order was brought. Two queries at most."""
    return local_date(now, _came(order, delivery).zone)
