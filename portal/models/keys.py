"""How merchants' own programs come in, and what they asked us to do already."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.models.tenants import TenantManager


class KeyKind(models.TextChoices):
    SECRET = "secret", _("secret: for your servers")
    PUBLISHABLE = "publishable", _("publishable: for browsers")


class Scope(models.TextChoices):
    QUOTES = "quotes", _("ask for times")
    HOLDS = "holds", _("keep a time for a while")
    DELIVERIES_READ = "deliveries:read", _("look at deliveries")
    DELIVERIES_WRITE = "deliveries:write", _("book, move and cancel deliveries")
    ORDERS_READ = "orders:read", _("look at orders")
    ORDERS_WRITE = "orders:write", _("tell what was bought")
    RETURNS_READ = "returns:read", _("look at returns")
    RETURNS_WRITE = "returns:write", _("ask for returns, and say what arrived and what was found")
    EVENTS_READ = "events:read", _("read what happened")
    WEBHOOKS = "webhooks", _("say where you are told what happened")
    SESSIONS = "sessions", _("open the widget for a shopper")


PUBLIC_SCOPES = (Scope.QUOTES, Scope.HOLDS)
"""What a key may do that everybody can read in a page."""


class ApiKey(models.Model):
    """A merchant's key. The token itself is shown once and never kept; it is told apart by its prefix.

    `ends_at` is set when it is replaced or revoked: while a new key is brought in, both work.
    """

    merchant = models.ForeignKey("scheduling.Merchant", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=KeyKind.choices)
    name = models.CharField(_("what it is for"), max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(_("what it may do"), default=list)
    origins = models.JSONField(_("pages that may use it"), default=list, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    last_used_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    objects = TenantManager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KeyKind.values), name="key_kind_is_known"),
            models.CheckConstraint(condition=~Q(name=""), name="key_says_what_it_is_for"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("created_at")),
                name="key_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"

    @property
    def actor(self) -> str:
        """How events name whoever used it."""
        return f"key:{self.prefix}"


class Repeatable(models.Model):
    """A request that had its effect, and our answer: who asks again with the same key gets that answer.

    Written in the effect's own transaction, so that neither is without the other. `fingerprint` tells the
    same question from another one.
    """

    merchant = models.ForeignKey("scheduling.Merchant", models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    answer = models.TextField()
    created_at = models.DateTimeField()

    objects = TenantManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="repeatable_key_once_per_merchant"),
        ]
        indexes = [models.Index(fields=["created_at"], name="repeatable_by_age")]

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.key}"
