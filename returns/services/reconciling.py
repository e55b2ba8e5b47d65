"""What Stripe paid against what we say was paid, every night: shop by shop, in both directions."""

import logging
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Min

from returns import payments
from returns.models import Refund, RefundFault, StripeAccount
from returns.payments import AtStripe, KeyRefused, Refused
from returns.services.sending import note_fault, take
from returns.services.stripe_accounts import keys_of, note_key_refused

log = logging.getLogger(__name__)

LOOKS_BACK: Final = timedelta(days=3)
"""Longer than a night that was missed, or two."""
LONGEST: Final = timedelta(days=60)


@dataclass(slots=True)
class Reconciled:
    """How many refunds of Stripe's were looked at, how many of ours were behind, and how many are wrong."""

    checked: int = 0
    repaired: int = 0
    faults: int = 0


def shops_to_reconcile() -> list[int]:
    """Return the merchants that have a key at Stripe."""
    return list(StripeAccount.objects.order_by("pk").values_list("merchant_id", flat=True))


def reconcile(merchant_id: int, *, now: datetime) -> Reconciled:
    """Compare a shop's refunds of the last days with Stripe's; put right what Stripe knows better.

    What can't be put right becomes a RefundFault, once. Raises Unanswered, Broke: try again later.
    """
    done, keys = Reconciled(), keys_of(merchant_id)
    before = RefundFault.objects.filter(merchant_id=merchant_id).count()
    if keys is None:
        return done
    try:
        seen = _by_row(payments.refunds_since(key=keys.key, since=_since(merchant_id, now=now)), done)
    except KeyRefused:
        note_key_refused(merchant_id, now=now)
        return done
    for ours, found in seen.items():
        done.repaired += _compared(merchant_id, ours, found, now=now)
    done.repaired += _look_for_missing(merchant_id, keys.key, seen, now=now)
    done.faults = RefundFault.objects.filter(merchant_id=merchant_id).count() - before
    StripeAccount.objects.filter(merchant_id=merchant_id).update(reconciled_at=now)
    return done


def _since(merchant_id: int, *, now: datetime) -> datetime:
    """From when on: some days back, and as far as the oldest refund that is still on its way."""
    open_ones = Refund.objects.filter(
        of__merchant_id=merchant_id, state__in=(Refund.State.SUBMITTING, Refund.State.PENDING)
    )
    oldest = open_ones.aggregate(oldest=Min("created_at"))["oldest"] or now
    return max(min(oldest, now - LOOKS_BACK), now - LONGEST)


def _by_row(listed: list[AtStripe], done: Reconciled) -> dict[str, list[AtStripe]]:
    seen: dict[str, list[AtStripe]] = defaultdict(list)
    for each in listed:
        seen[each.ours].append(each)
        done.checked += 1
    return seen


def _compared(merchant_id: int, ours: str, found: list[AtStripe], *, now: datetime) -> int:
    """Compare one row with all that Stripe made of it; return how often it was behind."""
    refund = _row(merchant_id, ours)
    if refund is None:
        for each in found:
            _unknown(merchant_id, each, now=now)
        return 0
    # The one that we know comes first: another that was paid is one too many.
    found.sort(key=lambda each: each.stripe_id != refund.stripe_id)
    return sum(take(refund.pk, each, now=now) for each in found)


def _row(merchant_id: int, ours: str) -> Refund | None:
    try:
        return Refund.objects.filter(of__merchant_id=merchant_id, pk=uuid.UUID(ours)).first()
    except ValueError:
        return None


def _unknown(merchant_id: int, each: AtStripe, *, now: datetime) -> None:
    """Two shops may share an account: what is the other's is no fault of this one."""
    if not each.failed and not _is_anothers(each.ours):
        log.error("Stripe paid %s, of which we know nothing", each.stripe_id)
        RefundFault.objects.get_or_create(
            merchant_id=merchant_id,
            subject=each.stripe_id,
            what=RefundFault.What.UNKNOWN,
            defaults={"found_at": now},
        )


def _is_anothers(ours: str) -> bool:
    try:
        return Refund.objects.filter(pk=uuid.UUID(ours)).exists()
    except ValueError:
        return False


def _look_for_missing(merchant_id: int, key: str, seen: dict[str, list[AtStripe]], *, now: datetime) -> int:
    """Ask for each refund of ours that the list does not hold; return how many were behind."""
    ours = Refund.objects.select_related("of").filter(of__merchant_id=merchant_id).exclude(stripe_id="")
    behind = 0
    recent = ours.filter(state=Refund.State.SUCCEEDED, settled_at__gte=now - LOOKS_BACK)
    for refund in (recent | ours.filter(state=Refund.State.PENDING)).exclude(pk__in=_uuids(seen)):
        try:
            behind += take(refund.pk, payments.read_refund(key=key, stripe_id=refund.stripe_id), now=now)
        except Refused:
            note_fault(refund.of, refund, refund.stripe_id, RefundFault.What.MISSING, now=now)
    return behind


def _uuids(seen: dict[str, list[AtStripe]]) -> list[uuid.UUID]:
    known = []
    for ours in seen:
        try:
            known.append(uuid.UUID(ours))
        except ValueError:
            continue
    return known
