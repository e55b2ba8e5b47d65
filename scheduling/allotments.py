"""How a depot's places of a day are shared among the shops that sell from it. Pure.

A place is one stop, kept or booked. Counts are those of `scheduling.snapshots.counts_of`: `()` for all
stops of the day, `(merchant,)` for one merchant's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from scheduling import windows

Counts = Mapping[tuple[Any, ...], int]


@dataclass(frozen=True, slots=True)
class Taken:
    """Which places of a day are taken.

    Who asks may have one of them already, which is not counted: `gives_one_back`.
    """

    counts: Counts
    gives_one_back: bool = False


@dataclass(frozen=True, slots=True)
class Reserve:
    """So many places that are kept for a merchant on the weekdays (bitmask) on which it sells.

    They are, for each slot that anybody asks for, until `ends_h` hours before that slot's cut-off.
    """

    merchant_id: int
    places: int
    ends_h: int
    weekdays: int

    def unused(self, counts: Counts) -> int:
        """Return how many of them the merchant has not taken yet."""
        return max(0, self.places - counts.get((self.merchant_id,), 0))

    def sells_on(self, day: date) -> bool:
        """Whether the merchant they are kept for sells anything on a local day."""
        return windows.runs_on(self.weekdays, day)

    def holds_at(self, now: datetime, cutoff_at: datetime) -> bool:
        """Whether they are still kept from a slot with that cut-off, on a day on which the merchant sells."""
        return now < cutoff_at - timedelta(hours=self.ends_h)


@dataclass(frozen=True, slots=True)
class Share:
    """What a merchant may take of the places that its depot has a day, None where nobody counts them.

    `most` is its allotment, None for as many as there are; what others don't leave it are their reserves.
    """

    merchant_id: int
    places: int | None
    most: int | None

    def refused(self, counts: Counts, reserves: Iterable[Reserve]) -> str:
        """Return why the merchant can't have one more place: a key of REASONS, or "" if it can.

        `reserves` are those that hold for the slot, its own among them: who has not used them up gets a
        place while there is any.
        """
        if self.places is None:
            return ""
        if self.most is not None and counts.get((self.merchant_id,), 0) >= self.most:
            return "allotment"
        left = self.places - counts.get((), 0)
        if left < 1:
            return "depot_full"
        unused = {reserve.merchant_id: reserve.unused(counts) for reserve in reserves}
        if unused.pop(self.merchant_id, 0) or left > sum(unused.values()):
            return ""
        return "reserved"
