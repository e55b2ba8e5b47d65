"""Why something comes back, what may become of it, and how it travels: lists of ours, in plain words."""

from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

REASONS: Final[dict[str, LazyText]] = {
    "too_small": _("It is too small"),
    "too_large": _("It is too large"),
    "not_as_described": _("It is not as it was described"),
    "wrong_item": _("I got something else"),
    "damaged": _("It came damaged"),
    "faulty": _("It does not work"),
    "late": _("It came too late"),
    "changed_mind": _("I changed my mind"),
    "other": _("Another reason"),
}
SHOPS_FAULT: Final = frozenset({"not_as_described", "wrong_item", "damaged", "faulty", "late"})
"""Reasons for which its customer never pays a fee."""

RESOLUTIONS: Final[dict[str, LazyText]] = {
    "refund": _("Money back"),
    "exchange": _("Another size or colour"),
    "replacement": _("The same again"),
    "credit": _("A credit with the shop"),
    "keep": _("Keep it"),
}
METHODS: Final[dict[str, LazyText]] = {
    "pickup": _("We pick it up"),
    "swap": _("We swap it at your door"),
    "dropoff": _("You bring it to a point near you"),
    "none": _("Nothing has to travel"),
}
TRAVELS: Final[dict[str, LazyText]] = {way: words for way, words in METHODS.items() if way != "none"}
"""The ways on which something travels: those that a rule may offer."""
FETCHED: Final = frozenset({"pickup", "swap"})
"""The ways on which a van comes for it, at a time that its customer chooses."""
GIVEN_FOR_IT: Final = frozenset({"exchange", "replacement"})
"""What is wanted where something else is brought for what comes back."""
PICKUP_KINDS: Final[dict[str, LazyText]] = {
    "boxed": _("In a box, ready to go"),
    "labelless": _("Without a box or a label: the driver brings both"),
    "bulky": _("Large or heavy: two people carry it"),
}
"""How it is packed when the van comes for it."""
CONDITIONS: Final[dict[str, LazyText]] = {
    "unopened": _("Not opened"),
    "opened": _("Opened, not used"),
    "used": _("Used"),
    "damaged": _("Damaged"),
}
GRADES: Final[dict[str, LazyText]] = {
    "as_new": _("As new"),
    "good": _("Good, opened"),
    "worn": _("Worn"),
    "broken": _("Broken"),
}
DISPOSITIONS: Final[dict[str, LazyText]] = {
    "stock": _("Back to stock"),
    "refurbish": _("Refurbish"),
    "resale": _("Sell as used"),
    "recycle": _("Recycle"),
    "donate": _("Give away"),
    "dispose": _("Throw away"),
}
EXCEPTIONS: Final[dict[str, LazyText]] = {
    "empty_box": _("The box was empty"),
    "wrong_item": _("Something else was in it"),
    "not_announced": _("Nobody announced it"),
}
