"""What a driver says, what becomes of it, and why it may be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.models.driving import DriverAct
from scheduling.errors import DomainError
from scheduling.services.handing_over import Handover

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

Aside = DriverAct.Aside
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
    handover: Handover | None = None


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
