"""What is still to be driven as PyVRP sees it, and what it finds as trips: the solver behind one function.

Tours are handed over as a routing problem in whole seconds, their present trips as the start of the
search. Vehicles that are alike become one type. Skills or access that a vehicle lacks become ways that take
it longer than its day; so do visits that must stay where they are. A reload is a stop at a second depot,
which takes the time of reloading. Nothing that comes back is believed: our own schedule judges it.

Ways are told by their cost in seconds, and so is a range in metres: as what its metres cost on the average.
Where some cost more than others, what is found may go too far.

**Rests.** Nobody leaves the depot for a rest alone, and who leaves takes it: a rest is a client that may be
left out at a price, and sending its vehicle out costs the same price more. So a vehicle that stays costs
as much as one that leaves with its rests and opens for nothing, and one that leaves without them is dear.
Vehicles of a kind have rests of a kind, but each its own: in two dimensions of load that nobody else uses
the rest of vehicle j weighs (j, n - j), just what j can carry and too much for every other.
"""

import warnings
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, cast

import numpy as np
import pyvrp
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.stop import MaxRuntime

from scheduling.routing.problem import Place, Vehicle, Visit
from scheduling.routing.schedule import Load
from scheduling.routing.travel import Ints, Travel

warnings.filterwarnings("ignore", category=PenaltyBoundWarning)
# It means that a plan is hard or broken. Which it is, our own schedule says.

DEPOT: Final = 0
"""Where the depot's place stands among the places of a problem; visit i stands at i + 1."""
NO_LIMIT: Final = int(np.iinfo(np.int64).max)
"""PyVRP's own."""
WITHOUT_A_REST_S: Final = 24 * 3600
"""What leaving without a rest costs: more than any way round it saves in a day."""

Found = dict[int, list[list[Visit]]]
"""The trips of each tour by its number; tours that stay at the depot are not in it."""


@dataclass(frozen=True, slots=True)
class Tour:
    """What one vehicle is still to drive, and when: `trips` as they are now, at most `n_trips` of them.

    owner: the key of its shift. Several tours may be of one: each of them may take its rests
    start, aboard: where it begins and what it has collected by then; the depot and nothing unless `begun`
    begun: its vehicle is out today, whatever becomes of this tour
    closed: it has left the depot: it takes none of others' deliveries
    """

    owner: int
    vehicle: Vehicle
    n_trips: int
    trips: tuple[tuple[Visit, ...], ...]
    start: Place | None = None
    aboard: Load = ()
    begun: bool = False
    closed: bool = False

    @property
    def visits(self) -> tuple[Visit, ...]:
        return tuple(visit for trip in self.trips for visit in trip)

    @property
    def leaves(self) -> bool:
        return self.begun or any(not visit.rest for visit in self.visits)

    @property
    def can_drive(self) -> bool:
        return self.n_trips > 0 and self.vehicle.latest_return_s >= max(0, self.vehicle.starts_s)


def solve(
    depot: Place,
    tours: Sequence[Tour],
    travel: Travel,
    *,
    staying: Collection[int],
    seconds: float,
    seed: int,
) -> Found | None:
    """The best trips found in so many seconds; None if none keep all windows, loads, skills and hours.

    `staying` are keys of visits that keep their tour.
    """
    task = _Task(depot, tuple(tours), travel, frozenset(staying))
    if not task.types or any(task.hopeless(visit) for visit in task.visits):
        return None
    now = pyvrp.Solution(task.data, task.routes_now())
    result = pyvrp.solve(task.data, MaxRuntime(seconds), seed=seed, collect_stats=False, initial_solution=now)
    return task.found(result.best) if result.is_feasible() else None


@dataclass(frozen=True)
class _Alike:
    """Tours whose vehicles can stand in for each other, by their numbers; visits that none of them serves."""

    tours: tuple[int, ...]
    vehicle: Vehicle
    start: Place | None
    barred: frozenset[int]


@dataclass(frozen=True)
class _Task:
    """Tours as PyVRP sees them: visit i of `visits` is its client i, type t of `types` its vehicle type t."""

    depot: Place
    tours: tuple[Tour, ...]
    travel: Travel
    staying: frozenset[int]

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        return tuple(visit for tour in self.tours for visit in tour.visits)

    @cached_property
    def horizon_s(self) -> int:
        return max(tour.vehicle.latest_return_s for tour in self.tours)

    @cached_property
    def alike(self) -> tuple[_Alike, ...]:
        """One for each table of ways."""
        groups: dict[Any, list[int]] = defaultdict(list)
        for number, tour in enumerate(self.tours):
            if tour.can_drive:
                groups[self._alike_by(tour)].append(number)
        return tuple(
            _Alike(tuple(group), self.tours[group[0]].vehicle, key[2], key[3])
            for key, group in groups.items()
        )

    def _alike_by(self, tour: Tour) -> tuple[Any, ...]:
        return (replace(tour.vehicle, key=0), tour.n_trips, tour.start, self._barred(tour))

    def _barred(self, tour: Tour) -> frozenset[int]:
        """The visits, by their index, that a tour may not serve, or lacks skills for, or that are not its."""
        own = {visit.key for visit in tour.visits}
        return frozenset(
            index
            for index, visit in enumerate(self.visits)
            if visit.skills & ~tour.vehicle.skills
            or tour.vehicle.kind.key in visit.barred
            or (visit.key not in own and not visit.rest and self._stays(tour, visit))
        )

    def _stays(self, tour: Tour, visit: Visit) -> bool:
        return visit.key in self.staying or (tour.closed and any(visit.delivered))

    @cached_property
    def types(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The profile and the tours of each vehicle type: who has rests is a type of their own."""
        found: list[tuple[int, tuple[int, ...]]] = []
        for profile, group in enumerate(self.alike):
            resting = [number for number in group.tours if self.rests_of[self.tours[number].owner]]
            found += [(profile, (number,)) for number in resting]
            if free := tuple(number for number in group.tours if number not in resting):
                found.append((profile, free))
        return tuple(found)

    @cached_property
    def rests_of(self) -> Mapping[int, tuple[Visit, ...]]:
        """The rests of each shift that are still to come."""
        found: dict[int, tuple[Visit, ...]] = defaultdict(tuple)
        for tour in self.tours:
            found[tour.owner] += tuple(visit for visit in tour.visits if visit.rest)
        return found

    @cached_property
    def _weights(self) -> Mapping[int, tuple[int, int]]:
        """What a rest of each shift weighs, in its own two dimensions."""
        resting = [owner for owner, rests in self.rests_of.items() if rests]
        return {owner: (number, len(resting) - number) for number, owner in enumerate(resting)}

    @cached_property
    def _most_rests(self) -> int:
        return max(map(len, self.rests_of.values()), default=0)

    @cached_property
    def _weight_of(self) -> Mapping[int, Load]:
        """What each rest weighs beside its goods, by its key; every other visit weighs nothing."""
        found: dict[int, Load] = {}
        for owner, rests in self.rests_of.items():
            for number, rest in enumerate(rests):
                before, after = (0, 0) * number, (0, 0) * (self._most_rests - number - 1)
                found[rest.key] = (*before, *self._weights[owner], *after)
        return found

    @cached_property
    def _starts(self) -> list[Place]:
        return [group.start for group in self.alike if group.start is not None]

    @cached_property
    def _places(self) -> list[Place]:
        return [self.depot, *(visit.place for visit in self.visits), *self._starts]

    @cached_property
    def _profiles(self) -> "list[_Profile]":
        return [_Profile.of(self._places, group, self.travel, self.horizon_s) for group in self.alike]

    @cached_property
    def data(self) -> Any:
        places, profiles = self._places, self._profiles
        begins = range(len(self.visits) + 1, len(places))
        return pyvrp.ProblemData(
            locations=[pyvrp.Location(place.lon, place.lat) for place in places],
            clients=[self._client(index, visit) for index, visit in enumerate(self.visits)],
            depots=[
                pyvrp.Depot(DEPOT),
                *(pyvrp.Depot(DEPOT, service_duration=seconds) for seconds in self._reloads),
                *(pyvrp.Depot(place) for place in begins),
            ],
            vehicle_types=[self._vehicle_type(profile, tours) for profile, tours in self.types],
            distance_matrices=cast(Any, [profile.cost_s for profile in profiles]),
            duration_matrices=cast(Any, [profile.seconds for profile in profiles]),
        )

    @cached_property
    def _reloads(self) -> list[int]:
        return sorted({group.vehicle.reload_s for group in self.alike})

    def hopeless(self, visit: Visit) -> bool:
        """Whether a window has no second in which a vehicle is out."""
        return max(0, visit.opens_s) > min(visit.closes_s - 1, self.horizon_s)

    def _client(self, index: int, visit: Visit) -> Any:
        nothing = (0, 0) * self._most_rests
        required = visit.key not in self._may_stay
        return pyvrp.Client(
            location=index + 1,
            delivery=[*visit.delivered, *self._weight_of.get(visit.key, nothing)],
            pickup=[*visit.collected, *nothing],
            service_duration=visit.service_s,
            tw_early=max(0, visit.opens_s),
            tw_late=min(visit.closes_s - 1, self.horizon_s),
            prize=0 if required else WITHOUT_A_REST_S,
            required=required,
        )

    @cached_property
    def _may_stay(self) -> frozenset[int]:
        """The rests, by their keys, of vehicles that may stay at the depot all day."""
        begun = {tour.owner for tour in self.tours if tour.begun}
        rests = ((owner, rest) for owner, own in self.rests_of.items() for rest in own)
        return frozenset(rest.key for owner, rest in rests if owner not in begun)

    def _vehicle_type(self, profile: int, tours: Sequence[int]) -> Any:
        tour, group = self.tours[tours[0]], self.alike[profile]
        rests = self.rests_of[tour.owner]
        weights = [self._weight_of[rest.key] for rest in rests] or [(0, 0) * self._most_rests]
        opening_s = tour.vehicle.kind.opening_cost_s + len(rests) * WITHOUT_A_REST_S
        begins = 0 if group.start is None else 1 + len(self._reloads) + self._starts.index(group.start)
        legs = len(self.visits) + tour.n_trips
        return pyvrp.VehicleType(
            num_available=len(tours),
            capacity=[*tour.vehicle.kind.capacity, *map(sum, zip(*weights, strict=True))],
            start_depot=begins,
            end_depot=DEPOT,
            fixed_cost=0 if tour.begun else opening_s,
            tw_early=max(0, tour.vehicle.starts_s),
            tw_late=tour.vehicle.latest_return_s,
            profile=profile,
            initial_load=[*tour.aboard, *(0, 0) * self._most_rests] if tour.aboard else [],
            reload_depots=[1 + self._reloads.index(tour.vehicle.reload_s)] if tour.n_trips > 1 else [],
            max_reloads=tour.n_trips - 1,
            max_distance=self._profiles[profile].range_s(tour.vehicle.kind.range_m, most_legs=legs),
        )

    def routes_now(self) -> list[Any]:
        """The present routes, for the search to start from."""
        index_of = {visit.key: index for index, visit in enumerate(self.visits)}
        routes = []
        for number, (_profile, tours) in enumerate(self.types):
            reload = self.data.vehicle_type(number).reload_depots
            for tour in (self.tours[each] for each in tours):
                trips = [[index_of[visit.key] for visit in trip] for trip in tour.trips if trip]
                if trips and tour.leaves:
                    routes.append(pyvrp.Route(self.data, _activities(trips, reload), number))
        return routes

    def found(self, solution: Any) -> Found:
        """The trips of a solution. Each route goes to the tour with most of its visits now."""
        routes: dict[int, list[list[list[Visit]]]] = defaultdict(list)
        for route in solution.routes():
            routes[route.vehicle_type()].append(self._trips(route))
        found: Found = {}
        for number, (_profile, tours) in enumerate(self.types):
            found |= _handed_out([(each, self.tours[each]) for each in tours], routes[number])
        return found

    def _trips(self, route: Any) -> list[list[Visit]]:
        trips: list[list[Visit]] = [[]]
        for activity in route:
            if activity.is_client():
                trips[-1].append(self.visits[activity.idx])
            elif trips[-1]:
                trips.append([])
        return [trip for trip in trips if trip]


@dataclass(frozen=True)
class _Profile:
    """What ways between all places cost a group of vehicles, and how long they take: shape (n, n).

    cost_s_per_m: what a metre costs, on the average of all ways
    """

    cost_s: Ints
    seconds: Ints
    cost_s_per_m: float

    @classmethod
    def of(cls, places: Sequence[Place], group: _Alike, travel: Travel, horizon_s: int) -> "_Profile":
        kind = group.vehicle.kind
        legs = travel.table(places, kind)
        seconds, cost_s = legs.seconds, legs.seconds + legs.metres * kind.cost_s_per_km // 1000
        cost_s_per_m = float(cost_s.sum()) / max(1, int(legs.metres.sum()))
        barred = [index + 1 for index in sorted(group.barred)]
        if barred:
            seconds[:, barred] = cost_s[:, barred] = horizon_s + 1
        for of in (seconds, cost_s):
            np.fill_diagonal(of, 0)
        return cls(cost_s, seconds, cost_s_per_m)

    def range_s(self, range_m: int | None, *, most_legs: int) -> int:
        """What a range costs; a second less for each leg, since legs are rounded one by one."""
        return NO_LIMIT if range_m is None else max(0, int(range_m * self.cost_s_per_m) - most_legs)


def _activities(trips: Sequence[Sequence[int]], reload_depots: Sequence[int]) -> list[Any]:
    """The clients of some trips, with a visit to the depot between two trips."""
    found: list[Any] = []
    for trip in trips:
        if found:
            found.append(pyvrp.Activity(pyvrp.ActivityType.DEPOT, reload_depots[0]))
        found += [pyvrp.Activity(pyvrp.ActivityType.CLIENT, index) for index in trip]
    return found


def _handed_out(tours: Sequence[tuple[int, Tour]], routes: Sequence[list[list[Visit]]]) -> Found:
    """The trips of each tour that drives: whoever serves most of a route's visits now keeps it."""
    now = [{visit.key for visit in tour.visits} for _number, tour in tours]
    wanted = [{visit.key for trip in route for visit in trip} for route in routes]
    by_overlap = sorted(
        ((len(mine & route), -t, -r) for t, mine in enumerate(now) for r, route in enumerate(wanted)),
        reverse=True,
    )
    given: dict[int, int] = {}
    for _, minus_t, minus_r in by_overlap:
        if -minus_t not in given and -minus_r not in given.values():
            given[-minus_t] = -minus_r
    return {tours[t][0]: routes[r] for t, r in given.items()}
