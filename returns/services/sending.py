"""Refunds on their way through Stripe: one try at a time, each made known to us before it is made to anybody.

A try may be cut off anywhere. What was committed before it says enough to go on: within a day the same
idempotency key makes the same refund, or finds it. Later, or where Stripe broke over the key and only repeats
that, the payment's refunds are listed, and one that carries our id is ours.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from returns import payments
from returns.models import Refund, RefundFault, Return
from returns.payments import AtStripe, Broke, KeyRefused, Refused, Unanswered
from returns.services.refunds import follow_money, lock_refund
from returns.services.stripe_accounts import KEY_REFUSED, NO_KEY, keys_of, note_key_refused
from scheduling.services.changes import one_change

log = logging.getLogger(__name__)

KEY_LIVES: Final = timedelta(hours=23)
"""Stripe forgets a key after 24 hours at the earliest; its clock is not ours."""
BROKEN_ENOUGH: Final = 2
"""So often Stripe broke over one key: it only repeats itself, so what it made is looked up."""
GIVEN_UP: Final = 4
"""So often it broke, and no refund was ever found: the next try has another key."""
WAITS_S: Final = (60, 60, 300, 900, 3600, 3 * 3600)
"""From one try to the next; longer than a try may take, so that two never overlap."""
AT_ONCE: Final = 50
OURS: Final = "refunds"


@dataclass(frozen=True, slots=True)
class Sending:
    """One try to make a refund, as it was committed before."""

    refund_id: uuid.UUID
    merchant_id: int
    key: str
    idempotency_key: str
    intent: str
    amount_minor: int
    of: str
    look_first: bool
    first: bool


def due_refunds(*, now: datetime) -> list[uuid.UUID]:
    """Return the refunds that are to be tried now, the longest waiting first."""
    waiting = Refund.objects.filter(state=Refund.State.SUBMITTING, next_attempt_at__lte=now)
    return list(waiting.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:AT_ONCE])


def submit(refund_id: uuid.UUID, *, now: datetime) -> str:
    """Try once to make a refund at Stripe; return in what state it is then. Bears repetition and crashes."""
    sending = begin_try(refund_id, now=now)
    if sending is not None:
        try:
            made = _found(sending) or _made(sending)
        except Unanswered as error:
            log.warning("Refund %s was not answered: %s", refund_id, error)
        except Broke as error:
            log.warning("Stripe broke over refund %s: %s", refund_id, error)
            note_broken(refund_id)
        except KeyRefused:
            refuse_key(sending, now=now)
        except Refused as error:
            log.warning("Stripe refused refund %s: %s", refund_id, error.code)
            hand_to_staff(refund_id, why=error.code, now=now)
        else:
            take(refund_id, made, now=now)
    return str(Refund.objects.values_list("state", flat=True).get(pk=refund_id))


def _made(sending: Sending) -> AtStripe:
    return payments.refund(
        key=sending.key,
        idempotency_key=sending.idempotency_key,
        intent=sending.intent,
        amount_minor=sending.amount_minor,
        ours=str(sending.refund_id),
        of=sending.of,
    )


def _found(sending: Sending) -> AtStripe | None:
    """Look up whether an earlier try made it, where the key alone no longer tells."""
    if not sending.look_first:
        return None
    found = payments.find_refunds(key=sending.key, intent=sending.intent, ours=str(sending.refund_id))
    return found[0] if found else None


@one_change
def begin_try(refund_id: uuid.UUID, *, now: datetime) -> Sending | None:
    """Commit that a refund is tried now; None where it is not due, or there is no key to try with.

    A key of which nothing can come any more is given up here, before anything is asked for with the next.
    """
    found, refund = lock_refund(refund_id)
    if refund.state != Refund.State.SUBMITTING or (refund.next_attempt_at or now) > now:
        return None
    keys = keys_of(found.merchant_id)
    if keys is None or refund.payment is None:
        if refund.attempts == 0:
            _to_staff(found, refund, why=NO_KEY, now=now)
        return None
    old = refund.first_sent_at is not None and now - refund.first_sent_at >= KEY_LIVES
    look_first = old or refund.broken >= BROKEN_ENOUGH or refund.renewed > 0
    if old or refund.broken >= GIVEN_UP:
        refund.renewed, refund.broken, refund.first_sent_at = refund.renewed + 1, 0, now
    first = refund.attempts == 0
    refund.first_sent_at = refund.first_sent_at or now
    refund.next_attempt_at = now + timedelta(seconds=WAITS_S[min(refund.attempts, len(WAITS_S) - 1)])
    refund.attempts += 1
    refund.save()
    return Sending(
        refund_id=refund.pk,
        merchant_id=found.merchant_id,
        key=keys.key,
        idempotency_key=_idempotency_key(refund),
        intent=refund.payment.payment_intent,
        amount_minor=refund.amount_minor,
        of=found.ref,
        look_first=look_first,
        first=first,
    )


def _idempotency_key(refund: Refund) -> str:
    return f"{refund.pk}.{refund.renewed}" if refund.renewed else str(refund.pk)


@one_change
def take(refund_id: uuid.UUID, made: AtStripe, *, now: datetime) -> bool:
    """Note how a refund stands at Stripe; return whether that was news. What is over never begins again."""
    found, refund = lock_refund(refund_id)
    if (refund.stripe_id or made.stripe_id) != made.stripe_id or refund.state == Refund.State.BY_HAND:
        if not made.failed and made.stripe_id != refund.stripe_id:
            note_fault(found, refund, made.stripe_id, RefundFault.What.TWICE, now=now)
        return False
    if (made.amount_minor, made.currency) != (refund.amount_minor, refund.currency):
        note_fault(found, refund, made.stripe_id, RefundFault.What.AMOUNT, now=now)
    known, state = refund.stripe_id, refund.state
    if (known and state == Refund.State.STAFF) or (state == Refund.State.SUCCEEDED and not made.failed):
        return False
    refund.stripe_id, refund.next_attempt_at = made.stripe_id, None
    if made.failed:
        _to_staff(found, refund, why=made.why or made.status, now=now)
        return True
    refund.why = ""
    refund.state = Refund.State.SUCCEEDED if made.status == "succeeded" else Refund.State.PENDING
    refund.settled_at = now if refund.state == Refund.State.SUCCEEDED else None
    refund.save()
    follow_money(found, actor="stripe", now=now)
    return (known, state) != (refund.stripe_id, refund.state)


@one_change
def note_broken(refund_id: uuid.UUID) -> None:
    """Count that Stripe broke over a refund's key."""
    refund = lock_refund(refund_id)[1]
    refund.broken += 1
    refund.save(update_fields=["broken"])


def refuse_key(sending: Sending, *, now: datetime) -> None:
    """Remember that Stripe does not take the shop's key. Where that is all that ever came: staff decides."""
    log.warning("Stripe does not take the key of shop %s", sending.merchant_id)
    note_key_refused(sending.merchant_id, now=now)
    if sending.first:
        hand_to_staff(sending.refund_id, why=KEY_REFUSED, now=now)


@one_change
def hand_to_staff(refund_id: uuid.UUID, *, why: str, now: datetime) -> None:
    """Let somebody of the shop decide about a refund that Stripe did not make."""
    found, refund = lock_refund(refund_id)
    if refund.state == Refund.State.SUBMITTING:
        _to_staff(found, refund, why=why, now=now)


def _to_staff(found: Return, refund: Refund, *, why: str, now: datetime) -> None:
    refund.state, refund.why, refund.settled_at = Refund.State.STAFF, why[:300], None
    refund.next_attempt_at = None
    refund.save()
    follow_money(found, actor=OURS, now=now)


def note_fault(found: Return, refund: Refund, subject: str, what: str, *, now: datetime) -> None:
    """Keep for the shop's staff what can't be put right here, once."""
    log.error("Refund %s of return %s: %s %s", refund.pk, found.ref, what, subject)
    RefundFault.objects.get_or_create(
        merchant_id=found.merchant_id,
        subject=subject or str(refund.pk),
        what=what,
        defaults={"refund": refund, "found_at": now},
    )
