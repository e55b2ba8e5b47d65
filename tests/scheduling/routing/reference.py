"""The routing core again, slowly and in plain Python: every insertion is built and driven.

Nothing here comes from the core but the values that describe a problem.
"""

from dataclasses import dataclass
from math import ceil, cos, radians, sin, sqrt
from typing import NamedTuple

from scheduling.routing.problem import Place, Plan, Shift, VehicleClass, Visit


class Way(NamedTuple):
    seconds: int
    metres: int


class Stop(NamedTuple):
    place: Place
    opens_s: int
    closes_s: int
    service_s: int
    delivered: tuple[int, ...]
    collected: tuple[int, ...]
    skills: int
    rest: bool
    barred: frozenset[str]


@dataclass
class Round:
    """A trip while it is tried: stops, and the ways before, between and after them."""

    key: int
    stops: list[Stop]
    ways: list[Way]


class Answer(NamedTuple):
    """(shift, trip, position) of the cheapest gap or None; what it adds; the reason's number."""

    gap: tuple[int, int, int] | None
    cost_s: int
    seconds: int
    metres: int
    reason: int


class MatrixWays:
    def __init__(self, seconds: list[list[int]], metres: list[list[int]] | None) -> None:
        self.seconds, self.metres = seconds, metres

    def __call__(self, start: Place, end: Place, kind: VehicleClass) -> Way:
        seconds = self.seconds[start.node][end.node]
        if self.metres is None:
            whole, rest = divmod(seconds * kind.speed_m_per_h, 3600)
            return Way(seconds, whole + (rest > 0))
        return Way(seconds, self.metres[start.node][end.node])


def circle_way(start: Place, end: Place, kind: VehicleClass) -> Way:
    (ax, ay, az), (bx, by, bz) = _on_sphere(start), _on_sphere(end)
    chord = sqrt(((ax - bx) * (ax - bx) + (ay - by) * (ay - by)) + (az - bz) * (az - bz))
    metres = ceil(chord * (6_371_008.8 * kind.detour_percent / 100))
    whole, rest = divmod(metres * 3600, kind.speed_m_per_h)
    return Way(whole + (rest > 0), metres)


def _on_sphere(place: Place) -> tuple[float, float, float]:
    lat, lon = radians(place.lat), radians(place.lon)
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)


def rounds_of(shift: Shift) -> list[Round]:
    return [
        Round(
            trip.key,
            [stop_of(visit) for visit in trip.visits],
            [Way(leg.seconds, leg.metres) for leg in trip.legs],
        )
        for trip in shift.trips
    ]


def stop_of(visit: Visit) -> Stop:
    return Stop(
        visit.place,
        visit.opens_s,
        visit.closes_s,
        visit.service_s,
        visit.delivered,
        visit.collected,
        visit.skills,
        visit.rest,
        visit.barred,
    )


def keeps_time(shift: Shift, rounds: list[Round]) -> bool:
    """Drive the rounds: is every service begun inside its window, and the vehicle back in time?"""
    now, driven = shift.vehicle.starts_s, False
    for trip in rounds:
        if not trip.stops:
            continue
        if driven:
            now += shift.vehicle.reload_s
        driven = True
        for stop, way in zip(trip.stops, trip.ways[:-1], strict=True):
            now += way.seconds
            if now < stop.opens_s:
                now = stop.opens_s
            if now >= stop.closes_s:
                return False
            now += stop.service_s
        now += trip.ways[-1].seconds
    back_in_time = now <= shift.vehicle.ends_s and now - shift.vehicle.starts_s <= shift.vehicle.max_shift_s
    return back_in_time or not driven


def keeps_room(shift: Shift, rounds: list[Round]) -> bool:
    """Load the goods, drop and collect them: is the vehicle never too full, and always able?"""
    capacity = shift.vehicle.kind.capacity
    for trip in rounds:
        for dimension, room in enumerate(capacity):
            on_board = sum(stop.delivered[dimension] for stop in trip.stops)
            if on_board > room and trip.stops:
                return False
            for stop in trip.stops:
                on_board += stop.collected[dimension] - stop.delivered[dimension]
                if on_board > room:
                    return False
        if any(stop.skills & ~shift.vehicle.skills for stop in trip.stops):
            return False
        if any(shift.vehicle.kind.key in stop.barred for stop in trip.stops):
            return False
    return True


def keeps_range(shift: Shift, rounds: list[Round]) -> bool:
    range_m = shift.vehicle.kind.range_m
    used = any(not stop.rest for trip in rounds for stop in trip.stops)
    return range_m is None or not used or driven(rounds)[1] <= range_m


def driven(rounds: list[Round]) -> tuple[int, int]:
    return (
        sum(way.seconds for trip in rounds for way in trip.ways),
        sum(way.metres for trip in rounds for way in trip.ways),
    )


def with_stop(
    rounds: list[Round], index: int, position: int, stop: Stop, plan: Plan, kind, way_of
) -> list[Round]:
    """The rounds with one more stop; only its own two ways are new."""
    trip = rounds[index]
    places = [plan.depot, *(other.place for other in trip.stops), plan.depot]
    ways = trip.ways[:position]
    ways += [way_of(places[position], stop.place, kind), way_of(stop.place, places[position + 1], kind)]
    ways += trip.ways[position + 1 :]
    longer = Round(trip.key, [*trip.stops[:position], stop, *trip.stops[position:]], ways)
    return [*rounds[:index], longer, *rounds[index + 1 :]]


def answer(plan: Plan, visit: Visit, window: tuple[int, int], way_of) -> Answer:
    """Try `visit` everywhere in one day's plan, in the window given; what it bars is no candidate."""
    stop = stop_of(visit)._replace(opens_s=window[0], closes_s=window[1])
    best, reason, any_trip = None, 1, False
    for shift in plan.shifts:
        kind, rounds = shift.vehicle.kind, rounds_of(shift)
        # Nobody drives for a rest alone.
        used = any(not stop.rest for trip in rounds for stop in trip.stops)
        before_s, before_m = driven(rounds) if used else (0, 0)
        opening = 0 if used else kind.opening_cost_s
        for index, trip in enumerate(rounds):
            any_trip = True
            if kind.key in visit.barred:
                continue
            for position in range(len(trip.stops) + 1):
                tried = with_stop(rounds, index, position, stop, plan, kind, way_of)
                if not keeps_time(shift, tried):
                    continue
                if not keeps_room(shift, tried):
                    reason = max(reason, 2)
                    continue
                if not keeps_range(shift, tried):
                    reason = 4
                    continue
                after_s, after_m = driven(tried)
                seconds, metres = after_s - before_s, after_m - before_m
                cost = seconds + metres * kind.cost_s_per_km // 1000 + opening
                if best is None or cost < best.cost_s:
                    best = Answer((shift.vehicle.key, trip.key, position), cost, seconds, metres, 0)
    return best or Answer(None, 0, 0, 0, reason if any_trip else 3)
