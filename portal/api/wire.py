"""From what selectors and services return to what goes over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.access import FOLLOW, issue_link, url_of
from portal.api import schemas
from portal.services.feed import in_json
from scheduling import windows
from scheduling.errors import AddressNeeded
from scheduling.selectors.attempts import attempts_of
from scheduling.selectors.promises import promises_of
from scheduling.selectors.shopper import orders_of
from scheduling.selectors.slots import answers_of
from scheduling.services.holds import MOST_EXTENSIONS

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from portal.services.feed import Told
    from scheduling.answers import SlotAnswer
    from scheduling.facts import AddressFacts
    from scheduling.models import Attempt, Booking, Delivery, Hold
    from scheduling.selectors.promises import Promised as PromiseMade
    from scheduling.selectors.slots import OfferView, QuoteView


def quote(view: QuoteView, address: AddressFacts) -> schemas.QuoteAnswer:
    """Return a quote's times, chosen or not, in the order of the pages."""
    return schemas.QuoteAnswer(
        quote=view.ref,
        asked_at=view.asked_at,
        expires_at=view.expires_at,
        currency=view.currency,
        method=view.method,
        address=found(address),
        indicative=address.is_postcode,
        offers=[offer(one, indicative=address.is_postcode) for day in view.days for one in day.offers],
        suggestions=[]
        if address.is_postcode
        else [schemas.Suggestion(offer=one.offer.token, tags=list(one.tags)) for one in view.suggestions],
        next_day_with_room=view.next_day_with_room,
    )


def found(address: AddressFacts) -> schemas.Found:
    """Return an address as it was found."""
    names = schemas.Found.model_fields
    return schemas.Found(**{name: getattr(address, name) for name in names})


def offer(view: OfferView, *, indicative: bool = False) -> schemas.Offer:
    """Return one time; an indicative one can't be chosen before the address is known."""
    answer = view.answer
    reason = None
    if not answer.open:
        reason = schemas.Reason(code=answer.status, message=str(answer.reason))
    elif indicative:
        reason = schemas.Reason(code=AddressNeeded.code, message=str(AddressNeeded.sentence))
    return schemas.Offer(
        offer=None if indicative else view.token or None,
        window=schemas.Window(
            date=answer.service_date,
            opens_at=answer.opens_at,
            closes_at=answer.closes_at,
            time_zone=answer.time_zone,
        ),
        reason=reason,
        cutoff_at=answer.cutoff_at,
        price_minor=answer.price_minor,
        base_price_minor=answer.base_price_minor,
        impact=impact(answer) if answer.open else None,
        little_driving=answer.pointed_out,
        narrows_to_s=answer.narrows_to_s,
        unattended=answer.unattended,
    )


def impact(answer: SlotAnswer) -> schemas.Impact:
    """Return what a time would add."""
    return schemas.Impact(
        up_to_m=answer.band_m,
        grams_co2e=answer.grams,
        boundary=answer.boundary,
        mean_m=answer.mean_band_m,
        mean_grams_co2e=answer.mean_grams,
    )


def hold(kept: Hold) -> schemas.HoldAnswer:
    """Return a time that is kept, or was."""
    zone = kept.stop.route.shift.plan.depot.zone
    return schemas.HoldAnswer(
        hold=kept.token,
        state=kept.state,
        expires_at=kept.expires_at,
        extensions_left=max(0, MOST_EXTENSIONS - kept.extensions),
        window=window(kept.stop.opens_at, kept.stop.closes_at, zone),
        price_minor=kept.price_minor,
        currency=kept.currency,
    )


def window(opens_at: datetime, closes_at: datetime, zone: ZoneInfo) -> schemas.Window:
    """Return a window with its date where the depot is."""
    return schemas.Window(
        date=windows.local_date(opens_at, zone), opens_at=opens_at, closes_at=closes_at, time_zone=zone.key
    )


def follow_url(delivery: Delivery, *, now: datetime) -> str:
    """Return the link that only looks. Send it; never keep it."""
    return url_of(issue_link(delivery=delivery, kind=FOLLOW, now=now))


def person(one: Delivery) -> schemas.PersonAnswer | None:
    """Return whom a delivery is for; None once they are erased."""
    if one.erased_at is not None:
        return None
    return schemas.PersonAnswer(email=one.contact_email, name=one.contact_name, phone=str(one.contact_phone))


def delivery(booked: Booking, *, contact: schemas.PersonAnswer | None, follow_url: str) -> schemas.Promised:
    """Return a booked delivery."""
    one = booked.delivery
    number, *also = orders_of(one)
    return schemas.Promised(
        ref=one.ref,
        state=one.state,
        order_number=number,
        also_orders=also,
        window=window(booked.stop.opens_at, booked.stop.closes_at, booked.stop.route.shift.plan.depot.zone),
        change_until_at=booked.change_until_at,
        price_minor=booked.price_minor,
        currency=booked.currency,
        collected_by=booked.collected_by,
        pickup_point=point(booked),
        impact=schemas.Impact(up_to_m=booked.band_m, grams_co2e=booked.grams, boundary=boundary_of(booked)),
        promises=[promise(each) for each in promises_of(one)],
        attempts=[attempt(each) for each in attempts_of(one)],
        contact=contact,
        follow_url=follow_url,
    )


def promise(made: PromiseMade) -> schemas.Promise:
    """Return one line of the ledger, without what only the depot may know."""
    return schemas.Promise(
        number=made.number,
        cause=made.cause,
        opens_at=made.window.opens_at,
        closes_at=made.window.closes_at,
        made_at=made.made_at,
    )


def attempt(tried: Attempt) -> schemas.Try:
    """Return one try: without who took it, where the driver stood, and pictures."""
    kinds = [proof.kind for proof in tried.proofs.all()]
    return schemas.Try(
        number=tried.number,
        outcome=tried.outcome,
        reason=tried.reason,
        arrived_at=tried.arrived_at,
        happened_at=tried.happened_at,
        parcels=tried.parcels,
        age_checked=tried.age_checked,
        distance_m=tried.distance_m,
        photos=kinds.count("photo"),
        signed="signature" in kinds,
        undone_at=tried.undone_at,
    )


def point(booked: Booking) -> schemas.PointAnswer | None:
    """Return the pickup point where a delivery goes, if it goes to one."""
    at = booked.stop.pickup_point
    return schemas.PointAnswer(ref=at.external_id, name=at.name) if at else None


def boundary_of(booked: Booking) -> str:
    """Return what its grams count: as it was quoted, or as the van does that comes to its pickup point."""
    if booked.stop.pickup_point is not None:
        return booked.stop.route.shift.vehicle.vehicle_class.boundary
    answer = next((a for a in answers_of(booked.quote) if a.key == booked.offer_key), None)
    return answer.boundary if answer else ""


def event(told: Told) -> schemas.Happened:
    """Return an event, as webhooks carry it."""
    return schemas.Happened(**in_json(told))
