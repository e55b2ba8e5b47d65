"""A day plan's rows as the core sees them.

All of them are read, every time; made anew is only what does not come from a row as it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from scheduling.conversion import STOP_COLUMNS, StopRow, shift_of, stored_as, visit_of
from scheduling.models import DayPlan, Route, Shift, Stop, Vehicle, VehicleClass
from scheduling.routing import problem
from scheduling.statements import NUMBER, Columns, Raw, Statement, as_fetched, instances_of, made_of


class StopRead(NamedTuple):
    """An active stop: as the core sees it, and as stored."""

    visit: problem.Visit
    row: StopRow


class RouteRead(NamedTuple):
    """A trip's row without its stops."""

    pk: int
    shift_id: int
    return_s: int
    return_m: int


Stops = Mapping[int, tuple[Raw, StopRead]]
Vehicles = Mapping[int, tuple[Raw, problem.Vehicle]]


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a day's rows, beside each row as it came: for whoever reads them next.

    It counts for one origin: that is what the core's seconds are counted from.
    """

    stops: Stops = field(default_factory=dict)
    vehicles: Vehicles = field(default_factory=dict)


_SHIFT: Final = Columns(Shift)
_VEHICLE: Final = Columns(Vehicle, "vehicle__")
_CLASS: Final = Columns(VehicleClass, "vehicle__vehicle_class__")

_ROUTES: Final = Statement(
    lambda plan: (
        Route.objects.filter(shift__plan_id=plan)
        .order_by("shift_id", "trip")
        .values_list("pk", "shift_id", "return_s", "return_m")
    ),
    NUMBER,
)
_STOPS: Final = Statement(
    lambda plan: (
        Stop.objects.of_plan(DayPlan(pk=plan))
        .active()
        .order_by("route_id", "position")
        .values_list(*as_fetched(*STOP_COLUMNS))
    ),
    NUMBER,
)
_VEHICLES: Final = Statement(
    lambda plan: (
        Shift.objects.filter(plan_id=plan)
        .order_by("pk")
        .values_list(*as_fetched(*_SHIFT.names, *_VEHICLE.names, *_CLASS.names))
    ),
    NUMBER,
)


_VERSION: Final = Statement(lambda plan: DayPlan.objects.filter(pk=plan).values_list("version"), NUMBER)


def version_of(plan: DayPlan) -> int:
    """Return a day plan's version as it is now. One query. Raises DayPlan.DoesNotExist if it is gone."""
    for (version,) in _VERSION.rows(plan.pk):
        return int(version)
    raise DayPlan.DoesNotExist(f"day plan {plan.pk}")


def read_routes(plan: DayPlan) -> list[RouteRead]:
    """Return a day's trips, those of each shift in order. One query."""
    return [RouteRead(*raw) for raw in _ROUTES.rows(plan.pk)]


def read_stops(plan: DayPlan, before: Stops | None = None) -> Stops:
    """Return a day's active stops by id in trip order, each beside its row as it came. One query.

    `before` are those of the same plan, and the same origin, when it was last read.
    """

    def make(raw: Raw) -> StopRead:
        values = dict(zip(STOP_COLUMNS, _STOPS.values_of(raw), strict=True))
        return StopRead(visit_of(values, plan.origin_at), stored_as(values))

    return made_of(_STOPS.rows(plan.pk), before or {}, make)


def read_vehicles(plan: DayPlan, before: Vehicles | None = None) -> Vehicles:
    """Return the vehicles of a day's shifts by the shifts' ids, in order; else as `read_stops`. One query."""
    return made_of(
        _VEHICLES.rows(plan.pk),
        before or {},
        lambda raw: _vehicle_of(_VEHICLES.values_of(raw), plan.origin_at),
    )


def _vehicle_of(values: Sequence[object], origin_at: datetime) -> problem.Vehicle:
    shift, shift.vehicle, shift.vehicle.vehicle_class = instances_of(values, _SHIFT, _VEHICLE, _CLASS)
    return shift_of(shift, [], origin_at).vehicle


def shifts_of(
    routes: Iterable[RouteRead], stops: Stops, vehicles: Vehicles, before: Iterable[problem.Shift] = ()
) -> tuple[problem.Shift, ...]:
    """Return a day's shifts with their trips. Of those that are as `before`, the very same are returned."""
    on_route: dict[int, list[StopRead]] = defaultdict(list)
    for _raw, stop in stops.values():
        on_route[stop.row.route_id].append(stop)
    trips: dict[int, list[problem.Trip]] = defaultdict(list)
    for route in routes:
        trips[route.shift_id].append(_trip_of(route, on_route[route.pk]))
    known = {shift.vehicle.key: shift for shift in before}
    shifts = [problem.Shift(vehicle, tuple(trips[key])) for key, (_raw, vehicle) in vehicles.items()]
    return tuple(known[s.vehicle.key] if known.get(s.vehicle.key) == s else s for s in shifts)


def _trip_of(route: RouteRead, stops: Sequence[StopRead]) -> problem.Trip:
    back = (problem.Leg(route.return_s, route.return_m),) if stops else ()
    legs = tuple(stop.row.arc for stop in stops) + back
    return problem.Trip(route.pk, tuple(stop.visit for stop in stops), legs)
