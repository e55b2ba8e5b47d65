"""Asking for a return: never more than was bought, and what was asked is told."""

import pytest

from returns.errors import MoreThanBought, NothingChosen
from returns.services.requests import Wish, left_of, request_return
from scheduling.models import Event
from tests.factories import NOW, make_order, make_return

pytestmark = pytest.mark.django_db


def ask(order, *wishes):
    return request_return(order.pk, wishes, actor="link:test", now=NOW)


def test_a_return_keeps_what_was_paid_for_what_comes_back():
    order = make_order()
    cup = order.items.first()

    made = ask(order, Wish(cup.ref, 2, "changed_mind"))

    assert [(each.quantity, each.value_minor) for each in made.items.all()] == [(2, 2580)]
    assert (made.parcel, made.money, made.contact_email) == ("approved", "open", order.contact_email)
    assert left_of(cup) == 0


def test_it_is_told():
    made = make_return()

    told = Event.objects.filter(kind__startswith="return.").order_by("pk")
    assert [(each.kind, each.data["return"]) for each in told] == [
        ("return.requested", made.ref),
        ("return.approved", made.ref),
    ]


def test_more_than_was_bought_never_comes_back_also_not_bit_by_bit():
    order = make_order()
    cup = order.items.first()
    ask(order, Wish(cup.ref, 1))

    with pytest.raises(MoreThanBought):
        ask(order, Wish(cup.ref, 2))
    assert left_of(cup) == 1


@pytest.mark.parametrize("quantity", [0, -1, 3])
def test_how_many_must_make_sense(quantity):
    order = make_order()

    with pytest.raises(MoreThanBought):
        ask(order, Wish(order.items.first().ref, quantity))


def test_another_orders_item_is_no_item_of_this_one():
    with pytest.raises(MoreThanBought):
        ask(make_order(), Wish(make_order().items.first().ref, 1))


def test_a_return_of_nothing_is_none():
    with pytest.raises(NothingChosen):
        ask(make_order())
