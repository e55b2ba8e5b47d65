"""By which ways a shop's customers are told of what, when that waits, and who wants to hear no more."""

from datetime import time
from typing import Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.models.messages import Channel
from portal.models.tenants import TenantManager

QUIET_FROM: Final = time(21)
QUIET_UNTIL: Final = time(8)
REMINDS_AT: Final = time(17)


class MessageRule(models.Model):
    """By which ways one shop tells its customers of one thing; without a row, by the usual ones."""

    merchant = models.ForeignKey("scheduling.Merchant", models.CASCADE, related_name="+")
    topic = models.CharField(_("what of"), max_length=20)
    email = models.BooleanField(_("by e-mail"))
    sms = models.BooleanField(_("by SMS"))

    objects = TenantManager()

    class Meta:
        verbose_name = _("message rule")
        verbose_name_plural = _("message rules")
        constraints = [
            models.UniqueConstraint(fields=["merchant", "topic"], name="message_rule_once_per_topic"),
            models.CheckConstraint(condition=~Q(topic=""), name="message_rule_is_about_something"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} of {self.merchant_id}"


class TellingHours(models.Model):
    """When a shop's SMS wait for the morning, and when it reminds of tomorrow; in the depot's zone.

    Without a row, at the usual hours. Without quiet hours both are None.
    """

    merchant = models.OneToOneField("scheduling.Merchant", models.CASCADE, related_name="+")
    quiet_from = models.TimeField(
        _("SMS that can wait do so from"), null=True, blank=True, default=QUIET_FROM
    )
    quiet_until = models.TimeField(_("until"), null=True, blank=True, default=QUIET_UNTIL)
    reminds_at = models.TimeField(_("we remind of tomorrow's delivery at"), default=REMINDS_AT)

    objects = TenantManager()

    class Meta:
        verbose_name = _("hours of messages")
        verbose_name_plural = _("hours of messages")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
                name="telling_quiet_hours_begin_and_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_id}: {self.quiet_from}–{self.quiet_until}, {self.reminds_at}"

    def clean(self) -> None:
        """Refuse hours with one end only."""
        if (self.quiet_from is None) != (self.quiet_until is None) or (
            self.quiet_from is not None and self.quiet_from == self.quiet_until
        ):
            raise ValidationError({"quiet_until": _("Give both ends, or neither.")})


class Silence(models.Model):
    """Somebody wants to hear no more by one channel. Neither number nor address is here: only their mark."""

    channel = models.CharField(max_length=8, choices=Channel.choices)
    mark = models.CharField(max_length=64, unique=True)
    since_at = models.DateTimeField()

    class Meta:
        verbose_name = _("silence")
        verbose_name_plural = _("silences")
        constraints = [models.CheckConstraint(condition=~Q(mark=""), name="silence_is_somebodys")]

    def __str__(self) -> str:
        return f"{self.channel} since {self.since_at:%Y-%m-%d}"
