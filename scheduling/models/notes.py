"""How to get in where a delivery goes, and who looked at its codes."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scheduling.models.orders import Delivery
from scheduling.models.plans import Route
from scheduling.ways_in import CHOSEN, CODES, MOST_BUZZER, MOST_FLOOR, MOST_TEXT

MOST_SEALED = 255


def _chosen(name: str) -> "models.CharField[str, str]":
    choices = list(CHOSEN[name].items())
    return models.CharField(max_length=12, choices=choices, blank=True, default="")


class AccessNotesQuerySet(models.QuerySet["AccessNotes"]):
    """Filters on notes."""

    def with_codes(self) -> "AccessNotesQuerySet":
        """Keep those that hold a code."""
        return self.exclude(gate_code="", door_code="")


class AccessNotes(models.Model):
    """What a customer says of getting in. Codes are sealed for this row and column: see scheduling.sealing.

    `revision` counts what was saved, so that one tab does not undo what another said. `kept` is the wish
    that a later delivery of the same household begins with a copy.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="access_notes")
    entrance = _chosen("entrance")
    floor = models.CharField(max_length=MOST_FLOOR, blank=True, default="")
    lift = _chosen("lift")
    buzzer = models.CharField(max_length=MOST_BUZZER, blank=True, default="")
    parking = _chosen("parking")
    stairs = _chosen("stairs")
    dog = _chosen("dog")
    step_back = models.BooleanField(default=False)
    hearing = _chosen("hearing")
    mobility = _chosen("mobility")
    speaks = _chosen("speaks")
    text = models.CharField(max_length=MOST_TEXT, blank=True, default="")
    gate_code = models.CharField(_("the gate code, sealed"), max_length=MOST_SEALED, blank=True, default="")
    gate_code_at = models.DateTimeField(null=True)
    door_code = models.CharField(_("the door code, sealed"), max_length=MOST_SEALED, blank=True, default="")
    door_code_at = models.DateTimeField(null=True)
    kept = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()

    objects = AccessNotesQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "access notes"
        constraints = [
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__in": ["", *known]}), name=f"notes_{name}_is_known"
                )
                for name, known in CHOSEN.items()
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{code: "", f"{code}_at__isnull": True})
                    | ~Q(**{code: ""}) & Q(**{f"{code}_at__isnull": False}),
                    name=f"notes_{code}_says_since_when",
                )
                for code in CODES
            ),
        ]
        indexes = [
            models.Index(
                fields=["changed_at"], condition=~Q(gate_code="", door_code=""), name="notes_with_codes"
            )
        ]

    def __str__(self) -> str:
        return f"notes of {self.delivery_id}"

    @property
    def codes(self) -> tuple[str, ...]:
        """Return which codes are kept: keys of CODES."""
        return tuple(code for code in CODES if getattr(self, code))


class AccessRead(models.Model):
    """That somebody looked at a code. Rows are only added."""

    class By(models.TextChoices):
        DEPOT = "depot", _("the depot")
        DRIVER = "driver", _("the driver")

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="access_reads")
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="access_reads")
    code = models.CharField(max_length=10, choices=list(CODES.items()))
    by = models.CharField(max_length=6, choices=By)
    actor = models.CharField(max_length=80)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(code__in=list(CODES)), name="access_read_of_a_code"),
            models.CheckConstraint(condition=Q(by__in=["depot", "driver"]), name="access_read_by_somebody"),
            models.CheckConstraint(condition=~Q(actor=""), name="access_read_names_who"),
        ]
        indexes = [models.Index(fields=["-read_at"], name="access_read_by_time")]

    def __str__(self) -> str:
        return f"{self.code} of {self.delivery_id} by {self.actor}"
