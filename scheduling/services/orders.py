"""Orders as their merchants tell them: told once, whole, and never changed."""

from datetime import datetime

from scheduling.bought import OrderBought
from scheduling.errors import OrderToldAlready
from scheduling.facts import Contact
from scheduling.models import Merchant, Order, OrderItem, OrderPayment
from scheduling.services.changes import one_change


@one_change
def record_order(*, merchant: Merchant, bought: OrderBought, contact: Contact, now: datetime) -> Order:
    """Keep what was bought. A number that a delivery brought already becomes the whole order.

    Raises OrderToldAlready where the merchant told that number before, also at the same moment.
    """
    order, _new = Order.objects.get_or_create(
        merchant=merchant, number=bought.number, defaults={"created_at": now}
    )
    # One statement decides between two that tell the same order: who finds it told has come second.
    told = Order.objects.filter(pk=order.pk, told_at__isnull=True).update(
        told_at=now,
        placed_at=bought.placed_at,
        currency=bought.currency,
        contact_name=contact.name,
        contact_email=contact.email,
        contact_phone=contact.phone,
    )
    if not told:
        raise OrderToldAlready
    OrderItem.objects.bulk_create(items_of(order, bought))
    OrderPayment.objects.bulk_create(payments_of(order, bought))
    return order


def tell(order: Order, bought: OrderBought, contact: Contact, *, now: datetime) -> None:
    """Write onto an order what its merchant tells of the whole of it. Does not save."""
    order.told_at, order.placed_at, order.currency = now, bought.placed_at, bought.currency
    order.contact_name, order.contact_email = contact.name, contact.email
    order.contact_phone = contact.phone


def payments_of(order: Order, bought: OrderBought) -> list[OrderPayment]:
    """Return the rows of an order's payments, not saved."""
    return [
        OrderPayment(
            order=order,
            payment_intent=each.payment_intent,
            captured_minor=each.captured_minor,
            currency=each.currency,
        )
        for each in bought.payments
    ]


def items_of(order: Order, bought: OrderBought) -> list[OrderItem]:
    """Return the rows of an order's lines, not saved."""
    return [
        OrderItem(
            order=order,
            line=line,
            sku=each.sku,
            name=each.name,
            price_minor=each.price_minor,
            tax_minor=each.tax_minor,
            discount_minor=each.discount_minor,
            quantity=each.quantity,
            category=each.category,
            tags=list(each.tags),
            weight_g=each.weight_g,
            size=each.size,
            final_sale=each.final_sale,
            serial_number=each.serial_number,
            image_url=each.image_url,
        )
        for line, each in enumerate(bought.items, start=1)
    ]
