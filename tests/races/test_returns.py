"""Two at once on what comes back: no piece is on its way twice, and whoever comes second is told so."""

from functools import partial

import pytest

from returns.errors import CountedElsewhere, MoreThanBought, NotToCallOff, ReturnChanged
from returns.invariants import breaches
from returns.models import Return, ReturnItem, Withdrawal
from returns.selectors.worth import left_of
from returns.services.changing import call_off
from returns.services.collecting import undone
from returns.services.drafts import choose_items, send_draft
from returns.services.inspections import Finding, inspect, receive
from returns.services.pickups import book_pickup
from returns.services.requests import Wish, request_return
from returns.services.withdrawals import send_rest, withdraw
from scheduling.errors import NotChangeable, StopGone, TooLateToChange
from scheduling.invariants import breaches as breaches_of_routes
from scheduling.models import Attempt, Booking, Delivery, Event
from scheduling.services.changes import one_change
from scheduling.services.handing_over import Handover, settle_stop, undo_attempt
from tests.factories import NOW, make_network, make_order, make_return
from tests.races.together import at_once
from tests.returns.pickups import a_draft, a_hold, a_return, brought, relay_all, sent_out, took, tried

pytestmark = pytest.mark.django_db(transaction=True)

WHO = {"actor": "link:1", "now": NOW}
ROUNDS = range(4)


@pytest.fixture
def outlet():
    return make_network(vans=1)


def told(kind: str) -> int:
    return Event.objects.filter(kind=kind).count()


# The rest of what was not taken


def asks_for(ret: Return, *, count: int = 1):
    """Ask for some of a return's first line once more."""
    wish = Wish(ret.order.items.first().ref, count)
    return partial(
        request_return, ret.order_id, [wish], delivery=ret.delivery, kind=Return.Kind.WITHDRAWAL, **WHO
    )


def test_the_rest_asked_for_while_the_collection_is_taken_back_comes_once(outlet):
    ret = a_return(outlet)
    cup, coat = ret.order.items.all()
    ret.items.filter(item=cup).update(quantity=2, value_minor=2580)
    out = sent_out(outlet, book_pickup(ret.pk, a_hold(outlet, ret).token, **WHO))
    tried(out, counts={cup.ref: 1, coat.ref: 1})
    undo_attempt(stop_id=out.stop_id, because="wrong door", actor="user:1", now=out.stop.opens_at)
    event = Event.objects.get(kind="delivery.undone")

    for _round in ROUNDS:
        _taken, asked = at_once(partial(one_change(undone), event, NOW), asks_for(ret))

        ret.refresh_from_db()
        elsewhere = ret.items.get(item=cup).elsewhere
        assert (ret.parcel, left_of(cup)) == ("booked", 0)
        assert elsewhere == (0 if isinstance(asked, MoreThanBought) else 1)
        assert list(breaches()) == []
        Return.objects.exclude(pk=ret.pk).update(parcel="cancelled")
        Return.objects.filter(pk=ret.pk).update(parcel="collected")
        ret.items.update(collected=1, elsewhere=0)


def test_the_rest_asked_for_while_the_desk_counts_more_than_was_collected_counts_once():
    ret = took(make_return(make_order()), 1)
    ret.items.exclude(item=ret.order.items.first()).delete()
    ret.items.update(quantity=2, value_minor=2580)
    item = ret.items.get()
    receive(merchant=ret.merchant, code=ret.ref, **WHO)
    both = Finding(received=2, accepted=2, grade="as_new", disposition="stock")

    for _round in ROUNDS:
        counted, asked = at_once(partial(inspect, item.pk, both, **WHO), asks_for(ret))

        assert [type(counted), type(asked)] in (
            [ReturnItem, MoreThanBought],
            [CountedElsewhere, Return],
        )
        assert left_of(item.item) == 0
        assert list(breaches()) == []
        Return.objects.exclude(pk=ret.pk).update(parcel="cancelled")
        ret.items.update(received=None, accepted=None, rejected=None, inspected_at=None)


# Drafts


def test_a_draft_sent_off_by_two_tabs_is_sent_off_once():
    draft = a_draft()
    at = draft.created_at
    send = partial(send_draft, draft.pk, version=draft.version, fee_minor=0, actor="link:1", now=at)

    done = at_once(send, send, send)

    assert sorted(type(each).__name__ for each in done) == ["Return", "ReturnChanged", "ReturnChanged"]
    assert (told("return.requested"), told("return.approved")) == (1, 1)
    assert list(breaches()) == []


def test_of_two_tabs_that_choose_at_once_one_begins_the_draft_and_one_changes_it(outlet):
    delivery = brought(outlet).delivery
    cup, coat = delivery.order.items.all()
    choose = partial(choose_items, delivery=delivery, order_id=delivery.order_id, now=NOW)

    version = 0
    for _round in ROUNDS:
        done = at_once(
            partial(choose, quantities={cup.ref: 2}, version=version),
            partial(choose, quantities={coat.ref: 1}, version=version),
        )

        [won] = [each for each in done if isinstance(each, Return)]
        assert sum(isinstance(each, ReturnChanged) for each in done) == 1
        chosen = list(Return.objects.get().items.values_list("item", "quantity"))
        assert chosen == ([(cup.pk, 2)] if done[0] is won else [(coat.pk, 1)])
        version = won.version


# Withdrawals


def has_come(outlet) -> Delivery:
    delivery = brought(outlet).delivery
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.DELIVERED)
    delivery.refresh_from_db()
    return delivery


def states(delivery: Delivery):
    said = {"name": "Aino", "content": "I withdraw.", **WHO}
    return partial(withdraw, delivery=delivery, order_id=delivery.order_id, **said)


def test_a_withdrawal_stated_by_two_presses_is_stated_once(outlet):
    delivery = has_come(outlet)

    done = at_once(*[states(delivery)] * 3)

    assert {each.pk for each in done} == {Withdrawal.objects.get().pk}
    assert Return.objects.get().kind == "withdrawal"
    assert told("return.withdrawn") == 1
    assert list(breaches()) == []


def test_a_withdrawal_and_a_return_of_the_same_pieces_share_them(outlet):
    for _round in range(3):
        delivery = has_come(outlet)
        cup, coat = delivery.order.items.all()
        wishes = [Wish(cup.ref, 2, "changed_mind"), Wish(coat.ref, 1, "changed_mind")]
        asks = partial(request_return, delivery.order_id, wishes, delivery=delivery, **WHO)

        stated, asked = at_once(states(delivery), asks)

        mine = Return.objects.filter(order=delivery.order)
        assert isinstance(stated, Withdrawal)
        # Stated last it withdraws from what is on its way already, too.
        kinds = ["withdrawal"] if isinstance(asked, MoreThanBought) else ["policy"]
        assert list(mine.values_list("kind", flat=True)) == kinds
        assert mine.get().refund_due_at is not None
        assert left_of(cup) == left_of(coat) == 0
        assert list(breaches()) == []


def test_the_rest_of_a_withdrawal_sent_by_two_presses_is_sent_once(outlet):
    delivery = has_come(outlet)
    first = took(states(delivery)().of, 0)

    done = at_once(*[partial(send_rest, first.pk, **WHO)] * 3)

    assert {each.pk for each in done} == {Return.objects.exclude(pk=first.pk).get().pk}
    assert list(breaches()) == []


# Called off


def by_rules(outlet) -> Return:
    ret = a_return(outlet)
    Return.objects.filter(pk=ret.pk).update(kind="policy")
    return Return.objects.get(pk=ret.pk)


def test_called_off_while_its_pickup_is_booked_nobody_comes(outlet):
    for hour in (10, 14):
        ret = by_rules(outlet)
        hold = a_hold(outlet, ret, hour=hour)

        off, booked = at_once(
            partial(call_off, ret.pk, **WHO), partial(book_pickup, ret.pk, hold.token, **WHO)
        )

        ret.refresh_from_db()
        assert isinstance(off, Return)
        assert (ret.parcel, ret.pickup, ret.money) == ("cancelled", None, "nothing")
        if isinstance(booked, Booking):
            booked.refresh_from_db()
            assert booked.state == "cancelled"
        else:
            assert isinstance(booked, ReturnChanged)
        assert list(breaches()) == list(breaches_of_routes()) == []


def test_called_off_while_its_driver_collects_is_one_of_both(outlet):
    ret = by_rules(outlet)
    booking = sent_out(outlet, book_pickup(ret.pk, a_hold(outlet, ret).token, **WHO))
    at, driver = booking.stop.opens_at, f"shift:{booking.stop.route.shift_id}"
    took_it = partial(
        settle_stop, stop_id=booking.stop_id, handover=Handover("collected", at), actor=driver, now=at
    )

    collected, off = at_once(took_it, partial(call_off, ret.pk, actor="link:1", now=at))
    relay_all(at)

    ret.refresh_from_db()
    if isinstance(collected, Attempt):
        assert isinstance(off, NotChangeable | TooLateToChange | NotToCallOff)
        assert (ret.parcel, ret.pickup_id) == ("collected", booking.delivery_id)
    else:
        assert isinstance(collected, StopGone)
        assert (ret.parcel, ret.pickup_id) == ("cancelled", None)
    assert list(breaches()) == list(breaches_of_routes()) == []
