"""Six digits sent to a delivery's contact, as far as they are kept: not at all."""

import uuid
from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.models.messages import Channel
from portal.models.people import AccessLink

MOST_TRIES: Final = 5


class OneTimeCode(models.Model):
    """That somebody with a manage link asked for a code, and what became of it.

    The digits are derived from this row when they are sent and when they are judged (portal/codes.py);
    neither they nor what was typed stands here. It works for one generation of its link.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    link = models.ForeignKey(AccessLink, models.CASCADE, related_name="codes")
    generation = models.PositiveIntegerField()
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.EMAIL)
    asked_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("one-time code")
        verbose_name_plural = _("one-time codes")
        constraints = [
            models.CheckConstraint(condition=Q(tries__lte=MOST_TRIES), name="code_tried_five_times_at_most"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("asked_at")), name="code_ends_after_it_began"),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(tries__gte=1), name="code_used_was_tried"
            ),
        ]
        indexes = [models.Index(fields=["link", "asked_at"], name="code_by_link")]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"

    def may_be_tried(self, *, now: datetime) -> bool:
        """Whether typing it may lead on; the service has the last word."""
        return self.used_at is None and self.tries < MOST_TRIES and now < self.ends_at
