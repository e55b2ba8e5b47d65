"""What a visit is before it has rows: checked, digestible, and kept with each quote."""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from math import isfinite
from typing import Any, Final, Self

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from scheduling.errors import BadFacts, NeedsSomebody

MOST_G = 2_000_000
MOST_ML = 20_000_000
MOST_PARCELS = 200
MOST_SERVICE_S = 2 * 3600
JOINED_PARCEL_S = 30
"""What each parcel of a further order adds at the door; walking there counts once, with the first order."""
MOST_EXTRA_S = 30 * 60
MOST_NOTE = 80
MOST_NAME = 80
MOST_UNIT = 40
MOST_WORTH_MINOR = 2_000_000_000

NEIGHBOUR: Final = "neighbour"
EXCHANGE: Final = "exchange"
"""The requirement of goods that are handed over against others, which the same visit takes back."""

SAFE_PLACES: Final[dict[str, LazyText]] = {
    "porch": _("Porch"),
    "shed": _("Shed"),
    "garage": _("Garage or carport"),
    "behind_bin": _("Behind the bin"),
    "reception": _("Reception"),
    "own_box": _("Own parcel box"),
    NEIGHBOUR: _("With a neighbour"),
}
"""Where goods may be left when nobody opens, if their customer says so."""
LEFT_OUTSIDE: Final = {place: words for place, words in SAFE_PLACES.items() if place != NEIGHBOUR}
"""Those at which nobody at all needs to be at home: only they can be named before a time is chosen."""

HANDED_OVER: Final[dict[str, LazyText]] = {
    "signature": _("These goods need a signature: somebody must be at home. We can’t leave them outside."),
    "age_check": _(
        "We must check the age of whoever takes these goods: somebody must be at home. "
        "We can’t leave them outside."
    ),
    EXCHANGE: _("We take something back in exchange: somebody must be at home to hand it over."),
}
"""The requirements for which somebody has to open, and why such goods are never left outside."""


WORTH_TOO_MUCH: Final = _(
    "These goods are worth so much that somebody must be at home. We can’t leave them outside."
)


def why_handed_over(requirements: Collection[str]) -> str | LazyText:
    """Return the sentence why goods can't be left outside; "" where they can."""
    return next((sentence for name, sentence in HANDED_OVER.items() if name in requirements), "")


POSTCODE_SOURCE: Final = "postcode"
"""The source of a place that stands for a postcode's middle: times can be shown for it, none can be kept."""


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

    @property
    def is_postcode(self) -> bool:
        """Whether it only stands for a postcode."""
        return self.source == POSTCODE_SOURCE


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """One visit's address, load (grams, millilitres), seconds at the door and requirements.

    `extra_s` is how many of its seconds at the door its customer asked for; `safe_place` is a key of
    SAFE_PLACES where the goods may be left outside, "" where somebody has to be at home. `worth_minor` is
    what the goods are worth, 0 where nobody said so. An exchange takes back `takes_parcels` of `takes_g`
    grams and `takes_ml` millilitres by the visit that brings the rest.
    """

    address: AddressFacts
    load_g: int
    load_ml: int
    parcels: int = 1
    service_s: int = 180
    direction: str = "out"
    requirements: tuple[str, ...] = ()
    extra_s: int = 0
    safe_place: str = ""
    safe_place_note: str = ""
    worth_minor: int = 0
    takes_g: int = 0
    takes_ml: int = 0
    takes_parcels: int = 0

    def __post_init__(self) -> None:
        sizes = (
            (self.load_g, 0, MOST_G),
            (self.load_ml, 0, MOST_ML),
            (self.parcels, 1, MOST_PARCELS),
            (self.service_s, 0, MOST_SERVICE_S),
            (self.worth_minor, 0, MOST_WORTH_MINOR),
            (self.takes_g, 0, MOST_G if self.exchanges else 0),
            (self.takes_ml, 0, MOST_ML if self.exchanges else 0),
            (self.takes_parcels, 0, MOST_PARCELS),
        )
        if not all(low <= size <= high for size, low, high in sizes):
            raise BadFacts(_("Please check the size: we take up to 200 parcels and 2,000 kg."))
        if not 0 <= self.extra_s <= min(self.service_s, MOST_EXTRA_S):
            raise BadFacts(_("Please check how much longer you need at the door."))
        if self.exchanges != (EXCHANGE in self.requirements) or (self.exchanges and self.direction != "out"):
            raise BadFacts(_("What is exchanged is brought and taken back by one visit."))
        self._check_safe_place()

    def _check_safe_place(self) -> None:
        if self.safe_place and self.safe_place not in SAFE_PLACES:
            raise BadFacts(_("Choose one of the places in the list."))
        if len(self.safe_place_note) > MOST_NOTE or (self.safe_place_note and not self.safe_place):
            raise BadFacts(_("Please check the place where we may leave it."))
        if self.safe_place and (why := why_handed_over(self.requirements)):
            raise NeedsSomebody(why)

    @property
    def exchanges(self) -> bool:
        """Whether something is taken back by the visit that brings the rest."""
        return self.takes_parcels > 0

    @property
    def needs_nobody(self) -> bool:
        """Whether nobody at all needs to be at home for it."""
        return self.safe_place in LEFT_OUTSIDE

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON from which `from_json` makes an equal value."""
        said = asdict(self) | {"requirements": list(self.requirements)}
        # Without these an older release beside this one still reads it, and prices it showed still stand.
        return {name: value for name, value in said.items() if value or name not in LATER}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the value that `as_json` described."""
        address = AddressFacts(**data["address"])
        return cls(**data | {"address": address, "requirements": tuple(data["requirements"])})

    @property
    def digest(self) -> str:
        """Return a key equal for equal facts."""
        return sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()

    def with_more(
        self, *, load_g: int, load_ml: int, parcels: int, requirements: Iterable[str] = ()
    ) -> "VisitFacts":
        """Return the same visit with a further order.

        Raises BadFacts where it is nothing, or too much, and NeedsSomebody where the first order may be left
        outside and the further one may not.
        """
        more = replace(self, load_g=load_g, load_ml=load_ml, parcels=parcels)
        return replace(
            self,
            load_g=self.load_g + more.load_g,
            load_ml=self.load_ml + more.load_ml,
            parcels=self.parcels + more.parcels,
            service_s=self.service_s + JOINED_PARCEL_S * more.parcels,
            requirements=tuple(dict.fromkeys((*self.requirements, *requirements))),
        )

    def at(self, address: AddressFacts) -> "VisitFacts":
        """Return the same visit at another address."""
        return replace(self, address=address)


LATER: Final = (
    "extra_s", "safe_place", "safe_place_note", "worth_minor", "takes_g", "takes_ml", "takes_parcels",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SafePlace:
    """Where goods may be left when nobody opens: a key of SAFE_PLACES, "" where somebody will be at home.

    A neighbour has a name and a house or flat. Raises BadFacts for what makes no sense.
    """

    place: str = ""
    note: str = ""
    neighbour: str = ""
    neighbour_unit: str = ""

    def __post_init__(self) -> None:
        if self.place and self.place not in SAFE_PLACES:
            raise BadFacts(_("Choose one of the places in the list."))
        sizes = ((self.note, MOST_NOTE), (self.neighbour, MOST_NAME), (self.neighbour_unit, MOST_UNIT))
        if any(len(text) > most for text, most in sizes) or (self.note and not self.place):
            raise BadFacts(_("Please check the place where we may leave it."))
        known = (bool(self.neighbour), bool(self.neighbour_unit))
        if known != (self.place == NEIGHBOUR,) * 2:
            raise BadFacts(_("Write your neighbour’s name and their house or flat number."))

    @property
    def needs_nobody(self) -> bool:
        """Whether nobody at all needs to be at home for it."""
        return self.place in LEFT_OUTSIDE


@dataclass(frozen=True, slots=True)
class DoorWish:
    """What a customer wants to be different at their door once it comes at another time.

    `extra_s`: so many seconds longer in all; None: as it is. `at_home`: it is left nowhere any more.
    """

    extra_s: int | None = None
    at_home: bool = False

    def __bool__(self) -> bool:
        return self.at_home or self.extra_s is not None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom we tell: an e-mail address, optionally a name, a phone number (E.164) and a language."""

    email: str
    name: str = ""
    phone: str = ""
    language: str = "en"


NO_WISH: Final = DoorWish()
