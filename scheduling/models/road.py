"""On the road: who drives, where they are, when they are expected, and what came of each stop."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scheduling.models.network import coordinates_on_earth
from scheduling.models.orders import Delivery, Parcel
from scheduling.models.plans import DayPlan, Route, Shift, Stop
from scheduling.models.vehicles import Vehicle
from scheduling.outcomes import SERVED

MOST_PERSON = 120
MOST_SAID = 300


class Attempt(models.Model):
    """One try to serve a stop, with what came of it. A stop has one at most.

    `happened_at` is when it happened, as whoever drives says; `told_at` when we heard of it. `parcels` are
    the barcodes of what was handed over, as they were sealed; `seal` signs all of it, with the digests of its
    proofs. One that was taken back has no stop any more, and says who took it back and why.
    """

    class Outcome(models.TextChoices):
        HANDED_OVER = "handed_over", _("handed over")
        PARTLY = "partly", _("handed over in part")
        SAFE_PLACE = "safe_place", _("left at the safe place")
        NEIGHBOUR = "neighbour", _("left with a neighbour")
        AT_POINT = "at_point", _("left at the pickup point")
        COLLECTED = "collected", _("collected")
        REFUSED = "refused", _("refused at the door")
        NOT_POSSIBLE = "not_possible", _("not possible")

    class Reason(models.TextChoices):
        NOBODY_HOME = "nobody_home", _("nobody opened")
        NO_WAY_IN = "no_way_in", _("no way in")
        NOT_FOUND = "not_found", _("the address was not found")
        DAMAGED = "damaged", _("the goods are damaged")
        NOT_ON_BOARD = "not_on_board", _("the goods were not on board")
        NOT_SAFE = "not_safe", _("it was not safe")
        NO_PROOF_OF_AGE = "no_proof_of_age", _("no proof of age")
        NOBODY_SIGNS = "nobody_signs", _("nobody signed")
        NOT_READY = "not_ready", _("nothing was ready")
        WRONG_GOODS = "wrong_goods", _("not what was ordered")
        NOT_ORDERED = "not_ordered", _("never ordered")
        TOO_LATE = "too_late", _("it came too late")
        NOT_WANTED = "not_wanted", _("not wanted any more")
        NOT_REACHED = "not_reached", _("the tour ended before")
        OTHER = "other", _("something else")

    SERVED = SERVED
    """Outcomes after which nobody has to come again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    stop = models.OneToOneField(Stop, on_delete=models.PROTECT, related_name="attempt", null=True)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField(_("of its delivery’s, from 1"), default=1)
    outcome = models.CharField(max_length=12, choices=Outcome)
    reason = models.CharField(max_length=16, choices=Reason, blank=True, default="")
    to_whom = models.CharField(max_length=MOST_PERSON, blank=True, default="")
    note = models.CharField(max_length=MOST_SAID, blank=True, default="")
    parcels = models.JSONField(default=list, blank=True)
    counts = models.JSONField(_("how many of each item were collected, if counted"), null=True, blank=True)
    age_checked = models.BooleanField(default=False)
    lat = models.FloatField(_("where the driver’s phone was, if it said so"), null=True)
    lon = models.FloatField(null=True)
    accuracy_m = models.FloatField(null=True)
    distance_m = models.PositiveIntegerField(_("from there to where it was to go"), null=True)
    arrived_at = models.DateTimeField(null=True)
    happened_at = models.DateTimeField()
    told_at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    seal = models.CharField(max_length=100, blank=True, default="")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=80, blank=True, default="")
    undone_because = models.CharField(max_length=MOST_SAID, blank=True, default="")

    class Meta:
        ordering = ["delivery", "number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="attempt_numbered_once"),
            models.CheckConstraint(
                condition=Q(stop__isnull=False, undone_at__isnull=True, undone_by="", undone_because="")
                | Q(stop__isnull=True, undone_at__isnull=False) & ~Q(undone_by="") & ~Q(undone_because=""),
                name="attempt_taken_back_names_who_and_why",
            ),
            models.CheckConstraint(
                condition=Q(lat__isnull=True, lon__isnull=True)
                | Q(lat__range=(-90, 90), lon__range=(-180, 180)),
                name="attempt_on_earth",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["refused", "not_possible"]) & ~Q(reason="")
                | ~Q(outcome__in=["refused", "not_possible"]) & Q(reason=""),
                name="attempt_that_failed_says_why",
            ),
            models.CheckConstraint(
                condition=Q(arrived_at__isnull=True) | Q(arrived_at__lte=F("happened_at")),
                name="attempt_comes_after_arrival",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.outcome}"

    @property
    def served(self) -> bool:
        """Whether nobody has to come again."""
        return self.outcome in self.SERVED


class HandedParcel(models.Model):
    """A parcel that an attempt handed over or collected; what is not listed stayed on board."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="handed")
    parcel = models.OneToOneField(Parcel, on_delete=models.PROTECT, related_name="handed")

    def __str__(self) -> str:
        return f"{self.parcel_id} at {self.attempt_id}"


class Proof(models.Model):
    """A photo or a signature of an attempt, with the SHA-256 of its file or of its strokes.

    Once it is removed its digest stays: the attempt’s seal still holds.
    """

    class Kind(models.TextChoices):
        PHOTO = "photo", _("photo")
        SIGNATURE = "signature", _("signature")

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="proofs")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    path = models.CharField(_("a photo’s file, below MEDIA_ROOT"), max_length=80, blank=True, default="")
    strokes = models.TextField(_("a signature as it was drawn: strokes of points"), blank=True, default="")
    digest = models.CharField(max_length=64)
    kept_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["attempt", "number"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="proof_numbered_once"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=False, path="", strokes="")
                | Q(removed_at__isnull=True, kind="photo", strokes="") & ~Q(path="")
                | Q(removed_at__isnull=True, kind="signature", path="") & ~Q(strokes=""),
                name="proof_is_a_photo_or_a_signature",
            ),
        ]
        indexes = [
            models.Index(fields=["kept_at"], condition=Q(removed_at__isnull=True), name="proof_by_age"),
            models.Index(fields=["path"], condition=~Q(path=""), name="proof_by_file"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.kind}"


class Device(models.Model):
    """What sends a vehicle's positions: a phone's app, a telematics box. Its key is kept as a digest."""

    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="devices")
    name = models.CharField(max_length=60)
    login = models.CharField(max_length=24, unique=True)
    key_digest = models.CharField(max_length=64)
    active = models.BooleanField(default=True)
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Position(models.Model):
    """One fix of a vehicle on a shift, as sent; kept for 72 hours.

    `said_at` is when it was by the device's own clock: what is sent again bears the same. `at` is the same,
    unless that lies in the future: then it is when it came.
    """

    shift = models.ForeignKey(Shift, on_delete=models.CASCADE, related_name="positions")
    source = models.CharField(_("its device’s login, or the sheet"), max_length=24)
    said_at = models.DateTimeField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    lat = models.FloatField()
    lon = models.FloatField()
    accuracy_m = models.FloatField(null=True)
    speed_m_per_s = models.FloatField(null=True)
    heading = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shift", "source", "said_at"], name="position_told_once"),
            coordinates_on_earth("position"),
        ]
        indexes = [
            models.Index(fields=["received_at"], name="position_by_age"),
            models.Index(fields=["shift", "-at"], name="position_by_shift"),
        ]

    def __str__(self) -> str:
        return f"{self.shift_id} {self.at:%H:%M:%S}"


class LastSeen(models.Model):
    """Where a shift's vehicle was seen last: only ever replaced by what is newer and possible."""

    shift = models.OneToOneField(Shift, on_delete=models.CASCADE, related_name="last_seen")
    at = models.DateTimeField()
    lat = models.FloatField()
    lon = models.FloatField()
    accuracy_m = models.FloatField(null=True)
    heading = models.FloatField(null=True)

    class Meta:
        verbose_name_plural = "last seen"
        constraints = [coordinates_on_earth("last_seen")]

    def __str__(self) -> str:
        return f"{self.shift_id} {self.at:%H:%M:%S}"


class Expected(models.Model):
    """When a stop's service is expected to begin: the range its customer reads, and the likeliest instant."""

    stop = models.OneToOneField(Stop, on_delete=models.CASCADE, related_name="expected")
    from_at = models.DateTimeField()
    at = models.DateTimeField()
    until_at = models.DateTimeField()
    made_at = models.DateTimeField()
    late_since = models.DateTimeField(
        _("since when it is expected after its promise by more than is tolerated"), null=True
    )
    near_told_at = models.DateTimeField(_("when its customer was told that the vehicle is near"), null=True)
    next_told_at = models.DateTimeField(_("when its customer was told that they are next"), null=True)

    class Meta:
        verbose_name_plural = "expected"
        constraints = [
            models.CheckConstraint(
                condition=Q(from_at__lte=F("at")) & Q(at__lte=F("until_at")), name="expected_is_a_range"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stop_id} {self.from_at:%H:%M}–{self.until_at:%H:%M}"


class DayException(models.Model):
    """Something that will break a promise, or has, unless somebody acts. One is open per kind and subject."""

    class Kind(models.TextChoices):
        LATE = "late", _("will be late")
        MISSED = "missed", _("missed")
        SILENT = "silent", _("no position")
        UNASSIGNED = "unassigned", _("on no route")
        MESSAGE_FAILED = "message_failed", _("message not delivered")
        CAME_BACK = "came_back", _("parcels come back")

    plan = models.ForeignKey(DayPlan, on_delete=models.CASCADE, related_name="exceptions")
    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="exceptions", null=True)
    stop = models.ForeignKey(Stop, on_delete=models.CASCADE, related_name="exceptions", null=True)
    kind = models.CharField(max_length=16, choices=Kind)
    breaks_at = models.DateTimeField(_("when its promise breaks, or broke"))
    raised_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=80, blank=True, default="")
    assigned_to = models.CharField(max_length=80, blank=True, default="")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "stop"],
                condition=Q(settled_at__isnull=True, stop__isnull=False),
                name="exception_open_once_per_stop",
            ),
            models.UniqueConstraint(
                fields=["kind", "route"],
                condition=Q(settled_at__isnull=True, stop__isnull=True),
                name="exception_open_once_per_route",
            ),
            models.CheckConstraint(
                condition=Q(route__isnull=False) | Q(stop__isnull=False), name="exception_has_a_subject"
            ),
        ]
        indexes = [
            models.Index(
                fields=["plan", "breaks_at"], condition=Q(settled_at__isnull=True), name="exception_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.stop_id or self.route_id}"
