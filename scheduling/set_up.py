"""What a merchant sells from where, as quotes read it: rows that hardly change and every quote needs.

They are kept for a moment (SET_UP_KEPT_S), so a quote may be that far behind a change. Nothing else may:
what is held or booked is judged by the rows themselves, under the lock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Final

from django.db.models import Prefetch, Q

from scheduling.allotments import Reserve
from scheduling.kept import Kept
from scheduling.leaving import zones_of
from scheduling.models import (
    AccessRule,
    Blackout,
    Buffer,
    Depot,
    Merchant,
    MerchantDepot,
    SlotPattern,
    TheftZone,
    Vehicle,
    VehicleClass,
)
from scheduling.models.slots import access_rules_of


@dataclass(frozen=True, slots=True)
class SetUp:
    """All set-up rows behind one merchant's quotes, as they were at an instant.

    outlets: the active ones, their depots loaded; patterns by outlet, the others by depot
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

    def classes_at(self, outlets: Iterable[MerchantDepot]) -> list[VehicleClass]:
        """Return the classes of the vehicles that drive from the depots of some outlets."""
        slugs = frozenset().union(*(self.in_use.get(outlet.depot_id, frozenset()) for outlet in outlets))
        return [self.kinds[slug] for slug in slugs]


class Kinds(dict[str, VehicleClass]):
    """Vehicle classes by slug. One that is newer than what is kept is read when it is asked for."""

    def __missing__(self, slug: str) -> VehicleClass:
        kind = self[slug] = VehicleClass.objects.get(slug=slug)
        return kind


_kept: Final = Kept[int, SetUp]()


def set_up_of(merchant: Merchant, *, now: datetime) -> SetUp:
    """Return a merchant's set-up, at most SET_UP_KEPT_S old. Eight queries at most, or none."""
    return _kept.get(merchant.pk, lambda: read_set_up(merchant, now=now), now=now)


def read_set_up(merchant: Merchant, *, now: datetime) -> SetUp:
    """Read a merchant's set-up. Seven queries, eight with access rules."""
    # In one query with the outlets of others at the same depots for which places are kept.
    own = MerchantDepot.objects.filter(merchant=merchant, active=True)
    beside = MerchantDepot.objects.filter(active=True, depot__in=own.values("depot"))
    counting = beside.filter(Q(merchant=merchant) | Q(reserved__gt=0)).select_related("depot").order_by("pk")
    here = tuple(counting)
    outlets = tuple(outlet for outlet in here if outlet.merchant_id == merchant.pk)
    depots = {outlet.depot_id for outlet in outlets}
    patterns: dict[int, list[SlotPattern]] = defaultdict(list)
    sold = SlotPattern.objects.filter(outlet__in=here, active=True)
    for pattern in sold.order_by("opens", "closes", "pk"):
        patterns[pattern.outlet_id].append(pattern)
    blackouts: dict[int, list[Blackout]] = defaultdict(list)
    a_day_ago = (now - timedelta(days=1)).date()  # wherever the depot is, its today has not ended before
    for blackout in Blackout.objects.filter(depot__in=depots, last_date__gte=a_day_ago):
        blackouts[blackout.depot_id].append(blackout)
    buffers: dict[int, list[Buffer]] = defaultdict(list)
    for buffer in Buffer.objects.filter(depot__in=depots, active=True):
        buffers[buffer.depot_id].append(buffer)
    reserves: dict[int, list[Reserve]] = defaultdict(list)
    for outlet in here:
        if outlet.reserved:
            reserves[outlet.depot_id].append(outlet.reserve(_weekdays(patterns[outlet.pk])))
    access_rules: dict[int, list[AccessRule]] = defaultdict(list)
    for rule in access_rules_of(depots):
        access_rules[rule.depot_id].append(rule)
    theft_zones: dict[int, list[TheftZone]] = defaultdict(list)
    for zone in zones_of(depots):
        theft_zones[zone.depot_id].append(zone)
    kinds = Kinds()
    in_use: dict[int, set[str]] = defaultdict(set)
    for vehicle in Vehicle.objects.filter(depot__in=depots).select_related("vehicle_class"):
        kinds[vehicle.vehicle_class.slug] = vehicle.vehicle_class
        if vehicle.active:
            in_use[vehicle.depot_id].add(vehicle.vehicle_class.slug)
    return SetUp(
        outlets=outlets,
        patterns={outlet: tuple(found) for outlet, found in patterns.items()},
        blackouts={depot: tuple(found) for depot, found in blackouts.items()},
        buffers={depot: tuple(found) for depot, found in buffers.items()},
        reserves={depot: tuple(found) for depot, found in reserves.items()},
        access_rules={depot: tuple(found) for depot, found in access_rules.items()},
        theft_zones={depot: tuple(found) for depot, found in theft_zones.items()},
        kinds=kinds,
        in_use={depot: frozenset(slugs) for depot, slugs in in_use.items()},
    )


def read_reserves(depot: Depot) -> tuple[Reserve, ...]:
    """Read what is kept for whom of a depot's places, as it is now. Two queries, or none if nobody counts."""
    if depot.places_a_day is None:
        return ()
    reserving = MerchantDepot.objects.filter(depot=depot, active=True, reserved__gt=0)
    sold = Prefetch("slot_patterns", SlotPattern.objects.filter(active=True))
    found = reserving.prefetch_related(sold).order_by("pk")
    return tuple(outlet.reserve(_weekdays(outlet.slot_patterns.all())) for outlet in found)


def _weekdays(patterns: Iterable[SlotPattern]) -> int:
    """Return on which weekdays any of some slots is sold, as a bitmask."""
    return reduce(or_, (pattern.weekdays for pattern in patterns), 0)


def forget_all() -> None:
    """Empty what is kept: the database was replaced under us."""
    _kept.forget()
