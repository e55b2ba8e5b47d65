"""A better plan for the same visits: what the solver finds, judged by our own schedule."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from scheduling.routing.lighter import with_rests_of, without_rests
from scheduling.routing.problem import Leg, Place, Plan, Shift, Trip, Vehicle, Visit
from scheduling.routing.schedule import Kind, violations
from scheduling.routing.started import Ahead
from scheduling.routing.tours import Found
from scheduling.routing.travel import Travel


class BeyondRange(Exception):
    """What was found would only lack the range: some vehicle would go too far."""


NOBODY_OUT: Final[Mapping[int, int]] = MappingProxyType({})

AS_IT_IS: Final = 0.25
WITHOUT_RESTS: Final = 0.25
"""The parts of its seconds in which a plan with rests is improved as it is, and without them."""

Look = Callable[[Plan, float], Plan]
"""One search: from a plan, for so much of the seconds; it may raise BeyondRange."""


def improve(
    plan: Plan,
    travel: Travel,
    *,
    seconds: float,
    seed: int = 0,
    staying: Collection[int] = (),
    begun: Mapping[int, int] = NOBODY_OUT,
) -> Plan:
    """The plan with better routes, or the same plan if none were found in so many seconds.

    All windows, loads, skills, shifts and reloads hold in what is returned; visits keep their keys, trips
    theirs, rests their vehicle. `staying` are keys of visits that keep their vehicle. A plan that already
    breaks something comes back mended or unchanged. Raises BeyondRange where what was found goes further
    than a battery reaches.

    `begun` says how many visits of a trip are served or being driven to, by its key; one more than it has
    where its vehicle is back. These visits stay exactly as they are, and all trips before them, and are
    judged no more. What else the trip delivers is on board and stays in it; others may still bring it what
    is to be collected. Raises ValueError if a trip has begun with none of its visits, or more than it has.
    """

    def look(start: Plan, part: float) -> Plan:
        return _better(start, travel, seconds=part * seconds, seed=seed, staying=staying, begun=begun)

    if begun or not any(shift.rests for shift in plan.shifts):
        return look(plan, 1)
    return _by_steps(plan, travel, look)


def _by_steps(plan: Plan, travel: Travel, look: Look) -> Plan:
    """As it is, and without its rests; then once more from the better of the two. Each takes its part."""
    usual = _or_same(look, plan, AS_IT_IS)
    lighter = with_rests_of(plan, _or_same(look, without_rests(plan, travel), WITHOUT_RESTS), travel)
    start = min(filter(None, (usual, lighter)), key=lambda one: (not is_sound(one), cost_s(one)))
    try:
        return look(start, 1 - AS_IT_IS - WITHOUT_RESTS)
    except BeyondRange:
        if start is plan:
            raise
        return start


def _or_same(look: Look, plan: Plan, part: float) -> Plan:
    try:
        return look(plan, part)
    except BeyondRange:
        return plan


def _better(
    plan: Plan,
    travel: Travel,
    *,
    seconds: float,
    seed: int,
    staying: Collection[int],
    begun: Mapping[int, int],
) -> Plan:
    """What one search finds, if it is better than the plan, else the plan. Raises BeyondRange."""
    ahead = [Ahead.of(shift, begun) for shift in plan.shifts]
    tours = [tour for each in ahead for tour in each.tours()]
    if not any(tour.visits and tour.leaves for tour in tours):
        return plan
    kept = {*staying, *(visit.key for each in ahead for visit in each.aboard)}
    from scheduling.routing.solver import solve  # the solver itself is loaded by who looks for better routes

    found = solve(plan.depot, tours, travel, staying=kept, seconds=seconds, seed=seed)
    if found is None:
        return plan
    better = replace(plan, shifts=tuple(_joined(plan, ahead, found, travel)))
    broken, broken_before = _broken_ahead(better, begun), _broken_ahead(plan, begun)
    if broken == {"range"} and not broken_before:
        raise BeyondRange
    if broken or not keeps_visits(plan, better):
        return plan
    return better if broken_before or cost_s(better) < cost_s(plan) else plan


def visits_of(plan: Plan) -> Iterable[Visit]:
    """All visits of a plan, trip by trip."""
    return (visit for shift in plan.shifts for trip in shift.trips for visit in trip.visits)


def is_sound(plan: Plan) -> bool:
    """Whether no shift breaks anything."""
    return not any(violations(shift) for shift in plan.shifts)


def goes_too_far(plan: Plan) -> bool:
    """Whether a range is all that a plan breaks."""
    return _broken_ahead(plan, NOBODY_OUT) == {"range"}


def driving(plan: Plan) -> Leg:
    """All driving of a plan in one: seconds and metres. Nobody drives for rests alone."""
    used = (shift for shift in plan.shifts if shift.used)
    legs = [leg for shift in used for trip in shift.trips for leg in trip.legs]
    return Leg(sum(leg.seconds for leg in legs), sum(leg.metres for leg in legs))


def cost_s(plan: Plan) -> int:
    """What a plan costs, in seconds of driving: as quotes count it, leg by leg, and vehicles sent out."""
    return sum(
        sum(_leg_cost_s(leg, shift.vehicle) for trip in shift.trips for leg in trip.legs)
        + shift.vehicle.kind.opening_cost_s
        for shift in plan.shifts
        if shift.used
    )


def _leg_cost_s(leg: Leg, vehicle: Vehicle) -> int:
    return leg.seconds + leg.metres * vehicle.kind.cost_s_per_km // 1000


def _broken_ahead(plan: Plan, begun: Mapping[int, int]) -> set[Kind]:
    """What breaks of all that is still to come."""
    to_come = (Ahead.of(shift, begun).to_come() for shift in plan.shifts)
    return {found.kind for shift in to_come for found in violations(shift)}


def keeps_visits(plan: Plan, better: Plan) -> bool:
    """Whether nobody is lost or served twice, and each vehicle has its own rests."""
    before, after = (sorted(visit.key for visit in visits_of(one)) for one in (plan, better))
    rests = [[{rest.key for rest in shift.rests} for shift in one.shifts] for one in (plan, better)]
    return before == after and rests[0] == rests[1]


def _joined(plan: Plan, ahead: Iterable[Ahead], found: Found, travel: Travel) -> Iterable[Shift]:
    """Each shift with what was found for its tours, behind what is over."""
    number = 0
    for each in ahead:
        n_tours = len(each.tours())
        trips = [found.get(tour) for tour in range(number, number + n_tours)]
        number += n_tours
        yield _with_trips(plan.depot, each, trips, travel)


def _with_trips(
    depot: Place, ahead: Ahead, found: Sequence[list[list[Visit]] | None], travel: Travel
) -> Shift:
    shift, trips = ahead.shift, list(ahead.shift.trips[: ahead.first])
    if ahead.done:
        (rest,), found = found[0] or [[]], found[1:]
        old = ahead.open[0]
        trips.append(_trip(depot, old, (*old.visits[: ahead.done], *rest), shift.vehicle, travel))
    free = shift.trips[len(trips) :]
    # Who stays at the depot keeps their rests, and nothing else.
    staying = [[visit for visit in trip.visits if visit.rest] for trip in free]
    wanted = found[0] if found and found[0] is not None else [] if ahead.out else staying
    filled = [*wanted, *[[]] * (len(free) - len(wanted))]
    trips += [
        _trip(depot, old, tuple(visits), shift.vehicle, travel)
        for old, visits in zip(free, filled, strict=True)
    ]
    return replace(shift, trips=tuple(trips))


def _trip(depot: Place, old: Trip, visits: tuple[Visit, ...], vehicle: Vehicle, travel: Travel) -> Trip:
    """The trip with these visits. As far as it drives as before its legs are those it was promised with."""
    if visits == old.visits:
        return old
    same = next((n for n, (a, b) in enumerate(zip(visits, old.visits, strict=False)) if a != b), None)
    same = min(len(visits), len(old.visits)) if same is None else same
    stops: list[Place] = [depot, *(visit.place for visit in visits), depot]
    ways = list(pairwise(stops))[same:] if visits else []
    return Trip(old.key, visits, (*old.legs[:same], *(travel.leg(a, b, vehicle.kind) for a, b in ways)))
