"""Who is erased is in their returns no more, and before that they can read all of it."""

import json
from datetime import timedelta

import pytest

from portal.services.erasure import erase_person
from portal.services.kept import kept_about
from returns.models import Return, ReturnItem, ReturnPhoto, Withdrawal
from scheduling.models import FileToRemove
from scheduling.services.accounts import close_account
from tests.factories import NOW, make_booking, make_network, make_order, make_return, plan_on, some_contact

pytestmark = pytest.mark.django_db

OVER = NOW + timedelta(days=2)
MARK = "Quillfeather"
AINO = some_contact(email="aino@quillfeather.example", name=f"Aino {MARK}")


@pytest.fixture
def delivery():
    outlet = make_network(days=8)
    order = make_order(outlet.merchant, contact=AINO)
    delivery = make_booking(outlet, contact=AINO, order_number=order.number).delivery
    made = make_return(order, delivery=delivery)
    close_account(plan_id=plan_on(outlet).pk, now=OVER)
    item = made.items.first()
    ReturnItem.objects.filter(pk=item.pk).update(
        comment=f"{MARK} was here", deduction_minor=1, deduction_reason=f"worn by {MARK}"
    )
    ReturnPhoto.objects.create(of=item, taken="customer", file="returns/x.jpg", added_at=NOW)
    stated = {"name": MARK, "email": AINO.email, "order_number": order.number, "content": MARK}
    Withdrawal.objects.create(merchant=outlet.merchant, stated_at=NOW, **stated)
    return delivery


def rows() -> str:
    models = (Return, ReturnItem, ReturnPhoto, Withdrawal)
    return "\n".join(str(row) for model in models for row in model.objects.values_list()).casefold()


def test_nothing_of_a_return_says_any_more_whose_it_was(delivery):
    assert MARK.casefold() in rows()

    for _again in range(2):
        erase_person(delivery=delivery, actor="link:test", now=OVER)

    assert MARK.casefold() not in rows()
    assert ReturnItem.objects.filter(deduction_minor=1).get().deduction_reason == "erased"
    assert not ReturnPhoto.objects.exists()
    assert not FileToRemove.objects.exists()


def test_what_was_decided_and_is_to_be_paid_stays(delivery):
    before = Return.objects.values("ref", "order", "parcel", "money", "currency").get()

    erase_person(delivery=delivery, actor="link:test", now=OVER)

    assert Return.objects.values("ref", "order", "parcel", "money", "currency").get() == before
    assert sorted(ReturnItem.objects.values_list("value_minor", flat=True)) == [1290, 8900]


def test_they_can_read_all_of_it(delivery):
    file = json.loads("".join(kept_about(delivery, now=NOW)))

    [told] = file["returns"]["rows"]
    assert (told["order"], told["contact_name"]) == (delivery.order.number, AINO.name)
    assert sorted(each["sku"] for each in told["items"]) == ["COAT-M", "CUP"]
    assert {photo["file"] for each in told["items"] for photo in each["photos"]} == {"returns/x.jpg"}
    assert [each["content"] for each in file["withdrawals"]["rows"]] == [MARK]
