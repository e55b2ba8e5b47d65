"""A geocoder that reads a file: no account, no key, no internet."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from geopy.distance import great_circle
from geopy.geocoders.base import Geocoder
from geopy.location import Location
from geopy.point import Point

from scheduling.geocoding.answers import ALIKE, Found, house
from scheduling.geocoding.wording import Wanted, fold, read_address, street_keys
from scheduling.models.network import plain_postcode

COLUMNS = ("street", "number", "postcode", "city", "lat", "lon")
MOST_STREETS = 5


@dataclass(frozen=True, slots=True)
class Streets:
    """The file in memory, by street."""

    rows: dict[str, tuple[Found, ...]]  # by the street's own name
    by_key: dict[str, frozenset[str]]  # every way to write a street -> streets' own names
    by_postcode: dict[str, tuple[Found, ...]]


class Gazetteer(Geocoder):  # type: ignore[misc]  # geopy carries no types
    """geopy's interface over a CSV file: street, number, postcode, city, lat, lon and perhaps country.

    `Location.raw` holds the row as a `Found`. Raises ValueError if the file has other columns or
    something that is no place on earth.
    """

    def __init__(self, path: str | Path, **options: Any) -> None:
        super().__init__(**options)
        self.streets = read_gazetteer(str(path))

    def geocode(self, query: str, *, exactly_one: bool = True, timeout: Any = None) -> Any:
        """One Location or a list: the house typed, or else the street's nearest house, or alike streets."""
        wanted = read_address(query)
        found = (
            [] if wanted is None else [row for name in self._names(wanted) for row in self._of(name, wanted)]
        )
        return _located(found, exactly_one)

    def reverse(self, query: Any, *, exactly_one: bool = True, timeout: Any = None) -> Any:
        """The address or addresses nearest to a point, nearest first."""
        here = Point(query)
        rows = (row for street in self.streets.rows.values() for row in street)
        nearest = sorted(rows, key=lambda row: great_circle(here, (row.lat, row.lon)).meters)
        return _located(nearest[: 1 if exactly_one else 5], exactly_one)

    def in_postcode(self, postcode: str) -> list[Location]:
        """Every address of a postcode."""
        return _located(list(self.streets.by_postcode.get(plain_postcode(postcode), ())), False) or []

    def _names(self, wanted: Wanted) -> list[str]:
        """The streets that may be meant: those written so, or else those written much alike."""
        known = self.streets.by_key
        same = {name for key in street_keys(wanted.street) for name in known.get(key, ())}
        if same:
            return sorted(same)
        alike = get_close_matches(fold(wanted.street), known, n=MOST_STREETS * 3, cutoff=ALIKE)
        return list(dict.fromkeys(name for key in alike for name in sorted(known[key])))[:MOST_STREETS]

    def _of(self, name: str, wanted: Wanted) -> list[Found]:
        """The rows of one street that have the house, or else the one nearest to where it should be."""
        rows = self.streets.rows[name]
        having = [row for row in rows if house(row.number)[0] <= wanted.number <= house(row.number)[1]]
        return having if having and wanted.number else _nearest_of_each_town(rows, wanted.number)


def _nearest_of_each_town(rows: Iterable[Found], number: int) -> list[Found]:
    """In each town the house with the nearest number, or the middle of the street if there is no number."""
    towns: dict[str, list[Found]] = defaultdict(list)
    for row in rows:
        towns[fold(row.city)].append(row)
    nearest = []
    for houses in towns.values():
        by_number = sorted(houses, key=lambda row: house(row.number))
        middle = by_number[len(by_number) // 2]
        nearest.append(min(by_number, key=lambda row: _off(row, number)) if number else middle)
    return nearest


def _off(row: Found, number: int) -> tuple[int, int]:
    """How far a house is from the number looked for; those of the same side of the street come first."""
    first = house(row.number)[0]
    return abs(first - number) + (4 if (first - number) % 2 else 0), first


def _located(found: list[Found], exactly_one: bool) -> Any:
    places = [Location(f"{row.street} {row.number}", (row.lat, row.lon), row) for row in found]
    if exactly_one:
        return places[0] if places else None
    return places or None


@lru_cache(maxsize=4)
def read_gazetteer(path: str) -> Streets:
    """Read the file once in a process. Raises OSError or ValueError."""
    by_name: dict[str, list[Found]] = defaultdict(list)
    by_postcode: dict[str, list[Found]] = defaultdict(list)
    with Path(path).open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"The gazetteer lacks the columns {', '.join(sorted(missing))}")
        for row in reader:
            found = _row(row)
            by_name[row["street"]].append(found)
            by_postcode[plain_postcode(found.postcode)].append(found)
    by_key: dict[str, set[str]] = defaultdict(set)
    for name in by_name:
        for key in street_keys(name):
            by_key[key].add(name)
    return Streets(
        rows={name: tuple(rows) for name, rows in by_name.items()},
        by_key={key: frozenset(names) for key, names in by_key.items()},
        by_postcode={postcode: tuple(rows) for postcode, rows in by_postcode.items()},
    )


def _row(row: dict[str, str]) -> Found:
    lat, lon = float(row["lat"]), float(row["lon"])
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError(f"{row['street']} {row['number']} is nowhere on earth")
    return Found(
        street=row["street"],
        number=row["number"],
        postcode=row["postcode"],
        city=row["city"],
        country=(row.get("country") or "FI").upper(),
        lat=lat,
        lon=lon,
    )
