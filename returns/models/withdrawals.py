"""Withdrawals from a contract, as they were stated: kept as they are, whoever they turn out to belong to."""

from django.db import models
from django.db.models import Q

from returns.models.goods import Return
from scheduling.models import Merchant


class Withdrawal(models.Model):
    """One statement. Without a link nobody knows whether an order is meant: `of` is found later, or never.

    `content` is what was stated, word for word, as its receipt repeats it.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="withdrawals")
    of = models.OneToOneField(Return, on_delete=models.PROTECT, null=True, related_name="withdrawal")
    name = models.CharField(max_length=120)
    order_number = models.CharField(max_length=64)
    email = models.EmailField()
    content = models.TextField(max_length=2000)
    stated_at = models.DateTimeField()
    unmatched_at = models.DateTimeField(null=True)
    """Since when we know that it fits no order; the shop looks for it."""
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=40, blank=True)
    answer = models.CharField(max_length=200, blank=True)
    """What the shop did about it where no order of ours was meant."""
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(name="", email="", content=""),
                name="erased_withdrawal_names_nobody",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by="", answer="")
                | Q(answered_at__isnull=False, of__isnull=True),
                name="withdrawal_is_answered_or_led_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.stated_at}"
