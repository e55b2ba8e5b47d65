"""How people write an address: pure rules, no geocoder."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

# What a street's name ends with, and how it is shortened on envelopes: "Korkeavuorenk.", "Mannerheimint."
ENDINGS = {
    "katu": "k", "tie": "t", "kuja": "kj", "ranta": "r", "aukio": "a", "polku": "p", "puistikko": "pst",
    "street": "st", "road": "rd", "avenue": "ave", "strasse": "str",
}  # fmt: skip
# First words which are often an initial: "P. Roobertinkatu", "E. Makasiinikatu".
FIRST_WORDS = frozenset({"iso", "pieni", "pohjoinen", "etelainen", "itainen", "lantinen", "vanha", "uusi"})
COUNTRIES = frozenset({"finland", "suomi", "fi"})
CITIES = {"helsingfors": "helsinki", "hki": "helsinki"}
UNIT_WORDS = frozenset(
    {"as", "asunto", "rappu", "porras", "krs", "kerros", "flat", "apt", "floor", "door", "lift"}
)

POSTCODE = re.compile(r"\b(?:FI-?)?(\d{5})\b", re.IGNORECASE)
LINE = re.compile(
    r"""^(?P<street>[^\d,]*[^\d,\s])\s+           # a name without digits
        (?P<number>\d{1,5})(?:\s*[-–]\s*(?P<last>\d{1,5}))?(?!\d)   # 21, or 14-20
        (?:\s*(?P<letter>[A-Za-zÅÄÖåäö])(?=$|\s|\d|,))?
        (?P<rest>.*)$""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An address as typed, taken apart; `number` is 0 and text is "" where nothing was given."""

    street: str
    number: int = 0
    last: int = 0  # 20 of 14-20, else as `number`
    letter: str = ""
    unit: str = ""
    postcode: str = ""
    city: str = ""

    @property
    def house(self) -> str:
        """The house as typed, without staircase and flat; "" if none was."""
        return f"{self.number}-{self.last}" if self.last != self.number else str(self.number or "")


def read_address(query: str) -> Wanted | None:
    """Take apart what was typed: "Korkeavuorenkatu 21 B 14, 00130 Helsinki"; None if there is no street.

    Of several parts between commas the first is street and house, the last words that are no part of
    a flat are the city.
    """
    text = " ".join(unicodedata.normalize("NFC", query).split())
    postcode = POSTCODE.search(text)
    parts = [part.strip(" .") for part in POSTCODE.sub(",", text).split(",")]
    parts = [part for part in parts if part and fold(part) not in COUNTRIES]
    if not parts or not fold(parts[0]) or fold(parts[0]).isdigit():
        return None
    found = LINE.match(parts[0])
    if not found:
        return Wanted(parts[0], postcode=postcode[1] if postcode else "", city=city_key(" ".join(parts[1:])))
    unit, city = _unit_and_city(found["rest"])
    for part in parts[1:]:
        more, other = _unit_and_city(part)
        unit, city = f"{unit} {more}".strip(), other or city
    return Wanted(
        street=found["street"],
        number=int(found["number"]),
        last=int(found["last"] or found["number"]),
        letter=(found["letter"] or "").upper(),
        unit=f"{(found['letter'] or '').upper()} {unit}".strip(),
        postcode=postcode[1] if postcode else "",
        city=city_key(city),
    )


def _unit_and_city(text: str) -> tuple[str, str]:
    """What follows the house: words with digits, single letters and "as" are the flat, others the city."""
    unit: list[str] = []
    city: list[str] = []
    for word in text.split():
        plain = fold(word)
        is_unit = len(plain) == 1 or any(sign.isdigit() for sign in plain) or plain in UNIT_WORDS
        (unit if is_unit else city).append(word)
    return " ".join(unit), " ".join(word for word in city if fold(word) not in COUNTRIES)


@cache
def fold(text: str) -> str:
    """Text without case, accents and anything but letters and digits: "Yrjö-Koskisen katu" -> one word."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalnum())


def city_key(city: str) -> str:
    """The city's name for comparing; other spellings of the same city are equal."""
    return CITIES.get(fold(city), fold(city))


@cache
def street_keys(street: str) -> frozenset[str]:
    """Every way in which this street may be written, folded; the first word and the ending may be short."""
    whole = fold(street)
    keys = {whole}
    words = [fold(word) for word in re.split(r"[\s-]+", street)]
    if len(words) > 1 and words[0] in FIRST_WORDS:
        keys |= {short + "".join(words[1:]) for short in (words[0][0], words[0][:4], words[0][:3])}
    for key in list(keys):
        keys |= {
            key.removesuffix(ending) + short for ending, short in ENDINGS.items() if key.endswith(ending)
        }
    return frozenset(keys)
