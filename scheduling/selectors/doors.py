"""What was said of a door: until when it can still be changed, and what was kept for next time."""

from dataclasses import replace
from datetime import datetime

from django.utils.functional import Promise as LazyText

from scheduling.facts import LEFT_OUTSIDE, DoorWish, SafePlace, VisitFacts
from scheduling.leaving import why_not_left
from scheduling.models import Booking, Delivery, Merchant, Quote
from scheduling.selectors.shopper import facts_now

__all__ = ["facts_at_door", "facts_wished", "kept_for", "told_until", "why_not_left_now"]


def kept_for(delivery: Delivery, *, flag: str) -> list[Delivery]:
    """Return the deliveries before it to the same door that were marked for next time, the latest first.

    The same door: of the same merchant, household and contact's e-mail. `flag` names the column that marks
    them. One query, one more if its address is not loaded.
    """
    if not delivery.contact_email:
        return []
    marked = Delivery.objects.filter(
        merchant=delivery.merchant_id, contact_email__iexact=delivery.contact_email, **{flag: True}
    )
    before = marked.exclude(pk=delivery.pk).select_related("address").order_by("-pk")
    return [each for each in before if each.address.household == delivery.address.household]


def told_until(booking: Booking, write: str = "tell") -> datetime | None:
    """Return until when its driver can be told of a change at the door: the start of the shift.

    None where its day takes no such change any more, or it goes to a pickup point. No query if all that leads
    to its plan is loaded.
    """
    shift = booking.stop.route.shift
    going = booking.state == Booking.State.BOOKED and booking.delivery.state == Delivery.State.CONFIRMED
    at_home = booking.stop.pickup_point_id is None
    return shift.starts_at if going and at_home and shift.plan.allows(write) else None


def why_not_left_now(booking: Booking) -> str | LazyText:
    """Return why a booked delivery can't be left when nobody opens; "" where it can. Two queries at most."""
    return why_not_left(booking.delivery, depot_id=booking.stop.route.shift.plan.depot_id)


def facts_wished(delivery: Delivery, wish: DoorWish, *, quote: Quote) -> VisitFacts:
    """Return a booked delivery as its customer wants it at another time; raises what facts_at_door does."""
    place = SafePlace() if wish.at_home else None
    facts = facts_now(delivery=delivery, quote=quote)
    return facts_at_door(facts, merchant=delivery.merchant, place=place, extra_s=wish.extra_s)


def facts_at_door(
    facts: VisitFacts, *, merchant: Merchant, place: SafePlace | None = None, extra_s: int | None = None
) -> VisitFacts:
    """Return a visit with something else said of its door; its seconds there follow. None: as it was.

    Raises BadFacts for a time that makes no sense, NeedsSomebody for goods that are never left anywhere.
    """
    name, note = (facts.safe_place, facts.safe_place_note) if place is None else (place.place, place.note)
    extra_s = facts.extra_s if extra_s is None else extra_s
    before_s = merchant.seconds_at_door(left_outside=facts.needs_nobody, extra_s=facts.extra_s)
    after_s = merchant.seconds_at_door(left_outside=name in LEFT_OUTSIDE, extra_s=extra_s)
    return replace(
        facts,
        service_s=max(0, extra_s, facts.service_s + after_s - before_s),
        extra_s=extra_s,
        safe_place=name,
        safe_place_note=note,
    )
