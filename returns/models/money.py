"""What is paid back, through whom, and what they said of it."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from returns.models.goods import Return
from scheduling.models import Merchant, OrderPayment


class Refund(models.Model):
    """One part of what a return gives back, through one payment: committed before anybody is asked to pay.

    Its id is the idempotency key of the call; where a key was given up (`renewed`), with its number. Without
    a payment it waits for somebody of the shop.
    """

    class State(models.TextChoices):
        SUBMITTING = "submitting", _("being sent")
        PENDING = "pending", _("on its way")
        SUCCEEDED = "succeeded", _("paid back")
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
    broken = models.PositiveSmallIntegerField(_("how often Stripe broke over this key"), default=0)
    renewed = models.PositiveSmallIntegerField(_("keys given up, nothing made with them"), default=0)
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
            models.CheckConstraint(
                condition=Q(state__in=["submitting", "pending", "succeeded", "staff", "by_hand"]),
                name="refund_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["pending", "succeeded"]) | ~Q(stripe_id=""),
                name="refund_taken_is_named",
            ),
            models.CheckConstraint(
                condition=~Q(state="by_hand") | ~Q(by="") & ~Q(why=""), name="refund_by_hand_says_who_and_why"
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=False) | ~Q(state__in=["succeeded", "by_hand"]),
                name="refund_paid_says_when",
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
    refused_at = models.DateTimeField(_("since when Stripe does not take the key"), null=True)
    reconciled_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    def __str__(self) -> str:
        return f"…{self.key_hint}"


class StripeEvent(models.Model):
    """What Stripe told a shop: each event takes effect once."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    event_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=80)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Two shops may share one account of Stripe's: each is told, each by an address of its own.
            models.UniqueConstraint(fields=["merchant", "event_id"], name="stripe_event_once_a_shop")
        ]

    def __str__(self) -> str:
        return self.event_id


class RefundFault(models.Model):
    """Something that a reconciliation found and that it can't put right: somebody of the shop looks at it."""

    class What(models.TextChoices):
        TWICE = "twice", _("Stripe paid this refund more than once")
        AMOUNT = "amount", _("Stripe paid another amount")
        UNKNOWN = "unknown", _("Stripe paid a refund that we know nothing of")
        MISSING = "missing", _("Stripe knows nothing of a refund that counts as paid")

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="refund_faults")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, related_name="faults")
    subject = models.CharField(_("Stripe’s name of it, or ours"), max_length=120)
    what = models.CharField(max_length=8, choices=What)
    found_at = models.DateTimeField()

    class Meta:
        ordering = ["merchant", "-found_at"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "subject", "what"], name="refund_fault_once")
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.subject}"


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
