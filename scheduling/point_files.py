"""Pickup points out of a file, CSV or GeoJSON: read whole, judged line by line, nothing written."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from scheduling.errors import BadFile
from scheduling.facts import MOST_SERVICE_S
from scheduling.hours import check_hours
from scheduling.text_files import decoded, delimiter_of, filled

MOST_BYTES: Final = 5_000_000
MOST_POINTS: Final = 20_000
KINDS: Final = {"locker": "locker", "parcel_locker": "locker", "shop": "shop"}
YES: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
OTHER_NAMES: Final = {
    "ref": "id",
    "opening_hours": "hours",
    "latitude": "lat",
    "longitude": "lon",
    "street": "address",
    "amenity": "kind",
}
"""What OpenStreetMap and others call our columns."""
NEEDED: Final = ("id", "name", "address", "lat", "lon", "hours", "capacity")


@dataclass(frozen=True, slots=True)
class PointFacts:
    """A pickup point as a file tells it; names and units as in its row."""

    external_id: str
    name: str
    kind: str
    line: str
    postcode: str
    city: str
    lat: float
    lon: float
    hours: str
    capacity: int
    parcel_most_g: int | None
    parcel_most_ml: int | None
    most_g: int | None
    most_ml: int | None
    service_s: int
    active: bool


@dataclass(frozen=True, slots=True)
class BadLine:
    """Why a line of a file can't be taken. In GeoJSON lines are counted by features."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class PointFile:
    """What a file holds: its points by line, what is wrong with the other lines, and how it was written."""

    encoding: str
    points: tuple[tuple[int, PointFacts], ...]
    bad: tuple[BadLine, ...]


class _Unread(Exception):
    """A value of one line that can't be read; the message says why."""


def read_points(content: bytes) -> PointFile:
    """Return what a file says. Raises BadFile, saying why, where it can't be read at all."""
    if len(content) > MOST_BYTES:
        raise BadFile(_("The file is larger than %(most)d MB.") % {"most": MOST_BYTES // 1_000_000})
    text, encoding = decoded(content)
    if not text.strip():
        raise BadFile(_("The file is empty."))
    rows = _features(text) if text.lstrip().startswith("{") else _records(text)
    points: list[tuple[int, PointFacts]] = []
    bad: list[BadLine] = []
    seen: dict[str, int] = {}
    for line, row in rows:
        try:
            point = _point(row)
            if point.external_id in seen:
                known = {"id": point.external_id, "line": seen[point.external_id]}
                raise _Unread(_("The id %(id)s stands in line %(line)d already.") % known)
        except _Unread as error:
            bad.append(BadLine(line, str(error)))
            continue
        seen[point.external_id] = line
        points.append((line, point))
    if len(points) + len(bad) > MOST_POINTS:
        raise BadFile(_("The file has more than %(most)d points.") % {"most": MOST_POINTS})
    if not points and not bad:
        raise BadFile(_("The file has no points in it."))
    return PointFile(encoding, tuple(points), tuple(bad))


def _records(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the lines of a CSV file by column; its first line names them. Delimiter: ; , or tab."""
    first = text.lstrip().splitlines()[0]
    delimiter = delimiter_of(first)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [_named(name) for name in next(filled(reader))[1]]
        if missing := [name for name in NEEDED if name not in names]:
            raise BadFile(
                _("The first line must name the columns. These are missing: %(names)s.")
                % {"names": ", ".join(missing)}
            )
        for line, values in filled(reader):
            if len(values) > len(names) and any(map(str.strip, values[len(names) :])):
                yield line, {"": _("This line has more columns than the first one.")}
            else:
                yield line, dict(zip(names, values, strict=False))
    except csv.Error as error:
        raise BadFile(
            _("Line %(line)d is no CSV: a quotation mark may be open.") % {"line": reader.line_num}
        ) from error


def _features(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the points of a GeoJSON file by column, each with its number. Coordinates come as lon, lat."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(_("This is no GeoJSON: %(error)s") % {"error": error}) from error
    features = found.get("features")
    if found.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise BadFile(_("This GeoJSON is no FeatureCollection."))
    for number, feature in enumerate(features, start=1):
        yield number, _columns(feature)


def _columns(feature: Any) -> Mapping[str, Any]:
    feature = feature if isinstance(feature, dict) else {}
    said, shape = feature.get("properties"), feature.get("geometry")
    said, shape = (one if isinstance(one, dict) else {} for one in (said, shape))
    where = shape.get("coordinates")
    if shape.get("type") != "Point" or not isinstance(where, list) or len(where) < 2:
        return {"": _("This is no point.")}
    row = {"id": feature.get("id", "")} | {_named(str(name)): value for name, value in said.items()}
    if "address" not in row and (street := said.get("addr:street")):
        row["address"] = f"{street} {said.get('addr:housenumber', '')}".strip()
    for name in ("postcode", "city"):
        row.setdefault(name, said.get(f"addr:{name}", ""))
    return row | {"lon": where[0], "lat": where[1]}


def _named(name: str) -> str:
    plain = name.strip().strip("\ufeff").casefold().replace(" ", "_")
    return OTHER_NAMES.get(plain, plain)


def _point(row: Mapping[str, Any]) -> PointFacts:
    if row.get(""):
        raise _Unread(str(row[""]))
    return PointFacts(
        external_id=_words(row, "id", most=64),
        name=_words(row, "name", most=120),
        kind=_one_of(row, "kind", KINDS, usual="shop"),
        line=_words(row, "address", most=200),
        postcode=_words(row, "postcode", most=16, needed=False),
        city=_words(row, "city", most=80, needed=False),
        lat=_degrees(row, "lat", 90),
        lon=_degrees(row, "lon", 180),
        hours=_hours(row),
        capacity=_whole(row, "capacity", least=1, most=1_000_000),
        parcel_most_g=_thousandths(row, "parcel_kg"),
        parcel_most_ml=_thousandths(row, "parcel_litres"),
        most_g=_thousandths(row, "delivery_kg"),
        most_ml=_thousandths(row, "delivery_litres"),
        service_s=_whole(row, "service_seconds", least=0, most=MOST_SERVICE_S, usual=180),
        active=_one_of(row, "active", YES, usual=True),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else " ".join(str(value).split())


def _words(row: Mapping[str, Any], name: str, *, most: int, needed: bool = True) -> str:
    text = _text(row, name)
    if needed and not text:
        raise _Unread(_("%(name)s is missing.") % {"name": name})
    if len(text) > most or not text.isprintable():
        raise _Unread(_("%(name)s is longer than %(most)d letters.") % {"name": name, "most": most})
    return text


def _one_of(row: Mapping[str, Any], name: str, known: Mapping[str, Any], *, usual: Any) -> Any:
    text = _text(row, name).casefold()
    if text and text not in known:
        listed = {"name": name, "text": text[:40], "known": ", ".join(known)}
        raise _Unread(_("%(name)s is “%(text)s”; we know: %(known)s.") % listed)
    return known[text] if text else usual


def _number(row: Mapping[str, Any], name: str) -> Decimal | None:
    text = _text(row, name)
    if not text:
        return None
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not isfinite(number):
        raise _Unread(_("%(name)s is “%(text)s”, which is no number.") % {"name": name, "text": text[:40]})
    return number


def _degrees(row: Mapping[str, Any], name: str, most: int) -> float:
    number = _number(row, name)
    if number is None:
        raise _Unread(_("%(name)s is missing.") % {"name": name})
    if abs(number) > most:
        known = {"name": name, "number": number, "most": most}
        raise _Unread(
            _("%(name)s is %(number)s, which is not on earth: it goes from −%(most)d to %(most)d.") % known
        )
    return float(number)


def _whole(row: Mapping[str, Any], name: str, *, least: int, most: int, usual: int | None = None) -> int:
    number = _number(row, name)
    if number is None and usual is not None:
        return usual
    if number is None:
        raise _Unread(_("%(name)s is missing.") % {"name": name})
    if number != int(number) or not least <= number <= most:
        known = {"name": name, "least": least, "most": most}
        raise _Unread(_("%(name)s must be a whole number from %(least)d to %(most)d.") % known)
    return int(number)


def _thousandths(row: Mapping[str, Any], name: str) -> int | None:
    """Return kilograms as grams, litres as millilitres; None for no limit."""
    number = _number(row, name)
    if number is None:
        return None
    if not 0 < number <= 1_000_000:
        raise _Unread(_("%(name)s must be more than 0, or empty for no limit.") % {"name": name})
    return round(number * 1000)


def _hours(row: Mapping[str, Any]) -> str:
    text = _text(row, "hours")
    try:
        check_hours(text)
    except ValidationError as error:
        raise _Unread(" ".join(error.messages)) from error
    return text
