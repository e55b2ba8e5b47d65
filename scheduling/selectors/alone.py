"""What a visit would be as a trip of its own: with that fetching something by the way is compared."""

from scheduling.conversion import shift_of
from scheduling.models import Booking, Shift
from scheduling.routing.problem import Place, VehicleClass
from scheduling.snapshots import ROAD


def way_alone_m(depot: Place, place: Place, kind: VehicleClass) -> int:
    """Return the metres from a depot to a place and back, by the road times that routes are judged by."""
    return ROAD.leg(depot, place, kind).metres + ROAD.leg(place, depot, kind).metres


def alone_m(booking: Booking) -> int:
    """Return what a booking's visit would be as a trip of its own, by the vehicle that comes. One query."""
    shift = Shift.objects.select_related("vehicle__vehicle_class", "plan__depot").get(
        routes=booking.stop.route_id
    )
    depot, at = shift.plan.depot, booking.delivery.address
    kind = shift_of(shift, [], shift.plan.origin_at).vehicle.kind
    return way_alone_m(Place(depot.lat, depot.lon), Place(at.lat, at.lon), kind)
