"""Managers write rules, try them on an order, publish them; customers read the same before they buy."""

import json
import re

import pytest
from django.test import Client

from portal.models.people import Role
from returns.models import PolicyVersion
from returns.selectors.policies import policy_of
from returns.services.policies import publish
from scheduling import clock
from tests.factories import NOW, make_membership, make_merchant, make_order

pytestmark = pytest.mark.django_db

RULES = [
    {"name": "Kitchen <b>", "categories": ["kitchen"], "days": 14, "fees_minor": {"pickup": 490}},
    {"name": "Abroad", "countries": ["SE"], "accepts": False},
    {"name": "The rest", "starts": "order", "fault_days": 730},
]


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def shop():
    return make_merchant()


def somebody(shop, role=Role.MANAGER) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=shop, role=role).user)
    return client


def send(shop, rules=RULES, act="publish", **values):
    text = rules if isinstance(rules, str) else json.dumps(rules)
    form = {"rules": text, "seen": "0", "order": "", act: "1"} | values
    return somebody(shop).post(f"/shop/{shop.slug}/returns/rules/", form)


def in_force(shop):
    publish(merchant=shop, rules=RULES, seen=0, actor="user:1", now=NOW)


def page_of(shop, query=""):
    return Client().get(f"/s/{shop.slug}/returns/{query}").content.decode()


def test_rules_that_are_published_are_a_version_in_force(shop):
    assert send(shop).status_code == 303

    version, policies = policy_of(shop)
    assert (version.number, version.collection_offered_by_trader) == (1, False)
    assert [policy.name for policy in policies] == ["Kitchen <b>", "Abroad", "The rest"]
    page = somebody(shop).get(f"/shop/{shop.slug}/returns/rules/?kept").content.decode()
    assert "You can send it back within 14 days of its delivery." in page
    assert "Published." in page


def test_an_order_says_what_it_would_get_and_nothing_counts_yet(shop):
    order = make_order(shop)

    page = send(shop, act="try", order=order.number).content.decode()

    assert "What this order would get" in page
    assert re.search(r"“Kitchen &lt;b&gt;”: you can send it back until \d", page)
    assert not PolicyVersion.objects.exists()


def test_an_order_nobody_knows_is_said_to_be_so(shop):
    answer = send(shop, act="try", order=make_order().number)

    assert (answer.status_code, "We know no order of that number" in answer.content.decode()) == (422, True)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ("{", "This is no JSON: look at line 1."),
        ("", "Write at least one rule"),
        ("[" * 30_000, "This is no JSON"),
        ([{"name": "A", "days": -1}], "Rule 1, days: Write a whole number"),
        ({}, "The list: Write a list"),
        ([{"name": "A", "skus": ["x"]}, 1], "Rule 2: Write a rule"),
    ],
)
def test_each_error_is_told_where_it_is(shop, rules, says):
    answer = send(shop, rules)

    assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert not PolicyVersion.objects.exists()


def test_who_saw_an_older_version_keeps_their_text_and_publishes_nothing(shop):
    in_force(shop)

    answer = send(shop, [{"name": "Mine"}])

    assert (answer.status_code, "Mine" in answer.content.decode()) == (409, True)
    assert PolicyVersion.objects.count() == 1


def test_rules_are_for_the_shops_own_managers(shop):
    path = f"/shop/{shop.slug}/returns/rules/"

    assert somebody(shop, Role.RETURNS_DESK).get(path).status_code == 403
    assert somebody(make_merchant()).get(path).status_code == 404


def test_everybody_reads_the_rules_before_they_buy(shop):
    in_force(shop)

    page = page_of(shop)

    assert page.count("data-rule") == 3
    assert "Kitchen &lt;b&gt;" in page
    assert "We pick it up: €4.90." in page
    assert "You can send it back within 30 days of your order." in page


def test_of_one_thing_they_read_what_may_decide(shop):
    in_force(shop)

    assert page_of(shop, "?category=kitchen").count("data-rule") == 1
    assert page_of(shop, "?category=toys").count("data-rule") == 2
    assert page_of(shop, "?category=toys&country=FI").count("data-rule") == 1
    final = page_of(shop, "?category=kitchen&final_sale=1")
    assert "It is sold without a way back." in final
    assert "14 days" not in final.split("The law")[0]
    assert page_of(shop, "?price_minor=x&country=%00&tag=%ff").count("data-rule") == 2


def test_a_shop_without_rules_tells_the_usual_one(shop):
    assert "You can send it back within 30 days of its delivery." in page_of(shop)


def test_programs_read_the_same_as_data(shop):
    in_force(shop)

    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page_of(shop), re.DOTALL)

    assert "<" not in block
    kitchen, abroad, rest = json.loads(block)["hasMerchantReturnPolicy"]
    assert (kitchen["name"], kitchen["merchantReturnDays"]) == ("Kitchen <b>", 14)
    assert kitchen["customerRemorseReturnFees"].endswith("FreeReturn")  # a drop-off costs nothing
    assert abroad["returnPolicyCategory"].endswith("MerchantReturnNotPermitted")
    assert "merchantReturnDays" not in rest
