"""By when the law wants a withdrawal's money back, and reminding its shop of that."""

from datetime import datetime
from typing import Final

from returns.deadlines import REMINDED_BEFORE, refund_due
from returns.models import Return, Withdrawal
from returns.selectors.policies import policy_of
from returns.selectors.withdrawable import due_soon
from returns.services.requests import lock_return, told
from scheduling.models import Event
from scheduling.services.changes import one_change

BY: Final = "withdrawal"


def note_due(of: Return, stated_at: datetime) -> None:
    """Note by when a return's money is to be back, where its trader may not wait for the goods."""
    version, _policies = policy_of(of.merchant)
    offered = version.collection_offered_by_trader if version else True
    sent_at = min(filter(None, [of.collected_at, of.received_at]), default=None)
    of.refund_due_at = refund_due(stated_at, collection_offered=offered, sent_at=sent_at)
    of.save(update_fields=["refund_due_at"])


def stated_at_of(of: Return) -> datetime:
    """Return when the withdrawal was stated that a return is of: the rest of one has no statement."""
    stated = Withdrawal.objects.filter(of__order=of.order_id, of__lte=of.pk).order_by("-of_id").first()
    return stated.stated_at if stated else of.requested_at or of.created_at


def note_sent(event: Event, now: datetime) -> None:
    """Set by when a withdrawal's money is to be back where its trader could wait for the goods."""
    of = Return.objects.select_for_update().filter(ref=event.data.get("return", "")).first()
    if of is None or of.kind != Return.Kind.WITHDRAWAL or of.refund_due_at is not None:
        return
    stated_at = stated_at_of(of)
    of.refund_due_at = refund_due(stated_at, collection_offered=False, sent_at=event.occurred_at)
    of.save(update_fields=["refund_due_at"])


def remind_of_refunds(*, now: datetime) -> int:
    """Tell shops whose money the law wants back within three days, each once; return how many."""
    found = due_soon(before=now + REMINDED_BEFORE)
    return sum(_remind(each.pk, now=now) for each in found)


@one_change
def _remind(return_id: int, *, now: datetime) -> bool:
    of = lock_return(return_id)
    if of.refund_told_at is not None or of.refund_due_at is None:
        return False
    of.refund_told_at = now
    of.save(update_fields=["refund_told_at"])
    told(of, "refund_due", now=now, actor=BY, due_at=of.refund_due_at.isoformat())
    return True
