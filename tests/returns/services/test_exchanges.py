"""An exchange at the door: one visit brings the new and takes back the old, or does neither."""

from datetime import timedelta

import pytest

from returns.errors import NotAllowed
from returns.models import Return
from returns.selectors.policies import verdict_for
from returns.services.inspections import Finding, inspect, receive
from returns.services.pickups import book_pickup, cancel_pickup, facts_for
from returns.services.policies import check_wishes, publish
from returns.services.requests import Wish, request_return
from scheduling.errors import NeedsSomebody, NotChangeable, PointCannot
from scheduling.facts import EXCHANGE
from scheduling.invariants import breaches
from scheduling.models import Booking, Delivery, Event, Order, Stop, VehicleClass
from scheduling.services.bookings import reschedule_delivery
from scheduling.services.coming_back import end_route
from scheduling.services.diverting import divert_delivery
from scheduling.services.handing_over import undo_attempt
from scheduling.services.improvements import begin_improvement, finish_improvement, solve
from scheduling.services.joining import join_delivery
from scheduling.snapshots import read_snapshot
from tests.factories import NOW, ask_for, make_network, make_order, make_point, plan_on, token_at
from tests.returns.pickups import a_hold, a_swap, brought, relay_all, sent_out, tried

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet():
    return make_network(vans=1)


def booked(outlet, ret=None, **values) -> tuple[Return, Booking]:
    ret = ret or a_swap(outlet)
    booking = book_pickup(ret.pk, a_hold(outlet, ret, **values).token, actor="link:1", now=NOW)
    return Return.objects.get(pk=ret.pk), booking


def again(ret: Return) -> Return:
    return Return.objects.get(pk=ret.pk)


# What is asked of the routes


def test_one_visit_brings_the_share_of_what_is_given_and_takes_all_that_goes_back(outlet):
    facts = facts_for(a_swap(outlet))  # of three pieces of 5 kg and 20 l two go back, and one is given

    assert (facts.direction, facts.load_g, facts.load_ml, facts.parcels) == ("out", 1_667, 6_667, 1)
    assert (facts.takes_g, facts.takes_ml, facts.takes_parcels) == (3_334, 13_334, 1)
    assert facts.requirements == (EXCHANGE,)


def test_somebody_must_be_at_home_for_it(outlet):
    with pytest.raises(NeedsSomebody, match="take something back"):
        facts_for(a_swap(outlet), safe_place="porch")


def test_the_routes_carry_both_loads(outlet):
    _ret, booking = booked(outlet)

    plan = plan_on(outlet)
    visits = read_snapshot(plan, version=plan.version, now=NOW).plan.shifts[0].trips[0].visits
    [visit] = [each for each in visits if each.key == booking.stop_id]

    assert (visit.delivered, visit.collected) == ((1_667, 6_667), (3_334, 13_334))


def test_it_is_offered_only_when_there_is_room_for_both(outlet):
    # The order of 5 kg comes from 10 to 12. Before it the van is too full to take 3.3 kg back; after it, not.
    VehicleClass.objects.update(capacity_g=7_000)
    ret = a_swap(outlet)

    view = ask_for(outlet, facts_for(ret))
    [day] = [each for each in view.days if each.date == plan_on(outlet).service_date]
    status = {offer.answer.opens.hour: offer.answer.status for offer in day.offers}

    assert (status[8], status[16]) == ("taken", "open")


# Booked, moved, called off


def test_what_fetches_it_is_what_brings_the_new(outlet):
    ret, booking = booked(outlet)

    assert (ret.parcel, ret.pickup, ret.swap) == ("booked", booking.delivery, booking.delivery)
    assert (booking.delivery.direction, booking.delivery.exchanges, booking.price_minor) == ("out", True, 0)
    assert list(breaches()) == []


def test_what_is_brought_is_an_order_of_its_own(outlet):
    ret, booking = booked(outlet)
    order = booking.delivery.order

    assert order.number == f"{ret.order.number}-{ret.ref}"
    [item] = order.items.all()
    assert (item.sku, item.quantity, item.price_minor) == ("COAT-L", 1, 8900)
    assert not order.payments.exists()
    assert Event.objects.get(kind="return.pickup_booked").data["brings"] == order.number


def test_words_that_are_no_sku_stay_with_the_return(outlet):
    ret = a_swap(outlet)
    ret.items.filter(resolution="exchange").update(wanted_sku="the blue one, for Anna")

    _ret, booking = booked(outlet, ret)

    assert booking.delivery.order.items.get().sku == "COAT-M"


def test_moved_to_another_time_it_still_takes_the_old_back(outlet):
    ret, booking = booked(outlet)
    view = ask_for(outlet, facts_for(ret), moving=booking.delivery, session_key="mine")

    moved = reschedule_delivery(
        delivery=booking.delivery, offer_token=token_at(view, 16), session_key="mine", actor="link:1", now=NOW
    )
    relay_all()

    assert moved.delivery.takes_g == 3_334
    assert again(ret).parcel == "booked"
    assert list(breaches()) == []


def test_better_routes_keep_it_one_visit(outlet):
    for _i in range(3):
        brought(outlet)
    _ret, booking = booked(outlet)

    begun = begin_improvement(plan_id=plan_on(outlet).pk, actor="test", now=NOW)
    assert begun is not None
    finish_improvement(begun=begun, found=solve(begun), now=NOW)

    assert Stop.objects.booked().filter(delivery=booking.delivery).count() == 1
    assert list(breaches()) == []


def test_called_off_and_chosen_again_it_brings_the_same_order(outlet):
    ret, first = booked(outlet)

    cancel_pickup(ret.pk, actor="link:1", now=NOW)
    assert (again(ret).parcel, again(ret).pickup, again(ret).swap) == ("approved", None, None)
    _ret, second = booked(outlet, again(ret), hour=16)

    assert second.delivery.order == first.delivery.order
    assert Order.objects.filter(number__endswith=ret.ref).count() == 1
    assert second.delivery.order.items.count() == 1


def test_nothing_else_comes_with_it_and_it_goes_to_no_point(outlet):
    _ret, booking = booked(outlet)
    point = make_point(outlet.depot)

    with pytest.raises(NotChangeable):
        join_delivery(
            delivery=booking.delivery,
            load_g=1,
            load_ml=1,
            parcels=1,
            order_number="more",
            actor="link:1",
            now=NOW,
        )
    with pytest.raises(PointCannot):
        divert_delivery(delivery=booking.delivery, point=point, actor="link:1", now=NOW)


# At the door


def test_swapped_it_is_delivered_and_collected_at_once(outlet):
    ret, booking = booked(outlet)

    tried(sent_out(outlet, booking), "handed_over")

    assert again(ret).parcel == "collected"
    assert again(ret).collected_at == booking.stop.opens_at
    assert [each.collected for each in ret.items.all()] == [1, 1]
    assert Delivery.objects.get(pk=booking.delivery_id).state == "delivered"
    assert list(breaches()) == []


def test_what_was_swapped_and_did_not_arrive_may_be_sent_and_is_not_paid_as_well(outlet):
    ret, booking = booked(outlet)
    tried(sent_out(outlet, booking), "handed_over")
    receive(merchant=ret.merchant, code=ret.ref, actor="user:1", now=NOW)
    coat = ret.items.select_related("item").get(resolution="exchange")
    empty = Finding(received=0, accepted=0, exception="empty_box")

    inspect(coat.pk, empty, actor="user:1", now=NOW)
    rest = request_return(
        ret.order_id, [Wish(coat.item.ref, 1)], kind=Return.Kind.WITHDRAWAL, actor="link:1", now=NOW
    )

    assert rest.items.get().value_minor == 0


def test_taken_back_by_the_dispatcher_neither_happened(outlet):
    ret, booking = booked(outlet)
    tried(sent_out(outlet, booking), "handed_over")

    at = booking.stop.opens_at
    undo_attempt(stop_id=booking.stop_id, because="wrong door", actor="user:1", now=at)
    relay_all(at)

    assert (again(ret).parcel, again(ret).collected_at) == ("booked", None)
    tried(booking, "handed_over")
    assert again(ret).parcel == "collected"


def test_in_vain_the_new_waits_at_the_depot_and_the_old_at_home(outlet):
    ret, booking = booked(outlet)
    out = sent_out(outlet, booking)
    tried(out, "not_possible", reason="not_ready")
    at = booking.stop.closes_at

    end_route(route_id=out.stop.route_id, actor="test", now=at)
    relay_all(at)

    assert Delivery.objects.get(pk=booking.delivery_id).state == "at_depot"
    assert again(ret).parcel == "booked"
    assert list(breaches()) == []


def test_refused_the_new_goes_back_to_its_shop_and_the_old_may_travel_otherwise(outlet):
    ret, booking = booked(outlet)
    out = sent_out(outlet, booking)
    tried(out, "refused", reason="not_wanted")
    at = booking.stop.closes_at

    assert Return.objects.count() == 1, "what was not swapped is not on board"
    end_route(route_id=out.stop.route_id, actor="test", now=at)
    relay_all(at + timedelta(minutes=1))

    assert Delivery.objects.get(pk=booking.delivery_id).state == "returned"
    assert (again(ret).parcel, again(ret).pickup, again(ret).swap) == ("approved", None, None)
    assert Event.objects.get(kind="return.pickup_cancelled").data["because"] == "missed"
    assert list(breaches()) == []


def test_what_was_given_may_come_back_in_its_turn(outlet):
    _ret, booking = booked(outlet)
    tried(sent_out(outlet, booking), "handed_over")
    delivery = Delivery.objects.get(pk=booking.delivery_id)
    [item] = delivery.order.items.all()
    today = plan_on(outlet).service_date

    verdict = verdict_for(item, order=delivery.order, delivery=delivery, today=today)

    assert verdict.allowed
    assert verdict.until == today + timedelta(days=30)


# By the shop's rules


def test_only_where_a_rule_offers_it_and_something_is_given(outlet):
    order = make_order(outlet.merchant)
    cup, coat = order.items.all()
    coat_for_another = Wish(coat.ref, 1, "too_small", "exchange", wanted_sku="COAT-L")
    rule = {"name": "Swap", "starts": "order", "methods": ["pickup", "swap"], "fees_minor": {"swap": 490}}

    with pytest.raises(NotAllowed):
        check_wishes(order, None, [coat_for_another], "swap", NOW)
    publish(merchant=outlet.merchant, rules=[rule], seen=0, actor="user:1", now=NOW)

    assert check_wishes(order, None, [coat_for_another], "swap", NOW) == 490
    with pytest.raises(NotAllowed, match="nothing to swap"):
        check_wishes(order, None, [Wish(cup.ref, 1, "too_small", "refund")], "swap", NOW)
