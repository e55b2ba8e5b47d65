"""A shop's program tells what was bought, once; deliveries with its number belong to it."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from scheduling.bought import ItemBought, OrderBought
from scheduling.errors import OrderToldAlready
from scheduling.facts import Contact
from scheduling.models import Order, OrderItem, OrderPayment
from scheduling.services.orders import record_order
from tests.factories import NOW, make_merchant
from tests.portal.api.test_refusals import code_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]

CUP = {"sku": "CUP-2", "name": "Cup", "price_minor": 1290, "tax_minor": 250, "quantity": 2}
KNIFE = {"sku": "K-1", "name": "Knife", "price_minor": 4900, "tags": ["sharp", "steel"], "final_sale": True}
PAID = {"payment_intent": "pi_1", "captured_minor": 7480, "currency": "EUR"}


def told(**values: Any) -> dict[str, Any]:
    contact = {"email": "aino@example.com", "name": "Aino", "phone": "+358401234567"}
    whole = {"number": "10482", "currency": "EUR", "contact": contact, "items": [CUP, KNIFE]}
    return whole | {"payments": [PAID], "placed_at": "2026-11-23T10:00:00+02:00"} | values


def test_an_order_is_told_and_shown_as_it_was_told(program):
    answer = program("POST", "/orders", told())

    assert answer.status_code == 201, answer.content
    seen = program("GET", "/orders/10482").json()
    assert seen == answer.json()
    assert {name: seen["items"][0][name] for name in CUP} == CUP
    assert {name: seen["items"][1][name] for name in KNIFE} == KNIFE
    assert seen["items"][0]["ref"] != seen["items"][1]["ref"]
    assert (seen["items_minor"], seen["payments"], seen["deliveries"]) == (7480, [PAID], [])
    assert seen["contact"] == told()["contact"]
    assert (seen["placed_at"], seen["told_at"]) == ("2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z")


def test_deliveries_with_its_number_belong_to_it_whichever_comes_first(program):
    before = program.books(order="10482")["ref"]
    known = program("GET", "/orders/10482").json()
    assert (known["told_at"], known["items"], known["contact"]) == (None, [], None)
    assert known["deliveries"] == [before]

    answer = program("POST", "/orders", told())
    after = program.books(order="10482", number=3)["ref"]

    assert (answer.status_code, answer.json()["deliveries"]) == (201, [before])
    assert program("GET", "/orders/10482").json()["deliveries"] == [before, after]


def test_an_order_is_told_once_and_never_changed(program):
    for _again in range(2):
        answer = program("POST", "/orders", told(), Idempotency_Key="once")
        assert answer.status_code == 201
    other = program("POST", "/orders", told(items=[CUP]))

    assert code_of(other) == (409, "order_told_already")
    assert (Order.objects.count(), OrderItem.objects.count(), OrderPayment.objects.count()) == (1, 2, 1)


def test_two_shops_may_use_one_number_and_neither_sees_the_other_s(program, stranger):
    assert program("POST", "/orders", told()).status_code == 201
    assert code_of(stranger("GET", "/orders/10482")) == (404, "not_found")
    assert stranger("POST", "/orders", told(items=[CUP])).status_code == 201

    assert len(program("GET", "/orders/10482").json()["items"]) == 2
    assert len(stranger("GET", "/orders/10482").json()["items"]) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"number": "10/482"}, "number"),
        ({"number": " "}, "number"),
        ({"currency": "eur"}, "currency"),
        ({"items": []}, "items"),
        ({"items": [CUP | {"quantity": 0}]}, "items.0.quantity"),
        ({"items": [CUP | {"price_minor": -1}]}, "items.0.price_minor"),
        ({"items": [CUP | {"price_minor": 12.9}]}, "items.0.price_minor"),
        ({"items": [CUP | {"tax_minor": 1291}]}, "items.0"),
        ({"items": [CUP | {"colour": "red"}]}, "items.0.colour"),
        ({"items": [CUP | {"image_url": "javascript:alert(1)"}]}, "items.0.image_url"),
        ({"items": [CUP | {"name": "a\x00b"}]}, "items.0.name"),
        ({"payments": [PAID | {"currency": "SEK"}]}, "body"),
        ({"payments": [PAID, PAID]}, "body"),
        ({"placed_at": "yesterday"}, "placed_at"),
        ({"placed_at": 5}, "placed_at"),
        ({"contact": {"email": "aino"}}, "contact.email"),
    ],
)
def test_what_makes_no_sense_is_said_by_field_and_kept_nowhere(program, values, field):
    answer = program("POST", "/orders", told(**values))

    assert code_of(answer) == (422, "invalid")
    assert field in answer.json()["error"]["fields"]
    assert not Order.objects.exists()


def test_numbers_that_no_order_can_have_are_not_looked_up(program):
    assert program("GET", "/orders/a%00b").status_code == 422
    assert program("GET", "/orders/" + "x" * 65).status_code == 422
    assert program("GET", "/orders/nothing").status_code == 404


def test_looking_costs_the_same_however_much_was_bought(program, django_assert_num_queries):
    program("POST", "/orders", told(items=[CUP] * 50))
    program("GET", "/orders/10482")

    with django_assert_num_queries(6):  # the key, the order, its items, its payments, deliveries, returns
        program("GET", "/orders/10482")


def test_of_two_who_tell_one_order_at_once_one_is_kept_whole(db):
    shop, start, ended = make_merchant(), Barrier(2), []

    def tell(sku: str) -> None:
        items = tuple(ItemBought(sku=sku, name=sku, price_minor=1) for _each in range(3))
        try:
            start.wait()
            bought = OrderBought(number="1", currency="EUR", items=items)
            record_order(merchant=shop, bought=bought, contact=Contact(email="a@example.com"), now=NOW)
            ended.append("told")
        except OrderToldAlready:
            ended.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=tell, args=[sku]) for sku in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ended) == ["refused", "told"]
    assert len(set(OrderItem.objects.values_list("sku", flat=True))) == 1
    assert OrderItem.objects.count() == 3


def test_the_database_keeps_orders_in_order(program):
    program("POST", "/orders", told())
    for rows, values in (
        (Order.objects, {"currency": ""}),
        (OrderItem.objects, {"quantity": 0}),
        (OrderItem.objects, {"tax_minor": 1_000_000}),
        (OrderPayment.objects, {"payment_intent": ""}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**values)
