"""An exchange at the door: one visit brings what is wanted and takes back what was sent before.

One stop, not two beside each other: nothing that makes routes better, moves a booking or gives it to another
vehicle can then part what belongs together. What is brought is an order of its own: it may come back too.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from returns.models import Return, ReturnItem
from returns.reasons import GIVEN_FOR_IT
from scheduling.bought import ItemBought, OrderBought
from scheduling.errors import OrderToldAlready
from scheduling.facts import Contact
from scheduling.models import OrderItem
from scheduling.services.orders import record_order

HAND_OVER_S: Final = 60
"""What handing over takes once somebody is at the door already."""
LONGEST_NUMBER: Final = 53
"""Of an order's number so many signs, and the return's own behind them, make an order's number."""
SKU: Final = re.compile(r"[A-Za-z0-9._/-]{1,40}")


def given_for(items: Sequence[ReturnItem]) -> list[ReturnItem]:
    """Return those for which something else is brought."""
    return [each for each in items if each.resolution in GIVEN_FOR_IT]


def number_of(ret: Return) -> str:
    """Return the number of the order that an exchange brings."""
    return f"{ret.order.number[:LONGEST_NUMBER]}-{ret.ref}"


def order_given(ret: Return, contact: Contact, *, now: datetime) -> str:
    """Keep what is brought for a return as an order; return its number. Twice is once."""
    bought = OrderBought(
        number=number_of(ret),
        currency=ret.currency,
        placed_at=now,
        items=tuple(_given(each) for each in given_for(list(ret.items.select_related("item")))),
    )
    with suppress(OrderToldAlready):  # another time was chosen before, and called off
        record_order(merchant=ret.merchant, bought=bought, contact=contact, now=now)
    return bought.number


def _given(of: ReturnItem) -> ItemBought:
    """Return what is brought for an item: the same goods at the same price, in the variant asked for."""
    item: OrderItem = of.item
    return ItemBought(
        sku=of.wanted_sku if SKU.fullmatch(of.wanted_sku) else item.sku,
        name=item.name,
        price_minor=item.price_minor,
        quantity=of.quantity,
        tax_minor=item.tax_minor,
        category=item.category,
        tags=tuple(item.tags),
        weight_g=item.weight_g,
        discount_minor=item.discount_minor,
        image_url=item.image_url,
    )
