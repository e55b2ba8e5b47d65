"""A return whose goods were brought by a van, and holds for its pickup."""

from typing import Any

from returns.models import Return
from returns.services.drafts import Answer, choose_items, choose_method, say_why
from returns.services.pickups import facts_for
from returns.services.requests import Wish, request_return
from scheduling import events
from scheduling.models import Booking, Delivery, Hold, MerchantDepot
from scheduling.services.handing_over import Handover, settle_stop
from tests.factories import NOW, make_booking, make_hold, make_network, make_order, plan_on, start_day
from tests.layouts import laid_out_once


@laid_out_once
def brought(outlet: MerchantDepot, **values: Any) -> Booking:
    """An order told by its shop, and the booking that brings it."""
    order = make_order(outlet.merchant)
    return make_booking(outlet, order_number=order.number, **values)


@laid_out_once
def a_return(outlet: MerchantDepot, **values: Any) -> Return:
    """One cup and the coat of an order that we bring are to be fetched.

    Withdrawn from: that may be stated before the goods have come, so their own day may still lie ahead.
    """
    booking = brought(outlet)
    order = booking.delivery.order
    wishes = [Wish(each.ref, 1) for each in order.items.all()]
    said = {"actor": "link:test", "now": NOW, "kind": Return.Kind.WITHDRAWAL} | values
    return request_return(order.pk, wishes, delivery=booking.delivery, **said)


def a_swap(outlet) -> Return:
    """A coat is to be exchanged for a larger one; a cup goes with it, for its money."""
    booking = brought(outlet)
    order = booking.delivery.order
    cup, coat = order.items.all()
    wishes = [Wish(cup.ref, 1), Wish(coat.ref, 1, resolution="exchange", wanted_sku="COAT-L")]
    return request_return(
        order.pk,
        wishes,
        delivery=booking.delivery,
        kind=Return.Kind.WITHDRAWAL,
        method="swap",
        actor="link:test",
        now=NOW,
    )


def a_hold(outlet: MerchantDepot, ret: Return, *, hour: int = 12, **values: Any) -> Hold:
    return make_hold(outlet, hour=hour, facts=facts_for(ret, **values))


def relay_all(now: Any = NOW) -> None:
    while events.relay(now=now):
        pass


def sent_out(outlet: MerchantDepot, booking: Booking) -> Booking:
    """Send the day of a pickup out; return its booking as it then is."""
    start_day(plan_on(outlet))
    return Booking.objects.select_related("stop__route", "delivery").get(pk=booking.pk)


def tried(booking: Booking, outcome: str = "collected", **values: Any) -> Any:
    """What its driver says came of it, told to whoever listens."""
    at = booking.stop.opens_at
    told = settle_stop(
        stop_id=booking.stop_id,
        handover=Handover(outcome=outcome, happened_at=at, **values),
        actor=f"shift:{booking.stop.route.shift_id}",
        now=at,
    )
    relay_all(at)
    return told


def took(ret: Return, count: int) -> Return:
    """A return of which its driver took so many of each thing: as their count leaves it."""
    ret.items.update(collected=count)
    ret.move(parcel=Return.Parcel.COLLECTED)
    ret.save()
    return ret


def a_draft() -> Return:
    """Something delivered is about to be sent back: chosen, with a photo, and how it travels."""
    outlet = make_network(days=3)
    booking = sent_out(outlet, brought(outlet))
    at = booking.stop.opens_at
    settle_stop(stop_id=booking.stop_id, handover=Handover("handed_over", at), actor="shift:1", now=at)
    relay_all(at)
    delivery = Delivery.objects.get(pk=booking.delivery_id)
    line = delivery.order.items.all()[0].ref
    made = choose_items(
        delivery=delivery, order_id=delivery.order_id, quantities={line: 1}, version=0, now=at
    )
    answer = Answer(line, reason="changed_mind", resolution="refund", photo="returns/seen.jpg")
    made = say_why(made.pk, [answer], version=made.version, now=at)
    return choose_method(made.pk, "pickup", version=made.version, now=at)
