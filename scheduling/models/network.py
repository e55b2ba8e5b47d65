"""Who sells, from which depot, to where, and what may be asked of whoever brings it: set-up rows."""

from datetime import datetime, time, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scheduling import windows
from scheduling.allotments import Reserve, Share
from scheduling.facts import EXCHANGE

EVERY_DAY = 0b1111111
LONGEST_RESERVE_H = 14 * 24
EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius


class Skill(models.TextChoices):
    """What a delivery may require of a vehicle and its crew."""

    TWO_PEOPLE = "two_people", _("two people")
    AGE_CHECK = "age_check", _("age check")
    FRIDGE = "fridge", _("fridge")


SKILLS = tuple(Skill.values)
SIGNATURE = "signature"
"""What any driver can ask for: a requirement of goods that is no skill."""
REQUIREMENTS = (*Skill.values, SIGNATURE)
"""What a shop may ask for its goods."""


def skill_bits(skills: list[str]) -> int:
    """Return skills as the bitmask the routing core compares; ValueError for an unknown one."""
    if not skills:  # nearly always: the order of all is not asked for
        return 0
    return sum(1 << SKILLS.index(skill) for skill in set(skills) - {SIGNATURE, EXCHANGE})


def check_skills(value: Any) -> None:
    """Raise ValidationError unless `value` is a list of known skills."""
    if not isinstance(value, list) or not set(value) <= set(Skill.values):
        raise ValidationError(_("Known skills are: %(skills)s."), params={"skills": ", ".join(Skill.values)})


def check_requirements(value: Any) -> None:
    """Raise ValidationError unless `value` is a list of what goods may require."""
    if not isinstance(value, list) or not set(value) <= {*REQUIREMENTS, EXCHANGE}:
        params = {"requirements": ", ".join(REQUIREMENTS)}
        raise ValidationError(_("Known requirements are: %(requirements)s."), params=params)


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
    left_service_s = models.PositiveIntegerField(
        _("seconds at the door where it may be left outside; empty: as many"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(7200)],
    )
    requirements = models.JSONField(
        _("what all its goods require"),
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        validators=[check_requirements],
    )

    high_value_minor = models.PositiveIntegerField(
        _("goods worth so much, in minor units, are never left outside; empty: nothing is worth too much"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
    )

    most_attempts = models.PositiveSmallIntegerField(
        _("tries to hand a delivery over; after so many in vain it goes back to the shop"),
        default=2,
        db_default=2,
        validators=[MinValueValidator(1), MaxValueValidator(9)],
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(most_attempts__range=(1, 9)), name="merchant_tries_one_to_nine_times"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def seconds_at_door(self, *, left_outside: bool, extra_s: int = 0) -> int:
        """Return how long a visit takes, with what its customer asked for."""
        usual_s = self.service_s
        if left_outside and self.left_service_s is not None:
            usual_s = self.left_service_s
        return usual_s + extra_s


class Depot(models.Model):
    """Where vans start."""

    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="depots")
    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    lat = models.FloatField(_("latitude"))
    lon = models.FloatField(_("longitude"))
    time_zone = models.CharField(max_length=64, validators=[check_time_zone])
    break_after_minutes = models.PositiveSmallIntegerField(
        _("minutes on the road without a break at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(60), MaxValueValidator(24 * 60)],
        help_text=_(
            "A shift made from now on ends where its next break would be due. Drivers of vehicles over "
            "3.5 t take 45 minutes after driving for 270 (Regulation (EC) No 561/2006, article 7); for "
            "smaller ones you set your own limit. Empty: no limit."
        ),
    )
    places_a_day = models.PositiveIntegerField(
        _("stops a day at most, of all its shops; empty: as many as the vans can serve"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
    )

    class Meta:
        constraints = [
            coordinates_on_earth("depot"),
            models.CheckConstraint(
                condition=Q(break_after_minutes__isnull=True) | Q(break_after_minutes__range=(60, 1440)),
                name="depot_break_after_an_hour_at_least",
            ),
            models.CheckConstraint(
                condition=Q(places_a_day__isnull=True) | Q(places_a_day__gte=1), name="depot_has_places"
            ),
        ]

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
    allotment = models.PositiveIntegerField(
        _("of the depot's places a day at most; empty: as many as there are"), null=True, blank=True
    )
    reserved = models.PositiveIntegerField(
        _("of the depot's places kept for this shop"), default=0, db_default=0
    )
    reserved_until_h = models.PositiveSmallIntegerField(
        _("kept until so many hours before a slot's cut-off"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(LONGEST_RESERVE_H)],
    )

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
            models.CheckConstraint(
                condition=Q(allotment__isnull=True) | Q(reserved__lte=F("allotment")),
                name="outlet_reserves_within_its_allotment",
            ),
            models.CheckConstraint(
                condition=Q(reserved_until_h__lte=LONGEST_RESERVE_H), name="outlet_reserves_two_weeks_at_most"
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

    @property
    def share(self) -> Share:
        """Return what the merchant may take of the depot's places; the depot is loaded."""
        return Share(self.merchant_id, self.depot.places_a_day, self.allotment)

    def reserve(self, weekdays: int) -> Reserve:
        """Return what is kept for the merchant; `weekdays` are those on which it sells."""
        return Reserve(self.merchant_id, self.reserved, self.reserved_until_h, weekdays)

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
