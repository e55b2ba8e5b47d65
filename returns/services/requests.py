"""Asking for a return: a draft, sent off once, called off until it was collected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from returns.errors import MoreThanBought, NothingChosen, ReturnChanged, TermsChanged
from returns.models import Return, ReturnItem
from returns.selectors.worth import left_of, worth_of
from returns.services.policies import judged
from scheduling.events import record
from scheduling.models import Delivery, Order, OrderItem
from scheduling.services.changes import one_change


@dataclass(frozen=True, slots=True)
class Wish:
    """Some of one line of an order, and what is wanted for it; `line` is the item's own `ref`.

    `photos` is how many its customer sent of it.
    """

    line: str
    quantity: int
    reason: str = ""
    resolution: str = "refund"
    comment: str = ""
    condition: str = ""
    wanted_sku: str = ""
    photos: int = 0


def lock_order(order_id: int) -> Order:
    """Lock an order, so that two returns of it are counted one after the other.

    Not its key: whoever books a pickup has the return already, and its delivery names the order.
    """
    return Order.objects.select_for_update(no_key=True).get(pk=order_id)


@one_change
def request_return(
    order_id: int,
    wishes: Sequence[Wish],
    *,
    actor: str,
    now: datetime,
    delivery: Delivery | None = None,
    kind: str = Return.Kind.POLICY,
    method: str = "pickup",
    fee_minor: int | None = None,
    approved: bool = True,
) -> Return:
    """Make a return of some items of an order, asked for now.

    One by the shop's rules is judged by those in force now, and keeps their version. `fee_minor` is what its
    customer was shown; it must still be what it costs. Withdrawals and what is refused at the door are
    nobody's to refuse: there it is the fee, 0 where left out.

    Raises NothingChosen, MoreThanBought, NotAllowed, TermsChanged.
    """
    order = lock_order(order_id)
    if not wishes:
        raise NothingChosen
    found = judged(order, delivery, wishes, method, now) if kind == Return.Kind.POLICY else None
    if found is not None and fee_minor not in (None, found.fee_minor):
        raise TermsChanged
    made = Return(
        merchant_id=order.merchant_id,
        order=order,
        delivery=delivery,
        policy=found.version if found else None,
        kind=kind,
        parcel=Return.Parcel.REQUESTED,
        method=method,
        fee_minor=found.fee_minor if found else fee_minor or 0,
        currency=order.currency or order.merchant.currency,
        created_at=now,
        requested_at=now,
    )
    take_contact(made)
    made.save()
    items = {each.ref: each for each in order.items.all()}
    for wish in wishes:
        _add(made, items.get(wish.line), wish, rule=found.verdicts[wish.line].rule if found else "")
    told(made, "requested", now=now, actor=actor)
    if approved:
        made.move(parcel=Return.Parcel.APPROVED)
        made.save()
        told(made, "approved", now=now, actor="rules")
    return made


def take_contact(made: Return) -> None:
    """Note whom it is from: as its order says, or else the delivery that brought it. Does not save."""
    order, delivery = made.order, made.delivery
    contact = delivery if delivery is not None and not order.contact_email else order
    made.contact_name, made.contact_email = contact.contact_name, contact.contact_email
    made.contact_phone = contact.contact_phone
    made.language = delivery.language if delivery else "en"


def _add(made: Return, item: OrderItem | None, wish: Wish, *, rule: str) -> None:
    if item is None or not 1 <= wish.quantity <= left_of(item):
        raise MoreThanBought
    ReturnItem.objects.create(
        of=made,
        item=item,
        quantity=wish.quantity,
        reason=wish.reason,
        comment=wish.comment,
        condition=wish.condition,
        resolution=wish.resolution,
        wanted_sku=wish.wanted_sku,
        rule=rule,
        value_minor=worth_of(item, wish.quantity),
    )


def lock_return(return_id: int, *, version: int | None = None) -> Return:
    """Lock a return; orders are locked before it, payments and day plans after. Raises ReturnChanged."""
    found = Return.objects.select_for_update().get(pk=return_id)
    if version is not None and found.version != version:
        raise ReturnChanged
    return found


def lock_with_order(return_id: int) -> Return:
    """Lock a return whose pieces are about to be counted otherwise, and before it its order."""
    lock_order(Return.objects.values_list("order_id", flat=True).get(pk=return_id))
    return lock_return(return_id)


def leave_to_others(made: Return) -> int:
    """Leave to other returns what they are for by now, of what counts in this one once more.

    What was not taken may have been asked for again before it was counted otherwise: it is on its way once,
    in the return that asked last. Under the order's lock, and saved; return how many pieces that were.
    """
    left = 0
    for each in made.items.select_related("of", "item"):
        over = min(each.counts, max(0, -left_of(each.item)))
        if over:
            each.elsewhere = each.quantity - each.counts + over
            each.save(update_fields=["elsewhere"])
        left += over
    return left


def told(made: Return, step: str, /, *, now: datetime, actor: str, **data: object) -> None:
    """Record what happened to a return, beside the delivery that brought it."""
    record(
        f"return.{step}",
        now=now,
        actor=actor,
        delivery=made.delivery,
        merchant=made.merchant,
        data={"return": made.ref, "order": made.order.number, **data},
    )
