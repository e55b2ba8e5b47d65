"""What templates/components/ are given: words only, nothing left to work out."""

from dataclasses import dataclass
from datetime import date

from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Tag:
    """A word in a pill. `tone`: "", good, warn or bad."""

    word: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A time: components/time_row.html. `percent` is the bar's; `choice`, `price_line` the sticky line's.

    `group` names its radios: suggestions and the open day are two groups, or else Tab, which stops once a
    group, would never reach a day's times. choice.js keeps one choice; without it the form asks.
    """

    id: str
    when: str
    why: str
    offer: str = ""
    key: str = ""
    group: str = "offer"
    price: str = ""
    percent: int = 0
    tags: tuple[Tag, ...] = ()
    choice: str = ""
    price_line: str = ""
    chosen: bool = False

    @property
    def available(self) -> bool:
        """Whether it can be chosen."""
        return bool(self.offer)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the strip: components/days.html. `note` is its best price, or why there is none."""

    date: date
    weekday: str
    number: int
    month: str
    note: str
    url: str
    open: bool = False
    has_room: bool = True


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of components/facts.html. `written`: in its customer's words, and in their direction."""

    name: str
    value: str
    main: bool = False
    written: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A row of components/changes.html: what can be changed, how it is now, and where."""

    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class KeptCode:
    """A kind of access code and whether one is kept. Never the code."""

    key: str
    name: str
    sentence: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of components/timeline.html. `state`: done, now or next; `event` names what it tells of."""

    sentence: str
    time: str
    state: str = "done"
    event: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """A place on components/map.html."""

    lat: float | None
    lon: float | None
    label: str


@dataclass(frozen=True, slots=True)
class Place:
    """A pickup point: components/point.html. Without `url` it can't be chosen, and `why` says so."""

    number: int
    name: str
    where: str
    away: str
    hours: str
    against: str
    why: str
    url: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a delivery is collected at its pickup point. `door`: something was said of the door at home."""

    sentence: str
    hours: str
    code: str
    door: bool


@dataclass(frozen=True, slots=True)
class Countdown:
    """How long a time is kept: components/countdown.html. `until` is local; `over` once it has run out."""

    seconds_left: int
    time_left: str
    until: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Sticky:
    """components/sticky.html: what it says while nothing is chosen, and its one button."""

    none: str
    note: str
    button: str
    choice: str = ""
    price_line: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """The address card, and the map beside it."""

    line: str
    note: str
    map: "Mapped"


@dataclass(frozen=True, slots=True)
class DoorCard:
    """The card about the door, closed until somebody opens it: customers/slots/_door.html.

    `press` is the word that opens it, `fields` the form in it.
    """

    title: str
    note: str
    press: str
    url: str
    fields: SafeString
    open: bool = False
    id: str = "door"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A map with one pin: what it says without a map, and below it. `points` are others, for map.js."""

    pin: Pin
    sentence: str
    caption: str
    points: str = ""


@dataclass(frozen=True, slots=True)
class Promised:
    """A promised window as the largest words of a page."""

    day: str
    hours: str


@dataclass(frozen=True, slots=True)
class Factor:
    """What a kilometre of one kind of vehicle counts, what is counted, and who says so."""

    vehicle: str
    factor: str
    counted: str
    source: str
