"""What the returns desk of a shop has before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Prefetch, QuerySet, Sum

from returns.models import Refund, RefundFault, Return, ReturnItem, ReturnPhoto, StripeAccount
from scheduling.models import Merchant

AT_ONCE: Final = 50
LATELY: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Pile:
    """Some returns, the longest waiting first, and how many there are in all."""

    returns: Sequence[Return]
    count: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What is to be looked at, what money waits for somebody, what is to be decided, expected, done."""

    to_inspect: Pile
    staff: Pile
    asked: Pile
    expected: Pile
    done: Pile


def desk_of(merchant: Merchant, *, now: datetime) -> Desk:
    """Return a shop's desk. Eleven queries at most."""
    own = Return.objects.filter(merchant=merchant)
    waiting = own.filter(parcel=Return.Parcel.RECEIVED, inspection=Return.Inspection.WAITING)
    return Desk(
        to_inspect=_pile(waiting.order_by("received_at", "pk")),
        staff=_pile(own.filter(money=Return.Money.STAFF).order_by("requested_at", "pk")),
        asked=_pile(own.filter(parcel=Return.Parcel.REQUESTED).order_by("requested_at", "pk")),
        expected=_pile(
            own.filter(parcel__in=("collected", "handed_in", "booked", "approved"))
            .exclude(inspection=Return.Inspection.DONE)
            .order_by("requested_at", "pk")
        ),
        done=_pile(
            own.filter(inspection=Return.Inspection.DONE, inspected_at__gte=now - LATELY).order_by(
                "-inspected_at", "-pk"
            )
        ),
    )


def _pile(rows: QuerySet[Return]) -> Pile:
    listed = list(
        rows.select_related("order", "pickup__booking__stop").annotate(pieces=Sum("items__quantity"))[
            : AT_ONCE + 1
        ]
    )
    return Pile(listed[:AT_ONCE], rows.count() if len(listed) > AT_ONCE else len(listed))


def return_at_desk(merchant: Merchant, ref: str) -> Return | None:
    """Return one of a shop's returns with all that its page shows, or None. Five queries."""
    photos = Prefetch("photos", queryset=ReturnPhoto.objects.order_by("pk"))
    items = Prefetch(
        "items", queryset=ReturnItem.objects.select_related("item").prefetch_related(photos).order_by("pk")
    )
    refunds = Prefetch("refunds", queryset=Refund.objects.select_related("payment").order_by("created_at"))
    own = Return.objects.filter(merchant=merchant).exclude(parcel__in=("draft", "dropped"))
    return (
        own.select_related("order", "credit", "pickup")
        .prefetch_related(items, refunds)
        .filter(ref=ref)
        .first()
    )


def item_of(found: Return, pk: int) -> ReturnItem | None:
    """Return one item of a return, None where it is another's."""
    return next((item for item in found.items.all() if item.pk == pk), None)


def stripe_account_of(merchant: Merchant) -> StripeAccount | None:
    """Return what is known of a shop's account at Stripe; the keys stay sealed."""
    return StripeAccount.objects.filter(merchant=merchant).first()


def faults_of(merchant: Merchant) -> list[RefundFault]:
    """Return what reconciliation found and could not put right, latest first."""
    rows = RefundFault.objects.filter(merchant=merchant).select_related("refund__of")
    return list(rows.order_by("-found_at")[:AT_ONCE])
