"""What Stripe tells a shop's address: believed only as a hint where to look, and once."""

import uuid
from datetime import datetime

from django.db.models import QuerySet

from returns import payments
from returns.errors import NotFromStripe
from returns.models import Refund, StripeAccount, StripeEvent
from returns.payments import BadSignature, Refused
from returns.services.sending import take
from returns.services.stripe_accounts import keys_of
from scheduling.services.changes import one_change


def hear(*, shop: str, body: bytes, signature: str, now: datetime) -> bool:
    """Take an event of Stripe's to a shop; return whether it changed anything.

    The refund it speaks of is fetched again, so what is old or out of order does no harm. Raises
    NotFromStripe where nobody but Stripe may speak; Unanswered, Broke or KeyRefused where the refund could
    not be fetched: Stripe will say it again.
    """
    account = StripeAccount.objects.filter(merchant__slug=shop).first()
    keys = keys_of(account.merchant_id) if account else None
    if account is None or keys is None or not keys.secret:
        raise NotFromStripe
    try:
        told = payments.heard(body=body, signature=signature, secret=keys.secret)
    except BadSignature as error:
        raise NotFromStripe from error
    if StripeEvent.objects.filter(merchant_id=account.merchant_id, event_id=told.event_id).exists():
        return False
    at_stripe = None
    if told.refund:
        try:
            at_stripe = payments.read_refund(key=keys.key, stripe_id=told.refund)
        except Refused:  # no such refund: it speaks of another account, or of nothing
            at_stripe = None
    return _take_effect(account.merchant_id, told, at_stripe, now=now)


def _named(ours: QuerySet[Refund], name: str) -> Refund | None:
    try:
        return ours.filter(pk=uuid.UUID(name)).first()
    except ValueError:
        return None


@one_change
def _take_effect(
    merchant_id: int, told: payments.Told, at_stripe: payments.AtStripe | None, *, now: datetime
) -> bool:
    _event, new = StripeEvent.objects.get_or_create(
        merchant_id=merchant_id,
        event_id=told.event_id,
        defaults={"kind": told.kind[:80], "received_at": now},
    )
    if not new or at_stripe is None:
        return False
    ours = Refund.objects.filter(of__merchant_id=merchant_id)
    refund = ours.filter(stripe_id=at_stripe.stripe_id).first() or _named(ours, at_stripe.ours)
    return refund is not None and take(refund.pk, at_stripe, now=now)
