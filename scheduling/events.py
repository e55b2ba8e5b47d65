"""The outbox: facts are recorded with the change that caused them, and handed on at least once.

Handlers take effect once: their effect and their receipt share one transaction.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from scheduling.models import Delivery, Event, Merchant, Receipt
from scheduling.statements import NUMBER, Instances

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=1)

_EVENT: Final = Instances(
    lambda event: Event.objects.filter(pk=event).select_related("delivery__merchant"), NUMBER
)
_RECEIPT: Final = Instances(
    lambda event, handler: Receipt.objects.filter(event=event, handler=handler), NUMBER, "a handler’s name"
)

KINDS: Final = {
    "hold.placed": gettext_noop("A time was kept"),
    "hold.extended": gettext_noop("The time was kept for longer"),
    "hold.released": gettext_noop("The kept time was given back"),
    "hold.lapsed": gettext_noop("The kept time ran out"),
    "booking.confirmed": gettext_noop("You chose a time"),
    "booking.moved": gettext_noop("You moved it to another time"),
    "booking.joined": gettext_noop("You added an order"),
    "delivery.diverted": gettext_noop("You sent it to a pickup point"),
    "booking.cancelled": gettext_noop("You cancelled"),
    "delivery.safe_place_changed": gettext_noop("You changed where it may be left"),
    "delivery.longer_at_door": gettext_noop("You changed how long it takes at the door"),
    "delivery.notes_changed": gettext_noop("You changed how we get in"),
    "delivery.code_read": gettext_noop("Somebody looked at a code"),
    "promise.narrowed": gettext_noop("Your time became exact"),
    "delivery.street": gettext_noop("You said whether your street may hear that a van comes"),
    "delivery.contact_changed": gettext_noop("You changed how we reach you"),
    "delivery.preferences_changed": gettext_noop("You changed how we write to you"),
    "delivery.erased": gettext_noop("What was kept about you was erased"),
    "delivery.day_before": gettext_noop("We asked whether tomorrow suits you"),
    "delivery.day_before_answered": gettext_noop("You said that it suits you"),
    "delivery.on_the_way": gettext_noop("It is on its way"),
    "delivery.near": gettext_noop("Three stops before you"),
    "delivery.next": gettext_noop("You are next"),
    "delivery.arrived": gettext_noop("The driver is there"),
    "delivery.delivered": gettext_noop("It was handed over"),
    "delivery.collected": gettext_noop("It was collected"),
    "delivery.missed": gettext_noop("We could not hand it over"),
    "delivery.undone": gettext_noop("What was noted of it was taken back"),
    "delivery.back_at_depot": gettext_noop("It is back at the depot"),
    "delivery.returned": gettext_noop("It goes back to the shop"),
    "delivery.reassigned": gettext_noop("Another vehicle brings it"),
    "delivery.running_late": gettext_noop("The driver said that it takes longer"),
    "delivery.late": gettext_noop("It will be later than promised"),
    "delivery.late_answered": gettext_noop("You said what is to happen"),
    "route.started": gettext_noop("A vehicle left"),
    "route.finished": gettext_noop("A vehicle came back"),
    "route.running_late": gettext_noop("A driver said that all takes longer"),
    "route.resequenced": gettext_noop("A route’s order was changed"),
    "route.broke_down": gettext_noop("A vehicle broke down"),
    "shift.vehicle_changed": gettext_noop("Another vehicle drives a shift"),
    "plan.closed": gettext_noop("A day was closed"),
    "plan.locked": gettext_noop("A day was locked: vehicles are being loaded"),
    "plan.started": gettext_noop("A day has started"),
    "plan.finished": gettext_noop("A day is over"),
    "plan.accounted": gettext_noop("A day’s grams were shared among its stops"),
    "plan.improved": gettext_noop("A day’s routes became better"),
    "return.requested": gettext_noop("You asked to send something back"),
    "return.withdrawn": gettext_noop("You withdrew from the contract"),
    "return.withdrawal_stated": gettext_noop("A withdrawal was stated without a link"),
    "return.unmatched": gettext_noop("No order was found for what was withdrawn from"),
    "return.refund_due": gettext_noop("The law wants the money back soon"),
    "return.approved": gettext_noop("It may come back"),
    "return.rejected": gettext_noop("It cannot come back"),
    "return.cancelled": gettext_noop("You called the return off"),
    "return.pickup_booked": gettext_noop("You chose when we pick it up"),
    "return.pickup_cancelled": gettext_noop("The pickup was called off"),
    "return.collected": gettext_noop("What you send back was collected"),
    "return.handed_in": gettext_noop("What you send back was handed in"),
    "return.received": gettext_noop("What you sent back arrived"),
    "return.inspected": gettext_noop("What you sent back was looked at"),
    "return.refunded": gettext_noop("Your money is on its way back"),
    "return.refund_delayed": gettext_noop("The shop pays your money back by hand"),
    "return.credited": gettext_noop("You got a credit with the shop"),
    "return.put_right": gettext_noop("Somebody of the shop put something right"),
    "return.closed": gettext_noop("Your return is finished"),
}

Handler = Callable[[Event, datetime], None]
_handlers: dict[str, dict[str, Handler]] = defaultdict(dict)
_waker: Callable[[], object] | None = None
_counter: Callable[[str], object] | None = None


def subscribe(kind: str, name: str, handler: Handler) -> None:
    """Call `handler(event, now)` once for each event of a kind; `name` is kept in its receipts."""
    if kind not in KINDS:
        raise ValueError(f"{kind} is no event")
    _handlers[kind][name] = handler


def set_waker(waker: Callable[[], object] | None) -> None:
    """Say what to call when something was recorded, so that the relay need not wait for its sweep."""
    global _waker
    _waker = waker


def set_counter(counter: Callable[[str], object] | None) -> None:
    """Say what to call with the kind of every event whose change is certain."""
    global _counter
    _counter = counter


def record(
    kind: str,
    *,
    now: datetime,
    actor: str,
    delivery: Delivery | None = None,
    merchant: Merchant | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Record a fact in the caller's transaction: it exists if and only if the change does."""
    if kind not in KINDS:
        raise ValueError(f"{kind} is no event")
    event = Event.objects.create(
        kind=kind,
        delivery=delivery,
        merchant_id=delivery.merchant_id if delivery else merchant.pk if merchant else None,
        actor=actor,
        data=data or {},
        occurred_at=now,
    )
    transaction.on_commit(lambda: _committed(kind), robust=True)
    return event


def _committed(kind: str) -> None:
    if _counter is not None:
        _counter(kind)
    if _waker is not None:
        _waker()


def relay(*, now: datetime, limit: int = 50) -> int:
    """Hand waiting events to their subscribers, oldest first; return how many were claimed."""
    waiting = Q(relayed_at__isnull=True) & (Q(leased_until__isnull=True) | Q(leased_until__lte=now))
    claimed = 0
    for pk in list(Event.objects.filter(waiting).order_by("pk").values_list("pk", flat=True)[:limit]):
        # The condition is judged again by the update, so of two relays only one gets the row.
        taken = Event.objects.filter(waiting, pk=pk).update(
            leased_until=now + LEASE, attempts=F("attempts") + 1
        )
        if taken:
            claimed += 1
            _hand_on(_EVENT.get(pk), now=now)
    return claimed


def _hand_on(event: Event, *, now: datetime) -> None:
    failures = [
        failure
        for name, handler in _handlers[event.kind].items()
        if (failure := _take_effect(event, name, handler, now=now))
    ]
    if failures:
        wait = min(LEASE * 2 ** min(event.attempts, 10), LONGEST_WAIT)
        Event.objects.filter(pk=event.pk).update(leased_until=now + wait, last_error=failures[0][:200])
    else:
        Event.objects.filter(pk=event.pk).update(relayed_at=now, leased_until=None, last_error="")


def _take_effect(event: Event, name: str, handler: Handler, *, now: datetime) -> str:
    """Run one handler with its receipt in one transaction; return what failed, or nothing."""
    try:
        with transaction.atomic():
            create = partial(Receipt.objects.create, event=event, handler=name, taken_at=now)
            _receipt, new = _RECEIPT.get_or(create, event.pk, name)
            if new:
                handler(event, now)
    except Exception as error:  # one handler's fault must not stop the others; it is tried again
        log.exception("Event %s failed in %s", event.pk, name)
        return f"{name}: {type(error).__name__}"
    return ""
