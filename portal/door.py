"""What is said about somebody's door, as several audiences read it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scheduling.facts import NEIGHBOUR, SAFE_PLACES, SafePlace


@dataclass(frozen=True, slots=True)
class Door:
    """What a shopper says of their door: how much longer they need, and where it may be left outside.

    The place and its note stay known while `outside` is not ticked; they count for nothing then.
    """

    outside: bool = False
    safe_place: str = ""
    note: str = ""
    extra_s: int = 0


def place_words(safe_place: str, note: str) -> str:
    """Return Porch, left of the door; nothing where somebody has to be at home."""
    named = str(SAFE_PLACES[safe_place]) if safe_place else ""
    return ", ".join(filter(None, [named, note]))


def left_words(at: SafePlace) -> str:
    """Return Porch, left of the door, or With a neighbour: Virtanen, B 12; or nothing."""
    if at.place != NEIGHBOUR:
        return place_words(at.place, at.note)
    known = ", ".join(filter(None, [at.neighbour, at.neighbour_unit, at.note]))
    return _("With a neighbour: %(neighbour)s") % {"neighbour": known}


def shown_words(at: SafePlace, *, recalled: bool) -> str:
    """Return where it may be left, for a page that whoever booked may look at.

    What was taken from last time is not spelled out there: anybody may have booked in this name.
    """
    if not recalled:
        return left_words(at)
    return _("%(place)s, as last time") % {"place": SAFE_PLACES[at.place]}


def minutes_more(extra_s: int) -> str:
    """Return 3 minutes more, or nothing."""
    minutes = extra_s // 60
    return (
        ngettext("%(count)d minute more", "%(count)d minutes more", minutes) % {"count": minutes}
        if minutes
        else ""
    )


def left_outside(at: SafePlace) -> str:
    """Say where it may be left: We may leave it outside: Porch, left of the door."""
    if at.place == NEIGHBOUR:
        known = ", ".join(filter(None, [at.neighbour, at.neighbour_unit, at.note]))
        return _("If nobody opens, your neighbour takes it: %(neighbour)s.") % {"neighbour": known}
    place = place_words(at.place, at.note)
    return _("We may leave it outside: %(place)s.") % {"place": place} if place else ""


def takes_longer(extra_s: int) -> str:
    """Say what was asked for: It takes 3 minutes more at the door."""
    more = minutes_more(extra_s)
    return _("It takes %(minutes)s at the door.") % {"minutes": more} if more else ""
