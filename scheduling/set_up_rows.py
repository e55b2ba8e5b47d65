"""What a merchant sells from where, row by row: read by statements compiled once, then made into models."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db.models import Q, QuerySet

from scheduling.models import (
    AccessRule,
    Blackout,
    Buffer,
    Depot,
    MerchantDepot,
    SlotPattern,
    TheftZone,
    Vehicle,
    VehicleClass,
)
from scheduling.statements import NUMBER, Columns, Statement, as_fetched, instances_of


@dataclass(frozen=True, slots=True)
class Rows:
    """All set-up rows behind a merchant's quotes: outlets with their depots, vehicles with their classes.

    `outlets` are its active ones, and those of others at the same depots for whom places are kept; `patterns`
    are of all of them.
    """

    outlets: list[MerchantDepot]
    patterns: list[SlotPattern]
    blackouts: list[Blackout]
    buffers: list[Buffer]
    access_rules: list[AccessRule]
    theft_zones: list[TheftZone]
    vehicles: list[Vehicle]


_OUTLET: Final = Columns(MerchantDepot)
_DEPOT: Final = Columns(Depot, "depot__")
_PATTERN: Final = Columns(SlotPattern)
_BLACKOUT: Final = Columns(Blackout)
_BUFFER: Final = Columns(Buffer)
_RULE: Final = Columns(AccessRule)
_ZONE: Final = Columns(TheftZone)
_VEHICLE: Final = Columns(Vehicle)
_CLASS: Final = Columns(VehicleClass, "vehicle_class__")


def _depots(merchant: int) -> QuerySet[Any, Any]:
    return MerchantDepot.objects.filter(merchant_id=merchant, active=True).values("depot")


def _outlets(merchant: int) -> QuerySet[MerchantDepot]:
    beside = MerchantDepot.objects.filter(active=True, depot__in=_depots(merchant))
    return beside.filter(Q(merchant_id=merchant) | Q(reserved__gt=0))


def _of_merchant(query: Callable[[int], QuerySet[Any]], *names: str) -> Statement:
    return Statement(lambda merchant: query(merchant).values_list(*as_fetched(*names)), NUMBER)


_OUTLETS: Final = _of_merchant(lambda m: _outlets(m).order_by("pk"), *_OUTLET.names, *_DEPOT.names)
_PATTERNS: Final = _of_merchant(
    lambda m: SlotPattern.objects.filter(outlet__in=_outlets(m).values("pk"), active=True).order_by(
        "opens", "closes", "pk"
    ),
    *_PATTERN.names,
)
_BLACKOUTS: Final = Statement(
    lambda merchant, since: Blackout.objects.filter(
        depot__in=_depots(merchant), last_date__gte=since
    ).values_list(*as_fetched(*_BLACKOUT.names)),
    NUMBER,
    date.max,
)
_BUFFERS: Final = _of_merchant(
    lambda m: Buffer.objects.filter(depot__in=_depots(m), active=True), *_BUFFER.names
)
_RULES: Final = _of_merchant(
    lambda m: AccessRule.objects.filter(depot__in=_depots(m), active=True).order_by("pk"),
    *_RULE.names,
    "barred__slug",
)
_ZONES: Final = _of_merchant(
    lambda m: TheftZone.objects.filter(depot__in=_depots(m), active=True).order_by("pk"), *_ZONE.names
)
_VEHICLES: Final = _of_merchant(
    lambda m: Vehicle.objects.filter(depot__in=_depots(m)), *_VEHICLE.names, *_CLASS.names
)


def read(merchant: int, *, since: date) -> Rows:
    """Read all rows behind a merchant's quotes, blackouts that last until `since` or later. Seven queries."""
    return Rows(
        outlets=list(_outlets_of(merchant)),
        patterns=[row for (row,) in _instances(_PATTERNS, (merchant,), _PATTERN)],
        blackouts=[row for (row,) in _instances(_BLACKOUTS, (merchant, since), _BLACKOUT)],
        buffers=[row for (row,) in _instances(_BUFFERS, (merchant,), _BUFFER)],
        access_rules=list(_access_rules_of(merchant)),
        theft_zones=[row for (row,) in _instances(_ZONES, (merchant,), _ZONE)],
        vehicles=list(_vehicles_of(merchant)),
    )


def _instances(
    statement: Statement, values: tuple[int | date, ...], *columns: Columns[Any]
) -> Iterator[list[Any]]:
    return (instances_of(statement.values_of(raw), *columns) for raw in statement.rows(*values))


def _outlets_of(merchant: int) -> Iterator[MerchantDepot]:
    for outlet, depot in _instances(_OUTLETS, (merchant,), _OUTLET, _DEPOT):
        outlet.depot = depot
        yield outlet


def _vehicles_of(merchant: int) -> Iterator[Vehicle]:
    for vehicle, kind in _instances(_VEHICLES, (merchant,), _VEHICLE, _CLASS):
        vehicle.vehicle_class = kind
        yield vehicle


def _access_rules_of(merchant: int) -> Iterator[AccessRule]:
    """Make one of each rule's rows: it has one for every class that it bars, or one without any."""
    for _pk, raws in groupby(_RULES.rows(merchant), key=itemgetter(0)):
        each = [_RULES.values_of(raw) for raw in raws]
        (rule,) = instances_of(each[0], _RULE)
        rule.barred_slugs = frozenset(values[-1] for values in each if values[-1] is not None)
        yield rule
