"""What was announced for a return and did not come with it, in words: for its page and its mails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from portal.customers import words
from portal.customers.returns_send import name_of
from portal.customers.rows import Fact
from returns.selectors.shown import lines_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from returns.models import Return


@dataclass(frozen=True, slots=True)
class Behind:
    """Pieces of one thing that do not count. `lost`: they were taken, and were not among what arrived.

    `left` of them may be sent once more; the others are in another return by now.
    """

    name: str
    count: int
    left: int
    lost: bool


def left_behind(of: Return) -> list[Behind]:
    """Return what does not count of a return, thing by thing. Two queries, one where all of it counts."""
    missing = [each for each in of.items.all() if each.counts < each.quantity]
    if not missing:
        return []
    left = {line.item.pk: line.left for line in lines_of(of.order)}
    return [
        Behind(
            name=each.item.name,
            count=each.quantity - each.counts,
            left=min(each.quantity - each.counts, left[each.item_id]),
            lost=of.parcel == of.Parcel.RECEIVED and each.collected != each.counts,
        )
        for each in missing
    ]


def behind_facts(behind: Sequence[Behind]) -> list[Fact]:
    """Return for each thing why it does not count, and whether it can still be sent."""
    return [Fact(name_of(each.count, each.name), f"{_why(each)} {_then(each)}") for each in behind]


def _why(each: Behind) -> str:
    return _("It was not among what arrived.") if each.lost else _("It was not taken along.")


def _then(each: Behind) -> str:
    if each.left == each.count and each.lost:
        return _("If it is still with you, you can send it back. If you gave it away, ask the shop.")
    if each.left == each.count:
        return _("You can still send it back.")
    if not each.left:
        return _("It is in another return.")
    return _("%(count)s of them you can still send back; the rest is in another return.") % {
        "count": each.left
    }


def behind_lines(behind: Sequence[Behind]) -> tuple[str, ...]:
    """Return the same as lines of a mail."""
    taken = words.listed([name_of(each.count, each.name) for each in behind if not each.lost])
    lost = words.listed([name_of(each.count, each.name) for each in behind if each.lost])
    lines = []
    if taken:
        lines.append(_("Not taken along: %(things)s") % {"things": taken})
    if lost:
        lines.append(_("Not among what arrived: %(things)s") % {"things": lost})
    return tuple(lines)


def sendable(behind: Sequence[Behind]) -> bool:
    """Whether something of it can be sent once more."""
    return any(each.left for each in behind)
