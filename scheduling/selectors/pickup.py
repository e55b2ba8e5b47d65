"""Where else a delivery could go on its day: the nearest pickup points, and what each does to the routes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise as LazyText

from scheduling.answers import OPEN
from scheduling.conversion import visit_for, visit_to, visit_within
from scheduling.facts import VisitFacts
from scheduling.models import Booking, DayPlan, PickupPoint, VehicleClass
from scheduling.models.network import distance_m
from scheduling.point_rules import REASONS, Fit, PointRules, cheapest_stay, why_not_at_points
from scheduling.routing.carbon import grams
from scheduling.routing.insertion import Gap, cheapest_of
from scheduling.routing.offers import band_m
from scheduling.routing.tape import Tape
from scheduling.selectors.shopper import facts_now
from scheduling.snapshots import ROAD, Snapshot, snapshots_of
from scheduling.windows import Window

NEAREST: Final = 5
MOST_LOOKED_AT: Final = 12
"""Where many of the nearest can't take it, those further off are not looked at for ever."""


@dataclass(frozen=True, slots=True)
class Added:
    """What a stop adds to its day, as its customer may know it: in bands. `boundary` is what grams count."""

    band_m: int
    grams: int
    boundary: str


@dataclass(frozen=True, slots=True)
class PointNear:
    """A pickup point, how far it is from the address, and whether the delivery may go there on its day.

    `window` and `added` are set where it may, `reason` is a sentence where it may not.
    """

    point: PickupPoint
    away_m: int
    status: str
    window: Window | None = None
    added: Added | None = None

    @property
    def open(self) -> bool:
        """Whether it may be chosen."""
        return self.status == OPEN

    @property
    def reason(self) -> str | LazyText:
        """Return why it can't be chosen, as a sentence."""
        return "" if self.open else REASONS[self.status]


@dataclass(frozen=True, slots=True)
class Nearby:
    """The points near a booking's address, nearest first, and what its present stop adds today."""

    points: tuple[PointNear, ...]
    present: Added | None

    def point(self, external_id: str) -> PointNear | None:
        """Return the point with an id, if it may be chosen."""
        return next((one for one in self.points if one.open and one.point.external_id == external_id), None)


def may_divert(booked: Booking, now: datetime) -> bool:
    """Whether a booking may go to some pickup point, as far as its own rows tell. One query at most."""
    delivery, plan = booked.delivery, booked.stop.route.shift.plan
    if (booked.state, delivery.state) != (Booking.State.BOOKED, delivery.State.CONFIRMED):
        return False
    if delivery.direction != delivery.Direction.OUT or why_not_at_points(delivery.requirements):
        return False
    if not plan.allows("move_within") or now >= booked.stop.opens_at:
        return False
    return PickupPoint.objects.filter(depot_id=plan.depot_id, active=True).exists()


def points_near(booked: Booking, *, now: datetime) -> Nearby:
    """Return the nearest five points that can take a delivery, and those nearer that can't, with why.

    Seven queries at most, and three more where the day is not in the cache.
    """
    delivery, plan = booked.delivery, booked.stop.route.shift.plan
    (snapshot,) = snapshots_of([plan], now=now)
    tape = snapshot.tape_without(snapshot.stops_of(delivery))
    facts = facts_now(delivery=delivery, quote=booked.quote)
    look = _Look(
        booked=booked,
        plan=plan,
        snapshot=snapshot,
        tape=tape,
        facts=facts,
        rules=PointRules.of(plan, snapshot.plan.shifts, now=now),
        kinds={kind.slug: kind for kind in VehicleClass.objects.all()},
    )
    found: list[PointNear] = []
    for point, away_m in _by_distance(booked)[:MOST_LOOKED_AT]:
        found.append(look.at(point, away_m))
        if sum(one.open for one in found) == NEAREST:
            break
    return Nearby(tuple(found), look.present())


def _by_distance(booked: Booking) -> list[tuple[PickupPoint, int]]:
    """Return a depot's open points but the one it goes to already, with how far they are from the address."""
    home, plan = booked.delivery.address, booked.stop.route.shift.plan
    points = PickupPoint.objects.filter(depot_id=plan.depot_id, active=True).select_related("depot")
    away = [
        (point, round(distance_m(home.lat, home.lon, point.lat, point.lon)))
        for point in points
        if point.pk != booked.stop.pickup_point_id
    ]
    return sorted(away, key=lambda one: (one[1], one[0].pk))


@dataclass(frozen=True, slots=True)
class _Look:
    booked: Booking
    plan: DayPlan
    snapshot: Snapshot
    tape: Tape
    facts: VisitFacts
    rules: PointRules
    kinds: dict[str, VehicleClass]

    def at(self, point: PickupPoint, away_m: int) -> PointNear:
        status = self.rules.status(point, self.facts)
        if status != OPEN:
            return PointNear(point, away_m, status)
        fit = cheapest_stay(self.tape, point, self.facts, self.rules.stays(point), self.plan)
        if fit is None:
            return PointNear(point, away_m, "unreached")
        return PointNear(point, away_m, OPEN, fit.stay.window, self._added(fit))

    def present(self) -> Added | None:
        """What its stop adds as the routes are today: like with like. None where it would fit no more."""
        stop = self.booked.stop
        visit = visit_to(stop.pickup_point, self.facts) if stop.pickup_point else visit_for(self.facts)
        now_there = visit_within(
            visit,
            Window(stop.opens_at, stop.closes_at),
            buffer_s=stop.buffer_s,
            part=stop.part,
            origin_at=self.plan.origin_at,
        )
        found = cheapest_of(self.tape, [now_there], ROAD)
        return self._in_bands(found[1], found[2]) if found else None

    def _added(self, fit: Fit) -> Added:
        return self._in_bands(fit.gap, fit.added_m)

    def _in_bands(self, gap: Gap, metres: int) -> Added:
        shift = next(one for one in self.snapshot.plan.shifts if one.vehicle.key == gap.shift_key)
        kind, band = self.kinds[shift.vehicle.kind.key], band_m(metres)
        return Added(band, grams(band, kind.grams_per_km), kind.boundary)
