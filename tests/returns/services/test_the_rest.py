"""What was not taken is its customer's to send once more; no piece counts twice, none is paid twice."""

import random
from contextlib import suppress
from itertools import product

import pytest

from returns.errors import CountedElsewhere, MoreThanBought
from returns.invariants import breaches
from returns.models import COUNTS, Return, ReturnItem
from returns.selectors.fetched import to_fetch
from returns.selectors.shown import lines_of
from returns.selectors.worth import left_of
from returns.services.drafts import choose_items
from returns.services.inspections import EXPECTED, Finding, finish, inspect, look_again, receive
from returns.services.pickups import book_pickup
from returns.services.putting_right import put_right
from returns.services.refunds import settle
from returns.services.requests import Wish, request_return
from returns.services.withdrawals import withdraw
from returns.states import PUT_RIGHT
from scheduling.bought import ItemBought, Paid
from scheduling.errors import DomainError
from scheduling.models import Event
from scheduling.services.handing_over import undo_attempt
from tests.factories import NOW, make_booking, make_network, make_order, make_return
from tests.returns.pickups import a_hold, a_return, relay_all, sent_out, took, tried

pytestmark = pytest.mark.django_db
WHO = {"actor": "user:1", "now": NOW}


def three_for_a_euro(**values):
    """Three cups for which 1.00 was captured: 0.33, 0.33 and 0.34."""
    items = (ItemBought(sku="CUP", name="Cup", price_minor=50, quantity=3),)
    return make_order(items=items, payments=(Paid("pi_cups", 100, "EUR"),), **values)


def asked(order, count, **values) -> Return:
    return make_return(order, wishes=[Wish(order.items.first().ref, count, "changed_mind")], **values)


def counted_at_desk(ret: Return, count: int) -> Return:
    receive(merchant=ret.merchant, code=ret.ref, **WHO)
    good = {"grade": "as_new", "disposition": "stock"} if count else {}
    found = Finding(received=count, accepted=min(count, ret.items.get().quantity), **good)
    inspect(ret.items.get().pk, found, **WHO)
    return Return.objects.get(pk=ret.pk)


def paid(*returns: Return) -> list[int]:
    return [Return.objects.get(pk=each.pk).items.get().refund_minor for each in returns]


# What counts


def test_what_was_not_taken_can_be_sent_once_more_and_no_more_than_that():
    order = make_order()
    cup = order.items.first()
    took(asked(order, 2), 1)

    with pytest.raises(MoreThanBought):
        asked(order, 2)
    asked(order, 1)

    assert left_of(cup) == lines_of(order)[0].left == 0
    assert list(breaches()) == []


@pytest.mark.parametrize(("received", "left"), [(0, 2), (1, 1), (2, 0), (3, 0)])
def test_what_the_desk_counted_counts_from_then_on(received, left):
    order = make_order()
    ret = took(asked(order, 2), 1)

    counted_at_desk(ret, received)

    assert left_of(order.items.first()) == left


def test_what_counts_is_one_rule_for_pages_and_for_the_database():
    item = asked(make_order(), 2).items.get()
    counts = [None, 0, 1, 3]

    for parcel in ("approved", "collected", "handed_in", "received", "kept"):
        Return.objects.filter(pk=item.of_id).update(parcel=parcel)
        for collected, received, elsewhere in product(counts, counts, [0, 1, 2]):
            rows = ReturnItem.objects.filter(pk=item.pk)
            rows.update(collected=collected, received=received, elsewhere=elsewhere)
            found = rows.annotate(by_database=COUNTS).select_related("of").get()
            assert found.counts == found.by_database, (parcel, collected, received, elsewhere)


# What is paid


def test_each_of_two_returns_pays_for_what_came_with_it():
    order = three_for_a_euro()
    first = took(asked(order, 3), 2)
    rest = asked(order, 1)

    for each, count in ((first, 2), (rest, 1)):
        finish(counted_at_desk(each, count).pk, **WHO)

    assert paid(first, rest) == [66, 34]
    assert list(breaches()) == []


@pytest.mark.parametrize("paid_first", [True, False])
def test_a_withdrawal_pays_what_was_taken_or_the_rest_pays_nothing_more(paid_first):
    """Whoever was paid for all of it before it was collected, owes the rest."""
    order = three_for_a_euro()
    first = asked(order, 3, kind="withdrawal")
    if paid_first:
        settle(first.pk, **WHO)
    took(Return.objects.get(pk=first.pk), 1)
    if not paid_first:
        settle(first.pk, **WHO)
    rest = asked(order, 2, kind="withdrawal")
    assert rest.items.get().value_minor == (0 if paid_first else 67)

    settle(rest.pk, **WHO)

    assert paid(first, rest) == ([100, 0] if paid_first else [33, 67])
    assert order.payments.get().refunded_minor == 100
    assert list(breaches()) == []


def test_what_is_chosen_is_worth_what_was_paid_for_it_not_its_price():
    outlet = make_network(days=3)
    order = three_for_a_euro(merchant=outlet.merchant)
    delivery = make_booking(outlet, order_number=order.number).delivery
    line = order.items.get().ref

    draft = choose_items(delivery=delivery, order_id=order.pk, quantities={line: 1}, version=0, now=NOW)

    assert draft.items.get().value_minor == 33


@pytest.mark.parametrize("by_rules", [True, False])
def test_delivery_is_given_back_with_the_rest_of_what_was_withdrawn_from(by_rules):
    outlet = make_network(days=3)
    booking = make_booking(outlet)
    order = make_order(outlet.merchant, payments=(Paid("pi_d", 11_480 + booking.price_minor, "EUR"),))
    delivery = booking.delivery
    delivery.order = order
    delivery.save()
    lines = list(order.items.all())
    first = make_return(
        order, delivery=delivery, wishes=[Wish(each.ref, each.quantity) for each in lines], kind="withdrawal"
    )
    first.items.update(collected=1)
    first.move(parcel="collected")
    first.save()
    settle(first.pk, **WHO)
    kind = "policy" if by_rules else "withdrawal"
    rest = make_return(order, delivery=delivery, wishes=[Wish(lines[0].ref, 1, "changed_mind")], kind=kind)
    if by_rules:
        counted_at_desk(rest, 1)
        finish(rest.pk, **WHO)
    else:
        settle(rest.pk, **WHO)

    given = [Return.objects.get(pk=each.pk).delivery_minor for each in (first, rest)]
    assert given == [0, booking.price_minor]
    assert list(breaches()) == []


# Counted otherwise


def test_more_at_the_desk_than_was_collected_counts_while_nobody_asked_for_the_rest():
    order = three_for_a_euro()
    ret = took(asked(order, 3), 2)

    finish(counted_at_desk(ret, 3).pk, **WHO)

    assert (left_of(order.items.get()), paid(ret)) == (0, [100])


def test_more_at_the_desk_than_another_return_leaves_is_counted_there():
    order = three_for_a_euro()
    ret = took(asked(order, 3), 2)
    rest = asked(order, 1)

    with pytest.raises(CountedElsewhere, match=rest.ref):
        counted_at_desk(ret, 3)
    finish(counted_at_desk(ret, 2).pk, **WHO)
    finish(counted_at_desk(rest, 1).pk, **WHO)

    assert paid(ret, rest) == [66, 34]
    assert list(breaches()) == []


def test_looking_again_leaves_to_the_other_return_what_it_is_for():
    order = three_for_a_euro()
    ret = counted_at_desk(asked(order, 3), 1)
    asked(order, 1)

    look_again(ret.items.get().pk, **WHO)

    assert (ret.items.get().elsewhere, left_of(order.items.get())) == (1, 0)
    counted_at_desk(ret, 2)
    assert left_of(order.items.get()) == 0
    assert list(breaches()) == []


def test_a_collection_put_right_leaves_to_the_other_return_what_it_is_for():
    order = make_order()
    ret = took(asked(order, 2), 1)
    asked(order, 1)

    put_right(ret.pk, "approved", reason="the wrong bag", **WHO)

    item = ret.items.get()
    assert (item.collected, item.elsewhere, item.counts) == (None, 1, 1)
    assert left_of(order.items.first()) == 0
    assert list(breaches()) == []


def test_a_return_of_which_another_has_all_is_not_put_right():
    order = make_order()
    ret = took(asked(order, 2), 0)
    asked(order, 2)

    with pytest.raises(MoreThanBought):
        put_right(ret.pk, "approved", reason="the wrong bag", **WHO)

    assert ret.items.get().elsewhere == 0


def test_what_the_desk_had_counted_counts_again_as_far_as_others_leave_it():
    order = make_order()
    ret = counted_at_desk(took(asked(order, 2), 1), 2)
    put_right(ret.pk, "collected", reason="another parcel", **WHO)
    asked(order, 1)

    receive(merchant=ret.merchant, code=ret.ref, **WHO)
    finish(ret.pk, **WHO)

    assert paid(ret) == [1290]
    assert list(breaches()) == []


def test_what_is_revived_is_worth_what_is_left_of_its_line():
    order = three_for_a_euro()
    one, _two, last = (asked(order, 1) for _i in range(3))
    put_right(last.pk, "rejected", reason="no", **WHO)
    asked(order, 1)
    put_right(one.pk, "rejected", reason="no", **WHO)

    put_right(last.pk, "approved", reason="after all", **WHO)

    assert last.items.get().value_minor == 33
    assert sum(ReturnItem.objects.travelling().values_list("value_minor", flat=True)) == 100


def test_however_it_was_counted_a_line_never_pays_more_than_it_cost():
    order = three_for_a_euro()
    gone, ret = asked(order, 1), asked(order, 2)
    took(ret, 1)
    put_right(gone.pk, "rejected", reason="no", **WHO)
    between, last = asked(order, 1), asked(order, 1)
    put_right(between.pk, "rejected", reason="no", **WHO)
    assert [each.items.get().value_minor for each in (ret, last)] == [67, 34]

    for each, count in ((ret, 2), (last, 1)):
        finish(counted_at_desk(each, count).pk, **WHO)

    assert paid(ret, last) == [67, 33]
    assert list(breaches()) == []


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_asked_counted_and_put_right_no_line_comes_or_pays_twice(seed):
    """Many small histories of one line: what is refused is refused, and nothing is ever in breach."""
    chance = random.Random(seed)
    order = three_for_a_euro()
    for _step in range(30):
        with suppress(DomainError):
            _something(order, chance)
        assert list(breaches()) == []
    for ret in Return.objects.filter(parcel__in=[*EXPECTED, "received"], inspection="waiting"):
        assert any(_counts(ret, count) for count in (3, 2, 1, 0))
        finish(ret.pk, **WHO)
    assert list(breaches()) == []


def _counts(ret: Return, count: int) -> bool:
    """Whether the desk may count so many."""
    try:
        return bool(counted_at_desk(ret, count))
    except CountedElsewhere:
        return False


def _something(order, chance) -> None:
    returns = list(Return.objects.all())
    ret = chance.choice(returns) if returns else None
    what = chance.randrange(9)
    if ret is None or what < 3:
        asked(order, chance.randint(1, 3), kind=chance.choice(["policy", "policy", "withdrawal"]))
    elif what < 5 and ret.parcel == "approved":
        took(ret, chance.randint(0, 3))
    elif what == 5 and ret.parcel in EXPECTED:
        counted_at_desk(ret, chance.randint(0, 3))
    elif what < 8:
        put_right(ret.pk, chance.choice(list(PUT_RIGHT)), reason="so it is", **WHO)
    elif ret.kind == "withdrawal":
        settle(ret.pk, **WHO)
    else:
        look_again(ret.items.get().pk, **WHO)


# On the road


@pytest.fixture
def outlet():
    return make_network(vans=1)


def fetched(outlet, count: int):
    """Two cups were to be fetched; the driver took so many, and the coat."""
    ret = a_return(outlet)
    cup, coat = ret.order.items.all()
    ret.items.filter(item=cup).update(quantity=2, value_minor=2580)
    booking = book_pickup(ret.pk, a_hold(outlet, ret).token, actor="link:1", now=NOW)
    out = sent_out(outlet, booking)
    tried(out, counts={cup.ref: count, coat.ref: 1})
    return ret, out


def undo(out) -> None:
    undo_attempt(stop_id=out.stop_id, because="wrong door", actor="user:1", now=out.stop.opens_at)
    relay_all(out.stop.opens_at)


def test_nobody_comes_twice_for_what_is_in_another_return_by_now(outlet):
    ret, out = fetched(outlet, 1)
    cup, coat = ret.order.items.all()
    request_return(
        ret.order_id, [Wish(cup.ref, 1)], delivery=ret.delivery, kind="withdrawal", actor="link:1", now=NOW
    )

    undo(out)

    ret.refresh_from_db()
    assert ret.parcel == "booked"
    assert [each.quantity for each in to_fetch([ret.pickup_id])[ret.pickup_id].items] == [1, 1]
    assert left_of(cup) == 0
    assert Event.objects.get(kind="return.put_right").data["pieces"] == 1
    tried(out)
    assert [each.collected for each in ret.items.all()] == [1, 1]
    assert list(breaches()) == []
    assert coat.quantity == 1


def test_a_collection_taken_back_before_anybody_asked_again_is_whole_again(outlet):
    ret, out = fetched(outlet, 1)
    cup, _coat = ret.order.items.all()
    assert left_of(cup) == 1

    undo(out)

    assert left_of(cup) == 0
    assert [each.elsewhere for each in ret.items.all()] == [0, 0]


def test_whoever_withdrew_may_withdraw_from_the_rest_once_more(outlet):
    ret, _out = fetched(outlet, 1)
    said = {"name": "Aino", "content": "I withdraw.", "actor": "link:1", "now": NOW}

    stated = withdraw(delivery=ret.delivery, order_id=ret.order_id, **said)

    assert [(each.item.sku, each.quantity) for each in stated.of.items.all()] == [("CUP", 1)]
    assert list(breaches()) == []
