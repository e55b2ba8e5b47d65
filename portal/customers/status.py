"""How far a delivery is and what comes next, in plain words: one table of all phases, no code ever.

Sentences are short: a test holds them to what twelve-year-olds read. Whoever came by a follow link reads
less: not where it goes, not where it was left, not why it came to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from portal.customers.rows import Tag
from scheduling.phases import IN_VAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Status:
    """What a page says of a phase: a word, a headline ("" where the day is the headline), what comes next."""

    word: Words
    tone: str
    headline: Words
    then: Words

    @property
    def tag(self) -> Tag:
        """Return its word in a pill."""
        return Tag(str(self.word), self.tone)


THEN_AGAIN: Final = lazy("It goes back to the depot. Then you choose another time here.")
THE_SHOP: Final = lazy("The shop tells you what happens now.")

STATUSES: Final[Mapping[str, Status]] = {
    "booked": Status(
        lazy("Booked"), "good", "", lazy("From the day before on you can follow your delivery here.")
    ),
    "tomorrow": Status(
        lazy("Booked"), "good", "", lazy("Once the van has left, you see here when it comes.")
    ),
    "today": Status(
        lazy("Today"), "good", "", lazy("The van has not left yet. Once it has, you see here when it comes.")
    ),
    "on_the_way": Status(
        lazy("On its way"),
        "good",
        lazy("%(driver)s is on the way"),
        lazy("The times here get more exact as it comes closer."),
    ),
    "near": Status(
        lazy("Nearby"),
        "good",
        lazy("%(driver)s makes %(stops)s, then comes to you"),
        lazy("It will not be long now."),
    ),
    "next": Status(
        lazy("You are next"), "good", lazy("You are next"), lazy("%(driver)s is driving to you now.")
    ),
    "arrived": Status(
        lazy("There now"), "good", lazy("%(driver)s is there now"), lazy("It only takes a moment.")
    ),
    "late": Status(
        lazy("Later"),
        "warn",
        lazy("It will be later than we said"),
        lazy("We are sorry. These are the times at which we now think we come."),
    ),
    "unassigned": Status(
        lazy("Delayed"),
        "warn",
        lazy("Your van can’t go on"),
        lazy("We are looking for another one. Your time still stands. We write to you if we can’t keep it."),
    ),
    "overdue": Status(
        lazy("Not sure"),
        "warn",
        lazy("We don’t know yet if it came"),
        lazy("Nobody has told us. Please ask the shop if it is not there."),
    ),
    "handed_over": Status(
        lazy("Delivered"), "good", lazy("It is delivered"), lazy("That is all. Thank you.")
    ),
    "partly": Status(
        lazy("Part delivered"),
        "warn",
        lazy("You have a part of it"),
        lazy("The rest goes back to the depot. The shop tells you when it comes."),
    ),
    "safe_place": Status(
        lazy("Delivered"),
        "good",
        lazy("It is where you said"),
        lazy("Nobody opened, so we left it at your safe place."),
    ),
    "neighbour": Status(
        lazy("Delivered"),
        "good",
        lazy("Your neighbour has it"),
        lazy("Nobody opened, so we left it with your neighbour."),
    ),
    "at_point": Status(
        lazy("Delivered"),
        "good",
        lazy("It waits at the pickup point"),
        lazy("Take the code from this page with you."),
    ),
    "collected": Status(
        lazy("Collected"), "good", lazy("We have it now"), lazy("The shop tells you when it is there.")
    ),
    "refused": Status(lazy("Not taken"), "warn", lazy("It was not taken at the door"), THE_SHOP),
    "nobody_home": Status(lazy("Missed"), "warn", lazy("Nobody opened"), THEN_AGAIN),
    "no_way_in": Status(lazy("Missed"), "warn", lazy("We could not get in"), THEN_AGAIN),
    "not_found": Status(lazy("Missed"), "warn", lazy("We could not find your door"), THEN_AGAIN),
    "damaged": Status(
        lazy("Damaged"),
        "bad",
        lazy("It was damaged on the way"),
        lazy("We are sorry. The shop helps you now."),
    ),
    "not_on_board": Status(
        lazy("Missed"),
        "warn",
        lazy("It was not on the van"),
        lazy("We are sorry. We look for it. Then you choose another time here."),
    ),
    "no_proof_of_age": Status(
        lazy("Missed"),
        "warn",
        lazy("We need to see how old you are"),
        lazy("It goes back to the depot. Choose another time here, and have your ID at hand."),
    ),
    "not_safe": Status(lazy("Missed"), "warn", lazy("The way to your door was not safe"), THEN_AGAIN),
    "nobody_signs": Status(lazy("Missed"), "warn", lazy("Nobody could sign for it"), THEN_AGAIN),
    "not_reached": Status(
        lazy("Missed"),
        "warn",
        lazy("We did not get to you"),
        lazy("We are sorry. It goes back to the depot. Then you choose another time here."),
    ),
    "other": Status(lazy("Missed"), "warn", lazy("We could not hand it over"), THEN_AGAIN),
    "not_collected": Status(
        lazy("Missed"),
        "warn",
        lazy("We could not collect it"),
        lazy("Choose another time here. Then we come again."),
    ),
    "at_depot": Status(
        lazy("At the depot"),
        "warn",
        lazy("It is back at the depot"),
        lazy("Choose another time here. Then we bring it again."),
    ),
    "returned": Status(lazy("Back at the shop"), "", lazy("It is back at the shop"), THE_SHOP),
    "cancelled": Status(
        lazy("Cancelled"), "bad", lazy("We don’t come"), lazy("Your delivery on %(day)s is cancelled.")
    ),
}

MISSED: Final = Status(
    lazy("Missed"),
    "warn",
    lazy("It could not be handed over"),
    lazy("Whoever ordered it reads in their mail what comes next."),
)
FOLLOWED: Final[Mapping[str, Status]] = {
    "booked": Status(lazy("Booked"), "good", "", lazy("The van comes between these times.")),
    "tomorrow": Status(lazy("Booked"), "good", "", lazy("The van comes between these times.")),
    "safe_place": STATUSES["handed_over"],
    "neighbour": STATUSES["handed_over"],
    "at_point": STATUSES["handed_over"],
    "partly": STATUSES["handed_over"],
    "at_depot": MISSED,
    "returned": MISSED,
    "cancelled": Status(lazy("Cancelled"), "bad", lazy("No delivery comes"), lazy("It was for %(day)s.")),
    **dict.fromkeys(IN_VAIN, MISSED),
}
"""Where a follow link says less, or says it of somebody else's delivery."""


def status_of(phase: str, *, follow: bool = False) -> Status:
    """Return what is said of a phase, to who manages it or who follows."""
    return (FOLLOWED.get(phase) if follow else None) or STATUSES[phase]


def filled(words: Words, *, driver: str, stops: int | None, day: str) -> str:
    """Return a sentence with its driver, number of stops and day."""
    return str(words) % {"driver": driver, "stops": more_stops(stops or 0), "day": day}


def more_stops(count: int) -> str:
    """Return two more stops: in words as far as they matter."""
    number = {1: _("one"), 2: _("two"), 3: _("three")}.get(count, str(count))
    return ngettext("%(number)s more stop", "%(number)s more stops", count) % {"number": number}
