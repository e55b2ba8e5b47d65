"""Deliveries: booked, looked at, moved, cancelled; and what happened to them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from portal.api import wire
from portal.api.callers import Caller, Needs, caller_of
from portal.api.documents import ONCE, changes, looks
from portal.api.errors import NotFound
from portal.api.questions import DeliveryQuestion, MoveQuestion
from portal.api.repeats import once
from portal.api.schemas import Events, Promised, QuoteAnswer
from portal.models.keys import Scope
from portal.services.feed import entries_after
from scheduling import clock
from scheduling.facts import Contact
from scheduling.selectors.merchants import delivery_of, hold_of
from scheduling.selectors.shopper import facts_now
from scheduling.services.bookings import cancel_delivery, confirm_hold, reschedule_delivery
from scheduling.services.quotes import ask

if TYPE_CHECKING:
    from scheduling.models import Delivery

router = Router(tags=["Deliveries"])
MOST_EVENTS: Final = 100

Ref = Annotated[str, Path(pattern=r"^[0-9A-Z]{1,16}$", description="the delivery’s reference")]


@router.post(
    "/deliveries",
    response=changes(Promised, 201),
    openapi_extra=ONCE,
    auth=Needs(Scope.DELIVERIES_WRITE),
)
def book(request: HttpRequest, question: DeliveryQuestion) -> HttpResponse:
    """Turn a time that is kept into a booking: whose it is, and which order.

    Its customer gets the confirmation with their own link by mail. A hold that ran out less than two hours
    ago is still booked, at its price, if its time is free.
    """
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        kept = hold_of(merchant=caller.merchant, token=question.hold)
        if kept is None:
            raise NotFound
        contact = Contact(
            email=question.contact.email, name=question.contact.name, phone=question.contact.phone
        )
        booked = confirm_hold(
            hold=kept, contact=contact, order_number=question.order_number, actor=caller.actor, now=now
        )
        return 201, _said(caller, booked.delivery.ref)

    return once(request, caller, effect, reveal=partial(_revealed, caller))


@router.get("/deliveries/{ref}", response=looks(Promised, 404), auth=Needs(Scope.DELIVERIES_READ))
def look(request: HttpRequest, ref: Ref) -> Any:
    """See what is promised, and in which state the delivery is."""
    delivery = _delivery(caller_of(request), ref)
    return wire.delivery(delivery.booking, **_private(delivery))


@router.post("/deliveries/{ref}/quotes", response=looks(QuoteAnswer, 404), auth=Needs(Scope.QUOTES))
def ask_for_other_times(request: HttpRequest, ref: Ref) -> Any:
    """Ask for other times for a delivery that is booked; its present place is thought away."""
    caller, now = caller_of(request), clock.now()
    if caller.is_public:  # it could find other people's addresses out by what changes
        raise NotFound
    delivery = _delivery(caller, ref)
    facts = facts_now(delivery=delivery, quote=delivery.booking.quote)
    view = ask(
        merchant=caller.merchant, facts=facts, session_key=_session(delivery), now=now, moving=delivery
    )
    return wire.quote(view, facts.address)


@router.post(
    "/deliveries/{ref}/reschedule",
    response=changes(Promised),
    openapi_extra=ONCE,
    auth=Needs(Scope.DELIVERIES_WRITE),
)
def move(request: HttpRequest, ref: Ref, question: MoveQuestion) -> HttpResponse:
    """Move it to one of those times, until its cut-off. Moved to where it is already, nothing changes."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        delivery = _delivery(caller, ref)
        reschedule_delivery(
            delivery=delivery,
            offer_token=question.offer,
            session_key=_session(delivery),
            actor=caller.actor,
            now=now,
        )
        return 200, _said(caller, ref)

    return once(request, caller, effect, reveal=partial(_revealed, caller))


@router.post(
    "/deliveries/{ref}/cancel",
    response=changes(Promised),
    openapi_extra=ONCE,
    auth=Needs(Scope.DELIVERIES_WRITE),
)
def cancel(request: HttpRequest, ref: Ref) -> HttpResponse:
    """Cancel it, until its day has started. Cancelled twice, nothing more happens."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        cancel_delivery(delivery=_delivery(caller, ref), actor=caller.actor, now=now)
        return 200, _said(caller, ref)

    return once(request, caller, effect, reveal=partial(_revealed, caller))


@router.get(
    "/events",
    response=looks(Events),
    auth=Needs(Scope.EVENTS_READ),
    tags=["Events"],
)
def read_events(
    request: HttpRequest,
    after: Annotated[
        str, Query(pattern=r"^[0-9]{0,18}$", description="the `next` of the answer before")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = MOST_EVENTS,
) -> Any:
    """Read what happened to your deliveries, in order and without gaps."""
    told = entries_after(int(after or 0), merchant=caller_of(request).merchant, limit=limit + 1)
    shown, more = told[:limit], len(told) > limit
    return Events(
        events=[wire.event(one) for one in shown],
        next=str(shown[-1].number) if shown else after or "0",
        more=more,
    )


def _session(delivery: Delivery) -> str:
    return f"api:m:{delivery.ref}"


def _delivery(caller: Caller, ref: str) -> Delivery:
    """Return a booked delivery of the caller's. Raises NotFound."""
    found = delivery_of(merchant=caller.merchant, ref=ref)
    if found is None:
        raise NotFound
    return found


def _said(caller: Caller, ref: str) -> dict[str, Any]:
    """Return what is told of a delivery, and kept for who asks again: without its person and its link."""
    return wire.delivery(_delivery(caller, ref).booking, contact=None, follow_url="").model_dump(mode="json")


def _private(delivery: Delivery) -> dict[str, Any]:
    """Return what is told of a delivery and kept nowhere."""
    return {"contact": wire.person(delivery), "follow_url": wire.follow_url(delivery, now=clock.now())}


def _revealed(caller: Caller, said: dict[str, Any]) -> dict[str, Any]:
    delivery = _delivery(caller, said["ref"])
    person = wire.person(delivery)
    return said | _private(delivery) | {"contact": person.model_dump(mode="json") if person else None}
