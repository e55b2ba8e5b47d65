"""Who sells, from which depot, with which vehicles, at which hours: the set-up rows."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scheduling import windows
from scheduling.buffers import BufferRule

EVERY_DAY = 0b1111111
EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius


class Skill(models.TextChoices):
    """What a delivery may require of a vehicle and its crew."""

    TWO_PEOPLE = "two_people", _("two people")
    AGE_CHECK = "age_check", _("age check")
    FRIDGE = "fridge", _("fridge")


def skill_bits(skills: list[str]) -> int:
    """Return skills as the bitmask the routing core compares; ValueError for an unknown one."""
    if not skills:  # nearly always: the order of all is not asked for
        return 0
    order = Skill.values
    return sum(1 << order.index(skill) for skill in set(skills))


def check_skills(value: Any) -> None:
    """Raise ValidationError unless `value` is a list of known skills."""
    if not isinstance(value, list) or not set(value) <= set(Skill.values):
        raise ValidationError(_("Known skills are: %(skills)s."), params={"skills": ", ".join(Skill.values)})


def check_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` names an IANA time zone."""
    if value not in available_timezones():
        raise ValidationError(_("%(value)s is not a known time zone."), params={"value": value})


def check_polygon(value: Any) -> None:
    """Raise ValidationError unless `value` is empty or a ring of at least three [lat, lon] pairs."""
    if value == []:
        return
    pairs = isinstance(value, list) and all(isinstance(p, list) and len(p) == 2 for p in value)
    if not pairs or len(value) < 3 or not all(isinstance(x, (int, float)) for p in value for x in p):
        raise ValidationError(_("A polygon is a list of at least three [latitude, longitude] pairs."))


def coordinates_on_earth(name: str) -> models.CheckConstraint:
    """Return the constraint that `lat` and `lon` lie on the globe."""
    return models.CheckConstraint(
        condition=Q(lat__range=(-90, 90), lon__range=(-180, 180)), name=f"{name}_on_earth"
    )


class Operator(models.Model):
    """Who runs depots and vans."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)

    def __str__(self) -> str:
        return self.name


class Merchant(models.Model):
    """Whose goods are delivered."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    currency = models.CharField(max_length=3, default="EUR")
    contact_email = models.EmailField(blank=True)
    discount_cap_minor = models.PositiveIntegerField(
        _("most taken off the price of a time that adds little driving"), default=0
    )
    service_s = models.PositiveIntegerField(
        _("seconds at the door"), default=180, validators=[MaxValueValidator(7200)]
    )

    def __str__(self) -> str:
        return self.name


class Depot(models.Model):
    """Where vans start."""

    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="depots")
    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    lat = models.FloatField(_("latitude"))
    lon = models.FloatField(_("longitude"))
    time_zone = models.CharField(max_length=64, validators=[check_time_zone])

    class Meta:
        constraints = [coordinates_on_earth("depot")]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """Return the depot's time zone, in which its limits and promises are read."""
        return ZoneInfo(self.time_zone)


class MerchantDepot(models.Model):
    """What a merchant may sell from a depot: where to, how soon, how much."""

    class Area(models.TextChoices):
        RADIUS = "radius", _("within a distance of the depot")
        POSTCODES = "postcodes", _("in listed postcodes")
        POLYGON = "polygon", _("inside a polygon")

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="outlets")
    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="outlets")
    active = models.BooleanField(default=True)
    area = models.CharField(max_length=12, choices=Area, default=Area.RADIUS)
    radius_m = models.PositiveIntegerField(default=0)
    postcodes = models.JSONField(default=list, blank=True)
    polygon = models.JSONField(default=list, blank=True, validators=[check_polygon])
    lead_time_minutes = models.PositiveIntegerField(
        _("working minutes from order to ready"), default=0, validators=[MaxValueValidator(60 * 24 * 30)]
    )
    work_opens = models.TimeField(default=time(8))
    work_closes = models.TimeField(default=time(18))
    work_weekdays = models.PositiveSmallIntegerField(default=EVERY_DAY)
    daily_cap = models.PositiveIntegerField(_("deliveries a day at most"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "depot"], name="one_outlet_per_merchant_and_depot"),
            models.CheckConstraint(
                condition=~Q(area="radius") | Q(radius_m__gt=0), name="outlet_radius_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(work_weekdays__range=(1, EVERY_DAY)), name="outlet_works_some_weekday"
            ),
            models.CheckConstraint(
                condition=Q(work_opens__lt=F("work_closes")), name="outlet_opens_to_close"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merchant} from {self.depot}"

    def covers(self, *, lat: float, lon: float, postcode: str) -> bool:
        """Whether an address lies in the service area."""
        match self.area:
            case self.Area.RADIUS:
                return distance_m(self.depot.lat, self.depot.lon, lat, lon) <= self.radius_m
            case self.Area.POSTCODES:
                return plain_postcode(postcode) in map(plain_postcode, self.postcodes)
            case _:
                return inside(self.polygon, lat, lon)

    def ready_at(self, now: datetime) -> datetime:
        """Return when goods ordered at `now` are packed, counted in working hours."""
        hours = windows.WorkingHours(
            opens=self.work_opens,
            closes=self.work_closes,
            weekdays=self.work_weekdays,
            zone=self.depot.zone,
        )
        return hours.after(now, timedelta(minutes=self.lead_time_minutes))


def plain_postcode(postcode: str) -> str:
    """Return a postcode as it is compared: 111 20 and 11120 are one."""
    return "".join(str(postcode).split()).upper()


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the great-circle distance in metres (haversine)."""
    half_lat, half_lon = radians(lat2 - lat1) / 2, radians(lon2 - lon1) / 2
    a = sin(half_lat) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(a)))


def inside(ring: list[list[float]], lat: float, lon: float) -> bool:
    """Whether a point lies inside a ring of [lat, lon] pairs, by the even-odd rule."""
    within = False
    for (lat1, lon1), (lat2, lon2) in zip(ring, ring[1:] + ring[:1], strict=True):
        crosses = (lat1 > lat) != (lat2 > lat)
        if crosses and lon < (lon2 - lon1) * (lat - lat1) / (lat2 - lat1) + lon1:
            within = not within
    return within


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
    grams_per_km = models.PositiveIntegerField()
    factor_source = models.CharField(max_length=250)
    factor_year = models.PositiveSmallIntegerField()
    boundary = models.CharField(max_length=16, choices=Boundary, default=Boundary.WELL_TO_WHEEL)

    class Meta:
        verbose_name_plural = "vehicle classes"
        constraints = [
            models.CheckConstraint(condition=Q(speed_m_per_h__gte=1000), name="vehicle_class_moves"),
            models.CheckConstraint(condition=Q(detour_percent__gte=100), name="vehicle_class_detours"),
        ]

    def __str__(self) -> str:
        return self.name


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


class SlotPattern(models.Model):
    """A range that a merchant sells on some weekdays, with its price and cut-off."""

    outlet = models.ForeignKey(MerchantDepot, on_delete=models.CASCADE, related_name="slot_patterns")
    weekdays = models.PositiveSmallIntegerField(default=EVERY_DAY)
    opens = models.TimeField()
    closes = models.TimeField()
    cutoff_days_before = models.PositiveSmallIntegerField(default=1, validators=[MaxValueValidator(14)])
    cutoff_time = models.TimeField(default=time(18))
    base_price_minor = models.PositiveIntegerField()
    narrowed_to_minutes = models.PositiveSmallIntegerField(
        _("minutes that are left of it the evening before; empty: all of it stays"),
        null=True,
        blank=True,
        validators=[MinValueValidator(30), MaxValueValidator(24 * 60)],
    )
    cap = models.PositiveIntegerField(_("bookings a day at most"), null=True, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(opens__lt=F("closes")), name="slot_opens_to_close"),
            models.CheckConstraint(
                condition=Q(weekdays__range=(1, EVERY_DAY)), name="slot_runs_some_weekday"
            ),
            models.CheckConstraint(
                condition=Q(cutoff_days_before__gt=0) | Q(cutoff_time__lte=F("opens")),
                name="slot_cutoff_before_it_opens",
            ),
            models.CheckConstraint(
                condition=Q(narrowed_to_minutes__isnull=True) | Q(narrowed_to_minutes__range=(30, 1440)),
                name="slot_narrows_to_half_an_hour_or_more",
            ),
            models.UniqueConstraint(
                fields=["outlet", "weekdays", "opens", "closes"], name="slot_pattern_listed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"

    def window_on(self, day: date, zone: ZoneInfo) -> windows.Window | None:
        """Return the window promised on a local day, or None where a clock change swallows it."""
        opens_at = windows.instant(day, self.opens, zone)
        closes_at = windows.instant(day, self.closes, zone)
        return windows.Window(opens_at, closes_at) if opens_at < closes_at else None

    def narrows_to_s(self, window: windows.Window) -> int:
        """Return how many seconds of a window are left once it is narrowed; 0 where all of it stays."""
        left_s = 60 * (self.narrowed_to_minutes or 0)
        return left_s if left_s < (window.closes_at - window.opens_at).total_seconds() else 0

    def cutoff_at(self, day: date, zone: ZoneInfo) -> datetime:
        """Return the instant from which this slot of `day` can no longer be chosen."""
        return windows.instant(day - timedelta(days=self.cutoff_days_before), self.cutoff_time, zone)


class Blackout(models.Model):
    """Days on which a depot, or one merchant at it, does not deliver."""

    depot = models.ForeignKey(Depot, on_delete=models.CASCADE, related_name="blackouts")
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, null=True, blank=True, related_name="blackouts"
    )
    first_date = models.DateField()
    last_date = models.DateField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(first_date__lte=F("last_date")), name="blackout_begins_before_it_ends"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_date} - {self.last_date}"


class Buffer(models.Model):
    """Slack kept at the end of promises at some hours, in a part of what a depot serves.

    Each stop stores what was kept for it, so a change of these rows counts for what is promised from then on.
    """

    class Area(models.TextChoices):
        DEPOT = "depot", _("wherever the depot delivers")
        POSTCODES = "postcodes", _("in listed postcodes")
        POLYGON = "polygon", _("inside a polygon")

    depot = models.ForeignKey(Depot, on_delete=models.CASCADE, related_name="buffers")
    name = models.CharField(_("what usually goes wrong"), max_length=80)
    area = models.CharField(max_length=12, choices=Area, default=Area.DEPOT)
    postcodes = models.JSONField(default=list, blank=True)
    polygon = models.JSONField(default=list, blank=True, validators=[check_polygon])
    weekdays = models.PositiveSmallIntegerField(default=EVERY_DAY)
    starts = models.TimeField()
    ends = models.TimeField()
    minutes = models.PositiveSmallIntegerField(
        _("minutes kept free at the end of a promise"),
        validators=[MinValueValidator(1), MaxValueValidator(120)],
    )
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["depot", "name"], name="buffer_named_once_per_depot"),
            models.CheckConstraint(
                condition=Q(area__in=["depot", "postcodes", "polygon"]), name="buffer_area_is_known"
            ),
            models.CheckConstraint(condition=Q(starts__lt=F("ends")), name="buffer_starts_to_end"),
            models.CheckConstraint(
                condition=Q(weekdays__range=(1, EVERY_DAY)), name="buffer_counts_on_some_weekday"
            ),
            models.CheckConstraint(condition=Q(minutes__range=(1, 120)), name="buffer_is_two_hours_at_most"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.starts:%H:%M}-{self.ends:%H:%M}"

    def covers(self, *, lat: float, lon: float, postcode: str) -> bool:
        """Whether it counts for an address that the depot serves."""
        match self.area:
            case self.Area.POSTCODES:
                return plain_postcode(postcode) in map(plain_postcode, self.postcodes)
            case self.Area.POLYGON:
                return inside(self.polygon, lat, lon)
            case _:
                return True

    @property
    def rule(self) -> BufferRule:
        """Return its hours and length, without its area."""
        return BufferRule(self.weekdays, self.starts, self.ends, seconds=60 * self.minutes)


def buffers_at(buffers: Iterable[Buffer], *, lat: float, lon: float, postcode: str) -> tuple[BufferRule, ...]:
    """Return the rules of those buffers that count for an address."""
    return tuple(b.rule for b in buffers if b.covers(lat=lat, lon=lon, postcode=postcode))
