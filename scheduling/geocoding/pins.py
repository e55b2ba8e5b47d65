"""A pin may be moved to the right door, not to another part of town."""

import math

from django.utils.translation import gettext_lazy as _

from scheduling.errors import DomainError
from scheduling.geocoding.answers import Candidate

PIN_MAY_MOVE_M = 2_000
EARTH_M = 6_371_008.8


class PinTooFar(DomainError):
    """The pin is too far from the address that was found."""

    code = "pin_too_far"
    sentence = _("The pin is more than 2 km from that address. Move it closer, or type another address.")


def check_pin(*, anchor: Candidate, lat: float, lon: float) -> None:
    """Raises PinTooFar unless the pin lies within 2 km of the address found. NaN is nowhere."""
    on_earth = -90 <= lat <= 90 and -180 <= lon <= 180
    if not on_earth or metres_between(anchor.lat, anchor.lon, lat, lon) > PIN_MAY_MOVE_M:
        raise PinTooFar


def metres_between(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle distance in metres, by the haversine formula."""
    phi, other_phi = math.radians(lat), math.radians(other_lat)
    half = (
        math.sin((other_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    )
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))
