"""What the core reasons about: places, visits, vehicles, trips, shifts and plans.

Everything is frozen and counted in whole seconds, metres and units of load. Times are seconds after the
plan's origin. Loads are tuples with one number per dimension (grams, millilitres, parcels...), the same
dimensions in the same order throughout a plan.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the map, in degrees; `node` is its row in a given matrix of travel times."""

    lat: float
    lon: float
    node: int = -1


@dataclass(frozen=True, slots=True)
class Leg:
    """The way between two neighbouring places of a trip, as judged when it was planned."""

    seconds: int
    metres: int


@dataclass(frozen=True, slots=True)
class Visit:
    """A delivery as the routes see it. Service starts at `opens_s` or later, and before `closes_s`.

    What is `delivered` rides from the depot to here, what is `collected` from here to the depot.
    `skills` is a bit mask; a vehicle needs all its bits. A visit that is not `booked` (a hold, a break, a
    pass-through) takes its place like any other but is nobody's neighbour. An empty `household` is unknown.
    A `rest` (a break, or charging) is the vehicle's own: it stays with it, and is no reason to drive.
    Vehicles of a class whose key is in `barred` may not stop here then.
    """

    key: int
    place: Place
    opens_s: int
    closes_s: int
    service_s: int
    delivered: tuple[int, ...]
    collected: tuple[int, ...]
    skills: int = 0
    household: str = ""
    booked: bool = True
    rest: bool = False
    barred: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if len(self.delivered) != len(self.collected):
            raise ValueError(f"visit {self.key}: delivered and collected differ in dimensions")
        if min((self.service_s, *self.delivered, *self.collected)) < 0:
            raise ValueError(f"visit {self.key}: service and loads cannot be negative")


@dataclass(frozen=True, slots=True)
class VehicleClass:
    """What vehicles of one kind have in common.

    A great-circle distance grows by `detour_percent` (130: a way is 1.3 times the straight line). Costs
    are in seconds of driving: `cost_s_per_km` for each kilometre, `opening_cost_s` once for sending out
    a vehicle that would stay at the depot. `range_m` is how far one goes in a shift at most, None without
    a limit: a battery's reach less what it keeps in reserve.
    """

    key: str
    capacity: tuple[int, ...]
    speed_m_per_h: int
    detour_percent: int
    cost_s_per_km: int
    opening_cost_s: int
    grams_per_km: int
    range_m: int | None = None

    def __post_init__(self) -> None:
        if self.speed_m_per_h < 1 or self.detour_percent < 1:
            raise ValueError(f"vehicle class {self.key}: speed and detour must be positive")


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle on one day. Its length of shift counts from `starts_s`, not from its first leg.

    `reload_s` passes at the depot between two of its trips.
    """

    key: int
    kind: VehicleClass
    starts_s: int
    ends_s: int
    max_shift_s: int
    reload_s: int
    skills: int = 0

    @property
    def latest_return_s(self) -> int:
        return min(self.ends_s, self.starts_s + self.max_shift_s)


@dataclass(frozen=True, slots=True)
class Trip:
    """A way from the depot through `visits` and back; `legs` has one more, or none for an empty trip."""

    key: int
    visits: tuple[Visit, ...] = ()
    legs: tuple[Leg, ...] = ()

    def __post_init__(self) -> None:
        expected = len(self.visits) + 1 if self.visits else 0
        if len(self.legs) != expected:
            raise ValueError(f"trip {self.key}: {len(self.legs)} legs where {expected} are needed")


@dataclass(frozen=True, slots=True)
class Shift:
    """A vehicle's working day. An empty trip takes no time and needs no reload.

    With nothing but rests it stays at the depot: its trips take their time, but nobody drives them.
    """

    vehicle: Vehicle
    trips: tuple[Trip, ...]

    @property
    def used(self) -> bool:
        return any(not visit.rest for trip in self.trips for visit in trip.visits)

    @property
    def rests(self) -> tuple[Visit, ...]:
        return tuple(visit for trip in self.trips for visit in trip.visits if visit.rest)

    @property
    def idle(self) -> Leg:
        """The ways to rests that are driven as soon as there is anything else to drive for."""
        legs = () if self.used else tuple(leg for trip in self.trips for leg in trip.legs)
        return Leg(sum(leg.seconds for leg in legs), sum(leg.metres for leg in legs))

    @property
    def metres(self) -> int:
        """All that it drives: nothing where it has nothing but rests."""
        return sum(leg.metres for trip in self.trips for leg in trip.legs) if self.used else 0

    @property
    def metres_left(self) -> int | None:
        """How far it could still go, below 0 if it goes too far already; None without a limit."""
        range_m = self.vehicle.kind.range_m
        return None if range_m is None else range_m - self.metres


@dataclass(frozen=True, slots=True)
class Plan:
    """All tentative trips of one depot on one day."""

    depot: Place
    shifts: tuple[Shift, ...]
