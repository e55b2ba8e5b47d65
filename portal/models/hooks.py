"""Where a merchant's own servers are told what happened, and what became of each telling."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models.tenants import TenantManager


class EndpointState(models.TextChoices):
    LIVE = "live", _("live")
    PAUSED = "paused", _("paused")
    DISABLED = "disabled", _("disabled")


class Why(models.TextChoices):
    """Why an endpoint is not live."""

    ASKED = "asked", _("You paused it.")
    SILENT = "silent", _("It took nothing for a day.")
    GONE = "gone", _("It answered that it is gone (410).")


class WebhookEndpoint(models.Model):
    """An address of a merchant's that is told of events.

    Its secrets are derived (see portal/messaging/signing.py), none is kept: `generation` counts them, and the
    one before goes on signing until `previous_until`. `failing_since` is the first failure after the last
    success; `rests_until` is set while it does not answer, or while somebody tries whether it does again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    merchant = models.ForeignKey("scheduling.Merchant", models.CASCADE, related_name="+")
    url = models.CharField(_("address"), max_length=500)
    kinds = models.JSONField(_("what it is told of; nothing: all"), default=list, blank=True)
    state = models.CharField(max_length=8, choices=EndpointState.choices, default=EndpointState.LIVE)
    why = models.CharField(max_length=8, choices=Why.choices, blank=True)
    generation = models.PositiveIntegerField(default=1)
    previous_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    last_tried_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    unanswered = models.PositiveIntegerField(_("tries in a row without any answer"), default=0)
    rests_until = models.DateTimeField(null=True, blank=True)

    objects = TenantManager()

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        constraints = [
            models.CheckConstraint(condition=~Q(url=""), name="endpoint_has_an_address"),
            models.CheckConstraint(condition=Q(generation__gte=1), name="endpoint_secrets_from_1"),
            models.CheckConstraint(
                condition=Q(state="live", why="") | Q(state__in=["paused", "disabled"]) & ~Q(why=""),
                name="endpoint_says_why_it_is_not_live",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.url} {self.state}"

    def wants(self, kind: str) -> bool:
        """Whether it is told of events of a kind."""
        return not self.kinds or kind in self.kinds


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    SENT = "sent", _("taken")
    FAILED = "failed", _("given up")


class WebhookDelivery(models.Model):
    """One entry of the feed on its way to one endpoint, or there; without an entry: a test.

    Holds no payload: that is derived from the entry, alike each time. While queued, `next_attempt_at` is when
    to try (again); whoever sends moves it ahead first, so that a killed worker's is tried again later.
    """

    merchant = models.ForeignKey("scheduling.Merchant", models.CASCADE, related_name="+")
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="+")
    entry = models.ForeignKey("portal.FeedEntry", models.CASCADE, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)
    try_until = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(_("what it answered last"), null=True, blank=True)
    error = models.CharField(max_length=120, blank=True)
    took_ms = models.PositiveIntegerField(null=True, blank=True)

    objects = TenantManager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "entry"], name="entry_once_per_endpoint"),
            models.CheckConstraint(
                condition=Q(state="queued", sent_at__isnull=True, next_attempt_at__isnull=False)
                | Q(state="sent", sent_at__isnull=False, next_attempt_at__isnull=True)
                | Q(state="failed", sent_at__isnull=True, next_attempt_at__isnull=True),
                name="webhook_state_and_times_agree",
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at"], condition=Q(state="queued"), name="webhook_due"
            ),
            models.Index(fields=["try_until"], condition=Q(state="queued"), name="webhook_by_its_end"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.entry_id or 'test'} {self.state}"
