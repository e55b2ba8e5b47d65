"""What messages of the day itself say: when we come now, what came of it, how to go on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.customers import words
from portal.door import left_words
from portal.messaging.topics import Topic
from scheduling.models import Attempt, Booking, Delivery, Event, Expected, Stop
from scheduling.selectors.road import stops_before
from scheduling.statements import NUMBER, Instances

TO_COME: Final = frozenset({"on_the_way", "near", "next", "running_late", "late"})
"""What is of use only until the driver is there."""

WHY: Final[dict[str, str | LazyText]] = {
    "nobody_home": gettext_lazy("Nobody opened."),
    "no_way_in": gettext_lazy("Our driver found no way in."),
    "not_found": gettext_lazy("Our driver did not find the address."),
    "damaged": gettext_lazy("The goods were damaged, so we did not hand them over."),
    "not_on_board": gettext_lazy("The goods were not on the van."),
    "no_proof_of_age": gettext_lazy("There was no proof of age."),
    "not_wanted": gettext_lazy("It was refused at the door."),
    "not_reached": gettext_lazy("The tour ended before we reached you."),
    "other": gettext_lazy("It was not possible this time."),
}

_BOOKING: Final = Instances(
    lambda delivery: Booking.objects.filter(delivery=delivery).select_related(
        "stop__route__shift__plan__depot",
        "stop__route__shift__driver",
        "stop__route__shift__vehicle",
        "stop__expected",
    ),
    NUMBER,
)


class OutOfDate(Exception):
    """What an event said is no longer so: nobody needs to hear of it."""


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What is known of a visit on its day; what does not apply is empty."""

    expected: str
    stops: str
    who: str
    outcome: str
    at: str
    why: str
    left: str


def day_facts(event: Event, topic: Topic, delivery: Delivery, *, now: datetime) -> DayFacts:
    """Return what a message of the day says. Raises OutOfDate where that is over. At most five queries."""
    booking = _booking(delivery)
    require_timely(event, topic, booking, now=now)
    stop, zone = booking.stop, booking.stop.route.shift.plan.depot.zone
    attempt = Attempt.objects.filter(stop=stop).first()
    return DayFacts(
        expected=expected_hours(stop, zone),
        stops=_stops(stop) if topic.name in ("on_the_way", "near") else "",
        who=who_comes(stop),
        outcome=outcome(attempt, delivery) if attempt else "",
        at=words.clock_time(attempt.happened_at.astimezone(zone)) if attempt else "",
        why=str(WHY.get(attempt.reason, "")) if attempt else "",
        left=_left(attempt, delivery) if attempt else "",
    )


def _booking(delivery: Delivery) -> Booking:
    return _BOOKING.get(delivery.pk)


def require_timely(event: Event, topic: Topic, booking: Booking, *, now: datetime) -> None:
    """Raise OutOfDate where an event's message would say what is over.

    The visit has another place since, it was cancelled, or the driver has come.
    """
    stop = booking.stop
    if booking.state != Booking.State.BOOKED or stop.created_at > event.occurred_at:
        raise OutOfDate
    if topic.name in TO_COME and (stop.done_at or stop.arrived_at):
        raise OutOfDate
    if topic.name == "day_before" and now >= stop.opens_at:
        raise OutOfDate


def expected_hours(stop: Stop, zone: ZoneInfo) -> str:
    """Return when we expect to come, 14:10–14:40; the promise where nobody knows better."""
    expected: Expected | None = getattr(stop, "expected", None)
    opens, closes = (expected.from_at, expected.until_at) if expected else (stop.opens_at, stop.closes_at)
    first, last = words.clock_time(opens.astimezone(zone)), words.clock_time(closes.astimezone(zone))
    return first if first == last else f"{first}–{last}"


def _stops(stop: Stop) -> str:
    before = stops_before(stop)
    return ngettext("%(count)d stop before yours", "%(count)d stops before yours", before) % {"count": before}


def who_comes(stop: Stop) -> str:
    """Return who comes with what, as far as they agreed to be named: Mika, with the cargo bike."""
    shift = stop.route.shift
    if shift.driver is None:
        return ""
    known = {"name": shift.driver.first_name, "vehicle": shift.vehicle.name}
    if shift.driver.shows_name and shift.driver.shows_vehicle:
        return _("%(name)s comes with %(vehicle)s.") % known
    if shift.driver.shows_name:
        return _("%(name)s comes to you.") % known
    return _("We come with %(vehicle)s.") % known if shift.driver.shows_vehicle else ""


def outcome(attempt: Attempt, delivery: Delivery) -> str:
    """Say what became of it at the door."""
    whom = {"name": attempt.to_whom}
    if attempt.outcome == Attempt.Outcome.SAFE_PLACE:
        place = left_words(delivery.left_at)
        return _("Left outside: %(place)s.") % {"place": place} if place else _("Left outside.")
    if attempt.outcome == Attempt.Outcome.NEIGHBOUR:
        return (
            _("Left with a neighbour: %(name)s.") % whom if attempt.to_whom else _("Left with a neighbour.")
        )
    if attempt.outcome == Attempt.Outcome.AT_POINT:
        return _("It waits at the pickup point.")
    return _("Handed over to %(name)s.") % whom if attempt.to_whom else _("Handed over.")


def _left(attempt: Attempt, delivery: Delivery) -> str:
    """Say how many parcels stayed on the van."""
    if attempt.outcome != Attempt.Outcome.PARTLY:
        return ""
    left = delivery.parcels.count() - attempt.handed.count()
    if left <= 0:
        return ""
    return ngettext(
        "%(count)d parcel is still with us; the shop writes to you about it.",
        "%(count)d parcels are still with us; the shop writes to you about them.",
        left,
    ) % {"count": left}
