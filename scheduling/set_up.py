"""What a merchant sells from where, as quotes read it: rows that hardly change and every quote needs.

They are kept for a moment (SET_UP_KEPT_S), so a quote may be that far behind a change. Nothing else may:
what is held or booked is judged by the rows themselves, under the lock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Final, TypeVar

from scheduling import set_up_rows
from scheduling.allotments import Reserve
from scheduling.kept import Kept
from scheduling.models import (
    AccessRule,
    Blackout,
    Buffer,
    Depot,
    Merchant,
    MerchantDepot,
    SlotPattern,
    TheftZone,
    VehicleClass,
)
from scheduling.models.slots import DatedSlot
from scheduling.statements import NUMBER, Instances, Statement


@dataclass(frozen=True, slots=True)
class SetUp:
    """All set-up rows behind one merchant's quotes, as they were at an instant.

    outlets: the active ones, their depots loaded; patterns by outlet, the others by depot
    dated: what `slots_on` worked out before, by outlet and day
    reserves: what is kept of a depot's places, for this merchant and for others, by depot
    kinds: the classes of all vehicles there are or were, by slug; in_use: those of active vehicles
    """

    outlets: tuple[MerchantDepot, ...]
    patterns: Mapping[int, tuple[SlotPattern, ...]]
    blackouts: Mapping[int, tuple[Blackout, ...]]
    buffers: Mapping[int, tuple[Buffer, ...]]
    reserves: Mapping[int, tuple[Reserve, ...]]
    access_rules: Mapping[int, tuple[AccessRule, ...]]
    theft_zones: Mapping[int, tuple[TheftZone, ...]]
    kinds: Mapping[str, VehicleClass]
    in_use: Mapping[int, frozenset[str]]
    dated: dict[tuple[int, date], tuple[DatedSlot, ...]] = field(default_factory=dict)

    def slots_on(self, day: date, outlet: MerchantDepot) -> tuple[DatedSlot, ...]:
        """Return what an outlet sells on a local day: the same to everybody who asks in this moment."""
        found = self.dated.get((outlet.pk, day))
        if found is None:
            zone = outlet.depot.zone
            slots = (pattern.on(day, zone) for pattern in self.patterns.get(outlet.pk, ()))
            found = self.dated[outlet.pk, day] = tuple(filter(None, slots))
        return found

    def classes_at(self, outlets: Iterable[MerchantDepot]) -> list[VehicleClass]:
        """Return the classes of the vehicles that drive from the depots of some outlets."""
        slugs = frozenset().union(*(self.in_use.get(outlet.depot_id, frozenset()) for outlet in outlets))
        return [self.kinds[slug] for slug in slugs]


class Kinds(dict[str, VehicleClass]):
    """Vehicle classes by slug. One that is newer than what is kept is read when it is asked for."""

    def __missing__(self, slug: str) -> VehicleClass:
        kind = self[slug] = VehicleClass.objects.get(slug=slug)
        return kind


Row = TypeVar("Row")

_kept: Final = Kept[int, SetUp]()

_RESERVING: Final = Instances(
    lambda depot: MerchantDepot.objects.filter(depot=depot, active=True, reserved__gt=0).order_by("pk"),
    NUMBER,
)
_SOLD_AT: Final = Statement(
    lambda depot: SlotPattern.objects.filter(outlet__depot=depot, active=True).values_list(
        "outlet_id", "weekdays"
    ),
    NUMBER,
)


def set_up_of(merchant: Merchant, *, now: datetime) -> SetUp:
    """Return a merchant's set-up, at most SET_UP_KEPT_S old. Seven queries, or none."""
    return _kept.get(merchant.pk, lambda: read_set_up(merchant, now=now), now=now)


def read_set_up(merchant: Merchant, *, now: datetime) -> SetUp:
    """Read a merchant's set-up. Seven queries."""
    a_day_ago = (now - timedelta(days=1)).date()  # wherever the depot is, its today has not ended before
    rows = set_up_rows.read(merchant.pk, since=a_day_ago)
    outlets = tuple(outlet for outlet in rows.outlets if outlet.merchant_id == merchant.pk)
    patterns = _grouped(rows.patterns, "outlet_id")
    reserves: dict[int, list[Reserve]] = defaultdict(list)
    for outlet in rows.outlets:
        if outlet.reserved:
            weekdays = _weekdays(patterns.get(outlet.pk, ()))
            reserves[outlet.depot_id].append(outlet.reserve(weekdays))
    in_use: dict[int, set[str]] = defaultdict(set)
    for vehicle in rows.vehicles:
        if vehicle.active:
            in_use[vehicle.depot_id].add(vehicle.vehicle_class.slug)
    return SetUp(
        outlets=outlets,
        patterns=patterns,
        blackouts=_grouped(rows.blackouts, "depot_id"),
        buffers=_grouped(rows.buffers, "depot_id"),
        reserves={depot: tuple(found) for depot, found in reserves.items()},
        access_rules=_grouped(rows.access_rules, "depot_id"),
        theft_zones=_grouped(rows.theft_zones, "depot_id"),
        kinds=Kinds({vehicle.vehicle_class.slug: vehicle.vehicle_class for vehicle in rows.vehicles}),
        in_use={depot: frozenset(slugs) for depot, slugs in in_use.items()},
    )


def _grouped(rows: Iterable[Row], whose: str) -> dict[int, tuple[Row, ...]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[getattr(row, whose)].append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def read_reserves(depot: Depot) -> tuple[Reserve, ...]:
    """Read what is kept for whom of a depot's places, as it is now. Two queries, or none if nobody counts."""
    if depot.places_a_day is None:
        return ()
    reserving = _RESERVING.all(depot.pk)
    weekdays: dict[int, int] = defaultdict(int)
    for outlet_id, some in _SOLD_AT.rows(depot.pk) if reserving else ():
        weekdays[outlet_id] |= some
    return tuple(outlet.reserve(weekdays[outlet.pk]) for outlet in reserving)


def _weekdays(patterns: Iterable[SlotPattern]) -> int:
    """Return on which weekdays any of some slots is sold, as a bitmask."""
    return reduce(or_, (pattern.weekdays for pattern in patterns), 0)


def forget_all() -> None:
    """Empty what is kept: the database was replaced under us."""
    _kept.forget()
