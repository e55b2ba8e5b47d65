"""What is bought in the demo is known with its delivery, comes back by its shop's rules, and is paid back."""

import pytest

from portal.demo import till
from portal.demo.goods import GOODS, RULES
from portal.demo.week import SEEDED_CONTACTS
from returns.rules import policies_from
from returns.selectors.policies import policy_of
from returns.services import refunds
from returns.services.requests import Wish
from returns.services.sending import submit
from scheduling.models import Event, Merchant
from tests.factories import NOW, make_booking, make_network, make_return, some_contact

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def outlet():
    made = make_network()
    Merchant.objects.filter(pk=made.merchant_id).update(slug="nordkaupa")
    made.merchant.refresh_from_db()
    till.open_tills(now=NOW)
    return made


def sold(outlet, **values):
    booking = make_booking(outlet, **values)
    till.sell(Event.objects.get(kind="booking.confirmed", delivery=booking.delivery), NOW)
    order = booking.delivery.order
    order.refresh_from_db()
    return booking, order


@pytest.mark.parametrize("shop", RULES)
def test_each_shops_rules_can_be_read(shop):
    assert shop in GOODS
    assert policies_from(RULES[shop])


def test_what_was_bought_and_paid_is_known_with_the_booking(outlet):
    booking, order = sold(outlet)

    assert [each.sku for each in order.items.all()] == [each.sku for each in GOODS["nordkaupa"]]
    [paid] = order.payments.all()
    goods = sum(each.price_minor * each.quantity for each in GOODS["nordkaupa"])
    assert paid.captured_minor == goods + booking.price_minor
    assert len(policy_of(outlet.merchant)[1]) == len(RULES["nordkaupa"])


def test_twice_told_nothing_more_happens_and_made_up_people_buy_nothing(outlet):
    booking, order = sold(outlet)
    till.sell(Event.objects.get(kind="booking.confirmed", delivery=booking.delivery), NOW)
    _other, theirs = sold(outlet, contact=some_contact(email=f"a{SEEDED_CONTACTS}"), hour=12)

    assert order.items.count() == len(GOODS["nordkaupa"])
    assert theirs.told_at is None


@pytest.mark.django_db(transaction=True)
def test_money_goes_back_through_it_also_after_a_new_start(outlet):
    _booking, order = sold(outlet)
    for _start in range(2):
        with till.tills_open():
            made = make_return(
                order, kind="withdrawal", wishes=[Wish(order.items.get(sku="CUP-2").ref, 1, "changed_mind")]
            )
            refunds.settle(made.pk, actor="user:1", now=NOW)
            [refund] = made.refunds.all()
            submit(refund.pk, now=NOW)
        refund.refresh_from_db()
        assert refund.state == "succeeded"
