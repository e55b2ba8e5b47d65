"""Orders: told by their merchants, and looked at with the deliveries that belong to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from portal.api.callers import Caller, Needs, caller_of
from portal.api.documents import ONCE, changes, looks
from portal.api.errors import NotFound
from portal.api.order_schemas import ItemAnswer, OrderAnswer, OrderQuestion, PaymentAnswer
from portal.api.repeats import once
from portal.api.schemas import PersonAnswer
from portal.models.keys import Scope
from returns.selectors.shops import returns_of
from scheduling.bought import ItemBought, OrderBought, Paid
from scheduling.facts import Contact
from scheduling.selectors.merchants import order_numbered, refs_of
from scheduling.services.orders import record_order

if TYPE_CHECKING:
    from scheduling.models import Order

router = Router(tags=["Orders"])

Number = Annotated[
    str, Path(pattern=r"^[^/\x00-\x1f\x7f]{1,64}$", description="the order’s number, as you told it")
]


@router.post(
    "/orders", response=changes(OrderAnswer, 201), openapi_extra=ONCE, auth=Needs(Scope.ORDERS_WRITE)
)
def tell(request: HttpRequest, question: OrderQuestion) -> HttpResponse:
    """Tell what was bought: once and whole. Deliveries with its number belong to it, before or after."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        person = question.contact
        contact = Contact(email=person.email, name=person.name, phone=person.phone)
        record_order(merchant=caller.merchant, bought=bought_of(question), contact=contact, now=now)
        return 201, _answer(caller, question.number).model_dump(mode="json")

    return once(request, caller, effect)


@router.get("/orders/{number}", response=looks(OrderAnswer, 404), auth=Needs(Scope.ORDERS_READ))
def look(request: HttpRequest, number: Number) -> Any:
    """See what was bought, and which deliveries bring it."""
    return _answer(caller_of(request), number)


def bought_of(question: OrderQuestion) -> OrderBought:
    """Return what was told, as a value."""
    return OrderBought(
        number=question.number,
        currency=question.currency,
        items=tuple(
            ItemBought(**each.model_dump(exclude={"tags"}), tags=tuple(each.tags)) for each in question.items
        ),
        payments=tuple(Paid(**each.model_dump()) for each in question.payments),
        placed_at=datetime.fromisoformat(question.placed_at).astimezone(UTC) if question.placed_at else None,
    )


def _answer(caller: Caller, number: str) -> OrderAnswer:
    """Return an order of the caller's. Raises NotFound."""
    found = order_numbered(merchant=caller.merchant, number=number)
    if found is None:
        raise NotFound
    items = [_item(each) for each in found.items.all()]
    return OrderAnswer(
        number=found.number,
        told_at=found.told_at,
        placed_at=found.placed_at,
        currency=found.currency or caller.merchant.currency,
        contact=_person(found) if found.contact_email or found.contact_phone else None,
        items=items,
        items_minor=sum(each.quantity * each.price_minor for each in items),
        payments=[
            PaymentAnswer(
                payment_intent=each.payment_intent,
                captured_minor=each.captured_minor,
                currency=each.currency,
            )
            for each in found.payments.all()
        ],
        deliveries=refs_of(found),
        returns=returns_of(found),
    )


def _person(order: Order) -> PersonAnswer:
    return PersonAnswer(email=order.contact_email, name=order.contact_name, phone=str(order.contact_phone))


def _item(row: Any) -> ItemAnswer:
    return ItemAnswer(**{name: getattr(row, name) for name in ItemAnswer.model_fields})
