"""Where a return stands, in plain words: one sentence for each state of its three axes. Pure.

Sentences are short; each stands beside the day on which it came to be so, or is to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as lazy

from portal.customers.rows import Tag

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from returns.models import Return

    Words = str | Promise


@dataclass(frozen=True, slots=True)
class Standing:
    """What a page says of a state: a word, its tone, what is so, and what comes next."""

    word: Words
    tone: str
    headline: Words
    then: Words = ""

    @property
    def tag(self) -> Tag:
        """Return its word in a pill."""
        return Tag(str(self.word), self.tone)


PARCEL: Final[Mapping[str, Standing]] = {
    "draft": Standing(lazy("Not sent off"), "", lazy("You have not sent it off yet")),
    "dropped": Standing(lazy("Dropped"), "", lazy("You did not send it off")),
    "requested": Standing(
        lazy("Asked for"),
        "",
        lazy("You asked to send it back"),
        lazy("The shop tells you if it may come back."),
    ),
    "approved": Standing(lazy("Accepted"), "good", lazy("It may come back")),
    "rejected": Standing(
        lazy("Not accepted"),
        "bad",
        lazy("The shop does not take it back"),
        lazy("Ask the shop if you wonder why."),
    ),
    "booked": Standing(
        lazy("Pickup booked"), "good", lazy("We pick it up"), lazy("Have it packed and at hand by then.")
    ),
    "collected": Standing(
        lazy("Collected"),
        "good",
        lazy("We have it"),
        lazy("It goes to the shop now. You need do nothing more."),
    ),
    "handed_in": Standing(
        lazy("Handed in"),
        "good",
        lazy("The point has it"),
        lazy("It goes to the shop now. You need do nothing more."),
    ),
    "received": Standing(lazy("Arrived"), "good", lazy("It is with the shop")),
    "kept": Standing(lazy("You keep it"), "good", lazy("It stays with you")),
    "cancelled": Standing(
        lazy("Called off"),
        "",
        lazy("It was called off"),
        lazy("You can still send it back while the time for it runs."),
    ),
}
INSPECTION: Final[Mapping[str, Words]] = {
    "waiting": lazy("The shop has not looked at it yet."),
    "done": lazy("The shop has looked at it."),
    "unneeded": lazy("Nobody needs to look at it."),
}
MONEY: Final[Mapping[str, Words]] = {
    "open": lazy("It is not decided yet what you get back."),
    "nothing": lazy("There is no money to pay back."),
    "due": lazy("Your money is on its way to how you paid."),
    "staff": lazy("The shop pays your money back by hand. It writes to you if it needs anything."),
    "paid": lazy("Your money is paid back. Your bank may take a few days to show it."),
}
WITHDRAWN: Final = Standing(
    lazy("Withdrawn"), "good", lazy("You have withdrawn from the contract"), lazy("Now the goods come back.")
)
"""What is said of a withdrawal where a return by the shop's rules is accepted."""


SWAPPED: Final[Mapping[str, Standing]] = {
    "booked": Standing(
        lazy("Swap booked"),
        "good",
        lazy("We swap it at your door"),
        lazy("The driver brings the new one and takes the old one in one visit. Have it packed by then."),
    ),
    "collected": Standing(
        lazy("Swapped"),
        "good",
        lazy("You have the new one, and we have the old one"),
        lazy("The old one goes to the shop now. You need do nothing more."),
    ),
}
"""What is said instead of what is swapped at the door."""


def standing_of(of: Return) -> Standing:
    """Return what is said of where a return's parcel is."""
    if of.swap_id is not None and of.parcel in SWAPPED:
        return SWAPPED[of.parcel]
    return WITHDRAWN if of.kind == of.Kind.WITHDRAWAL and of.parcel == "approved" else PARCEL[of.parcel]


TOLD: Final[Mapping[str, Words]] = {
    "return.requested": lazy("You asked to send something back"),
    "return.withdrawn": lazy("You withdrew from the contract"),
    "return.approved": lazy("It may come back"),
    "return.rejected": lazy("The shop does not take it back"),
    "return.cancelled": lazy("The return was called off"),
    "return.pickup_booked": lazy("You chose when we come for it"),
    "return.pickup_cancelled": lazy("The pickup was called off"),
    "return.collected": lazy("We collected it"),
    "return.handed_in": lazy("It was handed in"),
    "return.received": lazy("It arrived at the shop"),
    "return.inspected": lazy("The shop looked at it"),
    "return.refunded": lazy("Your money was paid back"),
    "return.refund_delayed": lazy("The shop pays your money back by hand"),
    "return.credited": lazy("You got a credit with the shop"),
    "return.put_right": lazy("The shop put something right"),
    "return.closed": lazy("The return is finished"),
}
"""What a timeline says of a return's events."""
