"""The demo's tills: what is bought becomes known when its delivery is booked, and money can go back.

What stands in for Stripe knows of every payment what our rows say, and of refunds those that it made before
the demo was started anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection

from portal.demo.goods import GOODS, RULES
from portal.demo.stripe_server import Payment, standing_in
from portal.demo.week import SEEDED_CONTACTS
from returns.models import Refund
from returns.services.policies import publish
from returns.services.stripe_accounts import save_stripe_account
from scheduling import events
from scheduling.bought import OrderBought, Paid
from scheduling.errors import OrderToldAlready
from scheduling.facts import Contact
from scheduling.models import Booking, Event, Merchant, OrderPayment
from scheduling.services.orders import record_order

ACTOR: Final = "demo"
KEY: Final = "rk_test_doorstepdemo0000"
SECRET: Final = "whsec_doorstepdemo0000"  # noqa: S105 - of what stands in for Stripe, on this machine


def connect() -> None:
    """Have each booking's goods known. Called once, when the apps are ready."""
    events.subscribe("booking.confirmed", "demo.till", sell)


def open_tills(*, now: datetime) -> None:
    """Give each shop its rules and its key at what stands in for Stripe."""
    for shop in Merchant.objects.order_by("pk"):
        save_stripe_account(merchant=shop, key=KEY, secret=SECRET, actor=ACTOR, now=now)
        if rules := RULES.get(shop.slug):
            publish(merchant=shop, rules=rules, seen=0, actor=ACTOR, now=now)


def sell(event: Event, now: datetime) -> None:
    """Tell what was bought with a visitor's booking, and what was paid: the goods and the delivery."""
    delivery = event.delivery
    if delivery is None or delivery.order is None or delivery.direction != delivery.Direction.OUT:
        return
    goods = GOODS.get(delivery.merchant.slug)
    if goods is None or delivery.contact_email.endswith(SEEDED_CONTACTS) or delivery.order.told_at:
        return
    booking = Booking.objects.get(delivery=delivery)
    total = sum(each.price_minor * each.quantity for each in goods) + booking.price_minor
    paid = Paid(f"pi_demo_{delivery.ref}", total, booking.currency)
    bought = OrderBought(delivery.order.number, booking.currency, goods, (paid,), placed_at=event.occurred_at)
    contact = Contact(
        email=delivery.contact_email, name=delivery.contact_name, phone=str(delivery.contact_phone)
    )
    with suppress(OrderToldAlready):
        record_order(merchant=delivery.merchant, bought=bought, contact=contact, now=now)


@contextmanager
def tills_open() -> Iterator[None]:
    """Stand in for Stripe until the block ends; before and after it no money goes anywhere."""
    with standing_in() as stripe:
        stripe.find_payment = _payment
        stripe.refunds.update({row.stripe_id: _remembered(row) for row in _made_before()})
        settings.STRIPE_API_BASE = stripe.url
        try:
            yield
        finally:
            settings.STRIPE_API_BASE = ""


def _payment(intent: str) -> Payment | None:
    try:
        paid = OrderPayment.objects.filter(payment_intent=intent).first()
    finally:
        connection.close()  # each request has a thread of its own, which ends with it
    return Payment(paid.captured_minor, paid.currency) if paid else None


def _made_before() -> list[Refund]:
    return list(Refund.objects.exclude(stripe_id="").select_related("payment"))


def _remembered(row: Refund) -> dict[str, Any]:
    """Return a refund as it was made: its id and what it is of."""
    return {
        "id": row.stripe_id,
        "object": "refund",
        "amount": row.amount_minor,
        "created": int(row.created_at.timestamp()),
        "currency": row.currency.lower(),
        "metadata": {"doorstep_refund": str(row.pk)},
        "payment_intent": row.payment.payment_intent if row.payment else "",
        "reason": None,
        "status": "succeeded",
        "failure_reason": None,
    }
