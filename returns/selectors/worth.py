"""What was paid for the lines of an order, and what of it is still to be given back."""

from django.db.models import Sum

from returns.amounts import Line, paid_by_line, worth
from returns.models import ReturnItem
from returns.states import TRAVELLING
from scheduling.models import Order, OrderItem


def captured_of(order: Order) -> int | None:
    """Return what the order's payments captured in its own currency; None where none is known. One query."""
    own = order.payments.filter(currency=order.currency)
    captured: int | None = own.aggregate(captured=Sum("captured_minor"))["captured"]
    return captured


def line_of(item: OrderItem) -> Line:
    """Return what was paid for a line, and what was sent back of it so far. Three queries."""
    order = item.order
    lines = list(order.items.order_by("line").values_list("pk", "price_minor", "quantity"))
    paid = paid_by_line([price * n for _pk, price, n in lines], captured_of(order), order.currency)
    gone = ReturnItem.objects.filter(item=item, of__parcel__in=TRAVELLING)
    sums = gone.aggregate(sent=Sum("quantity", default=0), given=Sum("value_minor", default=0))
    own = next(index for index, (pk, _price, _n) in enumerate(lines) if pk == item.pk)
    return Line(paid[own], item.quantity, sums["sent"], sums["given"])


def worth_of(item: OrderItem, quantity: int) -> int:
    """Return what was paid for `quantity` more pieces of a line: what may be given back for them."""
    return worth(line_of(item), quantity, item.order.currency)
