"""Withdrawals that fit no order, at the shop's desk: led on to the order that was meant, or answered."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from portal.models.people import Role
from returns.models import Return, Withdrawal
from returns.services.erasing import take_out
from returns.services.withdrawals import answer_statement, state_withdrawal
from scheduling import clock
from scheduling.models import Event
from tests.factories import NOW, make_membership, make_merchant, make_network
from tests.returns.pickups import brought, relay_all

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def outlet(db):
    return make_network(days=3)


@pytest.fixture
def desk(outlet) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=outlet.merchant, role=Role.RETURNS_DESK).user)
    return client


def stated(outlet, **values) -> Withdrawal:
    """What somebody stated of an order number that they remembered wrongly."""
    said = {
        "name": "Eve Laine",
        "order_number": "1O482",
        "email": "eve@example.com",
        "content": "I withdraw.",
    }
    made = state_withdrawal(merchant=outlet.merchant, actor="customer", now=NOW, **said | values)
    relay_all()
    made.refresh_from_db()
    return made


def page(outlet) -> str:
    return f"/shop/{outlet.merchant.slug}/returns/statements/"


def test_the_desk_says_that_one_waits_and_its_page_shows_it(outlet, desk):
    stated(outlet)

    first = desk.get(f"/shop/{outlet.merchant.slug}/returns/desk/").content.decode()
    text = desk.get(page(outlet)).content.decode()

    assert "1 withdrawal fits no order" in first
    assert page(outlet) in first
    assert "Eve Laine" in text
    assert "1O482" in text
    assert "eve@example.com" in text


def test_an_empty_page_says_what_would_be_there(outlet, desk):
    assert "None waits." in desk.get(page(outlet)).content.decode()
    assert "fits no order" not in desk.get(f"/shop/{outlet.merchant.slug}/returns/desk/").content.decode()


def test_the_order_that_was_meant_comes_back_as_if_its_customer_had_named_it(outlet, desk):
    booking = brought(outlet)
    made = stated(outlet)

    answer = desk.post(
        f"{page(outlet)}{made.pk}/place/", {f"p{made.pk}-number": booking.delivery.order.number}
    )

    assert answer.status_code == 303
    made.refresh_from_db()
    assert made.of == Return.objects.get()
    assert (made.of.kind, made.of.order) == ("withdrawal", booking.delivery.order)
    assert made.of.parcel == "received"  # it had not left yet, and does not
    assert made.of.refund_due_at == NOW + timedelta(days=14)
    assert Event.objects.filter(kind="return.withdrawn", delivery=booking.delivery).count() == 1
    assert "None waits." in desk.get(page(outlet)).content.decode()


@pytest.mark.parametrize("number", ["", "NOSUCH", "x" * 65, "\x00"])
def test_a_number_that_is_no_order_of_ours_is_said_and_kept(outlet, desk, number):
    made = stated(outlet)

    answer = desk.post(f"{page(outlet)}{made.pk}/place/", {f"p{made.pk}-number": number})

    assert answer.status_code in (409, 422)
    assert "field--bad" in answer.content.decode()
    made.refresh_from_db()
    assert (made.of, made.answered_at) == (None, None)


def test_another_shops_order_is_none(outlet, desk):
    elsewhere = brought(make_network(days=3))
    made = stated(outlet)

    answer = desk.post(
        f"{page(outlet)}{made.pk}/place/", {f"p{made.pk}-number": elsewhere.delivery.order.number}
    )

    assert answer.status_code == 409
    assert not Return.objects.exists()


def test_all_of_an_order_that_is_on_its_way_back_leaves_nothing_and_the_statement_waits(outlet, desk):
    booking = brought(outlet)
    number = booking.delivery.order.number
    first, second = stated(outlet), stated(outlet, name="Eve again")
    desk.post(f"{page(outlet)}{first.pk}/place/", {f"p{first.pk}-number": number})

    answer = desk.post(f"{page(outlet)}{second.pk}/place/", {f"p{second.pk}-number": number})

    assert answer.status_code == 409
    assert "on its way back already" in answer.content.decode()
    assert Event.objects.filter(kind="return.withdrawn").count() == 1


def test_what_means_no_order_is_answered_with_what_was_done(outlet, desk):
    made = stated(outlet)

    answer = desk.post(f"{page(outlet)}{made.pk}/answer/", {f"a{made.pk}-answer": "Wrote to them"})

    assert answer.status_code == 303
    text = desk.get(page(outlet)).content.decode()
    assert "None waits." in text
    assert "Wrote to them" in text


def test_an_answer_without_words_is_none(outlet, desk):
    made = stated(outlet)

    assert desk.post(f"{page(outlet)}{made.pk}/answer/", {f"a{made.pk}-answer": "  "}).status_code == 422
    made.refresh_from_db()
    assert made.answered_at is None


def test_the_second_tab_hears_that_it_was_answered(outlet, desk):
    made = stated(outlet)
    path, said = f"{page(outlet)}{made.pk}/answer/", {f"a{made.pk}-answer": "Wrote to them"}
    desk.post(path, said)

    again = desk.post(path, said)

    assert again.status_code == 409
    assert "Somebody has answered that meanwhile" in again.content.decode()


def test_what_was_found_is_not_here_and_others_see_nothing(outlet, desk):
    booking = brought(outlet)
    found = stated(outlet, order_number=booking.delivery.order.number, email=booking.delivery.contact_email)
    waiting = stated(outlet)
    stranger = Client()
    stranger.force_login(make_membership(merchant=make_merchant(), role=Role.MANAGER).user)

    assert found.of is not None
    assert f"stated-{found.pk}" not in desk.get(page(outlet)).content.decode()
    assert stranger.get(page(outlet)).status_code == 404
    assert stranger.post(f"{page(outlet)}{waiting.pk}/answer/").status_code == 404


def test_an_answer_goes_with_its_person(outlet):
    made = stated(outlet)
    answer_statement(made.pk, merchant=outlet.merchant, answer="Called Eve", actor="user:1", now=NOW)

    take_out(outlet.merchant, orders=[], email="eve@example.com", now=NOW)

    made.refresh_from_db()
    assert (made.name, made.answer) == ("", "")


def test_no_row_is_answered_and_led_on(outlet):
    booking = brought(outlet)
    found = stated(outlet, order_number=booking.delivery.order.number, email=booking.delivery.contact_email)

    with pytest.raises(IntegrityError), transaction.atomic():
        Withdrawal.objects.filter(pk=found.pk).update(answered_at=NOW, answer="x")
