"""Fixes as the apps send them: OwnTracks, Traccar's old and new forms, and our own sheet.

Each is taken as it comes; what is no fix (another kind of message, a place without a number) is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from scheduling.services.positions import Fix

KMH: Final = 1 / 3.6
KNOT: Final = 0.514444
MILLISECONDS_FROM: Final = 1e11
"""From here on a number of seconds would be after the year 5000: it counts milliseconds."""


def from_owntracks(said: Any) -> list[Fix]:
    """Return the fix of a location message; nothing of any other. A list of messages is read one by one."""
    if isinstance(said, list):
        return [fix for each in said for fix in from_owntracks(each)]
    if not isinstance(said, dict) or said.get("_type") != "location":
        return []
    return _one(
        at=said.get("tst"),
        lat=said.get("lat"),
        lon=said.get("lon"),
        accuracy=said.get("acc"),
        speed=_times(said.get("vel"), KMH),
        heading=said.get("cog"),
    )


def from_traccar(said: Any) -> list[Fix]:
    """Return the fix of a Traccar Client from 9 on: JSON with a location, coords in it, speeds in m/s."""
    if not isinstance(said, dict) or not isinstance(said.get("location"), dict):
        return []
    location = said["location"]
    coords = location.get("coords")
    if not isinstance(coords, dict):
        return []
    return _one(
        at=location.get("timestamp"),
        lat=coords.get("latitude"),
        lon=coords.get("longitude"),
        accuracy=coords.get("accuracy"),
        speed=coords.get("speed"),
        heading=coords.get("heading"),
    )


def from_osmand(said: Mapping[str, Any]) -> list[Fix]:
    """Return the fix of the OsmAnd form: query or fields, speeds in knots."""
    return _one(
        at=said.get("timestamp"),
        lat=said.get("lat"),
        lon=said.get("lon"),
        accuracy=said.get("accuracy"),
        speed=_times(said.get("speed"), KNOT),
        heading=said.get("bearing", said.get("heading")),
    )


def from_sheet(said: Any) -> list[Fix]:
    """Return the fixes of our own sheet: a list of `{at, lat, lon, accuracy?, speed?, heading?}`."""
    found = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
    return [
        fix
        for each in found
        for fix in _one(
            at=each.get("at"),
            lat=each.get("lat"),
            lon=each.get("lon"),
            accuracy=each.get("accuracy"),
            speed=each.get("speed"),
            heading=each.get("heading"),
        )
    ]


def _one(*, at: Any, lat: Any, lon: Any, accuracy: Any, speed: Any, heading: Any) -> list[Fix]:
    said_at, north, east = _instant(at), _number(lat), _number(lon)
    if said_at is None or north is None or east is None:
        return []
    # Phones say -1 for what they do not know.
    unsure, fast, towards = (
        each if each is not None and each >= 0 else None for each in map(_number, (accuracy, speed, heading))
    )
    return [Fix(said_at, north, east, unsure, fast, towards)]


def _number(said: Any) -> float | None:
    if isinstance(said, bool) or not isinstance(said, (int, float, str)):
        return None
    try:
        number = float(said)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _times(said: Any, factor: float) -> float | None:
    number = _number(said)
    return None if number is None or number < 0 else number * factor


def _instant(said: Any) -> datetime | None:
    """Return an instant: seconds or milliseconds since 1970, or ISO 8601; without a zone it is UTC."""
    number = _number(said)
    try:
        if number is not None:
            return datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS_FROM else number, UTC)
        at = datetime.fromisoformat(said) if isinstance(said, str) and len(said) <= 40 else None
        return at and (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
