"""What templates/components/ are given: words only, nothing left to work out."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Tag:
    """A word in a pill. `tone`: "", good, warn or bad."""

    word: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A time: components/time_row.html. `percent` is the bar's; `choice` and `price_line` the sticky line's."""

    id: str
    when: str
    why: str
    token: str = ""
    price: str = ""
    percent: int = 0
    tags: tuple[Tag, ...] = ()
    choice: str = ""
    price_line: str = ""
    chosen: bool = False

    @property
    def available(self) -> bool:
        """Whether it can be chosen."""
        return bool(self.token)


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
    """A line of components/facts.html."""

    name: str
    value: str
    main: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of components/timeline.html. `state`: done, now or next."""

    sentence: str
    time: str
    state: str = "done"


@dataclass(frozen=True, slots=True)
class Pin:
    """A place on components/map.html."""

    lat: float | None
    lon: float | None
    label: str


@dataclass(frozen=True, slots=True)
class Countdown:
    """How long a time is kept: components/countdown.html."""

    seconds_left: int
    time_left: str
    until: str
    extend_url: str = field(default="")
