"""What is said of getting in, as customers and depots read it: chosen things in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scheduling.ways_in import CHOSEN, CODES

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import Promise

    from scheduling.models import AccessNotes

LABELS: Final[dict[str, str | Promise]] = {
    "buzzer": gettext_lazy("Name on the buzzer"),
    "entrance": gettext_lazy("Entrance"),
    "floor": gettext_lazy("Floor"),
    "lift": gettext_lazy("Lift"),
    "parking": gettext_lazy("Parking"),
    "stairs": gettext_lazy("Stairs"),
    "dog": gettext_lazy("Dog"),
    "step_back": gettext_lazy("Ringing"),
    "hearing": gettext_lazy("Hearing"),
    "mobility": gettext_lazy("Moving"),
    "speaks": gettext_lazy("Speaks"),
    "text": gettext_lazy("Anything else"),
}
"""In the order in which a driver needs them."""

STEP_BACK: Final = gettext_lazy("Ring, put it down and step back")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to know. `written`: as somebody wrote it, in whatever direction their letters run."""

    name: str
    value: str
    written: bool = False


def said_of(notes: AccessNotes | None) -> list[Said]:
    """Return what was said, in the active language; codes are never among it."""
    if notes is None:
        return []
    said = [_said(notes, name) for name in LABELS]
    return [each for each in said if each.value]


def _said(notes: AccessNotes, name: str) -> Said:
    value, label = getattr(notes, name), str(LABELS[name])
    if name == "step_back":
        return Said(label, str(STEP_BACK) if value else "")
    if name in CHOSEN:
        return Said(label, str(CHOSEN[name].get(value, "")))
    return Said(label, value, written=True)


def code_names(notes: AccessNotes | None) -> dict[str, str]:
    """Return the codes that are kept, by their names for programs, as people name them."""
    return {code: str(CODES[code]) for code in (notes.codes if notes else ())}


def code_kept(code: str) -> str:
    """Say that a code is kept."""
    return _("A gate code is kept.") if code == "gate_code" else _("A door code is kept.")


def code_kept_since(code: str, since: str) -> str:
    """Say since when a code is kept: A gate code is kept (since Thu 26 Nov 10:31)."""
    if code == "gate_code":
        return _("A gate code is kept (since %(moment)s).") % {"moment": since}
    return _("A door code is kept (since %(moment)s).") % {"moment": since}


def looked_at(code: str, by: str) -> str:
    """Say who looked at a code, to its customer."""
    if by == "driver":
        gate, door = _("The driver looked at your gate code"), _("The driver looked at your door code")
    else:
        gate, door = _("The depot looked at your gate code"), _("The depot looked at your door code")
    return gate if code == "gate_code" else door


def kept_at(notes: AccessNotes, code: str) -> datetime | None:
    """Return since when a code is kept; None where it is not."""
    found: datetime | None = getattr(notes, f"{code}_at")
    return found
