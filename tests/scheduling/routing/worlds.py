"""Random problems, small enough to try everything in: odd matrices, tight loads, broken plans."""

from dataclasses import dataclass, replace
from operator import sub
from random import Random

import numpy as np

from scheduling.routing.insertion import Slots
from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, VehicleClass, Visit
from scheduling.routing.travel import GreatCircle, Matrix, Travel
from tests.scheduling.routing.reference import MatrixWays, circle_way

NODES = 12
HORIZON_S = 6_000


@dataclass
class World:
    """Days of one depot, one visit to insert, and the same travel times for core and reference."""

    plans: list[Plan]
    visit: Visit
    windows: list[list[tuple[int, int]]]
    travel: Travel
    way_of: object

    @property
    def slots(self) -> Slots:
        return Slots.of(self.windows, self.barred)

    @property
    def barred(self) -> list[list[frozenset[str]]]:
        """What the visit bars is barred in every other slot."""
        none = frozenset()
        return [[none if n % 2 else self.visit.barred for n in range(len(day))] for day in self.windows]


def make_world(seed: int, *, circle: bool = False) -> World:
    random = Random(seed)
    travel, way_of = (GreatCircle(), circle_way) if circle else random_matrix(random)
    dimensions = random.choice([1, 1, 2, 3])
    kinds = [random_kind(random, index, dimensions) for index in range(random.randint(1, 3))]
    depot = random_place(random, 0)
    plans = [random_plan(random, depot, kinds, way_of) for _ in range(random.randint(1, 3))]
    visit = random_visit(random, -1, dimensions)
    windows = [[random_window(random) for _ in range(random.randint(1, 5))] for _ in plans]
    return World(plans, visit, windows, travel, way_of)


def random_matrix(random: Random) -> tuple[Matrix, MatrixWays]:
    """Neither symmetric nor triangular; with zeros; sometimes without metres."""

    def table(most: int) -> list[list[int]]:
        return [
            [random.choice([0, random.randint(0, most), random.randint(0, most)]) for _ in range(NODES)]
            for _ in range(NODES)
        ]

    seconds = table(random.choice([60, 600, 1_500]))
    metres = table(9_000) if random.random() < 0.7 else None
    return Matrix(np.array(seconds), None if metres is None else np.array(metres)), MatrixWays(
        seconds, metres
    )


def random_kind(random: Random, index: int, dimensions: int) -> VehicleClass:
    return VehicleClass(
        key=f"kind-{index}",
        capacity=tuple(random.randint(3, 14) for _ in range(dimensions)),
        speed_m_per_h=random.randint(9_000, 60_000),
        detour_percent=random.randint(100, 160),
        cost_s_per_km=random.choice([0, 0, 37, 250]),
        opening_cost_s=random.choice([0, 300]),
        grams_per_km=100,
        range_m=random.choice([None, None, random.randint(2_000, 60_000)]),
    )


def random_place(random: Random, node: int | None = None) -> Place:
    lat, lon = 60.16 + 0.05 * random.random(), 24.90 + 0.1 * random.random()
    return Place(lat, lon, random.randrange(NODES) if node is None else node)


def random_visit(random: Random, key: int, dimensions: int) -> Visit:
    out = random.random() < 0.65
    loads = tuple(random.randint(0, 4) for _ in range(dimensions))
    other = loads if random.random() < 0.15 else (0,) * dimensions
    return Visit(
        key=key,
        place=random_place(random),
        opens_s=0,
        closes_s=0,
        service_s=random.choice([0, 60, 200]),
        delivered=loads if out else other,
        collected=other if out else loads,
        skills=random.choice([0, 0, 0, 0, 1, 2, 3]),
        household=f"household {random.randrange(8)}",
        booked=random.random() < 0.8,
        barred=frozenset(random.choice([[], [], [], ["kind-0"], ["kind-1", "kind-2"]])),
    )


def random_window(random: Random) -> tuple[int, int]:
    if random.random() < 0.1:
        return 0, 0
    opens = random.randrange(0, HORIZON_S)
    return opens, opens + random.choice([1, 300, 1_500, HORIZON_S])


def random_plan(random: Random, depot: Place, kinds: list[VehicleClass], way_of) -> Plan:
    keys = iter(range(10_000))
    shifts = [
        random_shift(random, depot, kinds, way_of, keys) for _ in range(random.choice([0, 1, 2, 2, 3, 4]))
    ]
    if shifts and random.random() < 0.4:  # vehicles that stay at home, some of them alike
        idle = [shift for shift in shifts if not shift.used] or [shifts[0]]
        shifts += [as_idle(shift, keys) for shift in idle for _ in range(2)]
        random.shuffle(shifts)
    return Plan(depot, tuple(with_rests(random, shift) for shift in shifts))


def with_rests(random: Random, shift: Shift) -> Shift:
    """The shift, of which now and then some visits are rests, or all: then nobody drives it."""
    part = random.choice([0, 0, 0.2, 1])
    return replace(shift, trips=tuple(as_resting(random, trip, part) for trip in shift.trips))


def as_resting(random: Random, trip: Trip, part: float) -> Trip:
    visits = [as_rest(visit) if random.random() < part else visit for visit in trip.visits]
    return replace(trip, visits=tuple(visits))


def as_rest(visit: Visit) -> Visit:
    nothing = (0,) * len(visit.delivered)
    return replace(visit, delivered=nothing, collected=nothing, skills=0, booked=False, rest=True)


def as_idle(shift: Shift, keys) -> Shift:
    old = shift.vehicle
    vehicle = Vehicle(
        next(keys), old.kind, old.starts_s, old.ends_s, old.max_shift_s, old.reload_s, old.skills
    )
    return Shift(vehicle, tuple(Trip(next(keys)) for _ in shift.trips))


def random_shift(random: Random, depot: Place, kinds: list[VehicleClass], way_of, keys) -> Shift:
    kind, starts = random.choice(kinds), random.randrange(0, 1_500)
    sizes = [random.choice([0, 0, 1, 2, 3, 4]) for _ in range(random.choice([0, 1, 2, 3, 4]))]
    reload_s, now, trips, driven = random.choice([0, 100, 400]), starts, [], False
    skills = random.choice([0, 1, 3, 3, 3])
    for size in sizes:
        if size and driven:
            now += reload_s
        trip, now = random_trip(random, depot, kind, way_of, keys, size, now, skills)
        trips.append(trip)
        driven = driven or bool(size)
    ends = max(now, starts) + random.choice([0, 30, 600, 3_000, -50 if random.random() < 0.1 else 1_000])
    longest = ends - starts + random.choice([0, 0, 500, -20 if random.random() < 0.1 else 0])
    return Shift(Vehicle(next(keys), kind, starts, ends, longest, reload_s, skills), tuple(trips))


def random_trip(
    random: Random, depot, kind, way_of, keys, size: int, now: int, skills: int
) -> tuple[Trip, int]:
    """A trip whose promises mostly hold and whose loads mostly fit, with the time at which it is back."""
    visits, legs, here = [], [], depot
    for _ in range(size):
        visit = fitting(random, random_visit(random, next(keys), len(kind.capacity)), visits, kind, skills)
        leg = stored(random, way_of(here, visit.place, kind))
        arrives = now + leg.seconds
        opens = max(0, arrives + random.randint(-900, 200))
        now = max(arrives, opens)
        closes = now + random.randint(1, 1_200)
        if random.random() < 0.02:
            opens, closes = random_window(random)
        visits.append(replace(visit, opens_s=opens, closes_s=closes))
        legs.append(leg)
        now += visit.service_s
        here = visit.place
    if visits:
        legs.append(stored(random, way_of(here, depot, kind)))
        now += legs[-1].seconds
    return Trip(next(keys), tuple(visits), tuple(legs)), now


def fitting(random: Random, visit: Visit, others: list[Visit], kind: VehicleClass, skills: int) -> Visit:
    """The visit, asking for less where it would ask too much; now and then it still does."""
    if random.random() < 0.02:
        return visit
    full = [
        sum(other.delivered[d] + other.collected[d] for other in others) for d in range(len(kind.capacity))
    ]
    room = [max(0, most - used) for most, used in zip(kind.capacity, full, strict=True)]
    delivered = tuple(map(min, visit.delivered, room))
    collected = tuple(map(min, visit.collected, map(sub, room, delivered)))
    return replace(
        visit,
        delivered=delivered,
        collected=collected,
        skills=visit.skills & skills,
        barred=visit.barred - {kind.key},
    )


def stored(random: Random, way) -> Leg:
    """The way as it was judged once: mostly as today."""
    if random.random() < 0.1:
        return Leg(way.seconds + random.randint(0, 50), way.metres + random.randint(0, 50))
    return Leg(way.seconds, way.metres)
