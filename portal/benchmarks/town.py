"""A town to measure with: days full of routes as they come, and visits to be quoted.

Vans do 40 to 50 stops around the middle of a district, each stop from the nearest of the rest, in two-hour
windows that their schedules keep; some go out twice, some stay at home. Nothing comes from a database.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from math import cos, hypot, radians
from random import Random

from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, VehicleClass, Visit
from scheduling.routing.travel import GreatCircle

HOUR_S = 3600
WINDOW_S = 2 * HOUR_S
DEPOT = Place(60.17, 24.94)
M_PER_DEGREE = 111_195.0
NARROW = cos(radians(DEPOT.lat))
"""How much shorter a degree of longitude is there."""

DIESEL = VehicleClass("diesel", (620_000, 5_600_000), 26_000, 130, 20, 900, 346)
BATTERY = VehicleClass("battery", (560_000, 5_200_000), 25_000, 130, 15, 900, 100, range_m=80_000)
"""Capacities in grams and millilitres, as production has them; a range that now and then is too short."""

DIESEL_RANGE_M = 10**6

STARTS_S = (7 * HOUR_S + HOUR_S // 2, 9 * HOUR_S, 12 * HOUR_S)
MAX_SHIFT_S = 9 * HOUR_S
RELOAD_S = 20 * 60
SKILLS = (0b01, 0b11, 0b11)
"""Bits that vans have. What a stop needs is one of them, now and then."""

IDLE = (6, 3, 0)
"""How many vans stay at home, by day."""
ROAD = GreatCircle()


@dataclass(frozen=True, slots=True)
class Town:
    """A plan for each day, windows (opens_s, closes_s) sold on every one of them, visits that ask."""

    plans: tuple[Plan, ...]
    windows: tuple[tuple[int, int], ...]
    visits: tuple[Visit, ...]


def lay_out(*, days: int, stops: int, slots: int, visits: int, seed: int) -> Town:
    """Return a town with exactly so many stops a day; the same seed gives the same town."""
    windows = windows_of(slots)
    return Town(
        plans=tuple(
            _Day(Random(f"{seed} {day}"), windows).plan(stops, idle=IDLE[day % len(IDLE)])  # noqa: S311 - no secret
            for day in range(days)
        ),
        windows=windows,
        visits=tuple(_asking(Random(f"{seed} asks {index}"), index) for index in range(visits)),  # noqa: S311
    )


def windows_of(slots: int) -> tuple[tuple[int, int], ...]:
    """Windows of two hours; the first opens at 8, the last at 19, the others evenly between them."""
    opens = [8 * HOUR_S + index * 11 * HOUR_S // max(slots - 1, 1) for index in range(slots)]
    return tuple((open_s, open_s + WINDOW_S) for open_s in opens)


class _Day:
    """One day while it is filled, van by van."""

    def __init__(self, random: Random, windows: tuple[tuple[int, int], ...]) -> None:
        self.random = random
        self.windows = windows
        self.keys = count(1)

    def plan(self, stops: int, *, idle: int) -> Plan:
        shifts = []
        while stops:
            shift = self._shift(min(stops, self.random.randint(40, 50)))
            shifts.append(shift)
            stops -= sum(len(trip.visits) for trip in shift.trips)
        shifts += [self._idle(index) for index in range(idle)]
        return Plan(DEPOT, tuple(shifts))

    def _shift(self, stops: int) -> Shift:
        """Return a van's day of at most so many stops: without those that no time or range is left for."""
        vehicle = self._vehicle()
        district = scattered(self.random, DEPOT, 4_500)
        sizes = [stops - stops // 2, stops // 2] if self.random.random() < 0.2 else [stops]
        trips, ready_s, left_m = [], vehicle.starts_s, vehicle.kind.range_m or DIESEL_RANGE_M
        for size in sizes:
            trip, back_s = self._trip(vehicle, district, size, ready_s, left_m)
            trips.append(trip)
            left_m -= sum(leg.metres for leg in trip.legs)
            ready_s = back_s + RELOAD_S if trip.visits else ready_s
        if len(trips) == 1:
            trips.append(Trip(next(self.keys)))  # every shift may go out twice
        return Shift(vehicle, tuple(trips))

    def _vehicle(self) -> Vehicle:
        kind = self.random.choice((DIESEL, DIESEL, BATTERY))
        starts_s = self.random.choice(STARTS_S)
        skills = self.random.choice(SKILLS)
        return _van(next(self.keys), kind, starts_s, skills)

    def _idle(self, index: int) -> Shift:
        kind, starts_s = (DIESEL, BATTERY)[index % 2], STARTS_S[index % 3]
        vehicle = Vehicle(
            next(self.keys), kind, starts_s, starts_s + MAX_SHIFT_S, MAX_SHIFT_S, RELOAD_S, 0b11
        )
        return Shift(vehicle, (Trip(next(self.keys)), Trip(next(self.keys))))

    def _trip(
        self, vehicle: Vehicle, district: Place, size: int, ready_s: int, left_m: int
    ) -> tuple[Trip, int]:
        """Return a trip of at most `size` visits, and when the van is back."""
        places = [scattered(self.random, district, 900) for _ in range(size)]
        room = [capacity * self.random.uniform(0.7, 1.0) for capacity in vehicle.kind.capacity]
        visits: list[Visit] = []
        legs: list[Leg] = []
        here, now, back = DEPOT, ready_s, Leg(0, 0)
        for place in nearest_next(DEPOT, places):
            leg, home = (ROAD.leg(*ends, vehicle.kind) for ends in ((here, place), (place, DEPOT)))
            visit = self._visit(place, now + leg.seconds, vehicle, room)
            leaves_s = max(now + leg.seconds, visit.opens_s) + visit.service_s
            if leaves_s + home.seconds > vehicle.latest_return_s or leaves_s > self.windows[-1][1]:
                break
            left_m -= leg.metres
            if home.metres > left_m:
                break
            visits.append(visit)
            legs.append(leg)
            here, now, back = place, leaves_s, home
        if not visits:
            return Trip(next(self.keys)), ready_s
        return Trip(next(self.keys), tuple(visits), (*legs, back)), now + back.seconds

    def _visit(self, place: Place, arrives_s: int, vehicle: Vehicle, room: list[float]) -> Visit:
        """Return a visit whose window the van keeps, now and then by waiting; takes its load from `room`."""
        random, key = self.random, next(self.keys)
        patient_s = arrives_s + (random.randint(0, 1_200) if random.random() < 0.1 else 0)
        patient_s = max(patient_s, self.windows[0][0])  # a van that comes before anything opens waits
        sold = [window for window in self.windows if window[0] <= patient_s < window[1]]
        opens_s, closes_s = random.choice(sold or self.windows[-1:])
        load = tuple(int(min(most, left)) for most, left in zip(_load(random), room, strict=True))
        for dimension, taken in enumerate(load):
            room[dimension] -= taken
        skills = random.choice((0b01, 0b10)) & vehicle.skills if random.random() < 0.08 else 0
        return _visit(random, key, place, load, (opens_s, closes_s), skills, booked=random.random() < 0.95)


def _van(key: int, kind: VehicleClass, starts_s: int, skills: int) -> Vehicle:
    return Vehicle(key, kind, starts_s, starts_s + MAX_SHIFT_S, MAX_SHIFT_S, RELOAD_S, skills)


def scattered(random: Random, middle: Place, spread_m: float) -> Place:
    """Return a place around another, normally distributed."""
    north, east = random.gauss(0, spread_m), random.gauss(0, spread_m)
    lat = middle.lat + north / M_PER_DEGREE
    return Place(lat, middle.lon + east / (M_PER_DEGREE * NARROW))


def nearest_next(start: Place, places: list[Place]) -> Iterator[Place]:
    """Return the places in an order that goes to the nearest of the rest each time."""
    left, here = list(places), start
    while left:
        here = min(left, key=partial(_apart, here))
        left.remove(here)
        yield here


def _apart(one: Place, other: Place) -> float:
    return hypot(one.lat - other.lat, (one.lon - other.lon) * NARROW)


def _load(random: Random) -> tuple[int, int]:
    """Return grams and millilitres of an order, one in ten of them large."""
    times = 3 if random.random() < 0.1 else 1
    return times * random.randint(2_000, 20_000), times * random.randint(20_000, 180_000)


def _asking(random: Random, index: int) -> Visit:
    """Return a visit that somebody wants quoted.

    One in twenty is too large for a van that is out; where one in ten is, no diesel van may stop.
    """
    place = scattered(random, DEPOT, 4_500)
    load = _load(random)
    if random.random() < 0.05:
        load = (450_000, 4_000_000)
    skills = random.choice((0b01, 0b10)) if random.random() < 0.1 else 0
    visit = _visit(random, -1 - index, place, load, (0, 0), skills, booked=False)
    return replace(visit, barred=frozenset({DIESEL.key})) if random.random() < 0.1 else visit


def _visit(
    random: Random,
    key: int,
    place: Place,
    load: tuple[int, ...],
    window: tuple[int, int],
    skills: int,
    *,
    booked: bool,
) -> Visit:
    nothing = (0,) * len(load)
    delivered, collected = (nothing, load) if random.random() < 0.1 else (load, nothing)
    return Visit(
        key=key,
        place=place,
        opens_s=window[0],
        closes_s=window[1],
        service_s=random.choice((180, 240, 300)),
        delivered=delivered,
        collected=collected,
        skills=skills,
        household=f"household {key}",
        booked=booked,
    )
