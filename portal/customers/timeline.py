"""What happened to a delivery so far and what comes next, from the one log of events, in plain words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.customers import words
from portal.customers.returns_words import TOLD as RETURNED
from portal.customers.rows import Happened
from portal.customers.status import MISSED, STATUSES
from portal.door import minutes_more
from portal.notes import looked_at
from portal.pickup import point_of
from scheduling.selectors.road import ROAD
from scheduling.selectors.shopper import history_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from django.utils.functional import Promise

    from scheduling.models import Booking, Delivery, Event

FOLLOWED = (
    "booking.confirmed",
    "booking.moved",
    "delivery.diverted",
    "booking.cancelled",
    "promise.narrowed",
    *ROAD,
)
TOLD = (
    *FOLLOWED,
    "booking.joined",
    "delivery.safe_place_changed",
    "delivery.longer_at_door",
    "delivery.street",
    "links.revoked",
    "delivery.notes_changed",
    "delivery.code_read",
    "delivery.contact_changed",
    "delivery.preferences_changed",
    *RETURNED,
)
SAID: dict[str, str | Promise] = {
    "booking.cancelled": gettext_lazy("You cancelled it"),
    "delivery.notes_changed": gettext_lazy("You changed how we get in"),
    "links.revoked": gettext_lazy("You ended all links given out before"),
    "delivery.contact_changed": gettext_lazy("You changed how we reach you"),
    "delivery.preferences_changed": gettext_lazy("You changed how we write to you"),
    "links.asked": gettext_lazy("Somebody asked for the links; we mailed them to you"),
    "code.asked": gettext_lazy("Somebody with the link asked for a code; we sent it to you"),
    "code.accepted": gettext_lazy("The code was typed: that browser could do what is private"),
    "code.used_up": gettext_lazy("A code was typed wrong five times"),
    "delivery.day_before": gettext_lazy("We asked if the time suits you"),
    "delivery.day_before_answered": gettext_lazy("You said that it suits you"),
    "delivery.on_the_way": gettext_lazy("The van left"),
    "delivery.near": gettext_lazy("Three stops before you"),
    "delivery.next": gettext_lazy("You were next"),
    "delivery.arrived": gettext_lazy("The driver came"),
    "delivery.running_late": gettext_lazy("The driver said that it takes longer"),
    "delivery.late": gettext_lazy("We said that it will be later"),
    "delivery.late_answered": gettext_lazy("You said what is to happen"),
    "delivery.collected": gettext_lazy("Collected"),
    "delivery.undone": gettext_lazy("That was a mistake: it is still on its way"),
    "delivery.reassigned": gettext_lazy("Another van brings it"),
    "delivery.back_at_depot": gettext_lazy("Back at the depot"),
    "delivery.returned": gettext_lazy("It goes back to the shop"),
    **RETURNED,
}
"""What happened that is about no time."""
OF_A_WINDOW: dict[str, str | Promise] = {
    "booking.confirmed": gettext_lazy("You chose %(window)s"),
    "booking.moved": gettext_lazy("You moved it to %(window)s"),
    "promise.narrowed": gettext_lazy("Your time became exact: %(window)s"),
}


def timeline(delivery: Delivery, booked: Booking, zone: ZoneInfo, *, ahead: str) -> list[Happened]:
    """Return what happened so far, oldest first, from the one log of events; last `ahead`: when it comes."""
    done = [happened(event, zone) for event in history_of(delivery, TOLD)]
    there = _("At the pickup point") if point_of(booked) else _("At your door")
    return [*done, Happened(there, ahead, "next")] if ahead else done


def happened(event: Event, zone: ZoneInfo) -> Happened:
    """Return one event in plain words."""
    return Happened(sentence_of(event, zone), when(event, zone), event=event.uid.hex)


def when(event: Event, zone: ZoneInfo) -> str:
    """Return when it happened: as the driver's own device said, where it did."""
    said = event.data.get("at") if event.kind in ROAD else None
    at = datetime.fromisoformat(said) if said else event.occurred_at
    return words.short_moment(at.astimezone(zone))


def sentence_of(event: Event, zone: ZoneInfo) -> str:
    """Say what somebody did, or what became of it."""
    if event.kind in SAID:
        return str(SAID[event.kind])
    if event.kind in OF_A_WINDOW:
        return str(OF_A_WINDOW[event.kind]) % {"window": window_words(event, zone)}
    return SAID_OF[event.kind](event, zone)


def joined(event: Event, _zone: ZoneInfo) -> str:
    """Say which order was added."""
    return _("You added order %(number)s") % {"number": event.data["order"]}


def diverted(event: Event, zone: ZoneInfo) -> str:
    """Say to which point it was sent."""
    name = event.data.get("pickup_point", {}).get("name", _("a pickup point"))
    known = {"name": name, "window": window_words(event, zone)}
    return _("You sent it to %(name)s: %(window)s") % known


def street(event: Event, _zone: ZoneInfo) -> str:
    """Say what the street may hear."""
    if event.data["tells"]:
        return _("You let your street hear that a van comes")
    return _("You took that back from your street")


def code_read(event: Event, _zone: ZoneInfo) -> str:
    """Say who looked at a code of the door."""
    return looked_at(event.data["which"], event.data["by"])


def longer_at_door(event: Event, _zone: ZoneInfo) -> str:
    """Say how much longer was asked for."""
    if more := minutes_more(event.data["extra_s"]):
        return _("You asked for %(minutes)s at the door") % {"minutes": more}
    return _("You need no longer at the door than usual")


def may_be_left(event: Event, _zone: ZoneInfo) -> str:
    """Say that something was said of it: never where it may be left, since that may change again."""
    if event.data["may_be_left"]:
        return _("You said where it may be left")
    return _("You said that somebody will be at home")


def came_of_it(event: Event, _zone: ZoneInfo) -> str:
    """Say what came of the visit, in the words of its status."""
    outcome, reason = event.data.get("outcome", ""), event.data.get("reason", "")
    if outcome in ("handed_over", "partly"):
        return _("Handed over") if outcome == "handed_over" else _("Handed over in part")
    if outcome in ("not_possible", ""):
        outcome = reason if reason in STATUSES else "other"
    return str(STATUSES[outcome].headline)


def window_words(event: Event, zone: ZoneInfo) -> str:
    """Return the window an event speaks of: Thu 26 Nov 10–12."""
    opens, closes = (
        datetime.fromisoformat(event.data[name]).astimezone(zone) for name in ("opens_at", "closes_at")
    )
    return f"{words.short_day(opens)} {words.short_hours(opens, closes)}"


SAID_OF: dict[str, Callable[[Event, ZoneInfo], str]] = {
    "booking.joined": joined,
    "delivery.diverted": diverted,
    "delivery.longer_at_door": longer_at_door,
    "delivery.safe_place_changed": may_be_left,
    "delivery.street": street,
    "delivery.code_read": code_read,
    "delivery.delivered": came_of_it,
    "delivery.missed": came_of_it,
}
"""What is said with something of the event's own."""


PLAINLY: dict[str, str | Promise] = {
    "booking.confirmed": gettext_lazy("Booked"),
    "booking.moved": gettext_lazy("Moved to another time"),
    "delivery.diverted": gettext_lazy("Moved to another time"),
    "booking.cancelled": gettext_lazy("Cancelled"),
    "promise.narrowed": gettext_lazy("Its time became exact"),
    "delivery.day_before": gettext_lazy("We asked if the time suits"),
    "delivery.day_before_answered": gettext_lazy("It suits"),
    "delivery.near": gettext_lazy("Three stops before it"),
    "delivery.next": gettext_lazy("It was next"),
    "delivery.late_answered": gettext_lazy("It was said what is to happen"),
    "delivery.delivered": gettext_lazy("Handed over"),
    "delivery.missed": MISSED.headline,
}
"""What a follow link says differently: what happened, and nothing of whose it is or where."""


def followed(delivery: Delivery, booked: Booking, zone: ZoneInfo, *, ahead: str) -> list[Happened]:
    """Return the timeline without anything but what happened when."""
    done = [
        Happened(str(PLAINLY.get(event.kind) or SAID[event.kind]), when(event, zone), event=event.uid.hex)
        for event in history_of(delivery, FOLLOWED)
    ]
    # Where it goes is for who manages it: a follow link tells a day and hours.
    there = _("It arrives") if point_of(booked) else _("At the door")
    return [*done, Happened(there, ahead, "next")] if ahead else done
