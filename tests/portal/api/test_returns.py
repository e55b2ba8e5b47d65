"""A shop's program asks for returns and sees what becomes of them; events tell of them, too."""

import pytest

from portal.services.feed import entries_after
from returns.models import Return
from returns.services.stripe_accounts import save_stripe_account
from scheduling import events
from scheduling.models import Delivery
from tests.factories import NOW, make_merchant, make_order, make_return
from tests.fakes.stripe_server import KEY, SECRET
from tests.portal.api.test_refusals import code_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]


@pytest.fixture
def order(outlet):
    return make_order(outlet.merchant)


def cups(order, quantity=1, **values):
    line = order.items.first().ref
    return {"order_number": order.number, "items": [{"line": line, "quantity": quantity}], **values}


def test_a_return_is_asked_for_and_shown(program, order):
    asked = program("POST", "/returns", cups(order, 2, method="dropoff"))

    assert asked.status_code == 201, asked.content
    said = asked.json()
    assert (said["parcel"], said["inspection"], said["money"]) == ("approved", "waiting", "open")
    assert [(each["sku"], each["quantity"], each["value_minor"]) for each in said["items"]] == [
        ("CUP", 2, 2580)
    ]
    assert program("GET", f"/returns/{said['ref']}").json() == said
    assert program("GET", f"/orders/{order.number}").json()["returns"] == [said["ref"]]


def test_asked_twice_with_one_key_there_is_one(program, order):
    for _again in range(2):
        assert program("POST", "/returns", cups(order), Idempotency_Key="once").status_code == 201

    assert Return.objects.count() == 1


def test_more_than_was_bought_is_refused(program, order):
    assert program("POST", "/returns", cups(order, 2)).status_code == 201

    assert code_of(program("POST", "/returns", cups(order, 1))) == (409, "more_than_bought")


@pytest.mark.parametrize(
    "values", [{"method": "rocket"}, {"items": []}, {"items": [{"line": "X", "quantity": 0}]}, {"more": 1}]
)
def test_what_makes_no_sense_is_refused(program, order, values):
    assert code_of(program("POST", "/returns", cups(order, **values) | values)) == (422, "invalid")


def test_another_shops_order_and_return_are_not_there(program, stranger, order):
    theirs = make_return(make_order(make_merchant()))

    assert code_of(stranger("POST", "/returns", cups(order))) == (404, "not_found")
    assert code_of(program("GET", f"/returns/{theirs.ref}")) == (404, "not_found")


def test_its_events_are_numbered_without_a_delivery_of_ours(program, order):
    program("POST", "/returns", cups(order))
    program("POST", "/returns", cups(order))
    events.relay(now=NOW)

    told = entries_after(0, merchant=order.merchant, limit=9)
    assert [(each.kind, each.delivery, each.sequence, each.order_number) for each in told] == [
        ("return.requested", "", 1, order.number),
        ("return.approved", "", 2, order.number),
    ] * 2


def brought(outlet, program):
    """An order with a delivery that was handed over."""
    order = make_order(outlet.merchant)
    booked = program.books(order=order.number)["ref"]
    Delivery.objects.filter(ref=booked).update(state="delivered")
    return order


def test_a_pickup_is_chosen_among_scored_times_and_called_off_with_its_return(program, outlet):
    ref = program("POST", "/returns", cups(brought(outlet, program))).json()["ref"]

    offers = [each["offer"] for each in program("POST", f"/returns/{ref}/quotes").json()["offers"]]
    booked = program("POST", f"/returns/{ref}/pickup", {"offer": next(filter(None, offers))}).json()

    assert booked["parcel"] == "booked"
    assert program("GET", f"/deliveries/{booked['pickup']}").json()["state"] == "confirmed"
    for _again in range(2):
        assert program("POST", f"/returns/{ref}/cancel").json()["parcel"] == "cancelled"
    assert Delivery.objects.get(ref=booked["pickup"]).state == "cancelled"


def test_another_shops_return_is_not_picked_up(program, stranger, outlet):
    ref = program("POST", "/returns", cups(brought(outlet, program))).json()["ref"]

    for way in ("quotes", "pickup", "cancel"):
        body = {"offer": "x"} if way == "pickup" else None
        assert code_of(stranger("POST", f"/returns/{ref}/{way}", body)) == (404, "not_found")


def found(order, **values):
    line = order.items.first().ref
    whole = {"line": line, "received": 1, "accepted": 1, "grade": "as_new", "disposition": "stock"}
    return {"items": [whole | values]}


def test_a_shops_own_desk_says_what_arrived_and_was_found_and_the_money_is_due(program, order):
    save_stripe_account(merchant=order.merchant, key=KEY, secret=SECRET, actor="user:1", now=NOW)
    ref = program("POST", "/returns", cups(order, method="dropoff")).json()["ref"]

    assert code_of(program("POST", f"/returns/{ref}/inspect", found(order)))[0] == 409
    for _again in range(2):
        assert program("POST", f"/returns/{ref}/receive").json()["parcel"] == "received"
    said = program("POST", f"/returns/{ref}/inspect", found(order)).json()

    assert (said["inspection"], said["money"]) == ("done", "due")
    assert [each["amount_minor"] for each in said["refunds"]] == [1290]


@pytest.mark.parametrize("values", [{"accepted": 2}, {"deduction_minor": 100}, {"grade": ""}, {"line": "X"}])
def test_findings_that_make_no_sense_change_nothing(program, order, values):
    ref = program("POST", "/returns", cups(order, method="dropoff")).json()["ref"]
    program("POST", f"/returns/{ref}/receive")
    before = program("GET", f"/returns/{ref}").json()

    assert program("POST", f"/returns/{ref}/inspect", found(order, **values)).status_code in (404, 422)
    assert program("GET", f"/returns/{ref}").json() == before
