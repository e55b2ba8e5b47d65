"""Where parcels can wait instead of at home: lockers and shops that a depot's vans serve."""

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scheduling.facts import JOINED_PARCEL_S, MOST_SERVICE_S
from scheduling.hours import MOST_LETTERS, check_hours, open_spans
from scheduling.models.network import Depot, coordinates_on_earth
from scheduling.windows import Window


class PickupPointQuerySet(models.QuerySet["PickupPoint"]):
    """Places for parcels, each taken and given back in one statement: of two who meet one gets the last."""

    def take_places(self, pk: int, parcels: int) -> bool:
        """Take places for some parcels; False, and nothing taken, where there are not so many."""
        there = self.filter(pk=pk, used__lte=F("capacity") - parcels)
        return bool(there.update(used=F("used") + parcels))

    def free_places(self, pk: int, parcels: int) -> None:
        """Give places back. The database refuses to give back more than were taken."""
        self.filter(pk=pk).update(used=F("used") - parcels)


class PickupPoint(models.Model):
    """A locker or a shop. `used` counts the parcels on their way to it or waiting there; services write it.

    Sizes are in grams and millilitres, for each parcel and for all of one delivery; empty: no limit.
    """

    class Kind(models.TextChoices):
        LOCKER = "locker", _("parcel locker")
        SHOP = "shop", _("shop")

    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="pickup_points")
    external_id = models.CharField(_("its id in your own list"), max_length=64)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.SHOP)
    line = models.CharField(_("street and number"), max_length=200)
    postcode = models.CharField(max_length=16, blank=True)
    city = models.CharField(max_length=80, blank=True)
    lat = models.FloatField(_("latitude"))
    lon = models.FloatField(_("longitude"))
    hours = models.CharField(
        _("opening hours"),
        max_length=MOST_LETTERS,
        validators=[check_hours],
        help_text=_("As OpenStreetMap writes them: Mo-Fr 08:00-20:00; Sa 10:00-16:00; 2026 Dec 24 off"),
    )
    capacity = models.PositiveIntegerField(_("parcels at once at most"), validators=[MinValueValidator(1)])
    used = models.PositiveIntegerField(default=0, editable=False)
    parcel_most_g = models.PositiveIntegerField(_("grams of a parcel at most"), null=True, blank=True)
    parcel_most_ml = models.PositiveIntegerField(_("millilitres of a parcel at most"), null=True, blank=True)
    most_g = models.PositiveIntegerField(_("grams of a delivery at most"), null=True, blank=True)
    most_ml = models.PositiveIntegerField(_("millilitres of a delivery at most"), null=True, blank=True)
    service_s = models.PositiveIntegerField(
        _("seconds a stop takes there"),
        default=180,
        validators=[MaxValueValidator(MOST_SERVICE_S)],
        help_text=_("Counts for what is sent there from now on."),
    )
    active = models.BooleanField(default=True)

    objects = PickupPointQuerySet.as_manager()

    class Meta:
        ordering = ["depot", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["depot", "external_id"], name="point_listed_once_per_depot"),
            coordinates_on_earth("point"),
            models.CheckConstraint(condition=Q(kind__in=["locker", "shop"]), name="point_kind_is_known"),
            models.CheckConstraint(condition=~Q(external_id="") & ~Q(name=""), name="point_has_a_name"),
            models.CheckConstraint(condition=~Q(hours=""), name="point_has_hours"),
            models.CheckConstraint(
                condition=Q(used__gte=0, used__lte=F("capacity"), capacity__gte=1),
                name="point_places_from_0_to_all",
            ),
            models.CheckConstraint(
                condition=Q(service_s__lte=MOST_SERVICE_S), name="point_service_is_two_hours_at_most"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def free(self) -> int:
        """Return how many more parcels it takes."""
        return self.capacity - self.used

    def spans_on(self, day: date) -> tuple[Window, ...]:
        """Return when it is open that touches a local day, in order; its depot is loaded."""
        return open_spans(self.hours, day, self.depot.zone, (self.lat, self.lon))

    def seconds_for(self, parcels: int) -> int:
        """Return how long a stop takes that brings so many parcels there."""
        return min(MOST_SERVICE_S, self.service_s + JOINED_PARCEL_S * (parcels - 1))

    def takes(self, *, load_g: int, load_ml: int, parcels: int) -> bool:
        """Whether goods are small and light enough for it, were it empty.

        We know what all parcels of a delivery are together: each is judged by their mean.
        """
        limits = (
            (load_g, self.most_g),
            (load_ml, self.most_ml),
            (-(-load_g // parcels), self.parcel_most_g),
            (-(-load_ml // parcels), self.parcel_most_ml),
            (parcels, self.capacity),
        )
        return all(most is None or size <= most for size, most in limits)
