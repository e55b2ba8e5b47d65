"""Who asks, in which order, what they like, and which vans there are."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from portal.benchmarks.booking.instances import Instance
from scheduling.routing.places import Floats, Ints
from scheduling.routing.problem import Place, Plan, Shift, Trip, Vehicle, VehicleClass, Visit

Scenario = Literal["hours", "load"]
SCENARIOS: Final[tuple[Scenario, ...]] = ("hours", "load")

SHIFT_S: Final = 12 * 3600
WINDOW_S: Final = 2 * 3600
WINDOWS: Final = tuple((opens, opens + WINDOW_S) for opens in range(0, SHIFT_S, WINDOW_S))
POPULARITY: Final = (0.3, 0.0, -0.3, 0.0, 0.5, 0.8)

WANTED: Final = 0.6
"""The share of an instance's customers who ask."""

SERVED: Final = 1.2
"""How much of what is wanted the fleet is made for: less than all."""

DRIVING_PER_STOP: Final = 0.45
"""Driving to a stop, as a part of the way between two customers in the middle."""

SPEED_M_PER_H: Final = 25_000
"""Turns given seconds into metres, which bands are made of: as routing.offers does."""

UNBOUND: Final = 2**40


@dataclass(frozen=True)
class Day:
    """One instance as one seed tells it: `arrivals` are nodes in order, `taste` has a row for each of them.

    capacity: of each van, None where loads never bind; pickups: who of them has something to be fetched
    """

    instance: Instance
    seed: int
    scenario: Scenario
    arrivals: tuple[int, ...]
    taste: Floats
    fleet: int
    capacity: int | None
    pickups: frozenset[int] = frozenset()

    @classmethod
    def of(cls, instance: Instance, *, seed: int, scenario: Scenario, pickups: float = 0.0) -> "Day":
        """Return the day; of those who come, so large a share of `pickups`, every so manyth, is a pickup."""
        order = np.random.default_rng(seed).permutation(np.arange(1, instance.nodes))
        arrivals = order[: round(WANTED * (instance.nodes - 1))]
        noise = np.random.default_rng(100 + seed).gumbel(size=(len(arrivals), len(WINDOWS)))
        binds = scenario == "load"
        return cls(
            instance=instance,
            seed=seed,
            scenario=scenario,
            arrivals=tuple(map(int, arrivals)),
            taste=np.array(POPULARITY) + noise,
            fleet=_fleet_for_load(instance, arrivals) if binds else _fleet_for_hours(instance, arrivals),
            capacity=instance.capacity if binds else None,
            pickups=_fetched(tuple(map(int, arrivals)), pickups),
        )

    def empty_plan(self) -> Plan:
        """The plan in which nothing is booked yet."""
        kind = VehicleClass(
            key="van",
            capacity=(UNBOUND if self.capacity is None else self.capacity,),
            speed_m_per_h=SPEED_M_PER_H,
            detour_percent=100,
            cost_s_per_km=0,
            opening_cost_s=0,
            grams_per_km=0,
        )
        return Plan(
            depot=place_of(0),
            shifts=tuple(
                Shift(Vehicle(number, kind, 0, SHIFT_S, SHIFT_S, reload_s=0), (Trip(number),))
                for number in range(1, self.fleet + 1)
            ),
        )

    def visit(self, node: int, window: tuple[int, int] = (0, SHIFT_S)) -> Visit:
        """One customer in a window."""
        service_s, demand = int(self.instance.service_s[node]), int(self.instance.demand[node])
        brought, fetched = ((0,), (demand,)) if node in self.pickups else ((demand,), (0,))
        return Visit(node, place_of(node), *window, service_s, brought, fetched, household=str(node))


def place_of(node: int) -> Place:
    return Place(0.0, 0.0, node)


def _fetched(arrivals: tuple[int, ...], share: float) -> frozenset[int]:
    """Every fifth for a fifth, the last of each five: nothing of it is left to chance."""
    if not share:
        return frozenset()
    every = round(1 / share)
    return frozenset(arrivals[every - 1 :: every])


def _fleet_for_hours(instance: Instance, arrivals: Ints) -> int:
    ways = instance.seconds[1:, 1:]
    middle = np.median(ways[~np.eye(len(ways), dtype=bool)])
    work_s = int(instance.service_s[arrivals].sum()) + DRIVING_PER_STOP * float(middle) * len(arrivals)
    return max(2, round(work_s / (SERVED * SHIFT_S)))


def _fleet_for_load(instance: Instance, arrivals: Ints) -> int:
    return max(2, round(int(instance.demand[arrivals].sum()) / (SERVED * instance.capacity)))
