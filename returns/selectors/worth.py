"""What was paid for the lines of an order, and what of it is still to be given back."""

from collections.abc import Iterator, Sequence

from django.db.models import F, Q, Sum

from returns.amounts import Line, paid_by_line, part_of, worth
from returns.models import COUNTS, Return, ReturnItem
from returns.reasons import GIVEN_FOR_IT
from scheduling.models import Order, OrderItem


def captured_of(order: Order) -> int | None:
    """Return what the order's payments captured in its own currency; None where none is known. One query."""
    own = order.payments.filter(currency=order.currency)
    captured: int | None = own.aggregate(captured=Sum("captured_minor"))["captured"]
    return captured


def left_of(item: OrderItem) -> int:
    """Return how many of a line are still with their customer. Under the order's lock it stays true."""
    gone = ReturnItem.objects.filter(item=item).travelling().aggregate(n=Sum(COUNTS, default=0))["n"]
    return item.quantity - int(gone)


def paid_for(order: Order) -> dict[int, int]:
    """Return what was paid for each line of an order, by the line's key. Two queries."""
    return _shares(list(order.items.all()), captured_of(order), order.currency)


def _shares(lines: Sequence[OrderItem], captured_minor: int | None, currency: str) -> dict[int, int]:
    lines = sorted(lines, key=lambda each: each.line)
    paid = paid_by_line([each.price_minor * each.quantity for each in lines], captured_minor, currency)
    return {each.pk: minor for each, minor in zip(lines, paid, strict=True)}


def given_and_paid() -> Iterator[tuple[int, int, int]]:
    """Yield for each line that gave something back its key, how much, and what was paid for it.

    Three queries for a thousand orders.
    """
    given = ReturnItem.objects.filter(refund_minor__gt=0)
    sums = dict(given.values_list("item").annotate(sum=Sum("refund_minor")).order_by())
    captured = Sum("payments__captured_minor", filter=Q(payments__currency=F("currency")))
    orders = Order.objects.filter(pk__in=given.values("of__order")).prefetch_related("items")
    for order in orders.annotate(captured=captured).order_by("pk").iterator(chunk_size=1000):
        for pk, paid in _shares(list(order.items.all()), order.captured, order.currency).items():
            if pk in sums:
                yield pk, sums[pk], paid


def given_for(item: ReturnItem, currency: str) -> int:
    """Return what is given back at most for what counts of an item, or what was decided where that is more.

    A withdrawal may be paid before its goods are collected: then also what was not taken is paid. What was
    swapped at the door was given for all that was to come back, whatever the desk finds of it.
    """
    if item.of.swap_id is not None and item.resolution in GIVEN_FOR_IT:
        return item.value_minor
    counted = part_of(item.value_minor, item.quantity, item.counts, currency)
    return max(counted, item.refund_minor or 0)


def line_of(item: OrderItem) -> Line:
    """Return what was paid for a line, and what was sent back of it so far. Three queries."""
    currency = item.order.currency
    gone = list(ReturnItem.objects.filter(item=item).travelling().select_related("of"))
    return Line(
        paid_for(item.order)[item.pk],
        item.quantity,
        sent=sum(each.counts for each in gone),
        given_minor=sum(given_for(each, currency) for each in gone),
    )


def worth_of(item: OrderItem, quantity: int) -> int:
    """Return what was paid for `quantity` more pieces of a line: what may be given back for them."""
    return worth(line_of(item), quantity, item.order.currency)


def unpaid_besides(found: Return) -> dict[int, int]:
    """Return what no other return has given back of each line of an order, by the line's key. Three queries.

    However often pieces were counted again, and whatever they were taken to be worth then: under the order's
    lock, no line gives back more than was paid for it.
    """
    others = ReturnItem.objects.filter(of__order=found.order_id, refund_minor__gt=0).exclude(of=found)
    given = dict(others.values_list("item").annotate(sum=Sum("refund_minor")).order_by())
    return {pk: max(0, paid - given.get(pk, 0)) for pk, paid in paid_for(found.order).items()}
