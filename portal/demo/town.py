"""The town: real addresses of central Helsinki, and its quarters."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from scheduling.facts import AddressFacts

ADDRESSES = Path(__file__).resolve().parent / "data" / "helsinki-addresses.csv"
TIME_ZONE = "Europe/Helsinki"
# Ten kilometres north of the harbour, where warehouses are.
DEPOT_PLACE = (60.2570, 24.9480)


@dataclass(frozen=True, slots=True)
class House:
    """One address of the gazetteer."""

    line: str
    postcode: str
    city: str
    lat: float
    lon: float

    def facts(self, *, unit: str = "") -> AddressFacts:
        """The address as a customer would have agreed to it."""
        return AddressFacts(
            line=self.line,
            unit=unit,
            postcode=self.postcode,
            city=self.city,
            lat=self.lat,
            lon=self.lon,
            source="gazetteer",
        )


@cache
def houses() -> tuple[House, ...]:
    """Every address, in the order of the file."""
    with ADDRESSES.open(newline="", encoding="utf-8") as file:
        return tuple(
            House(
                f"{row['street']} {row['number']}",
                row["postcode"],
                row["city"],
                float(row["lat"]),
                float(row["lon"]),
            )
            for row in csv.DictReader(file)
        )


# Quarters, as rectangles (south, west, north, east): days are filled quarter by quarter, as vans drive.
QUARTERS = {
    "Punavuori": (60.1630, 24.9350, 60.1672, 24.9440),
    "Kaartinkaupunki": (60.1630, 24.9440, 60.1690, 24.9540),
    "Kamppi": (60.1672, 24.9350, 60.1725, 24.9420),
    "Kluuvi": (60.1672, 24.9400, 60.1725, 24.9490),
    "Kruununhaka": (60.1690, 24.9480, 60.1762, 24.9540),
    "Siltasaari": (60.1762, 24.9400, 60.1795, 24.9540),
}


def houses_in(quarter: str) -> tuple[House, ...]:
    """The addresses of one quarter."""
    south, west, north, east = QUARTERS[quarter]
    return tuple(house for house in houses() if south <= house.lat < north and west <= house.lon < east)


def some_houses(quarters: tuple[str, ...], count: int, chance: Random, *, street: str = "") -> list[House]:
    """Addresses of these quarters, or of one street there, none twice as long as there are enough."""
    there = {house for quarter in quarters for house in houses_in(quarter)}
    pool = sorted((house for house in there if house.line.startswith(street)), key=lambda house: house.line)
    chance.shuffle(pool)
    return (pool * (count // len(pool) + 1))[:count]
