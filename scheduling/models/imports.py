"""Lists of orders that a shop brought: how far each is, and what was wrong with it."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scheduling.models.network import Merchant


class OrderImport(models.Model):
    """A file of orders on its way in. It is read whole before anything is written; then chunk by chunk.

    `content` is there only while it is needed: it names people. `bad` are the first bad lines as [line,
    reason]; the reasons repeat nothing of what was written. Whoever works on it has it until `leased_until`.
    """

    class State(models.TextChoices):
        READING = "reading", _("being read")
        WRITING = "writing", _("being taken in")
        DONE = "done", _("taken in")
        REFUSED = "refused", _("not taken in")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="order_imports")
    name = models.CharField(_("the file’s name"), max_length=120)
    content = models.BinaryField(default=b"")
    encoding = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=State, default=State.READING)
    lines = models.PositiveIntegerField(_("about how many it has"), default=0)
    lines_read = models.PositiveIntegerField(default=0)
    orders = models.PositiveIntegerField(_("how many were read"), default=0)
    orders_done = models.PositiveIntegerField(_("how many of them are dealt with"), default=0)
    added = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(_("how many were told before"), default=0)
    bad = models.JSONField(default=list)
    bad_count = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    leased_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["reading", "writing", "done", "refused"]),
                name="order_import_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["reading", "writing"], ended_at__isnull=True)
                | Q(state__in=["done", "refused"], ended_at__isnull=False),
                name="order_import_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.ended_at is not None
