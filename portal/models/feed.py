"""What each merchant is told of what happened, in an order that has no gaps and never changes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models.tenants import TenantManager


class Feed(models.Model):
    """How far a merchant's feed goes: the mutex of its entries."""

    merchant = models.OneToOneField("scheduling.Merchant", models.CASCADE, related_name="+")
    last = models.PositiveBigIntegerField(default=0)

    objects = TenantManager()

    def __str__(self) -> str:
        return f"{self.merchant_id} up to {self.last}"


class FeedEntry(models.Model):
    """One event as its merchant is told of it.

    `number` counts the merchant's entries, `sequence` those of the event's delivery: 1, 2, 3, without gaps.
    Numbers are given under the feed's lock: whoever read up to one has missed none before it.
    """

    merchant = models.ForeignKey("scheduling.Merchant", models.CASCADE, related_name="+")
    number = models.PositiveBigIntegerField()
    event = models.OneToOneField("scheduling.Event", models.CASCADE, related_name="+")
    sequence = models.PositiveIntegerField(_("which of its delivery's"))

    objects = TenantManager()

    class Meta:
        verbose_name_plural = "feed entries"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "number"], name="feed_numbered_once"),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_id} #{self.number}"
