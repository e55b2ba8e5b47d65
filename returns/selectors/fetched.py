"""What whoever fetches a return has to take: how it is packed, and how many of each item.

What another return is for by now is not among it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from returns.models import Return


@dataclass(frozen=True, slots=True)
class Announced:
    """One item that is to be fetched; `ref` is its order line's."""

    ref: str
    name: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ToFetch:
    """What is to be fetched at one stop. `kind` is one of PICKUP_KINDS; `swaps`: against what is brought."""

    ref: str
    kind: str
    items: tuple[Announced, ...]
    swaps: bool = False


def to_fetch(deliveries: Iterable[int]) -> dict[int, ToFetch]:
    """Return what the pickups among some deliveries are for, by delivery. Two queries; none without any."""
    asked = set(deliveries)
    if not asked:
        return {}
    rows = Return.objects.filter(pickup__in=asked).prefetch_related("items__item")
    return {
        ret.pickup_id: ToFetch(
            ret.ref,
            ret.pickup_kind,
            tuple(
                Announced(each.item.ref, each.item.name, each.item.sku, each.awaited)
                for each in ret.items.all()
                if each.awaited
            ),
            swaps=ret.swap_id is not None,
        )
        for ret in rows
        if ret.pickup_id is not None
    }
