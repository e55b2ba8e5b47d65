"""What messages say of what comes back: how a return goes on, and the receipt of a withdrawal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from portal.customers import words
from portal.customers.left_behind import Behind, behind_lines, left_behind, sendable
from portal.messaging.day_facts import OutOfDate
from portal.messaging.facts import booking_of, zone_of
from portal.messaging.topics import page_of
from returns.models import Return
from returns.selectors.withdrawable import statement
from scheduling.models import Delivery, Event


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """What happened in a few words and what comes next; `page` is the end of a manage link's address.

    `swaps`: it is swapped at the door.
    """

    title: str
    then: str
    lines: tuple[str, ...]
    page: str
    swaps: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was stated, word for word, and when."""

    content: str
    day: str
    time: str
    page: str
    pickup: bool


SAID: Final[Mapping[str, tuple[LazyText, LazyText]]] = {
    "return.requested": (
        lazy("You asked to send something back"),
        lazy("The shop tells you if it may come back."),
    ),
    "return.approved": (lazy("It may come back"), lazy("You find all about it here:")),
    "return.rejected": (lazy("The shop does not take it back"), lazy("You find all about it here:")),
    "return.cancelled": (
        lazy("Your return is called off"),
        lazy("You can still send it back while the time for it runs."),
    ),
    "return.pickup_booked": (lazy("We pick it up"), lazy("Have it packed and at hand by then.")),
    "return.pickup_cancelled": (
        lazy("The pickup is called off"),
        lazy("Choose another time, or another way."),
    ),
    "return.collected": (lazy("We have what you send back"), lazy("It goes to the shop now.")),
    "return.handed_in": (lazy("The point has what you send back"), lazy("It goes to the shop now.")),
    "return.received": (lazy("What you sent back has arrived"), lazy("The shop looks at it next.")),
    "return.inspected": (
        lazy("The shop has looked at what you sent back"),
        lazy("You see here what was found and what you get back."),
    ),
    "return.refunded": (
        lazy("Your money is paid back"),
        lazy("Your bank may take a few days to show it."),
    ),
    "return.refund_delayed": (
        lazy("The shop pays your money back by hand"),
        lazy("It writes to you if it needs anything."),
    ),
    "return.credited": (lazy("You have a credit with the shop"), lazy("Its code is on this page:")),
    "return.closed": (lazy("Your return is finished"), lazy("That is all. Thank you.")),
}
"""What is told of each event, and what comes next."""
SWAPPED: Final[Mapping[str, tuple[LazyText, LazyText]]] = {
    "return.pickup_booked": (
        lazy("We swap it at your door"),
        lazy("The driver brings the new one and takes the old one. Have it packed and at hand by then."),
    ),
    "return.pickup_cancelled": (
        lazy("The swap is called off"),
        lazy("Choose another time, or another way."),
    ),
    "return.collected": (
        lazy("You have the new one, and we have the old one"),
        lazy("The old one goes to the shop now."),
    ),
}
"""What is told instead where it is swapped at the door."""
STANDS: Final = {
    "return.requested": ("requested",),
    "return.approved": ("approved", "kept"),
    "return.rejected": ("rejected",),
    "return.pickup_booked": ("booked",),
    "return.pickup_cancelled": ("approved",),
    "return.handed_in": ("handed_in",),
}
"""Where its parcel must still be for a message to be of use: elsewhere a later one tells more."""
COUNTED: Final = ("return.collected", "return.inspected")
"""When somebody has counted it: these say what did not come along."""


def return_facts(event: Event, delivery: Delivery) -> ReturnFacts:
    """Return what a message about a return says. Raises OutOfDate where a later one tells more.

    One query; four where it also says what did not come along.
    """
    rows = Return.objects.filter(delivery=delivery, ref=event.data.get("return", ""))
    of = rows.first()
    if of is None:
        raise OutOfDate
    _require_current(event, of)
    swaps = of.method == "swap"
    title, then = SWAPPED.get(event.kind, SAID[event.kind]) if swaps else SAID[event.kind]
    behind = left_behind(of) if event.kind in COUNTED else []
    lines = _lines(event) + behind_lines(behind)
    return ReturnFacts(str(title), _next(event, of, behind) or str(then), lines, page_of(of.ref), swaps)


def _require_current(event: Event, of: Return) -> None:
    stands = STANDS.get(event.kind)
    withdrawn = of.kind == Return.Kind.WITHDRAWAL and event.kind in ("return.requested", "return.approved")
    # Who withdrew has the receipt; what never travelled never arrived; money told of is an end told of.
    never_left = event.kind == "return.received" and of.method == "none"
    told = event.kind == "return.closed" and of.money == Return.Money.PAID
    if withdrawn or never_left or told or (stands is not None and of.parcel not in stands):
        raise OutOfDate


def _next(event: Event, of: Return, behind: Sequence[Behind]) -> str:
    if event.kind == "return.collected" and sendable(behind):
        return _("What we have goes to the shop now. What we did not take you can still send back.")
    if event.kind == "return.inspected" and sendable(behind):
        return _("You see here what was found and what you get back. The rest you can still send back.")
    if event.kind != "return.approved":
        return ""
    if of.parcel == Return.Parcel.KEPT:
        return _("You keep it: nothing has to travel.")
    return str(NEXT[of.method])


NEXT: Final = {
    "pickup": lazy("Choose when we pick it up:"),
    "swap": lazy("Choose when we come to swap it:"),
    "dropoff": lazy("Bring it to a point near you:"),
    "none": lazy("You find all about it here:"),
}


def _lines(event: Event) -> tuple[str, ...]:
    said = event.data
    if event.kind in ("return.refunded", "return.credited") and "amount_minor" in said:
        return (words.money(int(said["amount_minor"]), str(said["currency"])),)
    if event.kind == "return.rejected" and said.get("why"):
        return (str(said["why"]),)
    if event.kind == "return.collected" and "of" in said:
        return (_("%(count)s of %(of)s things") % {"count": said["collected"], "of": said["of"]},)
    return ()


def receipt(event: Event, delivery: Delivery) -> Receipt:
    """Return the receipt of a withdrawal. Raises OutOfDate where what was stated is erased. Two queries."""
    stated = statement(int(event.data.get("statement", 0)))
    if stated is None or stated.erased_at is not None or stated.merchant_id != delivery.merchant_id:
        raise OutOfDate
    at = stated.stated_at.astimezone(zone_of(booking_of(delivery)))
    return Receipt(
        content=stated.content,
        day=f"{words.long_day(at)} {at.year}",
        time=words.clock_time(at),
        page=page_of(str(event.data.get("return", ""))),
        pickup=bool(stated.of and stated.of.method == "pickup"),
    )
