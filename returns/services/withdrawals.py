"""Withdrawing from a contract: stated in two steps, refused by no rule, followed by its receipt.

Somebody with their link states it for their order. Who has none states it too: whether an order is meant is
found out later, elsewhere, so that whoever states it learns nothing; the receipt goes to the contact on file.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from returns.errors import NoSuchOrder, NothingLeft, ReasonNeeded, StatementAnswered
from returns.models import Return, Withdrawal
from returns.selectors.withdrawable import brought_by, meant_by, waiting_for
from returns.selectors.worth import left_of
from returns.services.dues import note_due, note_sent, stated_at_of
from returns.services.refunds import settle
from returns.services.requests import (
    Wish,
    lock_order,
    lock_with_order,
    request_return,
    take_contact,
    told,
)
from scheduling import events
from scheduling.errors import DomainError
from scheduling.models import Delivery, Event, Merchant, Order
from scheduling.services.bookings import cancel_delivery
from scheduling.services.changes import one_change

BY: Final = "withdrawal"
SENT: Final = ("return.collected", "return.handed_in", "return.received")
"""After these the goods, or proof that they were sent, are the trader's."""


def connect() -> None:
    """Look for what was stated without a link, and note when goods were sent."""
    events.subscribe("return.withdrawal_stated", "returns.meant", find_meant)
    for kind in SENT:
        events.subscribe(kind, "returns.refund_due", note_sent)


@one_change
def withdraw(
    *,
    delivery: Delivery,
    order_id: int,
    name: str,
    content: str,
    actor: str,
    now: datetime,
    quantities: Mapping[str, int] | None = None,
) -> Withdrawal:
    """Take a statement about an order that a delivery brought; all that is left of it comes back.

    `content` is what its customer saw and confirmed; `quantities` some of its lines only. No rule is asked.
    What is on its way back already is withdrawn from as well. Stating it twice is stating it once.
    """
    order = lock_order(order_id)
    before = Withdrawal.objects.filter(of__order=order, of__delivery=delivery).order_by("-pk").first()
    if before is not None and not any(left_of(each) for each in order.items.all()):
        return before
    stated = Withdrawal.objects.create(
        merchant_id=order.merchant_id,
        name=name,
        order_number=order.number,
        email=delivery.contact_email,
        content=content,
        stated_at=now,
    )
    return _led_on(stated, order, delivery, quantities, actor=actor, now=now)


@one_change
def state_withdrawal(
    *, merchant: Merchant, name: str, order_number: str, email: str, content: str, actor: str, now: datetime
) -> Withdrawal:
    """Take a statement from who has no link. The same work whether an order is meant or not."""
    stated = Withdrawal.objects.create(
        merchant=merchant,
        name=name,
        order_number=order_number,
        email=email,
        content=content,
        stated_at=now,
    )
    events.record(
        "return.withdrawal_stated", merchant=merchant, actor=actor, now=now, data={"statement": stated.pk}
    )
    return stated


def find_meant(event: Event, now: datetime) -> None:
    """Lead a statement on to the order it is about; where there is none, tell the shop. Twice is once."""
    stated = Withdrawal.objects.select_for_update().filter(pk=event.data["statement"]).first()
    if stated is None or stated.of_id is not None or stated.erased_at is not None:
        return
    found = meant_by(stated.merchant, order_number=stated.order_number, email=stated.email)
    if not found or found[0].order is None:
        if stated.unmatched_at is not None:
            return
        stated.unmatched_at = now
        stated.save(update_fields=["unmatched_at"])
        data = {"statement": stated.pk}
        events.record("return.unmatched", merchant=stated.merchant, actor=BY, now=now, data=data)
        return
    order = lock_order(found[0].order.pk)
    _led_on(stated, order, found[0], None, actor=event.actor, now=now)


@one_change
def place_statement(
    statement_id: int, *, merchant: Merchant, order_number: str, actor: str, now: datetime
) -> Withdrawal:
    """Lead a statement that fitted no order on to the one of its shop that a person found for it.

    Its receipt goes to the contact on that order's file, as it always does.

    Raises
    ------
    StatementAnswered
        It was led on, or answered, meanwhile.
    NoSuchOrder
        No delivery of ours brought an order of this number.
    NothingLeft
        All of that order is on its way back already, or is not to come.
    """
    stated = _lock_waiting(statement_id, merchant)
    found = brought_by(merchant, order_number=order_number)
    if not found or found[0].order is None:
        raise NoSuchOrder
    order = lock_order(found[0].order.pk)
    _led_on(stated, order, found[0], None, actor=actor, now=now)
    if stated.of_id is None:
        raise NothingLeft
    return stated


@one_change
def answer_statement(
    statement_id: int, *, merchant: Merchant, answer: str, actor: str, now: datetime
) -> Withdrawal:
    """Close a statement that means no order of ours; `answer` says what was done about it.

    Raises StatementAnswered if it was led on, or answered, meanwhile; ReasonNeeded without words.
    """
    if not answer.strip():
        raise ReasonNeeded
    stated = _lock_waiting(statement_id, merchant)
    stated.answered_at, stated.answered_by, stated.answer = now, actor, answer.strip()
    stated.save(update_fields=["answered_at", "answered_by", "answer"])
    return stated


def _lock_waiting(statement_id: int, merchant: Merchant) -> Withdrawal:
    rows = waiting_for(merchant).select_for_update()
    stated = rows.filter(pk=statement_id).first()
    if stated is None:
        raise StatementAnswered
    return stated


def _led_on(
    stated: Withdrawal,
    order: Order,
    delivery: Delivery,
    quantities: Mapping[str, int] | None,
    *,
    actor: str,
    now: datetime,
) -> Withdrawal:
    items = list(order.items.all())
    left = {each.ref: left_of(each) for each in items}
    wanted = (
        left if quantities is None else {line: min(n, left.get(line, 0)) for line, n in quantities.items()}
    )
    wishes = [Wish(line, count) for line, count in wanted.items() if count]
    for each in Return.objects.filter(order=order, kind=Return.Kind.POLICY, refund_due_at=None):
        note_due(each, stated.stated_at)
    if wishes:
        made = request_return(
            order.pk, wishes, actor=actor, now=now, delivery=delivery, kind=Return.Kind.WITHDRAWAL
        )
    elif not items:  # a shop that told us no items: all of the order is meant
        made = _whole(order, delivery, actor=actor, now=now)
    else:
        _tell(stated, delivery, None, actor=actor, now=now)
        return stated
    note_due(made, stated.stated_at)
    stated.of = made
    stated.save(update_fields=["of"])
    _tell(stated, delivery, made, actor=actor, now=now)
    _keep_at_home(made, delivery, now=now)
    return stated


def _whole(order: Order, delivery: Delivery, *, actor: str, now: datetime) -> Return:
    made = Return(
        merchant_id=order.merchant_id,
        order=order,
        delivery=delivery,
        kind=Return.Kind.WITHDRAWAL,
        parcel=Return.Parcel.REQUESTED,
        method="pickup",
        currency=order.currency or order.merchant.currency,
        created_at=now,
        requested_at=now,
    )
    take_contact(made)
    made.save()
    told(made, "requested", now=now, actor=actor)
    made.move(parcel=Return.Parcel.APPROVED)
    made.save()
    told(made, "approved", now=now, actor="rules")
    return made


def _tell(stated: Withdrawal, delivery: Delivery, made: Return | None, *, actor: str, now: datetime) -> None:
    data = {"statement": stated.pk, "return": made.ref if made else ""}
    events.record("return.withdrawn", delivery=delivery, actor=actor, now=now, data=data)


def _keep_at_home(made: Return, delivery: Delivery, *, now: datetime) -> None:
    """Call a delivery off that has not left yet, so that nothing travels twice.

    One that brings other orders as well, or whose day has begun, comes: its goods go back afterwards.
    """
    if delivery.state != Delivery.State.CONFIRMED or delivery.joined_orders.exists():
        return
    if made.items.count() < made.order.items.count():
        return
    try:
        cancel_delivery(delivery=delivery, actor=BY, now=now)
    except DomainError:
        return
    for each in made.items.all():
        each.received = each.accepted = each.quantity
        each.rejected = 0
        each.save()
    made.method, made.received_at = "none", now
    made.move(parcel=Return.Parcel.RECEIVED, inspection=Return.Inspection.UNNEEDED)
    made.save()
    told(made, "received", now=now, actor=BY)
    settle(made.pk, actor=BY, now=now)


@one_change
def send_rest(return_id: int, *, actor: str, now: datetime) -> Return:
    """Ask once more for what was withdrawn from and not taken: what was stated stands, so no rule is asked.

    Nor does it matter how long ago the goods came. Twice is once. Raises NothingLeft.
    """
    of = lock_with_order(return_id)
    missing = [(each, each.quantity - each.counts) for each in of.items.select_related("item")]
    wishes = [
        Wish(each.item.ref, count, each.reason, each.resolution, each.comment, each.condition)
        for each, missed in missing
        if (count := min(missed, left_of(each.item)))
    ]
    if of.kind != Return.Kind.WITHDRAWAL or not wishes:
        return _sent_after(of)
    made = request_return(
        of.order_id, wishes, actor=actor, now=now, delivery=of.delivery, kind=Return.Kind.WITHDRAWAL
    )
    note_due(made, stated_at_of(made))
    return made


def _sent_after(of: Return) -> Return:
    later = Return.objects.filter(order=of.order_id, kind=Return.Kind.WITHDRAWAL, pk__gt=of.pk)
    found = later.exclude(parcel=Return.Parcel.CANCELLED).order_by("-pk").first()
    if of.kind != Return.Kind.WITHDRAWAL or found is None:
        raise NothingLeft
    return found
