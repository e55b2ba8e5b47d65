"""What a return gives back: worked out once, committed as rows, then sent (see `sending`) or paid by hand."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from returns.amounts import Judged, Owed, delivery_back, owed, payable, spread
from returns.errors import MoneyMoved, NotForStaff, NotYet, ReasonNeeded
from returns.models import Refund, Return, ReturnItem, StoreCredit
from returns.selectors.worth import left_of, unpaid_besides
from returns.services.requests import lock_order, lock_return, told
from returns.services.stripe_accounts import NO_KEY, keys_of, waiting_for_a_key
from scheduling.models import Booking, OrderPayment
from scheduling.models.orders import new_ref
from scheduling.selectors.slots import prices_shown
from scheduling.services.changes import one_change

PAYMENT_UNKNOWN: Final = "payment_unknown"
PAID: Final = (Refund.State.SUCCEEDED, Refund.State.BY_HAND)
CREDIT_LETTERS: Final = 12

_waker: Callable[[], object] | None = None


def set_waker(waker: Callable[[], object] | None) -> None:
    """Say what to call when a refund waits to be sent, so that nobody waits for the timetable."""
    global _waker
    _waker = waker


def wake() -> None:
    """Have refunds sent once this transaction is certain."""
    if _waker is not None:
        transaction.on_commit(_waker, robust=True)


@one_change
def settle(return_id: int, *, actor: str, now: datetime, wait: timedelta = timedelta(0)) -> Return:
    """Decide what a return gives back, and commit the rows that say so; twice is once.

    For what was looked at, what its customer keeps, and a withdrawal also before: then all of it counts.
    Nothing is sent before `wait` is over: so long `take_back` can still undo it. Raises NotYet.
    """
    order = lock_order(Return.objects.values_list("order_id", flat=True).get(pk=return_id))
    found = lock_return(return_id)
    if found.money != Return.Money.OPEN:
        follow_money(found, actor=actor, now=now)
        return found
    _require_known(found)
    payments = list(OrderPayment.objects.select_for_update().filter(order=order).order_by("pk"))
    payments = [each for each in payments if each.currency == found.currency]
    items = list(found.items.select_related("item__order"))
    amounts = _owed(found, items, looked_at=found.inspection == Return.Inspection.DONE)
    rooms = [payable(each.captured_minor - each.refunded_minor, found.currency) for each in payments]
    for item, amount in zip(items, amounts.items_minor, strict=True):
        item.refund_minor = amount
        item.save(update_fields=["refund_minor"])
    _write_refunds(found, amounts.money_minor, payments, rooms, now=now, send_at=now + wait)
    if amounts.credit_minor:
        _give_credit(found, amounts.credit_minor, actor=actor, now=now)
    found.move(money=Return.Money.DUE if amounts.money_minor else Return.Money.NOTHING)
    if not amounts.money_minor:
        found.settled_at = now
    follow_money(found, actor=actor, now=now)
    wake()
    return found


def _require_known(found: Return) -> None:
    looked_at = found.inspection == Return.Inspection.DONE
    kept = found.parcel == Return.Parcel.KEPT
    if kept and found.inspection == Return.Inspection.WAITING:
        found.move(inspection=Return.Inspection.UNNEEDED)
    if not (looked_at or kept or found.kind == Return.Kind.WITHDRAWAL):
        raise NotYet


def would_owe(found: Return) -> Owed:
    """Return what a return would give back if its inspection ended as it stands now. Changes nothing."""
    return _owed(found, list(found.items.select_related("item__order")), looked_at=True)


def _owed(found: Return, items: Sequence[ReturnItem], *, looked_at: bool) -> Owed:
    """Work out what is owed, for what counts alone: what was not taken is its customer's still.

    What brought it is given back to whoever withdraws from all of an order.
    """
    unpaid = unpaid_besides(found)
    judged = [
        Judged(
            value_minor=each.value_minor,
            quantity=each.quantity,
            accepted=min(each.accepted or 0, each.counts) if looked_at else each.counts,
            resolution=each.resolution,
            deduction_minor=each.deduction_minor,
            exchange_minor=each.exchange_minor,
            unpaid_minor=unpaid[each.item_id],
        )
        for each in items
    ]
    found.delivery_minor = _delivery_owed(found, items)
    return owed(
        judged, fee_minor=found.fee_minor, delivery_minor=found.delivery_minor, currency=found.currency
    )


def _delivery_owed(found: Return, items: Sequence[ReturnItem]) -> int:
    whole = all(left_of(item) == 0 for item in found.order.items.all())
    given = found.order.returns.exclude(pk=found.pk).filter(delivery_minor__gt=0).exists()
    if found.delivery is None or not whole or given or not _withdrawn(found, items):
        return 0
    booking = Booking.objects.select_related("quote").filter(delivery=found.delivery).first()
    if booking is None or booking.currency != found.currency or found.delivery.order_id != found.order_id:
        return 0
    offered = [shown.minor for shown in prices_shown(booking.quote.offers).values()]
    paid = delivery_back(booking.price_minor, min(offered, default=None))
    return min(paid, _beyond_the_goods(found))


def _withdrawn(found: Return, items: Sequence[ReturnItem]) -> bool:
    """Whether what comes back was withdrawn from: with this return, or with another that did not bring it."""
    if found.kind == Return.Kind.WITHDRAWAL:
        return True
    stated = ReturnItem.objects.travelling().filter(of__order=found.order_id, of__kind=Return.Kind.WITHDRAWAL)
    behind = {each.item_id for each in stated.select_related("of") if each.counts < each.quantity}
    return all(each.item_id in behind for each in items)


def _beyond_the_goods(found: Return) -> int:
    """What the order's payments captured beyond its goods: delivery was paid of that, or elsewhere."""
    own = found.order.payments.filter(currency=found.currency)
    captured = sum(own.values_list("captured_minor", flat=True))
    goods = sum(each.price_minor * each.quantity for each in found.order.items.all())
    return max(0, captured - goods)


def _write_refunds(
    found: Return,
    amount: int,
    payments: Sequence[OrderPayment],
    rooms: Sequence[int],
    *,
    now: datetime,
    send_at: datetime,
) -> None:
    parts, rest = spread(amount, rooms)
    sends = keys_of(found.merchant_id) is not None
    for payment, part in zip(payments, parts, strict=True):
        if part:
            # The constraint of the row is the last word: it never gives back more than it captured.
            OrderPayment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") + part)
            _write(found, part, payment, "" if sends else NO_KEY, now=now, send_at=send_at)
    if rest:
        _write(found, rest, None, PAYMENT_UNKNOWN, now=now, send_at=send_at)


def _write(
    found: Return,
    amount: int,
    payment: OrderPayment | None,
    why: str,
    *,
    now: datetime,
    send_at: datetime,
) -> Refund:
    return Refund.objects.create(
        of=found,
        payment=payment,
        amount_minor=amount,
        currency=found.currency,
        state=Refund.State.STAFF if why else Refund.State.SUBMITTING,
        why=why,
        created_at=now,
        next_attempt_at=None if why else send_at,
    )


def _give_credit(found: Return, amount: int, *, actor: str, now: datetime) -> None:
    code = new_ref(CREDIT_LETTERS)
    StoreCredit.objects.create(
        of=found, code=code, amount_minor=amount, currency=found.currency, issued_at=now
    )
    told(found, "credited", now=now, actor=actor, amount_minor=amount, currency=found.currency)


@one_change
def take_back(return_id: int, *, actor: str, now: datetime) -> Return:
    """Undo what `settle` decided, while nobody was asked to pay and nothing was paid. Raises MoneyMoved.

    A credit is its customer's as soon as they were told of it.
    """
    lock_order(Return.objects.values_list("order_id", flat=True).get(pk=return_id))
    found = lock_return(return_id)
    if found.money == Return.Money.OPEN:
        return found
    refunds = list(found.refunds.select_for_update())
    if any(each.attempts or each.state in PAID for each in refunds) or hasattr(found, "credit"):
        raise MoneyMoved
    for each in refunds:
        if each.payment_id:
            own = OrderPayment.objects.filter(pk=each.payment_id)
            own.update(refunded_minor=F("refunded_minor") - each.amount_minor)
        each.delete()
    found.items.update(refund_minor=None)
    found.money, found.delivery_minor, found.version = Return.Money.OPEN, 0, found.version + 1
    found.settled_at = found.closed_at = None
    found.save()
    return found


def follow_money(found: Return, *, actor: str, now: datetime) -> None:
    """Bring a return's money in line with its refunds, tell what that means, and save. Under its lock."""
    states = set(found.refunds.values_list("state", flat=True))
    if found.money != Return.Money.NOTHING and states:
        _move_money(found, states, actor=actor, now=now)
    close_if_done(found, actor=actor, now=now)
    found.save()


def _move_money(found: Return, states: set[str], *, actor: str, now: datetime) -> None:
    waits = Refund.State.STAFF in states
    target = Return.Money.STAFF if waits else Return.Money.PAID if states <= set(PAID) else Return.Money.DUE
    if target == found.money:
        return
    found.move(money=target)
    if target == Return.Money.STAFF:
        found.settled_at = found.closed_at = None
        told(found, "refund_delayed", now=now, actor=actor)
    if target == Return.Money.PAID:
        found.settled_at = now
        amount = sum(found.refunds.values_list("amount_minor", flat=True))
        told(found, "refunded", now=now, actor=actor, amount_minor=amount, currency=found.currency)


def close_if_done(found: Return, *, actor: str, now: datetime) -> None:
    """Finish a return of which nothing is left to be done. Does not save."""
    settled = found.money in (Return.Money.NOTHING, Return.Money.PAID)
    if settled and found.inspection != Return.Inspection.WAITING and found.closed_at is None:
        found.closed_at = now
        told(found, "closed", now=now, actor=actor)


@one_change
def pay_by_hand(refund_id: uuid.UUID, *, reason: str, actor: str, now: datetime) -> Refund:
    """Note that somebody of the shop paid a refund another way, and how. Raises NotForStaff, ReasonNeeded."""
    if not reason.strip():
        raise ReasonNeeded
    found, refund = lock_refund(refund_id)
    if refund.state != Refund.State.STAFF:
        raise NotForStaff
    refund.state, refund.by, refund.why = Refund.State.BY_HAND, actor, reason.strip()[:300]
    refund.settled_at = now
    refund.save()
    follow_money(found, actor=actor, now=now)
    return refund


@one_change
def send_again(refund_id: uuid.UUID, *, actor: str, now: datetime) -> Refund:
    """Send a refund that Stripe never made: the reason is gone, such as a missing key. Raises NotForStaff.

    With another key, since Stripe may repeat for a day what it said to the last one.
    """
    found, refund = lock_refund(refund_id)
    if refund.state != Refund.State.STAFF or refund.stripe_id or refund.payment_id is None:
        raise NotForStaff
    refund.state, refund.why, refund.next_attempt_at = Refund.State.SUBMITTING, "", now
    refund.renewed += 1
    refund.broken, refund.first_sent_at = 0, None
    refund.save()
    follow_money(found, actor=actor, now=now)
    wake()
    return refund


def send_what_waited(merchant_id: int, *, actor: str, now: datetime) -> int:
    """Send the refunds that waited for a key only; return how many."""
    waiting = waiting_for_a_key(merchant_id)
    for refund in waiting:
        send_again(refund.pk, actor=actor, now=now)
    return len(waiting)


def lock_refund(refund_id: uuid.UUID) -> tuple[Return, Refund]:
    """Lock a refund's return, then the refund."""
    found = lock_return(Refund.objects.values_list("of_id", flat=True).get(pk=refund_id))
    return found, Refund.objects.select_for_update().get(pk=refund_id)
