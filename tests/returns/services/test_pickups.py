"""A pickup goes through scheduling as every visit does, and moves its return."""

from dataclasses import replace
from datetime import timedelta

import pytest

from returns.errors import NotForPickup, ReturnChanged
from returns.models import Return
from returns.services.pickups import book_pickup, cancel_pickup, choose_kind, facts_for
from returns.services.requests import Wish
from scheduling.bought import ItemBought
from scheduling.errors import (
    AddressNeeded,
    BadAttempt,
    HoldEnded,
    NotChangeable,
    StepMissing,
    StopDone,
    StopGone,
    TooLateToChange,
)
from scheduling.facts import AddressFacts
from scheduling.invariants import breaches
from scheduling.models import Booking, Event
from scheduling.selectors.attempts import is_as_sealed
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from scheduling.services.handing_over import arrive, undo_attempt
from scheduling.services.plans import extend_horizon
from tests.factories import (
    NOW,
    ask_for,
    make_hold,
    make_network,
    make_order,
    make_return,
    make_vehicle,
    some_facts,
    token_at,
)
from tests.returns.pickups import a_hold, a_return, relay_all, sent_out, tried

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet():
    return make_network(vans=1)


def booked(outlet, ret=None, **values):
    ret = ret or a_return(outlet)
    return ret, book_pickup(ret.pk, a_hold(outlet, ret, **values).token, actor="link:1", now=NOW)


def told_of(ret):
    told = Event.objects.filter(kind__startswith="return.", data__return=ret.ref)
    return list(told.order_by("pk").values_list("kind", flat=True))


def again(ret):
    return Return.objects.get(pk=ret.pk)


# What is asked of the routes


def test_a_pickup_weighs_its_share_of_what_was_brought(outlet):
    ret = a_return(outlet)  # two of three pieces, of 5 kg and 20 l

    facts = facts_for(ret)

    assert (facts.direction, facts.load_g, facts.load_ml, facts.parcels) == ("in", 3_334, 13_334, 1)
    assert facts.address.line == ret.delivery.address.line


def test_where_its_shop_told_the_weights_they_count():
    items = (ItemBought(sku="A", name="A", price_minor=100, quantity=3, weight_g=700),)
    ret = make_return(make_order(items=items), wishes=None)

    facts = facts_for(ret, address=some_facts().address)

    assert (facts.load_g, facts.load_ml) == (700, 5_000)


def test_heavy_pieces_are_carried_by_two_whatever_was_said():
    items = (ItemBought(sku="SOFA", name="Sofa", price_minor=50_000, quantity=2, weight_g=40_000),)
    order = make_order(items=items)
    ret = make_return(order, wishes=[Wish(order.items.get().ref, 2)])

    facts = facts_for(ret, address=some_facts().address)

    assert (facts.requirements, facts.parcels, facts.load_g) == (("two_people",), 2, 80_000)


@pytest.mark.parametrize(("kind", "longer"), [("labelless", True), ("bulky", True), ("boxed", False)])
def test_without_a_box_it_takes_longer_at_the_door(outlet, kind, longer):
    ret = a_return(outlet)
    boxed = facts_for(ret)

    facts = facts_for(choose_kind(ret.pk, kind))

    assert (facts.service_s > boxed.service_s) == longer
    assert facts.requirements == (("two_people",) if kind == "bulky" else ())


def test_bulky_goods_are_offered_only_what_two_can_carry(outlet):
    ret = choose_kind(a_return(outlet).pk, "bulky")

    def can_be_had():
        view = ask_for(outlet, facts_for(ret))
        return any(offer.answer.open for day in view.days for offer in day.offers)

    assert not can_be_had()
    make_vehicle(outlet.depot, skills=["two_people"])
    extend_horizon(depot=outlet.depot, now=NOW, days=9)
    assert can_be_had()


def test_nobody_knows_where_to_come_without_a_delivery_of_ours():
    with pytest.raises(AddressNeeded):
        facts_for(make_return())


def test_a_time_costs_nothing_more_than_the_fee(outlet):
    view = ask_for(outlet, facts_for(a_return(outlet)))

    assert {offer.answer.price_minor for day in view.days for offer in day.offers} == {0}


# Booked, moved, cancelled


def test_a_kept_time_becomes_the_pickup(outlet):
    ret, booking = booked(outlet)

    ret = again(ret)
    assert (ret.parcel, ret.pickup) == ("booked", booking.delivery)
    assert (booking.delivery.direction, booking.delivery.order, booking.price_minor) == ("in", ret.order, 0)
    assert booking.delivery.contact_email == ret.contact_email
    assert told_of(ret)[-1] == "return.pickup_booked"
    assert list(breaches()) == []


def test_booking_the_same_time_twice_is_booking_it_once(outlet):
    ret = a_return(outlet)
    hold = a_hold(outlet, ret)

    first, second = (book_pickup(ret.pk, hold.token, actor="link:1", now=NOW) for _i in range(2))

    assert first == second
    assert told_of(ret).count("return.pickup_booked") == 1


def test_another_time_of_another_tab_is_refused(outlet):
    ret = a_return(outlet)
    other = a_hold(outlet, ret, hour=16)
    booked(outlet, ret)

    with pytest.raises(ReturnChanged):
        book_pickup(ret.pk, other.token, actor="link:1", now=NOW)


def test_a_hold_for_something_else_is_refused(outlet):
    ret = a_return(outlet)
    outward, heavier = make_hold(outlet), make_hold(outlet, facts=replace(facts_for(ret), load_g=1))

    for hold in (outward, heavier):
        with pytest.raises(NotForPickup):
            book_pickup(ret.pk, hold.token, actor="link:1", now=NOW)
    with pytest.raises(HoldEnded):
        book_pickup(ret.pk, "nonsense", actor="link:1", now=NOW)
    assert again(ret).parcel == "approved"


def test_a_hold_of_before_the_kind_was_changed_is_refused(outlet):
    ret = a_return(outlet)
    hold = a_hold(outlet, ret)
    choose_kind(ret.pk, "labelless")

    with pytest.raises(NotForPickup):
        book_pickup(ret.pk, hold.token, actor="link:1", now=NOW)


def test_a_hold_that_ran_out_during_the_review_is_checked_again_and_stands(outlet):
    ret = a_return(outlet)
    hold = a_hold(outlet, ret)

    booking = book_pickup(ret.pk, hold.token, actor="link:1", now=NOW + timedelta(minutes=20))

    assert booking.delivery.pickup_of == ret


def test_what_is_brought_to_a_point_is_not_fetched(outlet):
    ret = a_return(outlet, method="dropoff")
    hold = a_hold(outlet, ret)

    with pytest.raises(ReturnChanged):
        book_pickup(ret.pk, hold.token, actor="link:1", now=NOW)


def test_a_pickup_is_moved_as_deliveries_are(outlet):
    ret, booking = booked(outlet)
    view = ask_for(outlet, facts_for(ret), moving=booking.delivery, session_key="mine")

    moved = reschedule_delivery(
        delivery=booking.delivery, offer_token=token_at(view, 16), session_key="mine", actor="link:1", now=NOW
    )

    relay_all()

    assert (moved.stop.opens_at - booking.stop.opens_at).total_seconds() == 4 * 3600
    assert again(ret).parcel == "booked"
    assert told_of(ret).count("return.pickup_booked") == 2


def test_a_pickup_called_off_leaves_a_return_that_may_travel_another_way(outlet):
    ret, booking = booked(outlet)

    cancel_pickup(ret.pk, actor="link:1", now=NOW)
    cancel_pickup(ret.pk, actor="link:1", now=NOW)
    relay_all()

    assert (again(ret).parcel, again(ret).pickup) == ("approved", None)
    assert Booking.objects.get(pk=booking.pk).state == "cancelled"
    assert told_of(ret).count("return.pickup_cancelled") == 1
    assert list(breaches()) == []


def test_a_pickup_cancelled_where_deliveries_are_moves_its_return(outlet):
    ret, booking = booked(outlet)

    cancel_delivery(delivery=booking.delivery, actor="link:1", now=NOW)
    relay_all()

    assert again(ret).parcel == "approved"
    assert told_of(ret).count("return.pickup_cancelled") == 1
    _ret, second = booked(outlet, again(ret), hour=16)
    assert second.delivery != booking.delivery


def test_what_is_left_outside_is_fetched_without_anybody_at_home(outlet):
    _ret, booking = booked(outlet, safe_place="porch", safe_place_note="behind the plant")

    assert (booking.delivery.safe_place, booking.delivery.left_at.note) == ("porch", "behind the plant")


def test_somewhere_else_than_where_it_was_brought_to_if_its_customer_says_so(outlet):
    elsewhere: AddressFacts = some_facts(north_m=500).address
    _ret, booking = booked(outlet, address=elsewhere)

    assert booking.delivery.address.line == elsewhere.line


# On the road


def test_a_collection_moves_the_return_and_counts_all(outlet):
    ret, booking = booked(outlet)

    tried(sent_out(outlet, booking))

    assert again(ret).parcel == "collected"
    assert again(ret).collected_at == booking.stop.opens_at
    assert [each.collected for each in ret.items.all()] == [1, 1]
    assert told_of(ret)[-1] == "return.collected"


def test_fewer_more_and_others_are_counted_as_they_are(outlet):
    order = make_order(outlet.merchant)
    cup, coat = order.items.all()
    ret = a_return(outlet)
    cup, coat = ret.order.items.all()
    ret.items.filter(item=coat).delete()
    ret, booking = booked(outlet, ret)

    attempt = tried(sent_out(outlet, booking), counts={cup.ref: 2, coat.ref: 1})

    assert [each.collected for each in ret.items.all()] == [2]
    said = Event.objects.get(kind="return.collected").data
    assert (said["collected"], said["of"], said["others"]) == (2, 1, {coat.ref: 1})
    assert is_as_sealed(attempt, ref=booking.delivery.ref, before="")
    attempt.counts = {cup.ref: 1}
    assert not is_as_sealed(attempt, ref=booking.delivery.ref, before="")


def test_a_part_is_a_part(outlet):
    ret, booking = booked(outlet)
    cup, _coat = ret.order.items.all()

    tried(sent_out(outlet, booking), counts={cup.ref: 1})

    assert [each.collected for each in ret.items.all()] == [1, 0]


@pytest.mark.parametrize(
    ("counts", "refused"), [({"nonsense": 1}, BadAttempt), ({}, StepMissing), ({"x": 0}, StepMissing)]
)
def test_counts_that_make_no_sense_are_refused(outlet, counts, refused):
    _ret, booking = booked(outlet)

    with pytest.raises(refused):
        tried(sent_out(outlet, booking), counts=counts)


def test_counting_otherwise_afterwards_is_refused(outlet):
    ret, booking = booked(outlet)
    cup, coat = ret.order.items.all()
    out = sent_out(outlet, booking)
    tried(out, counts={cup.ref: 1})

    tried(out, counts={cup.ref: 1})
    with pytest.raises(StopDone):
        tried(out, counts={cup.ref: 1, coat.ref: 1})


def test_only_what_is_collected_is_counted(outlet):
    ret, booking = booked(outlet)
    cup, _coat = ret.order.items.all()
    outward = ret.delivery.booking
    sent_out(outlet, booking)

    with pytest.raises(BadAttempt):
        tried(outward, "handed_over", counts={cup.ref: 1})


def test_a_try_in_vain_leaves_it_booked_and_its_customer_chooses_again(outlet):
    ret, booking = booked(outlet)
    out = sent_out(outlet, booking)

    tried(out, "not_possible", reason="nobody_home")

    assert again(ret).parcel == "booked"
    view = ask_for(outlet, facts_for(ret), moving=booking.delivery, session_key="mine")
    later = booking.stop.opens_at.date() + timedelta(days=1)
    reschedule_delivery(
        delivery=booking.delivery,
        offer_token=token_at(view, 10, later),
        session_key="mine",
        actor="link:1",
        now=NOW,
    )
    assert again(ret).parcel == "booked"


def test_after_as_many_tries_as_its_shop_allows_it_is_called_off(outlet):
    ret, booking = booked(outlet)
    outlet.merchant.most_attempts = 1
    outlet.merchant.save()

    tried(sent_out(outlet, booking), "not_possible", reason="not_ready")

    assert (again(ret).parcel, again(ret).pickup) == ("approved", None)
    booking.delivery.refresh_from_db()
    assert booking.delivery.state == "cancelled"
    assert Event.objects.get(kind="return.pickup_cancelled").data["because"] == "missed"
    assert list(breaches()) == []


def test_its_customer_may_call_it_off_after_a_try_in_vain(outlet):
    ret, booking = booked(outlet)
    tried(sent_out(outlet, booking), "not_possible", reason="nobody_home")

    cancel_pickup(ret.pk, actor="link:1", now=booking.stop.opens_at)

    assert again(ret).parcel == "approved"
    assert list(breaches()) == []


def test_a_collection_taken_back_is_a_pickup_to_come(outlet):
    ret, booking = booked(outlet)
    out = sent_out(outlet, booking)
    tried(out)

    undo_attempt(stop_id=out.stop_id, because="wrong door", actor="user:1", now=out.stop.opens_at)
    relay_all(out.stop.opens_at)

    assert (again(ret).parcel, again(ret).collected_at) == ("booked", None)
    assert [each.collected for each in ret.items.all()] == [None, None]
    tried(out)
    assert again(ret).parcel == "collected"


def test_events_that_come_late_and_together_end_where_the_door_did(outlet, monkeypatch):
    ret, booking = booked(outlet)
    out = sent_out(outlet, booking)
    monkeypatch.setattr("tests.returns.pickups.relay_all", lambda _now: None)
    tried(out)
    undo_attempt(stop_id=out.stop_id, because="wrong door", actor="user:1", now=out.stop.opens_at)
    tried(out, "not_possible", reason="nobody_home")

    relay_all(out.stop.opens_at)

    assert again(ret).parcel == "booked"
    assert "return.collected" not in told_of(ret)


def test_a_pickup_can_be_called_off_while_its_van_is_out_until_it_is_there(outlet):
    ret, booking = booked(outlet)
    out = sent_out(outlet, booking)
    at = out.stop.opens_at - timedelta(hours=1)

    cancel_pickup(ret.pk, actor="link:1", now=at)

    with pytest.raises(StopGone):
        tried(out)
    assert again(ret).parcel == "approved"
    assert list(breaches()) == []


def test_whose_driver_is_there_does_not_call_it_off_any_more(outlet):
    ret, booking = booked(outlet)
    out = sent_out(outlet, booking)
    at = out.stop.opens_at
    arrive(stop_id=out.stop_id, at=at, actor=f"shift:{out.stop.route.shift_id}", now=at)

    with pytest.raises(TooLateToChange):
        cancel_pickup(ret.pk, actor="link:1", now=at)


def test_what_is_collected_is_not_called_off(outlet):
    ret, booking = booked(outlet)
    out = sent_out(outlet, booking)
    tried(out)

    with pytest.raises((NotChangeable, TooLateToChange)):
        cancel_delivery(delivery=booking.delivery, actor="link:1", now=out.stop.opens_at)
    assert cancel_pickup(ret.pk, actor="link:1", now=out.stop.opens_at).parcel == "collected"


def test_a_delivery_is_still_not_cancelled_once_its_day_has_started(outlet):
    ret, booking = booked(outlet)
    sent_out(outlet, booking)

    with pytest.raises(TooLateToChange):
        cancel_delivery(delivery=ret.delivery, actor="link:1", now=booking.stop.opens_at)
