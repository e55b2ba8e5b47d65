"""What a visit is before it has rows: checked, digestible, and kept with each quote."""

import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from math import isfinite
from typing import Any, Self

from django.utils.translation import gettext_lazy as _

from scheduling.errors import BadFacts

MOST_G = 2_000_000
MOST_ML = 20_000_000
MOST_PARCELS = 200
MOST_SERVICE_S = 2 * 3600
JOINED_PARCEL_S = 30
"""What each parcel of a further order adds at the door; walking there counts once, with the first order."""


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """A place as it was found: what its customer agreed to, degrees, and how sure the finder is (0 to 1)."""

    line: str
    postcode: str
    city: str
    lat: float
    lon: float
    unit: str = ""
    country: str = "FI"
    confidence: float = 1.0
    source: str = "typed"
    pin_moved: bool = False

    def __post_init__(self) -> None:
        on_earth = isfinite(self.lat) and isfinite(self.lon) and abs(self.lat) <= 90 and abs(self.lon) <= 180
        if not on_earth or not self.line.strip():
            raise BadFacts(_("Please check the address."))


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """One visit's address, load (grams, millilitres), seconds at the door and required skills."""

    address: AddressFacts
    load_g: int
    load_ml: int
    parcels: int = 1
    service_s: int = 180
    direction: str = "out"
    requirements: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sizes = (
            (self.load_g, 0, MOST_G),
            (self.load_ml, 0, MOST_ML),
            (self.parcels, 1, MOST_PARCELS),
            (self.service_s, 0, MOST_SERVICE_S),
        )
        if not all(low <= size <= high for size, low, high in sizes):
            raise BadFacts(_("Please check the size: we take up to 200 parcels and 2,000 kg."))

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON from which `from_json` makes an equal value."""
        return asdict(self) | {"requirements": list(self.requirements)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the value that `as_json` described."""
        address = AddressFacts(**data["address"])
        return cls(**data | {"address": address, "requirements": tuple(data["requirements"])})

    @property
    def digest(self) -> str:
        """Return a key equal for equal facts."""
        return sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()

    def with_more(self, *, load_g: int, load_ml: int, parcels: int) -> "VisitFacts":
        """Return the same visit with a further order. Raises BadFacts where it is nothing, or too much."""
        more = replace(self, load_g=load_g, load_ml=load_ml, parcels=parcels)
        return replace(
            self,
            load_g=self.load_g + more.load_g,
            load_ml=self.load_ml + more.load_ml,
            parcels=self.parcels + more.parcels,
            service_s=self.service_s + JOINED_PARCEL_S * more.parcels,
        )

    def at(self, address: AddressFacts) -> "VisitFacts":
        """Return the same visit at another address."""
        return replace(self, address=address)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom we tell: an e-mail address, optionally a name, a phone number (E.164) and a language."""

    email: str
    name: str = ""
    phone: str = ""
    language: str = "en"
