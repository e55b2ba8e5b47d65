"""How a visit can end, why it can fail, and what must be done before it is over.

Reasons are a list of ours: what customers read of them says nothing of anybody.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

HANDED_OVER: Final = "handed_over"
PARTLY: Final = "partly"
SAFE_PLACE: Final = "safe_place"
NEIGHBOUR: Final = "neighbour"
AT_POINT: Final = "at_point"
COLLECTED: Final = "collected"
REFUSED: Final = "refused"
NOT_POSSIBLE: Final = "not_possible"

SERVED: Final = (HANDED_OVER, PARTLY, SAFE_PLACE, NEIGHBOUR, AT_POINT, COLLECTED)
"""With these nobody has to come again; with the others it failed."""
AT_THE_DOOR: Final = (HANDED_OVER, PARTLY, SAFE_PLACE, NEIGHBOUR, REFUSED, NOT_POSSIBLE)
AT_A_POINT: Final = (AT_POINT, REFUSED, NOT_POSSIBLE)
INWARD: Final = (COLLECTED, NOT_POSSIBLE)
TO_SOMEBODY: Final = (HANDED_OVER, PARTLY)
"""With these whoever opens takes it: they sign, and their age is seen."""

WHY_NOT: Final[dict[str, LazyText]] = {
    "nobody_home": _("We rang, and nobody opened."),
    "no_way_in": _("We could not get to your door: a gate or a door was locked."),
    "not_found": _("We could not find your door."),
    "not_safe": _("It was not safe to come to your door."),
    "no_proof_of_age": _("We must see a proof of age for these goods, and there was none."),
    "nobody_signs": _("These goods need a signature, and nobody could sign."),
    "not_ready": _("There was nothing ready to collect."),
    "damaged": _("Your goods were damaged on the way, so we took them back."),
    "not_on_board": _("Your goods were not on our van. We are looking for them."),
    "not_reached": _("Our tour ended before it reached you. We are sorry."),
    "other": _("We could not hand it over."),
}
"""Why a visit was not possible, as its customer reads it."""
WHY_REFUSED: Final[dict[str, LazyText]] = {
    "damaged": _("You did not take it: it was damaged."),
    "wrong_goods": _("You did not take it: it was not what you ordered."),
    "not_ordered": _("You did not take it: you had not ordered it."),
    "too_late": _("You did not take it: it came too late."),
    "not_wanted": _("You did not take it: you don’t want it any more."),
    "other": _("You did not take it."),
}
"""Why somebody did not take what was brought, as they read it."""
SHOWN: Final = frozenset({"damaged"})
"""Of the refusals those that a photo must show."""


def reasons_for(outcome: str) -> dict[str, LazyText]:
    """Return the reasons among which an outcome takes one; none where it needs none."""
    return {NOT_POSSIBLE: WHY_NOT, REFUSED: WHY_REFUSED}.get(outcome, {})


def outcomes_for(*, inward: bool, at_point: bool) -> tuple[str, ...]:
    """Return how a visit can end: for what is collected, at a pickup point, or at somebody’s door."""
    if inward:
        return INWARD
    return AT_A_POINT if at_point else AT_THE_DOOR


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a check list: its code, what who drives reads, and what it says where it was left out."""

    code: str
    name: LazyText
    missing: LazyText


PARCELS: Final = Step(
    "parcels", _("Scan what you hand over"), _("Scan the parcels that you hand over: none is ticked yet.")
)
SIGNATURE: Final = Step(
    "signature", _("Have it signed"), _("These goods need a signature. Have it drawn on your screen.")
)
AGE: Final = Step(
    "age_check",
    _("Check the age"),
    _("Look at a proof of age, and confirm that whoever takes these goods is old enough."),
)
PHOTO: Final = Step("photo", _("Take a photo"), _("Take a photo that shows the goods."))
COUNTS: Final = Step(
    "counts",
    _("Count what you take"),
    _("Count what you take. If there is nothing to take, say that it was not possible."),
)
REASON: Final = Step("reason", _("Say why"), _("Choose one of the reasons."))


def steps_of(outcome: str, *, requirements: Collection[str] = (), reason: str = "") -> Iterator[Step]:
    """Yield what must be done before a visit can end so: by what its goods require and how it ends."""
    if reasons_for(outcome):
        yield REASON
    if outcome == PARTLY:
        yield PARCELS
    if outcome == SAFE_PLACE or (outcome == REFUSED and reason in SHOWN):
        yield PHOTO
    if outcome in TO_SOMEBODY and "age_check" in requirements:
        yield AGE
    if outcome in TO_SOMEBODY and "signature" in requirements:
        yield SIGNATURE
