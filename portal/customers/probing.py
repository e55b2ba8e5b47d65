"""An anonymous form must not tell when a neighbour gets what: few places per session and network."""

from datetime import datetime
from typing import Final

from django.http import HttpRequest

from portal.customers.shopper import session_key
from portal.throttle import Limit, network_of, take, take_distinct

PLACES_PER_SESSION: Final = Limit("places-session", times=3, per_s=24 * 3600)
PLACES_PER_NETWORK: Final = Limit("places-network", times=120, per_s=3600)
QUOTES_PER_SESSION: Final = Limit("quotes-session", times=60, per_s=300)
LOOKUPS_PER_NETWORK: Final = Limit("lookups-network", times=60, per_s=60)


def wait_for_place(request: HttpRequest, *, lat: float, lon: float, now: datetime, session: str = "") -> int:
    """Count a place asked about; return 0, or the seconds to wait. A moved pin is another place.

    `session` is whoever asks where there is no cookie to tell: a widget's.
    """
    place = f"{lat:.5f},{lon:.5f}"
    wait_s = take_distinct(PLACES_PER_SESSION, session or session_key(request), place, now=now)
    return wait_s or take_distinct(PLACES_PER_NETWORK, network_of(request), place, now=now)


def wait_for_lookup(request: HttpRequest, *, now: datetime) -> int:
    """Count an address looked up; return 0, or the seconds to wait."""
    return take(LOOKUPS_PER_NETWORK, network_of(request), now=now)


def wait_for_quote(request: HttpRequest, *, now: datetime, session: str = "") -> int:
    """Count a quote, also for a place asked about before; return 0, or the seconds to wait."""
    return take(QUOTES_PER_SESSION, session or session_key(request), now=now)
