"""What must never be of what comes back, counted over the whole database. Reads only.

I3 nothing comes back twice; I5 money that is paid back was told; I6 no payment gives back more than it
captured, no line more than it cost, each refund happens once, and what a return gives back is what was
decided of its items.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from django.db.models import F, IntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from returns.models import COUNTS, Refund, RefundFault, Return, ReturnItem, StoreCredit
from returns.selectors.worth import given_and_paid
from scheduling.breaches import Breach
from scheduling.models import Event, OrderPayment

PAID: Final = ("succeeded", "by_hand")


def breaches() -> Iterator[Breach]:
    """Yield every breach there is."""
    for check in CHECKS:
        yield from check()


def more_back_than_was_bought() -> Iterator[Breach]:
    """I3: of no line more comes back than was bought, over all its returns."""
    lines = ReturnItem.objects.travelling().values("item", "item__quantity").order_by("item")
    for line in lines.annotate(back=Sum(COUNTS)).filter(back__gt=F("item__quantity")):
        count = f"{line['back']} of {line['item__quantity']} are on their way back"
        yield Breach("I3", f"order item {line['item']}", count)


def lines_that_give_more_than_they_cost() -> Iterator[Breach]:
    """I6: over all its returns, no line gives back more than was paid for it."""
    for item, given, paid in given_and_paid():
        if given > paid:
            yield Breach("I6", f"order item {item}", f"gives {given}, cost {paid}")


def payments_that_give_too_much() -> Iterator[Breach]:
    """I6: what a payment counts as given back is the sum of its refunds, and no more than it captured."""
    rows = OrderPayment.objects.annotate(given=Sum("refunds__amount_minor", default=0))
    for payment in rows.exclude(given=F("refunded_minor")):
        yield Breach("I6", f"payment {payment.pk}", f"gave {payment.given}, says {payment.refunded_minor}")
    for payment in rows.filter(given__gt=F("captured_minor")):
        yield Breach("I6", f"payment {payment.pk}", f"gave {payment.given} of {payment.captured_minor}")
    for refund in Refund.objects.exclude(payment=None).exclude(payment__order=F("of__order")):
        yield Breach("I6", f"refund {refund.pk}", "goes through another order's payment")


def returns_that_give_another_amount() -> Iterator[Breach]:
    """I6: refunds and credit of a return are no more than what was decided of its items, and its delivery."""
    zero = {"output_field": IntegerField()}
    paid = Refund.objects.filter(of=OuterRef("pk")).values("of").annotate(sum=Sum("amount_minor"))
    items = ReturnItem.objects.filter(of=OuterRef("pk")).values("of").annotate(sum=Sum("refund_minor"))
    credit = StoreCredit.objects.filter(of=OuterRef("pk")).values("amount_minor")
    rows = Return.objects.annotate(
        given=Coalesce(Subquery(paid.values("sum")), 0, **zero) + Coalesce(Subquery(credit), 0, **zero),
        owed=Coalesce(Subquery(items.values("sum")), 0, **zero) + F("delivery_minor"),
    )
    for found in rows.filter(given__gt=F("owed")):
        yield Breach("I6", f"return {found.ref}", f"gives {found.given}, owes {found.owed}")


def money_unlike_its_refunds() -> Iterator[Breach]:
    """I6: a return's money stands where its refunds do."""
    states: dict[int, set[str]] = {}
    for of, state in Refund.objects.values_list("of", "state"):
        states.setdefault(of, set()).add(state)
    for pk, ref, money in Return.objects.values_list("pk", "ref", "money"):
        if money != _money_for(states.get(pk, set())) and not (money == "open" and pk not in states):
            yield Breach("I6", f"return {ref}", f"is {money}, its refunds are {sorted(states.get(pk, ()))}")


def _money_for(states: set[str]) -> str:
    if not states:
        return "nothing"
    return "staff" if "staff" in states else "paid" if states <= set(PAID) else "due"


def money_that_was_not_told() -> Iterator[Breach]:
    """I5: what is paid back was told; what never was, was not."""
    told = Counter(Event.objects.filter(kind="return.refunded").values_list("data__return", flat=True))
    for ref, money in Return.objects.values_list("ref", "money"):
        if (money == "paid" and not told[ref]) or (money in ("open", "nothing", "due") and told[ref]):
            yield Breach("I5", f"return {ref}", f"is {money}, told as paid {told[ref]} times")


def faults_with_stripe() -> Iterator[Breach]:
    """I6: what a reconciliation found and nobody could put right."""
    for fault in RefundFault.objects.select_related("merchant"):
        yield Breach("I6", f"refund {fault.subject}", f"of {fault.merchant.slug}: {fault.what}")


CHECKS: Final[tuple[Callable[[], Iterator[Breach]], ...]] = (
    more_back_than_was_bought,
    lines_that_give_more_than_they_cost,
    payments_that_give_too_much,
    returns_that_give_another_amount,
    money_unlike_its_refunds,
    money_that_was_not_told,
    faults_with_stripe,
)
