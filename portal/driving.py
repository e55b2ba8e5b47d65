"""What a driver says, what becomes of it, and why it may be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.models.driving import DriverAct
from scheduling.errors import DomainError, StepMissing
from scheduling.facts import EXCHANGE
from scheduling.models import Attempt
from scheduling.models.road import MOST_PERSON, MOST_SAID
from scheduling.outcomes import WHY_NOT, WHY_REFUSED
from scheduling.services.handing_over import Handover

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.core.files.uploadedfile import UploadedFile
    from django.utils.functional import Promise as LazyText

Aside = DriverAct.Aside
CHECKS: Final[dict[str, tuple[LazyText, LazyText]]] = {
    "two_people": (
        gettext_lazy("Two of us carried it"),
        gettext_lazy("These goods are carried by two people. Confirm that you were two."),
    ),
    "fridge": (
        gettext_lazy("It was cold until the door"),
        gettext_lazy("These goods are kept cold. Confirm that they were until the door."),
    ),
    EXCHANGE: (
        gettext_lazy("I took all of the old back"),
        gettext_lazy(
            "This is an exchange. Take back what goes back, and confirm it; "
            "if it is not all there, say that it was not possible."
        ),
    ),
}
"""What the driver confirms for goods that ask for it: beside the name of the tick, what it says left out."""
INWARD: Final = frozenset({"not_ready"})
OUTWARD: Final = frozenset({"damaged", "not_on_board", "no_proof_of_age", "nobody_signs"})
BY_ITSELF: Final = frozenset({"not_reached"})
"""Of the reasons those for what is collected or brought only; and one that nobody chooses."""
LONGEST_NAME: Final = MOST_PERSON
LONGEST_NOTE: Final = MOST_SAID
MOST_NAMED: Final = 6
"""So many barcodes are named in one sentence."""


class NotYourStop(DomainError):
    """The stop, the route or the act is another phone's: for this one it does not exist."""

    code = "not_your_stop"
    sentence = gettext_lazy("That is not on your sheet. Look at the list again.")


class NotLoadedYet(DomainError):
    """The depot has not locked the day: what goes on board may still change."""

    code = "not_loaded_yet"
    sentence = gettext_lazy("The depot has not locked this day yet. Ask your dispatcher, then press again.")


class StopsLeft(DomainError):
    """A route was to end with stops that nobody said anything about."""

    code = "stops_left"

    def __init__(self, count: int) -> None:
        super().__init__(
            ngettext(
                "%(count)d stop is left. Serve it, or tick that it goes back to the depot.",
                "%(count)d stops are left. Serve them, or tick that they go back to the depot.",
                count,
            )
            % {"count": count}
        )


class ParcelsMissing(DomainError):
    """A vehicle was to leave without parcels that it should bring."""

    code = "parcels_missing"

    def __init__(self, barcodes: list[str]) -> None:
        super().__init__(
            _("Not scanned: %(barcodes)s. Scan them, or tick that you leave without.")
            % {"barcodes": named(barcodes)}
        )


@dataclass(frozen=True, slots=True)
class Act:
    """What a phone says. `seal` proves that the stop was on its sheet; `sure` answers "really?"."""

    uid: UUID
    kind: str
    happened_at: datetime
    route_id: int | None = None
    stop_id: int | None = None
    seal: str = ""
    barcode: str = ""
    minutes: int = 0
    sure: bool = False
    checks: frozenset[str] = frozenset()
    handover: Handover | None = None
    photos: Sequence[UploadedFile[bytes]] = ()
    signature: str = ""


@dataclass(slots=True)
class Done:
    """What became of an act: what to tell the driver, and what the depot should know."""

    sentence: str = ""
    aside: str = Aside.NONE
    route_id: int | None = None
    stop_id: int | None = None


def named(barcodes: list[str]) -> str:
    """Return a few barcodes, and how many there are beside them."""
    shown, more = ", ".join(barcodes[:MOST_NAMED]), len(barcodes) - MOST_NAMED
    return _("%(barcodes)s and %(count)d more") % {"barcodes": shown, "count": more} if more > 0 else shown


def reasons_why_not(*, inward: bool, exchanges: bool = False) -> dict[str, str]:
    """Return why a stop may not be possible, as its driver reads it, by the reasons' names."""
    left_out = BY_ITSELF | (OUTWARD if inward else frozenset() if exchanges else INWARD)
    return {reason: str(Attempt.Reason(reason).label) for reason in WHY_NOT if reason not in left_out}


def reasons_refused() -> dict[str, str]:
    """Return why goods may be refused at the door, likewise."""
    return {reason: str(Attempt.Reason(reason).label) for reason in WHY_REFUSED}


def require_checks(requirements: Collection[str], checks: Collection[str]) -> None:
    """Raise StepMissing for what goods ask for and their driver did not confirm."""
    for need, (_name, missing) in CHECKS.items():
        if need in requirements and need not in checks:
            raise StepMissing(need, missing)
