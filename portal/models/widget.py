"""The slot widget in shops' own pages: which pages may show it, and who is choosing in one right now."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.models.tenants import TenantManager


class Widget(models.Model):
    """The pages, by their origins, in which a merchant's widget may be shown."""

    merchant = models.OneToOneField("scheduling.Merchant", models.CASCADE, related_name="+")
    origins = models.JSONField(_("pages that may show it"), default=list, blank=True)

    objects = TenantManager()

    class Meta:
        verbose_name = _("widget")
        verbose_name_plural = _("widgets")

    def __str__(self) -> str:
        return ", ".join(self.origins)


class WidgetSession(models.Model):
    """One shopper at one merchant's widget: what is to be delivered, as far as it is known, and what is kept.

    Its token is derived from `id` and never kept, only its digest. `key` is the publishable key that opened
    it, None where the merchant's server did. `place`, `size`, `door` are AddressFacts, Size and Door as JSON,
    `answer` a GeocodeAnswer that needs a look, `typed` what was typed.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    merchant = models.ForeignKey("scheduling.Merchant", models.CASCADE, related_name="+")
    key = models.ForeignKey("portal.ApiKey", models.CASCADE, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    origin = models.CharField(max_length=200)
    size = models.JSONField(default=dict)
    requirements = models.JSONField(default=list)
    door = models.JSONField(default=dict)
    typed = models.JSONField(default=dict)
    answer = models.JSONField(null=True)
    place = models.JSONField(null=True)
    shopper = models.CharField(max_length=40, blank=True)
    order_number = models.CharField(max_length=64, blank=True)
    locale = models.CharField(max_length=35, blank=True)
    hold = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    ends_at = models.DateTimeField()

    objects = TenantManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(origin=""), name="widget_session_has_an_origin"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("created_at")), name="widget_session_lasts"),
            models.CheckConstraint(
                condition=Q(key__isnull=True) | Q(shopper=""), name="widget_session_in_public_names_nobody"
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="widget_session_by_end")]

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.origin}"

    @property
    def beginning(self) -> str:
        """How the sessions of its quotes begin: those of one publishable key all alike."""
        return f"widget:{self.key_id}:" if self.key_id else "widget:"

    @property
    def session_key(self) -> str:
        """What its quotes and holds are bound to: the shopper where the merchant named one."""
        return self.beginning + (f"s:{self.shopper}" if self.shopper else f"q:{self.pk.hex}")

    @property
    def actor(self) -> str:
        """How events name whoever chooses here."""
        return f"widget:{self.pk.hex[:8]}"
