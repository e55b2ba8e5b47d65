"""Facts recorded with the change that caused them, and who has taken effect of them."""

import uuid

from django.db import models
from django.db.models import Q

from scheduling.models.network import Merchant
from scheduling.models.orders import Delivery


class Event(models.Model):
    """A row of the outbox. Never changed but by the relay's own columns."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, null=True, related_name="events")
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, null=True, related_name="events")
    actor = models.CharField(max_length=80)
    data = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    relayed_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(relayed_at__isnull=True), name="event_to_relay"),
            models.Index(fields=["delivery", "id"], name="event_by_delivery"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"


class Receipt(models.Model):
    """One handler's word that an event took effect there: written in the effect's own transaction."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="receipts")
    handler = models.CharField(max_length=60)
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="event_takes_effect_once_per_handler")
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.handler}"


class GeocodedQuery(models.Model):
    """What a geocoder answered, so that it is asked once."""

    source = models.CharField(max_length=40)
    query_key = models.CharField(max_length=64)
    result = models.JSONField()
    looked_up_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "geocoded queries"
        constraints = [
            models.UniqueConstraint(fields=["source", "query_key"], name="address_geocoded_once_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.query_key}"
