"""What happened to a delivery on its day, as drivers and dispatchers read it: its customer's own events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from portal.operations.words import clock_time
from scheduling.outcomes import WHY_NOT, WHY_REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from django.utils.functional import Promise

    from scheduling.models import Event

SAID: Final[dict[str, Promise]] = {
    "delivery.day_before": _("Asked whether the time suits"),
    "delivery.day_before_answered": _("The time suits"),
    "delivery.on_the_way": _("Left the depot"),
    "delivery.near": _("Three stops before it"),
    "delivery.next": _("The next stop"),
    "delivery.arrived": _("At the door"),
    "delivery.running_late": _("The driver said that it takes longer"),
    "delivery.late": _("Told that it will be late"),
    "delivery.late_answered": _("The customer answered"),
    "delivery.delivered": _("Handed over"),
    "delivery.collected": _("Collected"),
    "delivery.missed": _("In vain"),
    "delivery.undone": _("Taken back: noted by mistake"),
    "delivery.reassigned": _("Put on another vehicle"),
    "delivery.back_at_depot": _("Back at the depot"),
    "delivery.returned": _("Back to the shop"),
}
OUTCOMES: Final[dict[str, Promise]] = {
    "partly": _("Handed over in part"),
    "safe_place": _("Left at the safe place"),
    "neighbour": _("Left with the neighbour"),
    "at_point": _("Left at the pickup point"),
    "refused": _("Refused at the door"),
}
REASONS: Final = WHY_REFUSED | WHY_NOT


@dataclass(frozen=True, slots=True)
class Line:
    """One event, as components/timeline.html shows it; `event` names it."""

    sentence: str
    time: str
    event: str
    state: str = "done"


def lines_of(events: Iterable[Event], zone: ZoneInfo) -> list[Line]:
    """Return events in words, each with when it happened: as the driver's own device said, where it did."""
    return [Line(sentence_of(event), when(event, zone), event.uid.hex) for event in events]


def sentence_of(event: Event) -> str:
    """Say what happened, and what came of it."""
    said = str(OUTCOMES.get(event.data.get("outcome", "")) or SAID[event.kind])
    why = REASONS.get(event.data.get("reason", "")) if event.kind == "delivery.missed" else None
    return f"{said}: {why}" if why else capfirst(said)


def when(event: Event, zone: ZoneInfo) -> str:
    """Return a local time: 9:12."""
    at = event.data.get("at")
    return clock_time((datetime.fromisoformat(at) if at else event.occurred_at).astimezone(zone))
