"""What a day that is over has emitted: each route's grams, and which stop stands for how many of them."""

from django.db import models

from scheduling.models.plans import Route, Stop
from scheduling.models.vehicles import VehicleClass


class CarbonAccount(models.Model):
    """The grams of one trip that was driven, with all that they were worked out from. Never changed.

    `stops` says among how many its grams are shared: 0 for a trip that served nobody.
    """

    route = models.OneToOneField(Route, on_delete=models.PROTECT, related_name="account")
    metres = models.PositiveIntegerField()
    grams = models.PositiveIntegerField()
    stops = models.PositiveIntegerField()
    grams_per_km = models.PositiveIntegerField()
    factor_source = models.CharField(max_length=250)
    factor_year = models.PositiveSmallIntegerField()
    boundary = models.CharField(max_length=16, choices=VehicleClass.Boundary)
    method = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.route_id} {self.grams} g"


class CarbonShare(models.Model):
    """Of a route's grams those that one stop stands for, and its distance from the depot, which says so."""

    account = models.ForeignKey(CarbonAccount, on_delete=models.PROTECT, related_name="shares")
    stop = models.OneToOneField(Stop, on_delete=models.PROTECT, related_name="carbon")
    distance_m = models.PositiveIntegerField()
    grams = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.stop_id} {self.grams} g"
