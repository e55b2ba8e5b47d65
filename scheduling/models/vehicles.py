"""What drives, what it carries and costs, and at which hours: set-up rows."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scheduling.models.network import EVERY_DAY, Depot, check_skills


class VehicleClass(models.Model):
    """A kind of vehicle: what it carries, how fast it is, what a kilometre costs in time and grams."""

    class Boundary(models.TextChoices):
        WELL_TO_WHEEL = "well_to_wheel", _("well-to-wheel")
        LIFE_CYCLE = "life_cycle", _("life cycle")

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    capacity_g = models.PositiveIntegerField()
    capacity_ml = models.PositiveIntegerField()
    speed_m_per_h = models.PositiveIntegerField(validators=[MinValueValidator(1000)])
    detour_percent = models.PositiveSmallIntegerField(default=130, validators=[MinValueValidator(100)])
    cost_s_per_km = models.PositiveIntegerField(_("cost of a kilometre, in seconds of driving"), default=60)
    opening_cost_s = models.PositiveIntegerField(
        _("cost of using one more vehicle, in seconds of driving"), default=1800
    )
    range_m = models.PositiveIntegerField(
        _("metres that a full battery lasts; empty: no limit"), null=True, blank=True
    )
    reserve_percent = models.PositiveSmallIntegerField(
        _("percent of its range that it keeps in reserve"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(99)],
    )
    grams_per_km = models.PositiveIntegerField()
    factor_source = models.CharField(max_length=250)
    factor_year = models.PositiveSmallIntegerField()
    boundary = models.CharField(max_length=16, choices=Boundary, default=Boundary.WELL_TO_WHEEL)

    class Meta:
        verbose_name_plural = "vehicle classes"
        constraints = [
            models.CheckConstraint(condition=Q(speed_m_per_h__gte=1000), name="vehicle_class_moves"),
            models.CheckConstraint(condition=Q(detour_percent__gte=100), name="vehicle_class_detours"),
            models.CheckConstraint(
                condition=Q(range_m__isnull=True) | Q(range_m__gt=0), name="vehicle_class_range_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(reserve_percent__isnull=True) | Q(range_m__isnull=False, reserve_percent__lte=99),
                name="vehicle_class_reserve_is_part_of_its_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shift_range_m(self) -> int | None:
        """Return how far one goes in a shift at most: its range less its reserve; None without a limit."""
        if self.range_m is None:
            return None
        return self.range_m * (100 - (self.reserve_percent or 0)) // 100


class Vehicle(models.Model):
    """One van or bike."""

    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="vehicles")
    vehicle_class = models.ForeignKey(VehicleClass, on_delete=models.PROTECT, related_name="vehicles")
    name = models.CharField(max_length=80)
    skills = models.JSONField(default=list, blank=True, validators=[check_skills])
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["depot", "name"], name="vehicle_named_once_per_depot")]

    def __str__(self) -> str:
        return self.name


class ShiftPattern(models.Model):
    """On which weekdays and at which local hours a vehicle works."""

    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="shift_patterns")
    weekdays = models.PositiveSmallIntegerField(default=EVERY_DAY)
    starts = models.TimeField()
    ends = models.TimeField()
    max_shift_s = models.PositiveIntegerField(_("seconds from start to return at most"), default=10 * 3600)
    trips = models.PositiveSmallIntegerField(_("trips from depot to depot"), default=1)
    reload_s = models.PositiveIntegerField(_("seconds to load again"), default=1200)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(starts__lt=F("ends")), name="shift_pattern_starts_to_end"),
            models.CheckConstraint(
                condition=Q(weekdays__range=(1, EVERY_DAY)), name="shift_pattern_runs_some_weekday"
            ),
            models.CheckConstraint(condition=Q(trips__range=(1, 12)), name="shift_pattern_has_trips"),
        ]

    def __str__(self) -> str:
        return f"{self.vehicle} {self.starts:%H:%M}-{self.ends:%H:%M}"
