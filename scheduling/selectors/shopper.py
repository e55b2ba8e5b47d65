"""What a shopper's pages begin with: the shop, the kept time, what happened so far."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from scheduling.facts import VisitFacts
from scheduling.models import Delivery, Event, Hold, Merchant, Quote, VehicleClass
from scheduling.routing.carbon import ACCOUNT_METHOD, DRIVEN_METHOD, METHOD, VISITED_METHOD
from scheduling.statements import NUMBER, Instances

__all__ = [
    "ACCOUNT_METHOD",
    "DRIVEN_METHOD",
    "METHOD",
    "VISITED_METHOD",
    "facts_now",
    "history_of",
    "hold_kept",
    "merchant_named",
    "orders_of",
    "vehicle_classes_of",
]

_KEPT: Final = Instances(
    lambda token, session_key, merchant: Hold.objects.filter(
        token=token, session_key=session_key, delivery__merchant=merchant
    ).select_related("stop__route__shift__plan__depot", "delivery__address", "delivery__merchant", "quote"),
    "a token",
    "a session",
    NUMBER,
)


def merchant_named(slug: str) -> Merchant | None:
    """Return the merchant with a slug. One query."""
    return Merchant.objects.filter(slug=slug).first()


def hold_kept(*, token: str, merchant: Merchant, session_key: str) -> Hold | None:
    """Return the hold that this session has at this merchant, in whatever state, for showing. One query."""
    if not token:
        return None
    return _KEPT.first(token, session_key, merchant.pk)


def history_of(delivery: Delivery, kinds: Sequence[str]) -> list[Event]:
    """Return what happened to a delivery, of some kinds of events, in order. One query."""
    return list(delivery.events.filter(kind__in=kinds).order_by("pk"))


def facts_now(*, delivery: Delivery, quote: Quote) -> VisitFacts:
    """Return what a delivery is by now: as it was quoted, with all that has joined it since."""
    return replace(
        VisitFacts.from_json(quote.facts),
        load_g=delivery.load_g,
        load_ml=delivery.load_ml,
        parcels=delivery.parcel_count,
        service_s=delivery.service_s,
        requirements=tuple(delivery.requirements),
        extra_s=delivery.extra_s,
        safe_place=delivery.safe_place,
        safe_place_note=delivery.safe_place_note,
        worth_minor=delivery.worth_minor,
    )


def orders_of(delivery: Delivery) -> list[str]:
    """Return the numbers of the orders that come with a delivery, its own first. One query."""
    own = [delivery.order.number] if delivery.order else []
    return own + list(delivery.joined_orders.order_by("pk").values_list("order__number", flat=True))


def vehicle_classes_of(merchant: Merchant) -> list[VehicleClass]:
    """Return the classes of the vehicles that come for a merchant, by name. One query."""
    outlets = merchant.outlets.filter(active=True)
    classes = VehicleClass.objects.filter(vehicles__active=True, vehicles__depot__outlets__in=outlets)
    return list(classes.distinct().order_by("name"))
