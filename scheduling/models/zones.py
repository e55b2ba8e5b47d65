"""Where goods are taken from doors: parts of what a depot serves in which nothing is left outside."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scheduling.models.network import Depot, check_polygon
from scheduling.models.slots import Area


class TheftZone(models.Model):
    """A part of what a depot serves in which nothing is left when nobody opens; `sentence` says why.

    It speaks of a place, never of people: whoever has goods sent there reads it.
    """

    Area = Area

    depot = models.ForeignKey(Depot, on_delete=models.CASCADE, related_name="theft_zones")
    name = models.CharField(_("where it is"), max_length=80)
    area = models.CharField(max_length=12, choices=Area, default=Area.POSTCODES)
    postcodes = models.JSONField(default=list, blank=True)
    polygon = models.JSONField(default=list, blank=True, validators=[check_polygon])
    sentence = models.CharField(
        _("what its customers read"),
        max_length=200,
        help_text=_("Why nothing is left outside there. About the place, never about people."),
    )
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["depot", "name"], name="theft_zone_named_once_per_depot"),
            models.CheckConstraint(
                condition=Q(area__in=["depot", "postcodes", "polygon"]), name="theft_zone_area_is_known"
            ),
            models.CheckConstraint(condition=~Q(sentence=""), name="theft_zone_says_why"),
        ]

    def __str__(self) -> str:
        return self.name
