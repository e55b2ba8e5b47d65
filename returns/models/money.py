"""What is paid back, through whom, and what they said of it."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from returns.models.goods import Return
from scheduling.models import Merchant, OrderPayment


class Refund(models.Model):
    """One part of what a return gives back, through one payment: committed before anybody is asked to pay.

    Its id is the idempotency key of the call. Without a payment it waits for somebody of the shop.
    """

    class State(models.TextChoices):
        SUBMITTING = "submitting", _("being sent")
        PENDING = "pending", _("on its way")
        SUCCEEDED = "succeeded", _("paid back")
        FAILED = "failed", _("refused")
        STAFF = "staff", _("waits for somebody of the shop")
        BY_HAND = "by_hand", _("paid back by hand")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    of = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(OrderPayment, on_delete=models.PROTECT, null=True, related_name="refunds")
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.SUBMITTING)
    stripe_id = models.CharField(max_length=120, blank=True)
    why = models.CharField(_("what was said of it"), max_length=300, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    first_sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    by = models.CharField(_("who paid by hand"), max_length=80, blank=True)

    class Meta:
        ordering = ["of", "created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gte=1), name="refund_is_something"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False) | Q(state__in=["staff", "by_hand"]),
                name="refund_without_payment_is_staffs",
            ),
            models.UniqueConstraint(
                fields=["stripe_id"], condition=~Q(stripe_id=""), name="refund_named_by_stripe_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} {self.state}"


class StripeAccount(models.Model):
    """A shop's own restricted key and webhook secret, both sealed for this row."""

    merchant = models.OneToOneField(Merchant, on_delete=models.PROTECT, related_name="stripe_account")
    sealed_key = models.TextField()
    sealed_secret = models.TextField(blank=True)
    key_hint = models.CharField(_("its last four signs"), max_length=8)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    def __str__(self) -> str:
        return f"…{self.key_hint}"


class StripeEvent(models.Model):
    """What Stripe told us: each id takes effect once."""

    id = models.CharField(primary_key=True, max_length=120)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=80)
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.id


class StoreCredit(models.Model):
    """A credit with the shop, given instead of money: the shop redeems it by its code."""

    of = models.OneToOneField(Return, on_delete=models.PROTECT, related_name="credit")
    code = models.CharField(max_length=20, unique=True)
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gte=1), name="credit_is_something")]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"
