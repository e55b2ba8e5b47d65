"""A depot's devices, and of which vehicles they tell the place."""

from scheduling.models import Depot, Device, Vehicle


def vehicles_of(depot: Depot) -> list[Vehicle]:
    """Return the vehicles that a depot uses, by name. One query."""
    return list(Vehicle.objects.filter(depot=depot, active=True).order_by("name"))


def devices_of(depot: Depot) -> list[Device]:
    """Return a depot's devices that may tell something, by vehicle and name. One query."""
    rows = Device.objects.filter(vehicle__depot=depot, active=True).select_related("vehicle")
    return list(rows.order_by("vehicle__name", "name", "pk"))
