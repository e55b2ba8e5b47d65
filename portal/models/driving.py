"""Who drives which shift by which link, what was scanned on board, and what was said from the road."""

import uuid
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

MOST_TRIES: Final = 5


class ShiftLink(models.Model):
    """A driver's way to one shift. Its token and its PIN are derived (portal/shift_links.py), never kept.

    The first phone on which the PIN is typed is bound to it, by the digest of a secret that only this phone
    has. Raising `generation` ends every token, PIN and phone so far.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    shift = models.OneToOneField("scheduling.Shift", models.CASCADE, related_name="+")
    generation = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(_("how often its PIN was typed"), default=0)
    device_digest = models.CharField(max_length=64, blank=True, default="")
    bound_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("shift link")
        verbose_name_plural = _("shift links")
        constraints = [
            models.CheckConstraint(condition=Q(generation__gte=1), name="shift_link_generation_from_1"),
            models.CheckConstraint(condition=Q(tries__lte=MOST_TRIES), name="shift_pin_tried_five_times"),
            models.CheckConstraint(
                condition=Q(device_digest="", bound_at__isnull=True)
                | ~Q(device_digest="") & Q(bound_at__isnull=False, tries__gte=1),
                name="shift_link_bound_by_its_pin",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shift_id} {self.pk}"

    @property
    def actor(self) -> str:
        """How events name whoever drives by this link."""
        return f"shift:{self.shift_id}"


class ParcelScan(models.Model):
    """A barcode that was scanned while a vehicle was loaded; `parcel` is empty where nobody knows it."""

    link = models.ForeignKey(ShiftLink, models.CASCADE, related_name="scans")
    route = models.ForeignKey("scheduling.Route", models.CASCADE, related_name="+")
    barcode = models.CharField(max_length=64)
    parcel = models.ForeignKey("scheduling.Parcel", models.CASCADE, related_name="+", null=True)
    scanned_at = models.DateTimeField()

    class Meta:
        verbose_name = _("scanned parcel")
        verbose_name_plural = _("scanned parcels")
        constraints = [
            models.UniqueConstraint(fields=["route", "barcode"], name="barcode_scanned_once_per_route"),
            models.CheckConstraint(condition=~Q(barcode=""), name="scan_has_a_barcode"),
        ]

    def __str__(self) -> str:
        return self.barcode


class DriverAct(models.Model):
    """One thing that a driver said, once: `uid` is its own, made on the phone. It keeps our first answer.

    `happened_at` is by the phone, corrected by how wrong its clock is; `aside` says what was not as planned
    (a stop that was another vehicle's by then, parcels left behind), for the depot to read.
    """

    class Kind(models.TextChoices):
        SCAN = "scan", _("scanned a parcel")
        START = "start", _("left")
        ARRIVE = "arrive", _("arrived")
        HAND_OVER = "hand_over", _("handed over")
        COLLECT = "collect", _("collected")
        NOT_POSSIBLE = "not_possible", _("not possible")
        REFUSE = "refuse", _("refused at the door")
        LATE = "late", _("running late")
        PAUSE = "pause", _("paused")
        RESUME = "resume", _("drives on")
        FINISH = "finish", _("finished")

    class Aside(models.TextChoices):
        NONE = "", _("as planned")
        MISSING = "missing", _("left without parcels")
        ELSEWHERE = "elsewhere", _("the stop was another vehicle’s by then")
        TWICE = "twice", _("the stop was over already")
        REFUSED = "refused", _("it could not be taken")

    uid = models.UUIDField(unique=True)
    link = models.ForeignKey(ShiftLink, models.CASCADE, related_name="acts")
    kind = models.CharField(max_length=12, choices=Kind)
    route = models.ForeignKey("scheduling.Route", models.CASCADE, related_name="+", null=True)
    stop = models.ForeignKey("scheduling.Stop", models.CASCADE, related_name="+", null=True)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(default=200)
    code = models.CharField(max_length=40, blank=True, default="")
    sentence = models.CharField(max_length=400, blank=True, default="")
    aside = models.CharField(max_length=12, choices=Aside, blank=True, default="")

    class Meta:
        verbose_name = _("driver’s act")
        verbose_name_plural = _("drivers’ acts")
        constraints = [
            models.CheckConstraint(
                condition=Q(happened_at__lte=F("received_at")), name="act_happened_before_we_heard"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "scan",
                        "start",
                        "arrive",
                        "hand_over",
                        "collect",
                        "not_possible",
                        "refuse",
                        "late",
                        "pause",
                        "resume",
                        "finish",
                    ]
                ),
                name="act_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status=200, code="") | Q(status__gte=400) & ~Q(code=""),
                name="act_refused_says_why",
            ),
        ]
        indexes = [models.Index(fields=["link", "received_at"], name="act_by_link")]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"
