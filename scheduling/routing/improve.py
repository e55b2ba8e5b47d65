"""A better plan for the same visits: PyVRP behind one function.

A plan is handed over as a routing problem in whole seconds, its present routes as the start of the search,
and what comes back is judged by our own schedule: nothing is believed. Vehicles that are alike become one
type. Skills that a vehicle lacks become ways that take it longer than its day; so do visits that must
stay where they are. A reload is a stop at a second depot, which takes the time of reloading.
"""

import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pyvrp
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.stop import MaxRuntime

from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, Visit
from scheduling.routing.schedule import violations
from scheduling.routing.travel import Ints, Travel

warnings.filterwarnings("ignore", category=PenaltyBoundWarning)
# It means that a plan is hard or broken. Which it is, our own schedule says.

DEPOT = 0
"""Where the depot's place stands among the places of a problem; visit i stands at i + 1."""


def improve(
    plan: Plan,
    travel: Travel,
    *,
    seconds: float,
    seed: int = 0,
    staying: Collection[int] = (),
) -> Plan:
    """The plan with better routes, or the same plan if none were found in so many seconds.

    All windows, loads, skills, shifts and reloads hold in what is returned; visits keep their keys, trips
    theirs. `staying` are keys of visits that keep their vehicle. A plan that already breaks something
    comes back mended or unchanged.
    """
    visits = tuple(visits_of(plan))
    if not visits:
        return plan
    task = _Task(plan, visits, travel, frozenset(staying))
    if not task.alike or any(task.hopeless(visit) for visit in visits):
        return plan
    result = pyvrp.solve(
        task.data,
        MaxRuntime(seconds),
        seed=seed,
        collect_stats=False,
        initial_solution=pyvrp.Solution(task.data, task.routes_now()),
    )
    if not result.is_feasible():
        return plan
    found = task.plan_of(result.best)
    sound_before, sound = is_sound(plan), is_sound(found)
    return found if sound and (not sound_before or cost_s(found) < cost_s(plan)) else plan


def visits_of(plan: Plan) -> Iterable[Visit]:
    """All visits of a plan, trip by trip."""
    return (visit for shift in plan.shifts for trip in shift.trips for visit in trip.visits)


def is_sound(plan: Plan) -> bool:
    """Whether no shift breaks anything."""
    return not any(violations(shift) for shift in plan.shifts)


def driving(plan: Plan) -> Leg:
    """All driving of a plan in one: seconds and metres."""
    legs = [leg for shift in plan.shifts for trip in shift.trips for leg in trip.legs]
    return Leg(sum(leg.seconds for leg in legs), sum(leg.metres for leg in legs))


def cost_s(plan: Plan) -> int:
    """What a plan costs, in seconds of driving: as quotes count it, leg by leg, and vehicles sent out."""
    return sum(
        sum(_leg_cost_s(leg, shift.vehicle) for trip in shift.trips for leg in trip.legs)
        + (shift.vehicle.kind.opening_cost_s if shift.used else 0)
        for shift in plan.shifts
    )


def _leg_cost_s(leg: Leg, vehicle: Vehicle) -> int:
    return leg.seconds + leg.metres * vehicle.kind.cost_s_per_km // 1000


@dataclass(frozen=True)
class _Alike:
    """Shifts whose vehicles can stand in for each other, and the visits that none of them can serve."""

    shifts: tuple[Shift, ...]
    barred: frozenset[int]

    @property
    def vehicle(self) -> Vehicle:
        return self.shifts[0].vehicle


@dataclass(frozen=True)
class _Task:
    """A plan as PyVRP sees it: visit i of `visits` is its client i, group g of `alike` its vehicle type g."""

    plan: Plan
    visits: tuple[Visit, ...]
    travel: Travel
    staying: frozenset[int]

    @cached_property
    def alike(self) -> tuple[_Alike, ...]:
        groups: dict[Any, list[Shift]] = defaultdict(list)
        for shift in self.plan.shifts:
            if not shift.trips or shift.vehicle.latest_return_s < max(0, shift.vehicle.starts_s):
                continue  # it can't drive
            vehicle = replace(shift.vehicle, key=0)
            groups[vehicle, len(shift.trips), self._barred(shift)].append(shift)
        return tuple(_Alike(tuple(shifts), key[2]) for key, shifts in groups.items())

    def _barred(self, shift: Shift) -> frozenset[int]:
        """The visits, by their index, that a vehicle lacks skills for, or that stay with another."""
        own = {visit.key for trip in shift.trips for visit in trip.visits}
        return frozenset(
            index
            for index, visit in enumerate(self.visits)
            if visit.skills & ~shift.vehicle.skills or (visit.key in self.staying and visit.key not in own)
        )

    @cached_property
    def data(self) -> Any:
        places = [self.plan.depot, *(visit.place for visit in self.visits)]
        profiles = [_Profile.of(places, group, self.travel, self.horizon_s) for group in self.alike]
        reload_times = sorted({group.vehicle.reload_s for group in self.alike})
        return pyvrp.ProblemData(
            locations=[pyvrp.Location(place.lon, place.lat) for place in places],
            clients=[self._client(index, visit) for index, visit in enumerate(self.visits)],
            depots=[
                pyvrp.Depot(DEPOT),
                *(pyvrp.Depot(DEPOT, service_duration=seconds) for seconds in reload_times),
            ],
            vehicle_types=[
                _vehicle_type(group, profile, reload_depot=1 + reload_times.index(group.vehicle.reload_s))
                for profile, group in enumerate(self.alike)
            ],
            distance_matrices=cast(Any, [profile.cost_s for profile in profiles]),
            duration_matrices=cast(Any, [profile.seconds for profile in profiles]),
        )

    @property
    def horizon_s(self) -> int:
        return max(shift.vehicle.latest_return_s for shift in self.plan.shifts)

    def hopeless(self, visit: Visit) -> bool:
        """Whether a window has no second in which a vehicle is out."""
        return max(0, visit.opens_s) > min(visit.closes_s - 1, self.horizon_s)

    def _client(self, index: int, visit: Visit) -> Any:
        return pyvrp.Client(
            location=index + 1,
            delivery=list(visit.delivered),
            pickup=list(visit.collected),
            service_duration=visit.service_s,
            tw_early=max(0, visit.opens_s),
            tw_late=min(visit.closes_s - 1, self.horizon_s),
        )

    def routes_now(self) -> list[Any]:
        """The present routes, for the search to start from."""
        index_of = {visit.key: index for index, visit in enumerate(self.visits)}
        routes = []
        for number, group in enumerate(self.alike):
            reload = self.data.vehicle_type(number).reload_depots
            for shift in group.shifts:
                trips = [[index_of[v.key] for v in trip.visits] for trip in shift.trips if trip.visits]
                if trips:
                    routes.append(pyvrp.Route(self.data, _activities(trips, reload), number))
        return routes

    def plan_of(self, solution: Any) -> Plan:
        """The plan that a solution stands for. Each route goes to the shift with most of its visits now."""
        tours: dict[int, list[list[list[Visit]]]] = defaultdict(list)
        for route in solution.routes():
            tours[route.vehicle_type()].append(self._trips(route))
        changed = {shift.vehicle.key: self._shift(shift, []) for shift in self.plan.shifts}
        for number, group in enumerate(self.alike):
            for shift, trips in _handed_out(group.shifts, tours[number]):
                changed[shift.vehicle.key] = self._shift(shift, trips)
        return replace(self.plan, shifts=tuple(changed[shift.vehicle.key] for shift in self.plan.shifts))

    def _trips(self, route: Any) -> list[list[Visit]]:
        trips: list[list[Visit]] = [[]]
        for activity in route:
            if activity.is_client():
                trips[-1].append(self.visits[activity.idx])
            elif trips[-1]:
                trips.append([])
        return [trip for trip in trips if trip]

    def _shift(self, shift: Shift, trips: Sequence[Sequence[Visit]]) -> Shift:
        filled = [*trips, *[()] * (len(shift.trips) - len(trips))]
        return replace(
            shift,
            trips=tuple(
                self._trip(old, tuple(visits), shift.vehicle)
                for old, visits in zip(shift.trips, filled, strict=True)
            ),
        )

    def _trip(self, old: Trip, visits: tuple[Visit, ...], vehicle: Vehicle) -> Trip:
        if [visit.key for visit in visits] == [visit.key for visit in old.visits]:
            return old  # its legs are those it was promised with
        stops: list[Place] = [self.plan.depot, *(visit.place for visit in visits), self.plan.depot]
        ways = pairwise(stops) if visits else ()
        legs = tuple(self.travel.leg(start, end, vehicle.kind) for start, end in ways)
        return Trip(old.key, visits, legs)


@dataclass(frozen=True)
class _Profile:
    """What ways between all places cost a group of vehicles, and how long they take: shape (n, n)."""

    cost_s: Ints
    seconds: Ints

    @classmethod
    def of(cls, places: Sequence[Place], group: _Alike, travel: Travel, horizon_s: int) -> "_Profile":
        kind = group.vehicle.kind
        legs = travel.table(places, kind)
        seconds, cost_s = legs.seconds, legs.seconds + legs.metres * kind.cost_s_per_km // 1000
        barred = [index + 1 for index in sorted(group.barred)]
        if barred:
            seconds[:, barred] = cost_s[:, barred] = horizon_s + 1
        for of in (seconds, cost_s):
            np.fill_diagonal(of, 0)
        return cls(cost_s, seconds)


def _vehicle_type(group: _Alike, profile: int, *, reload_depot: int) -> Any:
    vehicle, trips = group.vehicle, len(group.shifts[0].trips)
    return pyvrp.VehicleType(
        num_available=len(group.shifts),
        capacity=list(vehicle.kind.capacity),
        fixed_cost=vehicle.kind.opening_cost_s,
        tw_early=max(0, vehicle.starts_s),
        tw_late=vehicle.latest_return_s,
        profile=profile,
        reload_depots=[reload_depot] if trips > 1 else [],
        max_reloads=trips - 1,
    )


def _activities(trips: Sequence[Sequence[int]], reload_depots: Sequence[int]) -> list[Any]:
    """The clients of some trips, with a visit to the depot between two trips."""
    found: list[Any] = []
    for trip in trips:
        if found:
            found.append(pyvrp.Activity(pyvrp.ActivityType.DEPOT, reload_depots[0]))
        found += [pyvrp.Activity(pyvrp.ActivityType.CLIENT, index) for index in trip]
    return found


def _handed_out(
    shifts: Sequence[Shift], tours: Sequence[list[list[Visit]]]
) -> list[tuple[Shift, list[list[Visit]]]]:
    """Each shift with its trips: whoever serves most of a tour's visits now keeps it."""
    now = [{visit.key for trip in shift.trips for visit in trip.visits} for shift in shifts]
    wanted = [{visit.key for trip in tour for visit in trip} for tour in tours]
    by_overlap = sorted(
        ((len(mine & tour), -s, -t) for s, mine in enumerate(now) for t, tour in enumerate(wanted)),
        reverse=True,
    )
    given: dict[int, int] = {}
    for _, minus_s, minus_t in by_overlap:
        if -minus_s not in given and -minus_t not in given.values():
            given[-minus_s] = -minus_t
    return [(shift, list(tours[given[s]]) if s in given else []) for s, shift in enumerate(shifts)]
