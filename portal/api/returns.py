"""Returns: asked for by merchants' programs, and looked at until the money is back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from portal.api import wire
from portal.api.callers import Caller, Needs, caller_of
from portal.api.documents import ONCE, changes, looks
from portal.api.errors import NotFound
from portal.api.repeats import once
from portal.api.return_schemas import (
    InspectionQuestion,
    PickupQuestion,
    RefundAnswer,
    ReturnAnswer,
    ReturnedItem,
    ReturnQuestion,
)
from portal.api.schemas import QuoteAnswer
from portal.models.keys import Scope
from returns.selectors.shops import return_of
from returns.services.changing import call_off
from returns.services.inspections import Finding, finish, inspect, receive
from returns.services.pickups import book_pickup, facts_for
from returns.services.requests import Wish, request_return
from scheduling import clock
from scheduling.selectors.merchants import delivery_of, order_numbered
from scheduling.services.holds import place_hold
from scheduling.services.quotes import ask as quote

if TYPE_CHECKING:
    from returns.models import Refund, Return, ReturnItem
    from scheduling.models import Delivery, Order

router = Router(tags=["Returns"])

Ref = Annotated[str, Path(pattern=r"^[0-9A-Z]{1,16}$", description="the return’s reference")]


@router.post(
    "/returns", response=changes(ReturnAnswer, 201), openapi_extra=ONCE, auth=Needs(Scope.RETURNS_WRITE)
)
def ask(request: HttpRequest, question: ReturnQuestion) -> HttpResponse:
    """Ask for a return of some items of an order, by your own rules. Never more than was bought."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        order = _order(caller, question.order_number)
        made = request_return(
            order.pk,
            [Wish(**each.model_dump()) for each in question.items],
            actor=caller.actor,
            now=now,
            delivery=_brought(caller, order, question.delivery),
            method=question.method,
        )
        return 201, _said(caller, made.ref)

    return once(request, caller, effect)


@router.get("/returns/{ref}", response=looks(ReturnAnswer, 404), auth=Needs(Scope.RETURNS_READ))
def look(request: HttpRequest, ref: Ref) -> Any:
    """See where it is, what was found and what became of the money."""
    return answer(return_found(caller_of(request), ref))


@router.post("/returns/{ref}/quotes", response=looks(QuoteAnswer, 404, 409), auth=Needs(Scope.RETURNS_WRITE))
def ask_for_pickups(request: HttpRequest, ref: Ref) -> Any:
    """Ask when we could pick it up, where its goods were brought to, and what that would add."""
    caller = caller_of(request)
    facts = facts_for(return_found(caller, ref))
    view = quote(merchant=caller.merchant, facts=facts, session_key=_session(ref), now=clock.now())
    return wire.quote(view, facts.address)


@router.post(
    "/returns/{ref}/pickup",
    response=changes(ReturnAnswer),
    openapi_extra=ONCE,
    auth=Needs(Scope.RETURNS_WRITE),
)
def pick_up(request: HttpRequest, ref: Ref, question: PickupQuestion) -> HttpResponse:
    """Have it picked up at one of those times. The pickup is a delivery: move it as you move any other."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        found = return_found(caller, ref)
        kept = place_hold(
            offer_token=question.offer,
            merchant=caller.merchant,
            session_key=_session(ref),
            actor=caller.actor,
            now=now,
        )
        book_pickup(found.pk, kept.token, actor=caller.actor, now=now)
        return 200, _said(caller, ref)

    return once(request, caller, effect)


@router.post(
    "/returns/{ref}/cancel",
    response=changes(ReturnAnswer),
    openapi_extra=ONCE,
    auth=Needs(Scope.RETURNS_WRITE),
)
def cancel(request: HttpRequest, ref: Ref) -> HttpResponse:
    """Call it off, until it has left its customer; its pickup is called off with it. Twice is once."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        call_off(return_found(caller, ref).pk, actor=caller.actor, now=now)
        return 200, _said(caller, ref)

    return once(request, caller, effect)


@router.post(
    "/returns/{ref}/receive",
    response=changes(ReturnAnswer),
    openapi_extra=ONCE,
    auth=Needs(Scope.RETURNS_WRITE),
)
def arrive(request: HttpRequest, ref: Ref) -> HttpResponse:
    """Say that its parcel has arrived with you. Twice is once."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        found = return_found(caller, ref)
        receive(merchant=caller.merchant, code=found.ref, actor=caller.actor, now=now)
        return 200, _said(caller, ref)

    return once(request, caller, effect)


@router.post(
    "/returns/{ref}/inspect",
    response=changes(ReturnAnswer),
    openapi_extra=ONCE,
    auth=Needs(Scope.RETURNS_WRITE),
)
def judge(request: HttpRequest, ref: Ref, question: InspectionQuestion) -> HttpResponse:
    """Say what was found of every line; what is owed goes back half a minute later."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        found = return_found(caller, ref)
        lines = {each.item.ref: each.pk for each in found.items.all()}
        for each in question.items:
            if each.line not in lines:
                raise NotFound
            finding = Finding(**each.model_dump(exclude={"line"}))
            inspect(lines[each.line], finding, actor=caller.actor, now=now)
        finish(found.pk, actor=caller.actor, now=now)
        return 200, _said(caller, ref)

    return once(request, caller, effect)


def _session(ref: str) -> str:
    return f"api:r:{ref}"


def return_found(caller: Caller, ref: str) -> Return:
    """Return a return of the caller's. Raises NotFound."""
    found = return_of(merchant=caller.merchant, ref=ref)
    if found is None:
        raise NotFound
    return found


def _order(caller: Caller, number: str) -> Order:
    found = order_numbered(merchant=caller.merchant, number=number)
    if found is None:
        raise NotFound
    return found


def _brought(caller: Caller, order: Order, ref: str) -> Delivery | None:
    """Return the delivery that brought it: the one named, or the order's only one. Raises NotFound."""
    if ref:
        found = delivery_of(merchant=caller.merchant, ref=ref)
        if found is None or found.order_id != order.pk:
            raise NotFound
        return found
    out = [each for each in order.deliveries.all() if each.direction == each.Direction.OUT]
    return out[0] if len(out) == 1 else None


def _said(caller: Caller, ref: str) -> dict[str, Any]:
    return answer(return_found(caller, ref)).model_dump(mode="json")


def answer(one: Return) -> ReturnAnswer:
    """Return a return as it goes over the wire: nobody's name, no words of its customer's."""
    fields = {name: getattr(one, name) for name in _PLAIN}
    return ReturnAnswer(
        **fields,
        order_number=one.order.number,
        delivery=one.delivery.ref if one.delivery else None,
        pickup=one.pickup.ref if one.pickup else None,
        swap=one.swap.ref if one.swap else None,
        items=[_item(each) for each in one.items.all()],
        refunds=[_refund(each) for each in one.refunds.all()],
    )


_PLAIN = (
    "ref",
    "kind",
    "parcel",
    "inspection",
    "money",
    "method",
    "fee_minor",
    "currency",
    "requested_at",
    "collected_at",
    "received_at",
    "inspected_at",
    "settled_at",
    "closed_at",
    "refund_due_at",
)


def _item(row: ReturnItem) -> ReturnedItem:
    same = set(ReturnedItem.model_fields) - {"line", "sku"}
    return ReturnedItem(line=row.item.ref, sku=row.item.sku, **{name: getattr(row, name) for name in same})


def _refund(row: Refund) -> RefundAnswer:
    return RefundAnswer(
        id=str(row.pk),
        payment_intent=row.payment.payment_intent if row.payment else None,
        amount_minor=row.amount_minor,
        currency=row.currency,
        state=row.state,
    )
