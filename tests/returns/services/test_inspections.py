"""The returns desk: what arrives is found by any code on it; every state can be put right, with a reason."""

from datetime import timedelta

import pytest

from returns.errors import (
    BadInspection,
    MoneyMoved,
    MoreThanBought,
    NotExpected,
    NotYet,
    ReasonNeeded,
)
from returns.models import Refund, Return
from returns.services.inspections import (
    UNDO_FOR,
    Finding,
    back_on_sale,
    finish,
    inspect,
    look_again,
    receive,
)
from returns.services.putting_right import open_again, put_right
from returns.services.refunds import settle
from returns.services.requests import Wish
from returns.services.sending import due_refunds, submit
from scheduling.errors import IllegalMove
from scheduling.models import Event
from tests.factories import NOW, make_merchant, make_order, make_return

pytestmark = pytest.mark.django_db
WHO = {"actor": "user:1", "now": NOW}


def as_new(n=1, **values):
    return Finding(**{"received": n, "accepted": n, "grade": "as_new", "disposition": "stock"} | values)


def arrived(**values):
    ret = make_return(**values)
    return receive(merchant=ret.merchant, code=ret.ref, **WHO)


def looked_at(ret, **values):
    for item in ret.items.all():
        inspect(item.pk, as_new(item.quantity, **values), **WHO)
    return ret


def kinds(ret):
    told = Event.objects.filter(data__return=ret.ref).order_by("pk")
    return [kind.removeprefix("return.") for kind in told.values_list("kind", flat=True)]


@pytest.mark.parametrize(
    "code", [lambda ret: ret.ref, lambda ret: f" {ret.ref.lower()} ", lambda ret: ret.order.number]
)
def test_a_parcel_is_known_by_any_code_on_it(code):
    ret = make_return()

    found = receive(merchant=ret.merchant, code=code(ret), **WHO)

    assert (found.pk, found.parcel, found.received_at) == (ret.pk, "received", NOW)
    assert kinds(ret)[-1] == "received"


def test_scanning_twice_is_scanning_once():
    ret = arrived()

    receive(merchant=ret.merchant, code=ret.ref, **WHO)

    assert kinds(ret).count("received") == 1


@pytest.mark.parametrize("code", ["", "NOBODYKNOWS"])
def test_what_nobody_announced_is_refused(code):
    with pytest.raises(NotExpected):
        receive(merchant=make_return().merchant, code=code, **WHO)


def test_another_shops_parcel_is_unknown_here():
    with pytest.raises(NotExpected):
        receive(merchant=make_merchant(), code=make_return().ref, **WHO)


def test_what_was_called_off_is_refused_until_it_is_put_right():
    ret = make_return()
    put_right(ret.pk, "cancelled", reason="asked by phone", **WHO)
    with pytest.raises(NotExpected):
        receive(merchant=ret.merchant, code=ret.ref, **WHO)

    put_right(ret.pk, "approved", reason="it came all the same", **WHO)

    assert receive(merchant=ret.merchant, code=ret.ref, **WHO).parcel == "received"


def test_an_inspection_ends_with_what_is_owed(due):
    ret = looked_at(arrived())

    found = finish(ret.pk, **WHO)

    assert (found.inspection, found.money) == ("done", "staff")  # this shop has no key
    assert kinds(ret)[-2:] == ["inspected", "refund_delayed"]
    assert sum(found.refunds.values_list("amount_minor", flat=True)) == 10_190


def test_an_inspection_does_not_end_before_all_was_looked_at():
    with pytest.raises(NotYet):
        finish(arrived().pk, **WHO)


def test_nothing_is_looked_at_before_it_arrived():
    with pytest.raises(NotYet):
        inspect(make_return().items.first().pk, as_new(), **WHO)


@pytest.mark.parametrize(
    "finding",
    [
        as_new(accepted=2),
        as_new(2),
        as_new(accepted=-1),
        as_new(grade=""),
        as_new(disposition="nowhere"),
        as_new(exception="empty_box"),
        as_new(deduction_minor=100),
        as_new(deduction_minor=999_999, deduction_reason="gone"),
    ],
)
def test_what_does_not_add_up_is_not_kept(finding):
    item = arrived().items.first()

    with pytest.raises(BadInspection):
        inspect(item.pk, finding, **WHO)
    item.refresh_from_db()
    assert item.inspected_at is None


def test_a_part_is_accepted_and_an_empty_box_gives_nothing():
    order = make_order()
    cup, coat = order.items.all()
    ret = arrived(order=order, wishes=[Wish(cup.ref, 2, "too_small"), Wish(coat.ref, 1, "too_small")])
    first, second = ret.items.all()
    inspect(first.pk, as_new(2, accepted=1), **WHO)
    inspect(second.pk, Finding(received=0, accepted=0, exception="empty_box"), **WHO)

    finish(ret.pk, **WHO)

    assert [item.refund_minor for item in ret.items.all()] == [1_290, 0]
    first.refresh_from_db()
    assert (first.rejected, first.on_sale_at) == (1, NOW)


def test_a_wrong_click_is_taken_back_before_anything_is_decided():
    ret = looked_at(arrived())
    item = ret.items.first()

    look_again(item.pk, **WHO)

    item.refresh_from_db()
    assert (item.inspected_at, item.accepted, item.grade) == (None, None, "")


def test_what_was_finished_too_early_is_opened_again_while_nobody_was_asked_to_pay(due):
    order = due().order
    ret = looked_at(arrived(order=make_order(order.merchant)))
    finish(ret.pk, **WHO)
    refund = ret.refunds.get()
    assert refund.pk not in due_refunds(now=NOW + UNDO_FOR / 2)
    assert refund.pk in due_refunds(now=NOW + UNDO_FOR)

    found = open_again(ret.pk, reason="one cup is chipped", **WHO)

    assert (found.inspection, found.money, ret.refunds.count()) == ("waiting", "open", 0)
    assert ret.order.payments.get().refunded_minor == 0
    inspect(ret.items.first().pk, as_new(deduction_minor=500, deduction_reason="chipped"), **WHO)
    finish(ret.pk, **WHO)
    assert ret.refunds.get().amount_minor == 10_190 - 500


def test_what_was_sent_is_not_taken_back(stripe_server, due):
    from tests.fakes.stripe_server import know_payments_of

    ret = looked_at(arrived(order=make_order(due().merchant)))
    know_payments_of(stripe_server, ret.order)
    finish(ret.pk, **WHO)
    submit(ret.refunds.get().pk, now=NOW + timedelta(minutes=1))

    with pytest.raises(MoneyMoved):
        open_again(ret.pk, reason="too late", **WHO)
    ret.refresh_from_db()
    assert (ret.inspection, ret.money) == ("done", "paid")


@pytest.mark.parametrize(
    ("through", "back"),
    [
        (["received"], "approved"),
        (["received"], "handed_in"),
        (["rejected"], "approved"),
        (["cancelled"], "approved"),
    ],
)
def test_every_state_of_a_parcel_is_put_right_with_a_reason(through, back):
    ret = make_return()
    for state in through:
        put_right(ret.pk, state, reason="wrong click", **WHO)

    with pytest.raises(ReasonNeeded):
        put_right(ret.pk, back, reason="", **WHO)
    found = put_right(ret.pk, back, reason="wrong click", **WHO)

    assert found.parcel == back
    assert "put_right" in kinds(ret)


def test_what_is_put_right_follows_a_table_and_never_overtakes_an_inspection():
    ret = make_return()
    with pytest.raises(IllegalMove):
        put_right(ret.pk, "draft", reason="x", **WHO)
    looked_at(receive(merchant=ret.merchant, code=ret.ref, **WHO))
    finish(ret.pk, **WHO)

    with pytest.raises(MoneyMoved):
        put_right(ret.pk, "approved", reason="x", **WHO)


def test_a_return_is_not_revived_where_its_goods_are_on_their_way_in_another():
    order = make_order()
    first = make_return(order)
    put_right(first.pk, "rejected", reason="no", **WHO)
    make_return(order, wishes=[Wish(order.items.first().ref, 2, "too_small")])

    with pytest.raises(MoreThanBought):
        put_right(first.pk, "approved", reason="yes after all", **WHO)
    assert Return.objects.get(pk=first.pk).parcel == "rejected"


def test_a_withdrawal_that_is_paid_already_is_looked_at_and_closed(due):
    order = make_order()
    ret = make_return(order, kind="withdrawal")
    settle(ret.pk, **WHO)
    receive(merchant=ret.merchant, code=ret.ref, **WHO)
    looked_at(ret)

    finish(ret.pk, **WHO)

    assert Refund.objects.filter(of=ret).count() == 1
    assert Return.objects.get(pk=ret.pk).inspection == "done"


def test_what_was_repaired_is_on_sale_again_when_somebody_says_so():
    ret = arrived()
    item = ret.items.first()
    inspect(item.pk, as_new(disposition="refurbish"), **WHO)

    found = back_on_sale(item.pk, actor="user:1", now=NOW + timedelta(days=1))
    back_on_sale(item.pk, actor="user:1", now=NOW + timedelta(days=2))

    found.refresh_from_db()
    assert found.on_sale_at == NOW + timedelta(days=1)
