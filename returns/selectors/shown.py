"""What a customer's pages show of their returns: their orders' lines, their draft, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, Sum, prefetch_related_objects

from returns.models import COUNTS, Return, ReturnItem, ReturnPhoto
from scheduling.models import Delivery, Order, OrderItem
from scheduling.statements import NUMBER, Instances

HIDDEN = (Return.Parcel.DRAFT, Return.Parcel.DROPPED)
"""What was never asked for."""

_SEEN: Final = Instances(
    lambda delivery, ref: (
        Return.objects.filter(Q(delivery=delivery) | Q(pickup=delivery) | Q(swap=delivery), ref=ref)
        .exclude(parcel=Return.Parcel.DROPPED)
        .select_related(
            "order", "merchant", "delivery", "point", "credit", "withdrawal", "pickup__booking__stop"
        )
    ),
    NUMBER,
    "a ref",
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order, and how many of it are still with their customer."""

    item: OrderItem
    left: int


def orders_brought(delivery: Delivery) -> list[Order]:
    """Return the orders that came with a delivery, its own first, their items loaded. Two queries."""
    rows = Order.objects.filter(Q(pk=delivery.order_id) | Q(joined_to__delivery=delivery)).distinct()
    found = list(rows.select_related("merchant").prefetch_related("items").order_by("pk"))
    return sorted(found, key=lambda order: order.pk != delivery.order_id)


def lines_of(order: Order) -> list[Line]:
    """Return all lines of an order with what is left of each. One query, or two."""
    gone = ReturnItem.objects.filter(item__order=order).travelling()
    counts = dict(gone.values_list("item_id").annotate(n=Sum(COUNTS)).order_by())
    return [Line(each, each.quantity - counts.get(each.pk, 0)) for each in order.items.all()]


def draft_of(delivery: Delivery, order: Order) -> Return | None:
    """Return what is being chosen of an order, on whichever device, its items loaded. Two queries."""
    rows = Return.objects.filter(delivery=delivery, order=order, parcel=Return.Parcel.DRAFT)
    return rows.prefetch_related("items__item", "items__photos").first()


def returns_to(delivery: Delivery) -> list[Return]:
    """Return what was asked for of what a delivery brought, oldest first. One query."""
    return list(Return.objects.filter(delivery=delivery).exclude(parcel__in=HIDDEN).order_by("pk"))


def return_seen_from(delivery: Delivery, ref: str) -> Return | None:
    """Return a return that a delivery's manage link may show: it brought the goods, or fetches or swaps them.

    All that its page shows is loaded. Five queries.
    """
    found = _SEEN.first(delivery.pk, ref)
    if found is not None:
        prefetch_related_objects([found], "items__item", "items__photos", "refunds")
    return found


def return_fetched_by(pickup: Delivery) -> Return | None:
    """Return what a pickup fetches. One query."""
    return Return.objects.filter(pickup=pickup).first()


def photo_of(of: Return, number: int) -> ReturnPhoto | None:
    """Return a photo of something in a return, if it is one of its customer's. One query."""
    rows = ReturnPhoto.objects.filter(of__of=of, taken=ReturnPhoto.Taken.CUSTOMER)
    return rows.filter(pk=number).first()


def names_file(path: str) -> bool:
    """Whether a photo of a return names a file, by its path below MEDIA_ROOT. One query."""
    return ReturnPhoto.objects.filter(file=path).exists()


def has_items(orders: Sequence[Order]) -> bool:
    """Whether we know what was bought. Nothing is asked: the items are loaded."""
    return any(order.items.all() for order in orders)
