"""What is still to be planned of a day: tours, which of them can stand in for each other, and their rests.

Vehicles that are alike become one type. Whoever has rests is a type of its own: a rest is its vehicle's. In
two dimensions of load that nobody else uses the rest of vehicle j weighs (j, n - j), just what j can carry
and too much for every other.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from scheduling.routing.problem import Place, Vehicle, Visit
from scheduling.routing.schedule import Load

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


@dataclass(frozen=True)
class Alike:
    """Tours whose vehicles can stand in for each other, by their numbers; visits that none of them serves."""

    tours: tuple[int, ...]
    vehicle: Vehicle
    start: Place | None
    barred: frozenset[int]


@dataclass(frozen=True)
class Tours:
    """All tours of a day, by their numbers; `staying` are keys of visits that keep their tour."""

    all: tuple[Tour, ...]
    staying: frozenset[int]

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        return tuple(visit for tour in self.all for visit in tour.visits)

    @cached_property
    def horizon_s(self) -> int:
        return max(tour.vehicle.latest_return_s for tour in self.all)

    @cached_property
    def alike(self) -> tuple[Alike, ...]:
        """One for each table of ways."""
        groups: dict[Any, list[int]] = defaultdict(list)
        for number, tour in enumerate(self.all):
            if tour.can_drive:
                groups[self._alike_by(tour)].append(number)
        return tuple(
            Alike(tuple(group), self.all[group[0]].vehicle, key[2], key[3]) for key, group in groups.items()
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
        """The table of ways and the tours of each vehicle type: who has rests is a type of their own."""
        found: list[tuple[int, tuple[int, ...]]] = []
        for table, group in enumerate(self.alike):
            resting = [number for number in group.tours if self.rests_of[self.all[number].owner]]
            found += [(table, (number,)) for number in resting]
            if free := tuple(number for number in group.tours if number not in resting):
                found.append((table, free))
        return tuple(found)

    @cached_property
    def rests_of(self) -> Mapping[int, tuple[Visit, ...]]:
        """The rests of each shift that are still to come."""
        found: dict[int, tuple[Visit, ...]] = defaultdict(tuple)
        for tour in self.all:
            found[tour.owner] += tuple(visit for visit in tour.visits if visit.rest)
        return found

    @cached_property
    def may_stay(self) -> frozenset[int]:
        """The rests, by their keys, of vehicles that may stay at the depot all day."""
        begun = {tour.owner for tour in self.all if tour.begun}
        rests = ((owner, rest) for owner, own in self.rests_of.items() for rest in own)
        return frozenset(rest.key for owner, rest in rests if owner not in begun)

    @cached_property
    def _weights(self) -> Mapping[int, tuple[int, int]]:
        """What a rest of each shift weighs, in its own two dimensions."""
        resting = [owner for owner, rests in self.rests_of.items() if rests]
        return {owner: (number, len(resting) - number) for number, owner in enumerate(resting)}

    @cached_property
    def nothing(self) -> Load:
        """What everything but a rest weighs beside its goods."""
        return (0, 0) * max(map(len, self.rests_of.values()), default=0)

    @cached_property
    def weight_of(self) -> Mapping[int, Load]:
        """What each rest weighs beside its goods, by its key."""
        found: dict[int, Load] = {}
        for owner, rests in self.rests_of.items():
            for number, rest in enumerate(rests):
                before, after = self.nothing[: 2 * number], self.nothing[2 * number + 2 :]
                found[rest.key] = (*before, *self._weights[owner], *after)
        return found

    def carried(self, tour: Tour) -> Load:
        """What a tour can carry beside its goods: just its own rests."""
        weights = [self.weight_of[rest.key] for rest in self.rests_of[tour.owner]] or [self.nothing]
        return tuple(map(sum, zip(*weights, strict=True)))

    def handed_out(self, numbers: Sequence[int], routes: Sequence[list[list[Visit]]]) -> Found:
        """The trips of each tour that drives: whoever serves most of a route's visits now keeps it."""
        now = [{visit.key for visit in self.all[number].visits} for number in numbers]
        wanted = [{visit.key for trip in route for visit in trip} for route in routes]
        by_overlap = sorted(
            ((len(mine & route), -t, -r) for t, mine in enumerate(now) for r, route in enumerate(wanted)),
            reverse=True,
        )
        given: dict[int, int] = {}
        for _, minus_t, minus_r in by_overlap:
            if -minus_t not in given and -minus_r not in given.values():
                given[-minus_t] = -minus_r
        return {numbers[t]: routes[r] for t, r in given.items()}
