"""Whether a pickup point can take a delivery on its day: rules first, then the routes. Writes nothing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from scheduling.access import Part, parts_of
from scheduling.answers import OPEN
from scheduling.buffers import buffer_s
from scheduling.conversion import visit_to, visit_within
from scheduling.facts import EXCHANGE, VisitFacts
from scheduling.models import AccessRule, Buffer, DayPlan, PickupPoint
from scheduling.models.slots import access_at, access_rules_of, buffers_at
from scheduling.routing import problem
from scheduling.routing.insertion import Gap, cheapest_of
from scheduling.routing.tape import Tape
from scheduling.snapshots import ROAD, at
from scheduling.windows import Window

REASONS: Final[dict[str, LazyText]] = {
    "full": _("Full right now."),
    "small": _("Your delivery is too large or too heavy for it."),
    "closed": _("Closed on that day while our vans are out."),
    "unreached": _("Our vans can’t fit it in on that day."),
}
NOT_AT_POINTS: Final[dict[str, LazyText]] = {
    "signature": _("These goods need a signature: we hand them over at your door."),
    "age_check": _("We must check the age of whoever takes these goods: we hand them over at your door."),
    "fridge": _("These goods must stay cold: they can’t wait at a pickup point."),
    "two_people": _("These goods need two people to carry them: they can’t go to a pickup point."),
    EXCHANGE: _("We take something back in exchange: that is done at your door."),
}
SHORTEST: Final = timedelta(minutes=30)
"""Less of a point's hours within the vans' is no time to be there."""


def why_not_at_points(requirements: Collection[str]) -> str | LazyText:
    """Return the sentence why goods can't wait at a pickup point; "" where they can."""
    return next((sentence for name, sentence in NOT_AT_POINTS.items() if name in requirements), "")


@dataclass(frozen=True, slots=True)
class Stay:
    """Hours of a point within which the vans may come: what is promised, and what its routes keep to."""

    window: Window
    buffer_s: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """The stay that costs least, the gap it takes, and the metres it adds there."""

    stay: Stay
    gap: Gap
    added_m: int


@dataclass(frozen=True, slots=True)
class PointRules:
    """What decides about the points of one day plan before its routes are asked."""

    plan: DayPlan
    opens_at: datetime
    closes_at: datetime
    buffers: tuple[Buffer, ...]
    access: tuple[AccessRule, ...]

    @classmethod
    def of(cls, plan: DayPlan, shifts: Sequence[problem.Shift], *, now: datetime) -> Self:
        """Return the rules of a day with these shifts. Two queries, three with access rules."""
        begun = min((shift.vehicle.starts_s for shift in shifts), default=0)
        ended = max((shift.vehicle.latest_return_s for shift in shifts), default=0)
        return cls(
            plan=plan,
            opens_at=max(now, at(plan.origin_at, begun)),
            closes_at=at(plan.origin_at, ended),
            buffers=tuple(Buffer.objects.filter(depot_id=plan.depot_id, active=True)),
            access=tuple(access_rules_of([plan.depot_id])),
        )

    def status(self, point: PickupPoint, facts: VisitFacts, *, taken_there: int = 0) -> str:
        """Return "open", or why a point can't take a delivery (a key of REASONS).

        `taken_there` are the places that the delivery itself has there.
        """
        if not point.takes(load_g=facts.load_g, load_ml=facts.load_ml, parcels=facts.parcels):
            return "small"
        if point.free + taken_there < facts.parcels:
            return "full"
        return OPEN if self.stays(point) else "closed"

    def stays(self, point: PickupPoint) -> list[Stay]:
        """Return the point's hours within the vans' hours of the day, in order."""
        zone = self.plan.depot.zone
        home = {"lat": point.lat, "lon": point.lon, "postcode": point.postcode}
        buffers, access = buffers_at(self.buffers, **home), access_at(self.access, **home)  # type: ignore[arg-type] # by name
        return [
            Stay(window, buffer_s(buffers, window, zone), parts_of(access, window, zone))
            for window in self._windows(point)
        ]

    def _windows(self, point: PickupPoint) -> Iterable[Window]:
        for span in point.spans_on(self.plan.service_date):
            opens_at, closes_at = max(span.opens_at, self.opens_at), min(span.closes_at, self.closes_at)
            if closes_at - opens_at >= SHORTEST:
                yield Window(opens_at, closes_at)


def cheapest_stay(
    tape: Tape, point: PickupPoint, facts: VisitFacts, stays: Sequence[Stay], plan: DayPlan
) -> Fit | None:
    """Return where in a day's routes, and in which of a point's hours, it costs least; None if nowhere."""
    visit = visit_to(point, facts)
    asked = [
        (
            stay,
            visit_within(visit, stay.window, buffer_s=stay.buffer_s, part=part, origin_at=plan.origin_at),
        )
        for stay in stays
        for part in stay.parts
    ]
    found = cheapest_of(tape, [visit for _stay, visit in asked], ROAD) if asked else None
    if found is None:
        return None
    which, gap, added_m = found[:3]
    return Fit(asked[which][0], gap, added_m)
