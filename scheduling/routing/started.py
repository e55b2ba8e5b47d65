"""A plan while vehicles are out: what is behind each of them, and what is still to come.

A trip that has left is cut behind the visit that its vehicle serves or drives to: from there it goes on, at
its departure, with what it has on board. Goods on board are delivered in this trip. The trips after it begin
at the depot and are planned as a tour of their own, which shares the slack between the two: how late the
vehicle may come back from the one is how early it may leave for the other, and either gets half of the metres
that neither needs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from scheduling.routing.problem import Leg, Shift, Trip, Vehicle, Visit
from scheduling.routing.schedule import Load, TripSchedule, schedule
from scheduling.routing.tours import Tour

HERE: Final = -1
"""The key of the visit that stands for a vehicle on its way."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is still to come of a shift.

    first: the trip, by its place in the shift, of which anything may change; all before it are over
    done: how many of its visits are served or driven to; 0 if it has not left
    """

    shift: Shift
    first: int
    done: int

    @classmethod
    def of(cls, shift: Shift, begun: Mapping[int, int]) -> "Ahead":
        """Raises ValueError if more is begun of a trip than its visits and the depot behind them."""
        left = [number for number, trip in enumerate(shift.trips) if trip.key in begun]
        if not left:
            return cls(shift, 0, 0)
        last = shift.trips[left[-1]]
        done = begun[last.key]
        if not 1 <= done <= len(last.visits) + 1:
            raise ValueError(f"trip {last.key} cannot have begun with {done} of {len(last.visits)} visits")
        back = done > len(last.visits)
        return cls(shift, left[-1] + back, 0 if back else done)

    @property
    def out(self) -> bool:
        """Whether its vehicle has left the depot today."""
        return bool(self.first or self.done)

    @property
    def open(self) -> tuple[Trip, ...]:
        return self.shift.trips[self.first :]

    @property
    def aboard(self) -> tuple[Visit, ...]:
        """The visits whose goods are on board: they are served in this trip."""
        left = self.open[0].visits[self.done :] if self.done else ()
        return tuple(visit for visit in left if any(visit.delivered))

    @property
    def _legs(self) -> tuple[tuple[Leg, ...], ...]:
        """The legs to come of each open trip."""
        return tuple(trip.legs[self.done if number == 0 else 0 :] for number, trip in enumerate(self.open))

    def _vehicle(self, *, less_m: int = 0) -> Vehicle:
        """The vehicle with the range that is left of its day, and some of it kept for another tour."""
        vehicle, left_m = self.shift.vehicle, self.shift.metres_left
        if left_m is None or not self.out:
            return vehicle
        left_m += sum(leg.metres for legs in self._legs for leg in legs) - less_m
        return replace(vehicle, kind=replace(vehicle.kind, range_m=left_m))

    def tours(self) -> list[Tour]:
        """What is to be planned: the rest of the trip that has left, and the trips after it."""
        if not self.out:
            return [self._later(self.open, self.shift.vehicle)]
        if not self.open:
            return []
        times = schedule(self.shift)[self.first :]
        if not self.done:
            return [self._later(self.open, _between(self._vehicle(), times[0].departs_s))]
        now_m, later_m = (
            sum(leg.metres for legs in trips for leg in legs) for trips in (self._legs[:1], self._legs[1:])
        )
        spare_m = max(0, self.shift.metres_left or 0) // 2
        split_s = _split(times[0]) if len(times) > 1 else times[0].latest_return_s
        after = _between(self._vehicle(less_m=now_m + spare_m), split_s + self.shift.vehicle.reload_s)
        kept_m = later_m + spare_m if len(times) > 1 else 0
        rest = self._on_its_way(times[0], latest_s=split_s, kept_m=kept_m)
        return [rest, self._later(self.open[1:], after)] if len(times) > 1 else [rest]

    def _later(self, trips: tuple[Trip, ...], vehicle: Vehicle) -> Tour:
        visits = tuple(trip.visits for trip in trips)
        return Tour(self.shift.vehicle.key, vehicle, len(trips), visits, begun=self.out)

    def _on_its_way(self, times: TripSchedule, *, latest_s: int, kept_m: int) -> Tour:
        trip = self.open[0]
        return Tour(
            owner=self.shift.vehicle.key,
            vehicle=_between(self._vehicle(less_m=kept_m), times.departures_s[self.done - 1], latest_s),
            n_trips=1,
            trips=(trip.visits[self.done :],),
            start=trip.visits[self.done - 1].place,
            aboard=_collected(trip.visits[: self.done], self.shift.vehicle),
            begun=True,
            closed=True,
        )

    def to_come(self) -> Shift:
        """The shift from here on, for our own schedule: what is behind its vehicle is judged no more."""
        if not self.out:
            return self.shift
        times = schedule(self.shift)
        if not self.open:
            return replace(self.shift, trips=())
        if not self.done:
            vehicle = _between(self._vehicle(), times[self.first].departs_s)
            return replace(self.shift, vehicle=vehicle, trips=self.open)
        trip, departs_s = self.open[0], times[self.first].departures_s[self.done - 1]
        place, load = (
            trip.visits[self.done - 1].place,
            _collected(trip.visits[: self.done], self.shift.vehicle),
        )
        here = Visit(HERE, place, departs_s, departs_s + 1, 0, (0,) * len(load), load, booked=False)
        cut = Trip(trip.key, (here, *trip.visits[self.done :]), (Leg(0, 0), *trip.legs[self.done :]))
        vehicle = _between(self._vehicle(), departs_s)
        return replace(self.shift, vehicle=vehicle, trips=(cut, *self.open[1:]))


def _split(times: TripSchedule) -> int:
    """When a vehicle is back from the trip that it is on: halfway between its earliest and its latest."""
    return max(times.returns_s, (times.returns_s + times.latest_return_s) // 2)


def _between(vehicle: Vehicle, starts_s: int, latest_s: int | None = None) -> Vehicle:
    """The vehicle from later on, and until earlier where that is given."""
    ends_s = vehicle.latest_return_s if latest_s is None else latest_s
    return replace(vehicle, starts_s=starts_s, ends_s=ends_s, max_shift_s=max(0, ends_s - starts_s))


def _collected(visits: Iterable[Visit], vehicle: Vehicle) -> Load:
    nothing = (0,) * len(vehicle.kind.capacity)
    return tuple(map(sum, zip(nothing, *(visit.collected for visit in visits), strict=True)))
