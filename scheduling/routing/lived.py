"""A day as it is driven: what is behind each vehicle is as it happened, and the rest goes on from there.

The schedule of a plan starts everything as early as it can. On the road that is over: vehicles leave when
they leave, stay as long as it takes, and drivers serve in an order of their own. Here a trip that has left is
written anew, so that the same schedule and the same judge tell what is still to come: its visits stand in the
order in which they were served, and all that are behind it are over at the instant from which it goes on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, Visit
from scheduling.routing.schedule import Load, schedule
from scheduling.routing.travel import Travel

EVER_S: Final = 10**9


@dataclass(frozen=True, slots=True)
class Left:
    """A trip that has left the depot, in seconds after the plan's origin.

    served: when each visit that is over was done, by its key
    there: when its vehicle came to a visit that is not over, by its key
    heading: the visit that its vehicle drives to, by its key; None where nobody says
    kept: what stayed on board though it was to be delivered, by its visit's key
    back_s: when it was back; None while it is out
    """

    left_s: int
    served: Mapping[int, int] = field(default_factory=dict)
    there: Mapping[int, int] = field(default_factory=dict)
    heading: int | None = None
    kept: Mapping[int, Load] = field(default_factory=dict)
    back_s: int | None = None

    @property
    def since_s(self) -> int:
        """When the last visit was over, or else when it left."""
        return max(self.served.values(), default=self.left_s)


@dataclass(frozen=True, slots=True)
class Lived:
    """A plan as it is driven, as `improve` wants it.

    begun: how many visits of each trip that has left are behind it or driven to, one more where it is back
    starts_s: when service starts at each visit to come, by its key; the one driven to among them
    """

    plan: Plan
    begun: Mapping[int, int]
    starts_s: Mapping[int, int]


def in_order(plan: Plan, left: Mapping[int, Left], travel: Travel) -> Plan:
    """The plan with each trip's visits as they were served, and behind them those to come."""
    return replace(plan, shifts=tuple(_in_order(plan.depot, shift, left, travel) for shift in plan.shifts))


def _in_order(depot: Place, shift: Shift, left: Mapping[int, Left], travel: Travel) -> Shift:
    def ordered(trip: Trip) -> Trip:
        if trip.key not in left:
            return trip
        behind, ahead = split(trip, left[trip.key])
        return with_visits(depot, trip, (*behind, *ahead), shift.vehicle, travel)

    trips = tuple(map(ordered, shift.trips))
    return shift if trips == shift.trips else replace(shift, trips=trips)


def as_driven(plan: Plan, left: Mapping[int, Left], travel: Travel, *, now_s: int) -> Lived:
    """Return the plan from now on; `left` has the trips that have left, by their keys."""
    plan = in_order(plan, left, travel)
    driven = [_Driven(shift, left, now_s) for shift in plan.shifts]
    return Lived(
        replace(plan, shifts=tuple(each.shift for each in driven)),
        {key: count for each in driven for key, count in each.begun.items()},
        {key: at_s for each in driven for key, at_s in each.starts_s.items()},
    )


class _Driven:
    """One shift as it is driven, its visits in order."""

    def __init__(self, shift: Shift, left: Mapping[int, Left], now_s: int) -> None:
        self._now_s = now_s
        self.begun: dict[int, int] = {}
        self.starts_s: dict[int, int] = {}
        out = [trip for trip in shift.trips if trip.key in left]
        goes_on_s = now_s
        trips = {}
        for trip in out:
            trips[trip.key], goes_on_s = self._trip(trip, left[trip.key], shift.vehicle, last=trip is out[-1])
        vehicle = self._vehicle(shift.vehicle, goes_on_s, reloads=max(0, len(out) - 1), out=bool(out))
        as_it_is = tuple(trips.get(trip.key, trip) for trip in shift.trips)
        self.shift = replace(shift, vehicle=vehicle, trips=as_it_is)
        self._note_starts()

    def _vehicle(self, vehicle: Vehicle, goes_on_s: int, *, reloads: int, out: bool) -> Vehicle:
        """The vehicle from where it goes on; its day ends when it did before."""
        starts_s = goes_on_s - reloads * vehicle.reload_s if out else max(vehicle.starts_s, goes_on_s)
        ends_s = vehicle.latest_return_s
        return replace(vehicle, starts_s=starts_s, ends_s=ends_s, max_shift_s=max(0, ends_s - starts_s))

    def _trip(self, trip: Trip, left: Left, vehicle: Vehicle, *, last: bool) -> tuple[Trip, int]:
        """The trip as it is driven, and when its vehicle goes on."""
        behind, ahead = split(trip, left)
        if not last or left.back_s is not None or not trip.visits:
            self.begun[trip.key] = len(trip.visits) + 1
            goes_on_s = max(left.back_s or 0, self._now_s - vehicle.reload_s)
            return _over(trip, len(trip.visits), left, goes_on_s if last else None, back_s=0), goes_on_s
        if not ahead:  # on its way back
            self.begun[trip.key] = len(trip.visits)
            back_s = max(0, left.since_s + trip.legs[-1].seconds - self._now_s)
            return _over(trip, len(trip.visits), left, self._now_s, back_s=back_s), self._now_s
        goes_on_s = self._leaves_s(ahead[0], trip.legs[len(behind)], left)
        self.begun[trip.key] = len(behind) + 1
        return _over(trip, len(behind) + 1, left, goes_on_s), goes_on_s

    def _leaves_s(self, visit: Visit, leg: Leg, left: Left) -> int:
        """When the vehicle goes on from the visit that it drives to, or stands at."""
        starts_s = max(self._comes_s(visit, leg, left), visit.opens_s)
        self.starts_s[visit.key] = starts_s
        return max(self._now_s, starts_s + visit.service_s)

    def _comes_s(self, visit: Visit, leg: Leg, left: Left) -> int:
        """When the vehicle comes to the next visit. Sent elsewhere on its way, it begins as from the last."""
        if visit.key in left.there:
            return left.there[visit.key]
        if left.heading in (None, visit.key):
            return max(self._now_s, left.since_s + leg.seconds)
        return self._now_s + leg.seconds

    def _note_starts(self) -> None:
        for trip, times in zip(self.shift.trips, schedule(self.shift), strict=True):
            begun = self.begun.get(trip.key, 0)
            for visit, starts_s in list(zip(trip.visits, times.starts_s, strict=True))[begun:]:
                self.starts_s[visit.key] = starts_s


def split(trip: Trip, left: Left) -> tuple[list[Visit], list[Visit]]:
    """The visits behind a vehicle, as they were served, and those ahead: where it stands comes first.

    Nobody is served at a rest or on the way past a place: these are behind as soon as what came after is.
    """
    last = max((at for at, visit in enumerate(trip.visits) if visit.key in left.served), default=-1)
    behind, ahead, done_s = [], [], left.left_s
    for at, visit in enumerate(trip.visits):
        if visit.key in left.served:
            done_s = left.served[visit.key]
        elif at > last or not _passed(visit):
            ahead.append(visit)
            continue
        behind.append((done_s, at, visit))
    ahead.sort(key=lambda visit: visit.key not in left.there)
    return [visit for _done_s, _at, visit in sorted(behind, key=lambda each: each[:2])], ahead


def _passed(visit: Visit) -> bool:
    """Whether nobody is served there."""
    return visit.rest or not (visit.booked or any(visit.delivered) or any(visit.collected))


def _over(trip: Trip, count: int, left: Left, at_s: int | None, *, back_s: int | None = None) -> Trip:
    """The trip with its first `count` visits over, at one instant if given; with their goods on board."""
    if not trip.visits:
        return trip
    over = [_at_once(visit, left, at_s) for visit in trip.visits[:count]]
    legs = [Leg(0, leg.metres) for leg in trip.legs[:count]] + list(trip.legs[count:])
    if back_s is not None:
        legs[-1] = Leg(back_s, legs[-1].metres)
    return Trip(trip.key, (*over, *trip.visits[count:]), tuple(legs))


def _at_once(visit: Visit, left: Left, at_s: int | None) -> Visit:
    opens_s, closes_s = (0, EVER_S) if at_s is None else (at_s, at_s + 1)
    nothing = (0,) * len(visit.delivered)
    kept = left.kept.get(visit.key, nothing if any(visit.delivered) else visit.collected)
    now = replace(visit, opens_s=opens_s, closes_s=closes_s, service_s=0)
    return replace(now, delivered=nothing, collected=kept)


def with_visits(depot: Place, trip: Trip, visits: Sequence[Visit], vehicle: Vehicle, travel: Travel) -> Trip:
    """The trip through `visits`; between two that were neighbours before the leg is the same."""
    if tuple(visits) == trip.visits:
        return trip
    if not visits:
        return Trip(trip.key)
    known = dict(zip(_pairs(trip.visits), trip.legs, strict=True)) if trip.visits else {}
    places = [depot, *(visit.place for visit in visits), depot]
    legs = (
        known.get(pair) or travel.leg(start, end, vehicle.kind)
        for pair, (start, end) in zip(_pairs(visits), pairwise(places), strict=True)
    )
    return Trip(trip.key, tuple(visits), tuple(legs))


def legs_for(depot: Place, visits: Sequence[Visit], vehicle: Vehicle, travel: Travel) -> tuple[Leg, ...]:
    """Return all legs of a trip through `visits`, as a vehicle drives them."""
    places = [depot, *(visit.place for visit in visits), depot]
    return tuple(travel.leg(start, end, vehicle.kind) for start, end in pairwise(places)) if visits else ()


def _pairs(visits: Iterable[Visit]) -> list[tuple[int | None, int | None]]:
    return list(pairwise([None, *(visit.key for visit in visits), None]))
