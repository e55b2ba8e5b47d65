"""Rules are published by versions; what is asked for is judged by those in force, on the server."""

from dataclasses import replace
from datetime import timedelta

import pytest

from returns.errors import BadRules, MoreThanBought, NotAllowed, RulesChanged, TermsChanged
from returns.models import PolicyVersion, Return
from returns.selectors.policies import policy_of, verdict_for
from returns.services.policies import check_wishes, publish
from returns.services.requests import Wish, request_return
from scheduling.bought import ItemBought
from scheduling.models import Attempt, Delivery
from tests.factories import (
    NOW,
    TOMORROW,
    make_booking,
    make_merchant,
    make_network,
    make_order,
    make_return,
    some_contact,
)

pytestmark = pytest.mark.django_db

RULES = [
    {
        "name": "Kitchen",
        "categories": ["kitchen"],
        "days": 14,
        "fault_days": 730,
        "conditions": ["unopened", "opened"],
        "per_order_most": 2,
        "resolutions": ["refund", "keep"],
        "methods": ["pickup"],
        "fees_minor": {"pickup": 490},
        "photo_for": ["damaged"],
    },
    {"name": "Everything else", "fees_minor": {"pickup": 250}, "resolutions": ["refund", "exchange"]},
]


def in_force(merchant, rules=None, *, seen=0):
    return publish(
        merchant=merchant, rules=RULES if rules is None else rules, seen=seen, actor="user:1", now=NOW
    )


def an_order(**values):
    order = make_order(**values)
    in_force(order.merchant)
    cup, coat = order.items.all()
    return order, Wish(cup.ref, 1, "changed_mind", condition="opened"), Wish(coat.ref, 1, "too_small")


def check(order, *wishes, method="pickup", now=NOW):
    return check_wishes(order, None, wishes, method, now)


def test_a_shop_that_wrote_nothing_has_the_usual_rule_in_its_own_money():
    version, (usual,) = policy_of(make_merchant(currency="SEK"))

    assert (version, usual.name, usual.days, usual.currency) == (None, "usual", 30, "SEK")


def test_each_publishing_is_a_version_and_the_earlier_ones_stay():
    shop = make_merchant()
    first = in_force(shop)
    second = in_force(shop, RULES[1:], seen=1)

    assert (first.number, second.number) == (1, 2)
    assert policy_of(shop)[0] == second
    assert [policy.name for policy in policy_of(shop)[1]] == ["Everything else"]
    assert PolicyVersion.objects.get(number=1).rules[0]["name"] == "Kitchen"


def test_the_same_rules_once_more_are_no_new_version():
    shop = make_merchant()
    first = in_force(shop)

    assert in_force(shop, seen=1) == first


def test_who_saw_an_older_version_publishes_nothing_over_a_newer_one():
    shop = make_merchant()
    in_force(shop)

    with pytest.raises(RulesChanged):
        in_force(shop, RULES[1:], seen=0)


def test_bad_rules_are_never_in_force():
    shop = make_merchant()

    with pytest.raises(BadRules):
        in_force(shop, [{"name": "A", "days": "many"}])
    assert policy_of(shop)[0] is None


def test_one_trip_costs_the_highest_fee_and_a_fault_none():
    order, cup, coat = an_order()

    assert check(order, cup, coat) == 490
    assert check(order, coat) == 250
    assert check(order, replace(cup, reason="faulty"), coat) == 250
    assert check(order, replace(cup, reason="faulty")) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"resolution": "credit"}, "this is not what it gives back"),
        ({"condition": ""}, "in which condition"),
        ({"condition": "used"}, "in this condition"),
        ({"condition": "mint"}, "no such reason"),
        ({"reason": "because"}, "no such reason"),
        ({"reason": "damaged"}, "a photo"),
        ({"quantity": 3}, "no more than 2 things"),
    ],
)
def test_what_a_rule_does_not_allow_is_refused_in_its_words(change, says):
    order, cup, _coat = an_order()

    with pytest.raises(NotAllowed) as refused:
        check(order, replace(cup, **change))
    assert "Cup: " in str(refused.value)
    assert says in str(refused.value)


def test_a_photo_is_enough_where_one_is_asked_for():
    order, cup, _coat = an_order()

    assert check(order, replace(cup, reason="damaged", photos=1)) == 0


@pytest.mark.parametrize("method", ["dropoff", "none", "", "drone"])
def test_a_way_that_one_item_does_not_offer_is_no_way_for_all(method):
    order, cup, coat = an_order()

    with pytest.raises(NotAllowed):
        check(order, cup, coat, method=method)


def test_what_is_kept_does_not_travel():
    order, cup, coat = an_order()
    kept = replace(cup, resolution="keep")

    assert check(order, kept, method="none") == 0
    assert check(order, kept, coat, method="dropoff") == 0
    with pytest.raises(NotAllowed):
        check(order, kept, method="pickup")


def test_an_exchange_says_for_what():
    order, _cup, coat = an_order()
    swap = replace(coat, resolution="exchange")

    with pytest.raises(NotAllowed):
        check(order, swap)
    assert check(order, replace(swap, wanted_sku="COAT-L")) == 250


def test_saying_no_reason_is_changing_ones_mind():
    order, cup, _coat = an_order()

    assert check(order, replace(cup, reason="")) == 490


def test_what_came_back_before_counts_unless_it_was_at_fault():
    order, cup, coat = an_order()
    make_return(order, wishes=[replace(cup, reason="faulty")])
    assert check(order, cup, coat) == 490

    make_return(order, wishes=[coat])
    assert check(order, cup) == 490
    with pytest.raises(NotAllowed):
        check(order, replace(cup, quantity=2))


def test_the_order_of_things_in_a_request_changes_nothing():
    order, cup, coat = an_order()

    for wishes in ((cup, coat), (coat, cup)):
        assert check(order, *wishes) == 490
        with pytest.raises(NotAllowed):
            check(order, *(replace(wish, quantity=2) for wish in wishes))


def test_no_line_is_named_twice_and_none_of_another_order():
    order, cup, _coat = an_order()

    with pytest.raises(NotAllowed):
        check(order, cup, replace(cup, reason="faulty"))
    with pytest.raises(MoreThanBought):
        check(make_order(), cup)


def test_a_return_keeps_the_version_in_force_when_it_was_asked_for():
    order, cup, _coat = an_order()

    made = request_return(order.pk, [cup], actor="link:test", now=NOW, fee_minor=490)
    in_force(order.merchant, RULES[1:], seen=1)

    made.refresh_from_db()
    assert (made.policy.number, made.fee_minor, made.items.get().rule) == (1, 490, "Kitchen")


def test_a_fee_that_was_shown_is_the_fee_or_nothing_happens():
    order, cup, _coat = an_order()

    with pytest.raises(TermsChanged):
        request_return(order.pk, [cup], actor="link:test", now=NOW, fee_minor=0)
    assert not Return.objects.exists()


@pytest.mark.parametrize("kind", [Return.Kind.WITHDRAWAL, Return.Kind.AT_DOOR])
def test_what_the_law_gives_no_rule_takes(kind):
    order = make_order(items=(ItemBought(sku="CUP", name="Cup", price_minor=1290, final_sale=True),))
    wishes = [Wish(order.items.get().ref, 1)]
    with pytest.raises(NotAllowed):
        request_return(order.pk, wishes, actor="link:test", now=NOW)

    made = request_return(order.pk, wishes, actor="link:test", now=NOW, kind=kind)

    assert (made.fee_minor, made.policy) == (0, None)


def test_how_often_somebody_sent_something_back_counts_at_their_shop_for_a_year():
    order, _cup, coat = an_order()
    shop, years_ago = order.merchant, NOW - timedelta(days=366)
    old = make_order(shop)
    make_return(old, wishes=[Wish(old.items.last().ref, 1)], now=years_ago)
    other = make_order(shop, contact=some_contact(email=order.contact_email.upper()))
    in_force(shop, [{"name": "Often", "returns_from": 1, "days": 0}, *RULES], seen=1)

    assert check(order, coat) == 250
    make_return(other, kind=Return.Kind.WITHDRAWAL)
    assert check(order, coat) == 250
    third = make_order(shop)
    make_return(third, wishes=[Wish(third.items.last().ref, 1, "too_small")])
    assert verdict_for(order.items.last(), order=order, delivery=None, today=NOW.date()).rule == "Often"


def delivered(at):
    booking = make_booking(make_network())
    order = make_order(booking.delivery.merchant)
    delivery = booking.delivery
    Delivery.objects.filter(pk=delivery.pk).update(order=order, state=Delivery.State.DELIVERED)
    Attempt.objects.create(
        delivery=delivery, stop=booking.stop, outcome="handed_over", happened_at=at, told_at=at, actor="x"
    )
    delivery.refresh_from_db()
    return order, delivery


def test_days_count_from_the_local_day_on_which_it_was_handed_over():
    at = NOW.replace(hour=22, minute=30)  # half past midnight in Helsinki
    order, delivery = delivered(at)

    for known in (delivery, None):
        verdict = verdict_for(order.items.first(), order=order, delivery=known, today=TOMORROW)
        assert verdict.until == at.date() + timedelta(days=31)


def test_what_is_still_on_its_way_does_not_come_back():
    booking = make_booking(make_network())
    order = make_order(booking.delivery.merchant)

    with pytest.raises(NotAllowed) as refused:
        request_return(
            order.pk, [Wish(order.items.first().ref, 1)], actor="a", now=NOW, delivery=booking.delivery
        )
    assert "has not come" in str(refused.value)


def test_another_shops_delivery_brought_nothing_of_this_order():
    with pytest.raises(NotAllowed):
        make_return(delivery=make_booking(make_network()).delivery)


def test_what_is_judged_costs_a_stated_number_of_queries(django_assert_max_num_queries):
    order, cup, coat = an_order()

    with django_assert_max_num_queries(9):
        check(order, cup, coat)
