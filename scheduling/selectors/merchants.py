"""What a merchant's own programs may see: its deliveries, its holds, and what happened to them."""

from typing import Any, Final

from django.db.models import Q

from scheduling.models import Delivery, Event, Hold, Merchant, Order, Quote
from scheduling.models.network import REQUIREMENTS
from scheduling.statements import NUMBER, Instances

__all__ = [
    "REQUIREMENTS",
    "TOLD",
    "delivery_of",
    "hold_of",
    "live_holds_beginning",
    "order_numbered",
    "quote_of",
    "refs_of",
    "said_of",
]

TOLD: Final = (
    "hold.placed",
    "hold.extended",
    "hold.released",
    "hold.lapsed",
    "booking.confirmed",
    "booking.moved",
    "booking.joined",
    "delivery.diverted",
    "booking.cancelled",
    "promise.narrowed",
    "delivery.safe_place_changed",
    "delivery.longer_at_door",
    "delivery.contact_changed",
    "delivery.erased",
    "delivery.delivered",
    "delivery.collected",
    "delivery.missed",
    "delivery.undone",
    "return.requested",
    "return.withdrawn",
    "return.approved",
    "return.rejected",
    "return.cancelled",
    "return.pickup_booked",
    "return.pickup_cancelled",
    "return.collected",
    "return.handed_in",
    "return.received",
    "return.inspected",
    "return.refunded",
    "return.refund_delayed",
    "return.credited",
    "return.put_right",
    "return.closed",
)
"""The kinds of events that a merchant is told of; all others are between depots and us."""

INTERNAL: Final = frozenset({"hold", "statement"})
"""What events hold for ourselves: numbers of rows."""

_DELIVERY: Final = Instances(
    lambda merchant, ref: Delivery.objects.filter(
        merchant=merchant, ref=ref, booking__isnull=False
    ).select_related(
        "order",
        "address",
        "booking__stop__route__shift__plan__depot",
        "booking__stop__route__shift__vehicle__vehicle_class",
        "booking__stop__pickup_point",
        "booking__quote",
        "merchant",
    ),
    NUMBER,
    "a ref",
)
_HOLD: Final = Instances(
    lambda merchant, token: Hold.objects.filter(delivery__merchant=merchant, token=token).select_related(
        "stop__route__shift__plan__depot", "delivery__merchant", "quote"
    ),
    NUMBER,
    "a token",
)


def delivery_of(*, merchant: Merchant, ref: str) -> Delivery | None:
    """Return a merchant's confirmed delivery with all that is shown of it; None for any other. One query."""
    return _DELIVERY.first(merchant.pk, ref)


def order_numbered(*, merchant: Merchant, number: str) -> Order | None:
    """Return a merchant's order with its items and payments; None for any other. Three queries."""
    rows = Order.objects.prefetch_related("items", "payments")
    return rows.filter(merchant=merchant, number=number).first()


def refs_of(order: Order) -> list[str]:
    """Return the references of the deliveries booked for an order, and of those it joined. One query."""
    booked = Delivery.objects.filter(merchant=order.merchant_id, booking__isnull=False)
    its = booked.filter(Q(order=order) | Q(joined_orders__order=order)).order_by("pk").distinct()
    return list(its.values_list("ref", flat=True))


def hold_of(*, merchant: Merchant, token: str) -> Hold | None:
    """Return a merchant's hold, in whatever state; None for any other. One query."""
    return _HOLD.first(merchant.pk, token)


def quote_of(*, merchant: Merchant, ref: str) -> Quote | None:
    """Return one of a merchant's quotes, without its answers; None for any other. One query."""
    rows = Quote.objects.defer("offers").select_related("delivery")
    return rows.filter(merchant=merchant, ref=ref).first()


def live_holds_beginning(*, merchant: Merchant, sessions: str) -> int:
    """Return how many times are kept for sessions whose keys begin alike. One query."""
    live = Hold.objects.filter(delivery__merchant=merchant, state=Hold.State.LIVE)
    return live.filter(session_key__startswith=sessions).count()


def said_of(event: Event) -> dict[str, Any]:
    """Return what an event says to its merchant."""
    return {name: value for name, value in event.data.items() if name not in INTERNAL}
