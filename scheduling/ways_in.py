"""How to get in: what a customer may say of their house, and how what they type is tidied.

What can be chosen is kept as a word of ours and read in the reader's language; what is written stays so.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from scheduling.errors import BadFacts

MOST_TEXT: Final = 500
MOST_BUZZER: Final = 60
MOST_FLOOR: Final = 12
MOST_CODE: Final = 30

Choices = Mapping[str, LazyText]

ENTRANCES: Final[Choices] = {
    "street": _("From the street"),
    "yard": _("Through the yard"),
    "back": _("At the back"),
    "side": _("At the side"),
}
LIFTS: Final[Choices] = {"yes": _("There is a lift"), "no": _("No lift")}
PARKING: Final[Choices] = {
    "door": _("In front of the door"),
    "yard": _("In the yard"),
    "street": _("On the street"),
    "paid": _("Paid places only"),
    "none": _("No place nearby"),
}
STAIRS: Final[Choices] = {
    "none": _("No steps"),
    "few": _("A few steps"),
    "one": _("One flight of stairs"),
    "more": _("Two flights or more"),
}
DOGS: Final[Choices] = {
    "friendly": _("A friendly dog"),
    "careful": _("A dog: please wait outside"),
}
HEARING: Final[Choices] = {
    "hard": _("Hard of hearing: ring for long"),
    "deaf": _("Deaf: write, don’t call"),
}
MOBILITY: Final[Choices] = {
    "slow": _("Needs a while to come to the door"),
    "wheelchair": _("Comes in a wheelchair"),
    "no_lifting": _("Can’t lift: please set it down inside"),
}
SPOKEN: Final[Choices] = {
    "ar": _("Arabic"),
    "de": _("German"),
    "en": _("English"),
    "es": _("Spanish"),
    "et": _("Estonian"),
    "fa": _("Persian"),
    "fi": _("Finnish"),
    "fr": _("French"),
    "it": _("Italian"),
    "lt": _("Lithuanian"),
    "lv": _("Latvian"),
    "nl": _("Dutch"),
    "pl": _("Polish"),
    "pt": _("Portuguese"),
    "ro": _("Romanian"),
    "ru": _("Russian"),
    "so": _("Somali"),
    "sv": _("Swedish"),
    "tr": _("Turkish"),
    "uk": _("Ukrainian"),
    "vi": _("Vietnamese"),
}

CHOSEN: Final[Mapping[str, Choices]] = {
    "entrance": ENTRANCES,
    "lift": LIFTS,
    "parking": PARKING,
    "stairs": STAIRS,
    "dog": DOGS,
    "hearing": HEARING,
    "mobility": MOBILITY,
    "speaks": SPOKEN,
}
"""What each field that is chosen may say; "" where nothing is known."""

WRITTEN: Final[Mapping[str, int]] = {"floor": MOST_FLOOR, "buzzer": MOST_BUZZER, "text": MOST_TEXT}
"""How many letters each field that is written takes."""

CODES: Final[Choices] = {"gate_code": _("Gate code"), "door_code": _("Door code")}


@dataclass(frozen=True, slots=True)
class WayIn:
    """What a customer says of their house, codes aside. Raises BadFacts for what no form would send."""

    entrance: str = ""
    floor: str = ""
    lift: str = ""
    buzzer: str = ""
    parking: str = ""
    stairs: str = ""
    dog: str = ""
    step_back: bool = False
    hearing: str = ""
    mobility: str = ""
    speaks: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        unknown = [name for name, known in CHOSEN.items() if getattr(self, name) not in ("", *known)]
        too_long = [name for name, most in WRITTEN.items() if len(getattr(self, name)) > most]
        if unknown or too_long:
            raise BadFacts(_("Please check what you wrote about getting in."))

    @classmethod
    def of(cls, row: Any) -> "WayIn":
        """Return what a row or a form's values say."""
        read = row.__getitem__ if isinstance(row, Mapping) else lambda name: getattr(row, name)
        return cls(**{field.name: read(field.name) for field in fields(cls)})

    def as_dict(self) -> dict[str, Any]:
        """Return it by the names of its fields."""
        return asdict(self)


BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
LINE_ENDS: Final = {"\r\n": "\n", "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\t": " "}


def tidied(text: str) -> str:
    """Return what was typed without what nobody can see: controls, and marks that turn the direction of text.

    They are dropped, not refused: they come along when one copies, and whoever typed the rest would not know
    what to take out. Marks that letters need (joiners, LRM and RLM) stay, and so do line ends.
    """
    for found, instead in LINE_ENDS.items():
        text = text.replace(found, instead)
    return "".join(letter for letter in text if letter == "\n" or not _unseen(letter)).strip()


def on_one_line(text: str) -> str:
    """Return what was typed, tidied, on one line."""
    return " ".join(tidied(text).split())


def _unseen(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cs"} or letter in BIDI_CONTROLS
