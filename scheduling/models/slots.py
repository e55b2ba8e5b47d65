"""What is sold when: slots, days without deliveries, slack inside promises, hours at which none may stop."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from scheduling import windows
from scheduling.access import AccessHours
from scheduling.buffers import BufferRule
from scheduling.models.network import (
    EVERY_DAY,
    Depot,
    Merchant,
    MerchantDepot,
    check_polygon,
    inside,
    plain_postcode,
)
from scheduling.models.vehicles import VehicleClass


class DatedSlot(NamedTuple):
    """What a merchant sells on one local day, as far as its pattern and the calendar tell."""

    key: str
    service_date: date
    window: windows.Window
    cutoff_at: datetime
    base_price_minor: int
    narrows_to_s: int
    cap: int | None
    unattended: bool


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
    unattended = models.BooleanField(
        _("only for goods that may be left outside: nobody needs to be at home"),
        default=False,
        db_default=False,
    )
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

    def on(self, day: date, zone: ZoneInfo) -> DatedSlot | None:
        """Return the slot of a local day; None on other weekdays, and where a clock change swallows it."""
        window = self.window_on(day, zone) if windows.runs_on(self.weekdays, day) else None
        return None if window is None else self.sold_as(window, day, zone)

    def sold_as(self, window: windows.Window, day: date, zone: ZoneInfo) -> DatedSlot:
        """Return the slot of a local day with the window that was promised, whatever it has become since."""
        return DatedSlot(
            key=f"{self.pk}.{day:%Y%m%d}",
            service_date=day,
            window=window,
            cutoff_at=self.cutoff_at(day, zone),
            base_price_minor=self.base_price_minor,
            narrows_to_s=self.narrows_to_s(window),
            cap=self.cap,
            unattended=self.unattended,
        )

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


class Area(models.TextChoices):
    """Which part of what a depot serves a row counts for."""

    DEPOT = "depot", _("wherever the depot delivers")
    POSTCODES = "postcodes", _("in listed postcodes")
    POLYGON = "polygon", _("inside a polygon")


class Zoned(Protocol):
    """A row that counts for a part of what its depot serves."""

    area: str
    postcodes: Any
    polygon: Any


def covers(row: "Zoned", *, lat: float, lon: float, postcode: str) -> bool:
    """Whether a row counts for an address that its depot serves."""
    match row.area:
        case Area.POSTCODES:
            return plain_postcode(postcode) in map(plain_postcode, row.postcodes)
        case Area.POLYGON:
            return inside(row.polygon, lat, lon)
        case _:
            return True


class Buffer(models.Model):
    """Slack kept at the end of promises at some hours, in a part of what a depot serves.

    Each stop stores what was kept for it, so a change of these rows counts for what is promised from then on.
    """

    Area = Area

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

    @property
    def rule(self) -> BufferRule:
        """Return its hours and length, without its area."""
        return BufferRule(self.weekdays, self.starts, self.ends, seconds=60 * self.minutes)


def buffers_at(buffers: Iterable[Buffer], *, lat: float, lon: float, postcode: str) -> tuple[BufferRule, ...]:
    """Return the rules of those buffers that count for an address."""
    return tuple(b.rule for b in buffers if covers(b, lat=lat, lon=lon, postcode=postcode))


class AccessRule(models.Model):
    """Hours at which vehicles of some classes may not stop, in a part of what a depot serves.

    Each stop stores what was kept for it, so a change of these rows counts for what is promised from then on.
    """

    Area = Area

    depot = models.ForeignKey(Depot, on_delete=models.CASCADE, related_name="access_rules")
    name = models.CharField(_("what is there"), max_length=80)
    area = models.CharField(max_length=12, choices=Area, default=Area.POSTCODES)
    postcodes = models.JSONField(default=list, blank=True)
    polygon = models.JSONField(default=list, blank=True, validators=[check_polygon])
    weekdays = models.PositiveSmallIntegerField(default=EVERY_DAY)
    starts = models.TimeField(_("from; empty: midnight"), null=True, blank=True)
    ends = models.TimeField(_("to; empty: the next midnight"), null=True, blank=True)
    barred = models.ManyToManyField(
        VehicleClass, verbose_name=_("classes that may not stop there then"), related_name="access_rules"
    )
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["depot", "name"], name="access_rule_named_once_per_depot"),
            models.CheckConstraint(
                condition=Q(area__in=["depot", "postcodes", "polygon"]), name="access_rule_area_is_known"
            ),
            models.CheckConstraint(
                condition=Q(starts__isnull=True) | Q(ends__isnull=True) | Q(starts__lt=F("ends")),
                name="access_rule_starts_to_end",
            ),
            models.CheckConstraint(
                condition=Q(weekdays__range=(1, EVERY_DAY)), name="access_rule_counts_on_some_weekday"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def barred_slugs(self) -> frozenset[str]:
        """Return which classes it bars. No query if they are loaded, or were put here by who read them."""
        return frozenset(kind.slug for kind in self.barred.all())

    @property
    def hours(self) -> AccessHours:
        """Return its hours and classes, without its area. No query if the classes are loaded."""
        return AccessHours(self.weekdays, self.starts, self.ends, self.barred_slugs)


def access_rules_of(depots: Iterable[int]) -> models.QuerySet[AccessRule]:
    """Return the rules that count at some depots, their classes loaded. Two queries; one if none are."""
    return AccessRule.objects.filter(depot__in=depots, active=True).prefetch_related("barred").order_by("pk")


def access_at(
    rules: Iterable[AccessRule], *, lat: float, lon: float, postcode: str
) -> tuple[AccessHours, ...]:
    """Return the hours of those rules that count for an address."""
    return tuple(rule.hours for rule in rules if covers(rule, lat=lat, lon=lon, postcode=postcode))
