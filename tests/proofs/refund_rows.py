"""The inside of `refunds`: what is to be paid back, who dies at it, and what the rows say afterwards.

Called inside a portal's own settings (tests/proofs/within.py).
"""

import os
import signal
from datetime import timedelta
from typing import Any

A_DAY_AGO = timedelta(hours=25)
LINES = 2


def lay_out(count: int) -> dict[str, Any]:
    """A shop with its key, and withdrawals of which each has one refund that waits; return what was paid."""
    from returns.services.refunds import settle
    from returns.services.requests import Wish, request_return
    from returns.services.stripe_accounts import save_stripe_account
    from scheduling import clock
    from scheduling.bought import ItemBought, Paid
    from tests.factories import make_merchant, make_order
    from tests.fakes.stripe_server import KEY, SECRET

    now, shop, refunds, payments = clock.now(), make_merchant(), [], {}
    save_stripe_account(merchant=shop, key=KEY, secret=SECRET, actor="proof", now=now)
    for number in range(count):
        price = 1_001 + 7 * number
        items = (ItemBought(sku="CUP", name="Cup", price_minor=price, quantity=3),)
        paid = (Paid(f"pi_proof_{number}", 3 * price - 100, "EUR"),)
        order = make_order(shop, number=f"R-{number}", items=items, payments=paid, placed_at=now, now=now)
        wishes = [Wish(order.items.get().ref, 1 + number % 3)]
        ret = request_return(order.pk, wishes, actor="proof", now=now, kind="withdrawal")
        settle(ret.pk, actor="proof", now=now - A_DAY_AGO)
        refunds.append(str(ret.refunds.get().pk))
        payments[paid[0].payment_intent] = paid[0].captured_minor
    return {"refunds": refunds, "payments": payments, "merchant": shop.pk}


def send(refund: str, point: str, old: bool) -> str:
    """Send one refund as the worker does, and die at a point; `old`: that was a day ago."""
    from uuid import UUID

    from returns import payments
    from returns.services import sending
    from scheduling import clock

    def die(*_: Any, **__: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    steps: dict[str, tuple[Any, str]] = {
        "while it begins": (sending, "_idempotency_key"),
        "once it has begun": (payments, "refund"),
        "once it was answered": (sending, "take"),
        "while it is noted": (sending, "follow_money"),
        "once stripe broke": (sending, "note_broken"),
    }
    if point in steps:
        setattr(*steps[point], die)
    state = sending.submit(UUID(refund), now=clock.now() - (A_DAY_AGO if old else timedelta(0)))
    if point == "once it is noted":
        die()
    return state


def go_on(hours: int) -> int:
    """Do as the worker does, over some hours; return how many refunds are not over then."""
    from returns.models import Refund
    from returns.services import sending
    from scheduling import clock

    now = clock.now()
    for step in range(hours * 20):
        at = now + timedelta(minutes=3 * step)
        while due := sending.due_refunds(now=at):
            for pk in due:
                sending.submit(pk, now=at)
        if not Refund.objects.filter(state="submitting").exists():
            break
    return Refund.objects.filter(state="submitting").count()


def look(merchant: int) -> dict[str, Any]:
    """What the rows say, what a reconciliation finds, and what must never be."""
    from django.db.models import Count, Sum

    from returns.invariants import breaches
    from returns.models import Refund, Return
    from returns.services.reconciling import reconcile
    from scheduling import clock
    from scheduling.models import Event

    found = reconcile(merchant, now=clock.now())
    told = Event.objects.filter(kind="return.refunded").aggregate(
        events=Count("pk"), returns=Count("data__return", distinct=True)
    )
    return {
        "states": dict(Refund.objects.values_list("state").annotate(Count("pk")).order_by()),
        "money": dict(Return.objects.values_list("money").annotate(Count("pk")).order_by()),
        "sum": Refund.objects.aggregate(sum=Sum("amount_minor"))["sum"],
        "made": {row.stripe_id: row.amount_minor for row in Refund.objects.exclude(stripe_id="")},
        "told": told["events"],
        "checked": found.checked,
        "repaired": found.repaired,
        "faults": found.faults,
        "breaches": [f"{each.rule} {each.subject}: {each.what}" for each in breaches()],
    }


def waiting() -> int:
    """How many refunds are still being sent."""
    from returns.models import Refund

    return Refund.objects.filter(state="submitting").count()
