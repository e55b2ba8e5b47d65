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
"""

import warnings
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

import numpy as np
import pyvrp
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.stop import MaxRuntime

from scheduling.routing.places import Ints
from scheduling.routing.problem import Place, Visit
from scheduling.routing.tours import Alike, Found, Tour, Tours
from scheduling.routing.travel import Travel

warnings.filterwarnings("ignore", category=PenaltyBoundWarning)
# It means that a plan is hard or broken. Which it is, our own schedule says.

DEPOT: Final = 0
"""Where the depot's place stands among the places of a problem; visit i stands at i + 1."""
NO_LIMIT: Final = int(np.iinfo(np.int64).max)
"""PyVRP's own."""
WITHOUT_A_REST_S: Final = 24 * 3600
"""What leaving without a rest costs: more than any way round it saves in a day."""


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
    task = _Task(depot, Tours(tuple(tours), frozenset(staying)), travel)
    if not task.tours.types or any(task.hopeless(visit) for visit in task.tours.visits):
        return None
    now = pyvrp.Solution(task.data, task.routes_now())
    result = pyvrp.solve(task.data, MaxRuntime(seconds), seed=seed, collect_stats=False, initial_solution=now)
    return task.found(result.best) if result.is_feasible() else None


@dataclass(frozen=True)
class _Task:
    """Tours as PyVRP sees them: visit i of their visits is its client i, type t of their types its type t."""

    depot: Place
    tours: Tours
    travel: Travel

    @cached_property
    def _starts(self) -> list[Place]:
        return [group.start for group in self.tours.alike if group.start is not None]

    @cached_property
    def _places(self) -> list[Place]:
        return [self.depot, *(visit.place for visit in self.tours.visits), *self._starts]

    @cached_property
    def _profiles(self) -> "list[_Profile]":
        return [
            _Profile.of(self._places, group, self.travel, self.tours.horizon_s) for group in self.tours.alike
        ]

    @cached_property
    def data(self) -> Any:
        places, profiles = self._places, self._profiles
        begins = range(len(self.tours.visits) + 1, len(places))
        return pyvrp.ProblemData(
            locations=[pyvrp.Location(place.lon, place.lat) for place in places],
            clients=[self._client(index, visit) for index, visit in enumerate(self.tours.visits)],
            depots=[
                pyvrp.Depot(DEPOT),
                *(pyvrp.Depot(DEPOT, service_duration=seconds) for seconds in self._reloads),
                *(pyvrp.Depot(place) for place in begins),
            ],
            vehicle_types=[self._vehicle_type(profile, tours) for profile, tours in self.tours.types],
            distance_matrices=cast(Any, [profile.cost_s for profile in profiles]),
            duration_matrices=cast(Any, [profile.seconds for profile in profiles]),
        )

    @cached_property
    def _reloads(self) -> list[int]:
        return sorted({group.vehicle.reload_s for group in self.tours.alike})

    def hopeless(self, visit: Visit) -> bool:
        """Whether a window has no second in which a vehicle is out."""
        return max(0, visit.opens_s) > min(visit.closes_s - 1, self.tours.horizon_s)

    def _client(self, index: int, visit: Visit) -> Any:
        required = visit.key not in self.tours.may_stay
        return pyvrp.Client(
            location=index + 1,
            delivery=[*visit.delivered, *self.tours.weight_of.get(visit.key, self.tours.nothing)],
            pickup=[*visit.collected, *self.tours.nothing],
            service_duration=visit.service_s,
            tw_early=max(0, visit.opens_s),
            tw_late=min(visit.closes_s - 1, self.tours.horizon_s),
            prize=0 if required else WITHOUT_A_REST_S,
            required=required,
        )

    def _vehicle_type(self, profile: int, tours: Sequence[int]) -> Any:
        tour, group = self.tours.all[tours[0]], self.tours.alike[profile]
        rests = self.tours.rests_of[tour.owner]
        opening_s = tour.vehicle.kind.opening_cost_s + len(rests) * WITHOUT_A_REST_S
        begins = 0 if group.start is None else 1 + len(self._reloads) + self._starts.index(group.start)
        legs = len(self.tours.visits) + tour.n_trips
        return pyvrp.VehicleType(
            num_available=len(tours),
            capacity=[*tour.vehicle.kind.capacity, *self.tours.carried(tour)],
            start_depot=begins,
            end_depot=DEPOT,
            fixed_cost=0 if tour.begun else opening_s,
            tw_early=max(0, tour.vehicle.starts_s),
            tw_late=tour.vehicle.latest_return_s,
            profile=profile,
            initial_load=[*tour.aboard, *self.tours.nothing] if tour.aboard else [],
            reload_depots=[1 + self._reloads.index(tour.vehicle.reload_s)] if tour.n_trips > 1 else [],
            max_reloads=tour.n_trips - 1,
            max_distance=self._profiles[profile].range_s(tour.vehicle.kind.range_m, most_legs=legs),
        )

    def routes_now(self) -> list[Any]:
        """The present routes, for the search to start from."""
        index_of = {visit.key: index for index, visit in enumerate(self.tours.visits)}
        routes = []
        for number, (_profile, tours) in enumerate(self.tours.types):
            reload = self.data.vehicle_type(number).reload_depots
            for tour in (self.tours.all[each] for each in tours):
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
        for number, (_profile, tours) in enumerate(self.tours.types):
            found |= self.tours.handed_out(tours, routes[number])
        return found

    def _trips(self, route: Any) -> list[list[Visit]]:
        trips: list[list[Visit]] = [[]]
        for activity in route:
            if activity.is_client():
                trips[-1].append(self.tours.visits[activity.idx])
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
    def of(cls, places: Sequence[Place], group: Alike, travel: Travel, horizon_s: int) -> "_Profile":
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
