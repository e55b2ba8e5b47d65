"""Asking the geocoder that is set: once per question, politely, and never for long.

geopy is loaded by the first question: with all that it brings it takes a tenth of a process's start.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from statistics import fmean
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache

from scheduling.facts import POSTCODE_SOURCE
from scheduling.geocoding.answers import Candidate, Found, GeocodeAnswer, judge
from scheduling.geocoding.pins import metres_between
from scheduling.geocoding.wording import read_address
from scheduling.models import GeocodedQuery
from scheduling.models.network import plain_postcode

if TYPE_CHECKING:
    from geopy.geocoders.base import Geocoder
    from geopy.location import Location

log = logging.getLogger(__name__)

PUBLIC_NOMINATIM = "https://nominatim.openstreetmap.org"
TIMEOUT_S = 4
WAIT_FOR_TURN_S = 5
REMEMBER = timedelta(days=60)
LONGEST_QUERY = 200
LONGEST_POSTCODE = 16
COUNTRY_OPTIONS = {"nominatim": "country_codes", "pelias": "countries"}


class NoTurn(Exception):
    """Too many ask the public geocoder at once."""


def find_address(*, query: str, now: datetime, country: str = "") -> GeocodeAnswer:
    """Say where a typed address is. At most one request; what was answered within 60 days is not asked again.

    `country`, such as FI, leaves out what is known to be in another. Never raises for what people type, nor
    for what goes wrong outside: then the status is "down", unless an older answer is known.
    """
    if len(query) > LONGEST_QUERY or read_address(query) is None:
        return GeocodeAnswer("unknown")
    return _remembered(f"{query} {country}".strip(), lambda: _ask(query, settings.GEOCODER, country), now)


def find_postcode(*, postcode: str, now: datetime, country: str = "") -> GeocodeAnswer:
    """Say where about the middle of a postcode is: one candidate of the source POSTCODE_SOURCE, or none.

    It is no address: nobody can be visited there. As find_address otherwise.
    """
    if not postcode.strip() or len(postcode) > LONGEST_POSTCODE:
        return GeocodeAnswer("unknown")
    key = f"postcode {plain_postcode(postcode)} {country}".strip()
    return _remembered(key, lambda: _middle(postcode, country), now)


def _remembered(key: str, ask: Callable[[], GeocodeAnswer], now: datetime) -> GeocodeAnswer:
    """Return what the geocoder answers, or answered within 60 days; an older answer where it is down."""
    source = settings.GEOCODER
    if source == "gazetteer":
        return ask()
    known = GeocodedQuery.objects.filter(source=source, query_key=_key(key)).first()
    if known and known.looked_up_at > now - REMEMBER:
        return GeocodeAnswer.from_json(known.result)
    answer = ask()
    if answer.status == "down":
        return GeocodeAnswer.from_json(known.result) if known else answer
    _remember(key, source, answer, now)
    return answer


def nearest_address(*, lat: float, lon: float) -> Candidate | None:
    """The address nearest to a point, to name where a pin was put; None if nobody knows one."""
    places = _places(lambda geocoder: geocoder.reverse((lat, lon), exactly_one=False))
    for one in _found(settings.GEOCODER, places or ()):
        line = f"{one.street} {one.number}".strip()
        return Candidate(line, one.postcode, one.city, one.country, one.lat, one.lon, 1.0, settings.GEOCODER)
    return None


def _ask(query: str, source: str, country: str) -> GeocodeAnswer:
    asked: dict[str, Any] = {
        "nominatim": {"addressdetails": True, "limit": 5},
        "photon": {"limit": 5},
    }.get(source, {})
    if country and source in COUNTRY_OPTIONS:
        asked[COUNTRY_OPTIONS[source]] = [country.lower()]
    places = _places(lambda geocoder: geocoder.geocode(query, exactly_one=False, **asked))
    if places is None:
        return GeocodeAnswer("down")
    found = [one for one in _found(source, places) if _is_in(one, country)]
    return judge(query, found, source=source)


def _is_in(one: Found, country: str) -> bool:
    """Whether a place may be in a country: one that does not say where it is may."""
    return not country or not one.country or one.country == country.upper()


def _middle(postcode: str, country: str) -> GeocodeAnswer:
    """Return about the middle of all that is known in a postcode."""
    source = settings.GEOCODER
    if source == "gazetteer":
        places = _places(lambda geocoder: geocoder.in_postcode(postcode))
    else:
        asked, more = _asked_for_postcode(source, postcode, country)
        places = _places(lambda geocoder: geocoder.geocode(asked, exactly_one=False, **more))
    if places is None:
        return GeocodeAnswer("down")
    wanted = plain_postcode(postcode)
    there = [
        one
        for one in _read(source, places)
        if plain_postcode(one.postcode) == wanted and _is_in(one, country)
    ]
    if not there:
        return GeocodeAnswer("unknown")
    lat, lon = fmean(one.lat for one in there), fmean(one.lon for one in there)
    near = min(there, key=lambda one: metres_between(one.lat, one.lon, lat, lon))
    # To about 100 m: the middle stands for nobody's door.
    middle = Candidate(
        near.postcode,
        near.postcode,
        near.city,
        near.country,
        round(lat, 3),
        round(lon, 3),
        0.0,
        POSTCODE_SOURCE,
    )
    return GeocodeAnswer("street", (middle,))


def _asked_for_postcode(source: str, postcode: str, country: str) -> tuple[Any, dict[str, Any]]:
    if source != "nominatim":
        return postcode, {"countries": [country.lower()]} if country and source == "pelias" else {}
    where = {"postalcode": postcode} | ({"country": country} if country else {})
    return where, {"addressdetails": True}


def _places(ask: Callable[[Any], list[Location] | None]) -> list[Location] | None:
    """What the geocoder says, [] for nothing; None if it does not answer as it should."""
    from geopy.exc import GeocoderQueryError, GeopyError

    try:
        geocoder = geocoder_for(
            settings.GEOCODER, settings.GEOCODER_URL, settings.GAZETTEER_FILE, settings.GEOCODER_USER_AGENT
        )
        _wait_for_turn()
        return ask(geocoder) or []
    except GeocoderQueryError:
        return []
    except (
        GeopyError,
        NoTurn,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
    ) as error:
        # geopy lets a malformed reply through as whichever of these its parser stumbles over.
        log.warning("The geocoder %s did not answer: %s", settings.GEOCODER, type(error).__name__)
        return None


def _wait_for_turn() -> None:
    """Public Nominatim asks for at most one request a second from a whole application.

    The cache is shared by all processes where there are several.
    """
    if settings.GEOCODER != "nominatim" or settings.GEOCODER_URL not in {"", PUBLIC_NOMINATIM}:
        return
    give_up = time.monotonic() + WAIT_FOR_TURN_S
    # Two seconds, since Redis and the file system count whole ones and may round one down to nothing.
    while not cache.add("geocoder:turn", 1, timeout=2):
        if time.monotonic() > give_up:
            raise NoTurn
        time.sleep(0.1)


@lru_cache(maxsize=4)
def geocoder_for(source: str, url: str, file: str, user_agent: str) -> Geocoder:
    """The geocoder that is set, made once. Raises OSError or ValueError if its file can't be read."""
    from geopy.geocoders import Nominatim, Pelias, Photon

    from scheduling.geocoding.gazetteer import Gazetteer

    if source == "gazetteer":
        return Gazetteer(file)
    parts = urlsplit(url or PUBLIC_NOMINATIM)
    options = {
        "domain": parts.netloc + parts.path.rstrip("/"),
        "scheme": parts.scheme,
        "timeout": TIMEOUT_S,
        "user_agent": user_agent or "doorstep",
    }
    return {"nominatim": Nominatim, "photon": Photon, "pelias": Pelias}[source](**options)


def _found(source: str, places: Iterable[Location]) -> list[Found]:
    """What each geocoder says in its own words, in ours; what has no street is left out."""
    return [one for one in _read(source, places) if one.street]


def _read(source: str, places: Iterable[Location]) -> list[Found]:
    read = {"nominatim": _nominatim, "photon": _photon, "pelias": _pelias}.get(source)
    return [place.raw if read is None else read(place) for place in places]


def _nominatim(place: Location) -> Found:
    said = place.raw.get("address", {})
    street = said.get("road") or said.get("pedestrian") or said.get("square") or ""
    city = said.get("city") or said.get("town") or said.get("village") or said.get("municipality") or ""
    return _as_found(
        place, street, said.get("house_number"), said.get("postcode"), city, said.get("country_code")
    )


def _photon(place: Location) -> Found:
    said = place.raw.get("properties", {})
    street = said.get("street") or (said.get("name") if said.get("osm_key") == "highway" else "") or ""
    return _as_found(
        place,
        street,
        said.get("housenumber"),
        said.get("postcode"),
        said.get("city"),
        said.get("countrycode"),
    )


def _pelias(place: Location) -> Found:
    said = place.raw.get("properties", {})
    street = said.get("street") or (said.get("name") if said.get("layer") == "street" else "") or ""
    city = said.get("locality") or said.get("localadmin")
    country = said.get("country_code") or ""
    return _as_found(place, street, said.get("housenumber"), said.get("postalcode"), city, country)


def _as_found(
    place: Location,
    street: str,
    number: str | None,
    postcode: str | None,
    city: str | None,
    country: str | None,
) -> Found:
    return Found(
        street=street,
        number=number or "",
        postcode=postcode or "",
        city=city or "",
        country=(country or "")[:2].upper(),
        lat=float(place.latitude),
        lon=float(place.longitude),
    )


def _key(query: str) -> str:
    """The same key for the same words; the words themselves are not kept."""
    return sha256(" ".join(query.casefold().split()).encode()).hexdigest()


def _remember(query: str, source: str, answer: GeocodeAnswer, now: datetime) -> None:
    GeocodedQuery.objects.update_or_create(
        source=source,
        query_key=_key(query),
        defaults={"result": answer.as_json(), "looked_up_at": now},
    )
