"""What a shop's own programs and staff may see of its returns."""

from returns.models import Return
from scheduling.models import Merchant, Order


def return_of(*, merchant: Merchant, ref: str) -> Return | None:
    """Return a shop's return that was asked for, whole; None for any other. Three queries."""
    rows = Return.objects.exclude(parcel__in=[Return.Parcel.DRAFT, Return.Parcel.DROPPED])
    rows = rows.select_related("order", "delivery", "pickup", "swap", "credit", "point")
    return rows.prefetch_related("items__item", "refunds__payment").filter(merchant=merchant, ref=ref).first()


def returns_of(order: Order) -> list[str]:
    """Return the references of an order's returns, oldest first. One query."""
    rows = order.returns.exclude(parcel__in=[Return.Parcel.DRAFT, Return.Parcel.DROPPED])
    return list(rows.order_by("pk").values_list("ref", flat=True))
