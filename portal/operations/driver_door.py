"""What is asked at a door, in the driver's words: ways to hand over, what to confirm, why it may fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.door import left_words
from portal.driving import CHECKS, reasons_refused, reasons_why_not
from portal.operations.driver_cards import Asked, Choice, Counted, Tick, Ticked
from portal.operations.driver_forms import COUNT
from scheduling.facts import NEIGHBOUR as WITH_NEIGHBOUR
from scheduling.facts import why_handed_over
from scheduling.outcomes import (
    AGE,
    AT_POINT,
    HANDED_OVER,
    NEIGHBOUR,
    PARCELS,
    PHOTO,
    REASON,
    SAFE_PLACE,
    SIGNATURE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import Promise as LazyText

    from returns.selectors.fetched import ToFetch
    from scheduling.models import Delivery
    from scheduling.selectors.sheet import SheetStop


PACKED: Final[dict[str, LazyText]] = {
    "boxed": gettext_lazy("Boxed and ready: count only what you can see"),
    "labelless": gettext_lazy("Bring a box and a label: count, pack, label"),
    "bulky": gettext_lazy("Large or heavy: two of you carry it"),
}
"""How a return is packed, and what that means for who fetches it."""


def door(of: SheetStop, asked: Asked | None, fetched: ToFetch | None = None) -> dict[str, Any]:
    """Return what is asked at a stop, with what was typed before it could not be taken."""
    delivery, at_point = of.row.delivery, of.row.pickup_point is not None
    if delivery is None:
        lists: dict[str, Any] = {name: [] for name in ("ways", "ticks", "parcels", "why_not", "why_refused")}
        lists |= {"packed": "", "counts": [], "takes": []}
        return lists | {"needs_age": False, "needs_signature": False}
    inward, needs = delivery.direction == "in", delivery.requirements
    return {
        "ways": ways(delivery, at_point=at_point, chosen=_typed(asked, "how")),
        "parcels": parcels(of, asked),
        "ticks": ticks(delivery, asked),
        "needs_age": AGE.code in needs and not at_point,
        "needs_signature": SIGNATURE.code in needs and not at_point,
        "why_not": choices(
            reasons_why_not(inward=inward, exchanges=delivery.exchanges), _typed(asked, "reason")
        ),
        "why_refused": choices(reasons_refused(), _typed(asked, "reason")),
        "packed": str(PACKED.get(fetched.kind, "")) if fetched else "",
        "counts": counts(fetched, asked) if fetched and not fetched.swaps else [],
        "takes": takes(fetched) if fetched and fetched.swaps else [],
    }


def ways(delivery: Delivery, *, at_point: bool, chosen: str) -> list[Choice]:
    """Return how it may be handed over: to somebody there, and where its customer allowed it."""
    if at_point:
        return [Choice(AT_POINT, _("At the pickup point"))]
    found = [Choice(HANDED_OVER, _("To a person at the door"), chosen=chosen in ("", HANDED_OVER))]
    left_at = delivery.left_at
    if left_at.place and not why_handed_over(delivery.requirements):
        neighbour = left_at.place == WITH_NEIGHBOUR
        key, name = (NEIGHBOUR, _("To the neighbour")) if neighbour else (SAFE_PLACE, _("At the safe place"))
        found.append(Choice(key, name, left_words(left_at), chosen == key))
    return found


def parcels(of: SheetStop, asked: Asked | None) -> list[Ticked]:
    """Return the parcels of a stop: all ticked, until somebody leaves one out."""
    left = asked.said.getlist("parcel") if asked and asked.said.get("listed") else None
    return [Ticked(each.barcode, left is None or each.barcode in left) for each in of.parcels]


def counts(fetched: ToFetch, asked: Asked | None) -> list[Counted]:
    """Return what is to be counted: each item as it was announced, until somebody counts otherwise."""
    return [
        Counted(
            ref=each.ref,
            name=each.name,
            announced=_("%(count)d announced") % {"count": each.quantity},
            count=_typed(asked, COUNT + each.ref) or str(each.quantity),
        )
        for each in fetched.items
    ]


def takes(fetched: ToFetch) -> list[str]:
    """Return what is taken back for what is handed over, a line each."""
    return [_("%(count)d × %(name)s") % {"count": each.quantity, "name": each.name} for each in fetched.items]


def ticks(delivery: Delivery, asked: Asked | None) -> list[Tick]:
    """Return what the goods want confirmed."""
    ticked = asked.said.getlist("check") if asked else []
    return [
        Tick(need, str(name), str(missing), need in ticked)
        for need, (name, missing) in CHECKS.items()
        if need in delivery.requirements
    ]


def choices(named: Mapping[str, str], chosen: str) -> list[Choice]:
    """Return reasons as radios."""
    return [Choice(key, name[:1].upper() + name[1:], chosen=key == chosen) for key, name in named.items()]


def missing() -> dict[str, str]:
    """Return what is said where a step was left out, by the steps' names."""
    return {step.code: str(step.missing) for step in (PARCELS, SIGNATURE, AGE, PHOTO, REASON)}


def legends() -> dict[str, str]:
    """Return what stands over the parcels."""
    return {"hand_over": _("Which parcels? Untick what stays on board."), "collect": _("Which parcels?")}


def _typed(asked: Asked | None, name: str) -> str:
    return str(asked.said.get(name, "")) if asked else ""
