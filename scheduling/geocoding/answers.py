"""From what a geocoder found to what we dare to say: one judgement for every source."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from scheduling.facts import AddressFacts
from scheduling.geocoding.wording import Wanted, city_key, fold, read_address, street_keys

Status = Literal["exact", "street", "similar", "ambiguous", "unknown", "down"]

SURE = 0.9  # from here on an address counts as found
WORTH_ASKING = 0.3  # below this a candidate is no help
ALIKE = 0.72  # how alike two street names must be before we ask "did you mean"
MOST_CHOICES = 5


@dataclass(frozen=True, slots=True)
class Found:
    """One thing a geocoder found; `number` as written there ("21", "14-20", "13 A"), "" for a street."""

    street: str
    number: str
    postcode: str
    city: str
    country: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place that may be meant. `confidence` is 0 to 1; from 0.9 on it is what was typed."""

    line: str
    postcode: str
    city: str
    country: str
    lat: float
    lon: float
    confidence: float
    source: str

    def facts(self, *, unit: str = "") -> AddressFacts:
        """Return the place as the address of a visit."""
        return AddressFacts(**asdict(self), unit=unit)


@dataclass(frozen=True, slots=True)
class GeocodeAnswer:
    """What we know about a typed address.

    exact: one candidate, found as typed (staircase and flat are in `unit`). street: the street is there,
    the house is not; one candidate near where it should be, the pin wants moving. similar: nothing as
    typed, these are spelt alike or differ in postcode. ambiguous: several as typed. unknown: nothing.
    down: the geocoder did not answer; try again later.
    """

    status: Status
    candidates: tuple[Candidate, ...] = ()
    unit: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "GeocodeAnswer":
        candidates = tuple(Candidate(**one) for one in data["candidates"])
        return cls(status=data["status"], candidates=candidates, unit=data["unit"])


def judge(query: str, found: Iterable[Found], *, source: str) -> GeocodeAnswer:
    """Say how well what was found answers what was typed."""
    wanted = read_address(query)
    if wanted is None:
        return GeocodeAnswer("unknown")
    pairs = _weighed(wanted, found, source)
    if not pairs:
        return GeocodeAnswer("unknown")
    best = [one for _, one in pairs if one.confidence == pairs[0][1].confidence]
    if best[0].confidence >= SURE:
        status: Status = "exact" if len(best) == 1 else "ambiguous"
        return GeocodeAnswer(status, tuple(best[:MOST_CHOICES]), _unit(wanted, best))
    on_street = [one for thing, one in pairs if _on_street(wanted, thing)]
    if on_street and len({city_key(one.city) for one in on_street}) == 1:
        return GeocodeAnswer("street", (on_street[0],), wanted.unit)
    candidates = on_street or [one for _, one in pairs]
    return GeocodeAnswer(
        "ambiguous" if on_street else "similar", tuple(candidates[:MOST_CHOICES]), wanted.unit
    )


def _weighed(wanted: Wanted, found: Iterable[Found], source: str) -> list[tuple[Found, Candidate]]:
    """What is worth asking about, each address once, the most confident first."""
    trusted = sorted(((confidence(wanted, one), one) for one in found), key=lambda pair: -pair[0])
    first: dict[tuple[str, str, str], tuple[Found, Candidate]] = {}
    for trust, one in trusted:
        if trust >= WORTH_ASKING:
            candidate = _candidate(wanted, one, trust, source)
            first.setdefault((candidate.line, candidate.postcode, fold(candidate.city)), (one, candidate))
    return list(first.values())


def _unit(wanted: Wanted, best: list[Candidate]) -> str:
    """The flat; a staircase that is part of the address found is no part of it as well."""
    in_line = len(best) == 1 and wanted.letter and best[0].line.endswith(f" {wanted.letter}")
    return wanted.unit.removeprefix(wanted.letter).strip() if in_line else wanted.unit


def confidence(wanted: Wanted, found: Found) -> float:
    """How sure it is that `found` is what was typed: 1 where nothing differs."""
    trust = street_likeness(wanted.street, found.street)
    if trust < 1:
        trust = 0.85 * trust if trust >= ALIKE else 0.0
    same_postcode = wanted.postcode and wanted.postcode == found.postcode
    if wanted.postcode and found.postcode and not same_postcode:
        trust *= 0.75
    if not same_postcode and not _same_city(wanted.city, city_key(found.city)):
        trust *= 0.4
    return round(trust * _house_likeness(wanted, found.number), 2)


def street_likeness(typed: str, street: str) -> float:
    """1 for the same street however abbreviated, else how alike the names are."""
    if street_keys(typed) & street_keys(street):
        return 1.0
    return SequenceMatcher(None, fold(typed), fold(street), autojunk=False).ratio()


def _same_city(typed: str, city: str) -> bool:
    alike = SequenceMatcher(None, typed, city, autojunk=False)
    return not typed or not city or typed == city or alike.ratio() >= 0.8


def _house_likeness(wanted: Wanted, number: str) -> float:
    first, last, letter = house(number)
    if not wanted.number or not first:
        return 0.4
    if (wanted.number, wanted.last) == (first, last):
        if letter == wanted.letter:
            return 1.0
        # A letter that the map lacks is a staircase; one that was not typed is a question if there are two.
        return 0.97 if not letter else 0.8 if wanted.letter else 0.92
    return 0.95 if _between(wanted.number, first, last) else 0.45


def _between(number: int, first: int, last: int) -> bool:
    return first <= number <= last and (number - first) % 2 == 0


def house(number: str) -> tuple[int, int, str]:
    """First and last house and staircase of "21", "14-20" or "13 A"; zeros for a street without one."""
    digits = "".join(sign if sign.isdigit() else " " for sign in number).split()
    letter = next((sign for sign in number.upper() if sign.isalpha()), "")
    return (int(digits[0]), int(digits[-1]), letter) if digits else (0, 0, letter)


def _on_street(wanted: Wanted, found: Found) -> bool:
    """Whether it is the right street in the right place, only not the house."""
    if wanted.postcode and found.postcode:
        same_area = wanted.postcode == found.postcode
    else:
        same_area = _same_city(wanted.city, city_key(found.city))
    no_house = _house_likeness(wanted, found.number) <= 0.45
    return same_area and no_house and street_likeness(wanted.street, found.street) == 1


def _candidate(wanted: Wanted, found: Found, trust: float, source: str) -> Candidate:
    """The place as it is shown: with the house as the source writes it, or else as typed, if at all."""
    known = (wanted.number, wanted.last) == house(found.number)[:2]
    return Candidate(
        line=f"{found.street} {found.number if known and wanted.number else wanted.house}".strip(),
        postcode=found.postcode,
        city=found.city,
        country=found.country,
        lat=found.lat,
        lon=found.lon,
        confidence=trust,
        source=source,
    )
