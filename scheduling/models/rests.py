"""When vehicles and their crews rest: breaks and charging, as set up and as a day has them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scheduling.models.network import coordinates_on_earth
from scheduling.models.plans import Shift
from scheduling.models.vehicles import ShiftPattern

MOST_MINUTES = 8 * 60


class RestKind(models.TextChoices):
    """Why a vehicle stands still. Only a break is rest for its crew."""

    BREAK = "break", _("break")
    CHARGE = "charge", _("charging")


def rest_minutes() -> Any:
    """Return the column that says how long a rest takes."""
    return models.PositiveSmallIntegerField(
        _("minutes"), validators=[MinValueValidator(5), MaxValueValidator(MOST_MINUTES)]
    )


def known_kind_and_minutes(name: str) -> list[models.CheckConstraint]:
    """Return the constraints that a rest is of a known kind and takes a sensible time."""
    return [
        models.CheckConstraint(condition=Q(kind__in=["break", "charge"]), name=f"{name}_kind_is_known"),
        models.CheckConstraint(condition=Q(minutes__range=(5, MOST_MINUTES)), name=f"{name}_takes_a_while"),
    ]


class RestPattern(models.Model):
    """A rest of every shift of a pattern, at the depot or at a named place. Counts for shifts made later."""

    pattern = models.ForeignKey(ShiftPattern, on_delete=models.CASCADE, related_name="rests")
    kind = models.CharField(max_length=10, choices=RestKind, default=RestKind.BREAK)
    place = models.CharField(_("place, if not the depot"), max_length=80, blank=True)
    lat = models.FloatField(_("latitude"), null=True, blank=True)
    lon = models.FloatField(_("longitude"), null=True, blank=True)
    opens = models.TimeField(_("begins at the earliest"))
    closes = models.TimeField(_("begins before"))
    minutes = rest_minutes()

    class Meta:
        constraints = [
            *known_kind_and_minutes("rest_pattern"),
            coordinates_on_earth("rest_pattern"),
            models.CheckConstraint(
                condition=Q(place="", lat__isnull=True, lon__isnull=True)
                | ~Q(place="") & Q(lat__isnull=False, lon__isnull=False),
                name="rest_pattern_is_at_the_depot_or_at_a_place",
            ),
            models.CheckConstraint(condition=Q(opens__lt=F("closes")), name="rest_pattern_opens_to_close"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"

    def clean(self) -> None:
        """Raise ValidationError for a name without a place on the map, or a place without a name."""
        if {bool(self.place), self.lat is not None, self.lon is not None} == {True, False}:
            raise ValidationError(
                _("A place needs a name, a latitude and a longitude. All three stay empty for the depot.")
            )


class Rest(models.Model):
    """A rest of one shift, as it was set up when the shift was made. Its stop says when."""

    shift = models.ForeignKey(Shift, on_delete=models.CASCADE, related_name="rests")
    kind = models.CharField(max_length=10, choices=RestKind)
    place = models.CharField(_("place, if not the depot"), max_length=80, blank=True)
    lat = models.FloatField(_("latitude"))
    lon = models.FloatField(_("longitude"))
    minutes = rest_minutes()

    class Meta:
        constraints = [*known_kind_and_minutes("rest"), coordinates_on_earth("rest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.shift}"
