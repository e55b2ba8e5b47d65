"""A shop's rules for what may come back: whole sets, each kept for ever under its number."""

from django.db import models

from scheduling.models import Merchant


class PolicyVersion(models.Model):
    """All rules of one shop as they stood from `made_at` on. The highest number is in force.

    `rules` is a list as `eligibility.policies_from` reads it: the first that fits an item decides. Where its
    trader offers to collect what comes back, the law wants a withdrawal's money back 14 days after it was
    stated, whatever; else not before the goods, or proof that they were sent, have arrived.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="policy_versions")
    number = models.PositiveIntegerField()
    rules = models.JSONField(default=list)
    collection_offered_by_trader = models.BooleanField(default=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    class Meta:
        ordering = ["merchant", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "number"], name="policy_version_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="policy_versions_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_id} v{self.number}"
