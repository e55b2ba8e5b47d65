"""A manager brings orders, writes rules, tries and publishes them; customers read them before they buy."""

import json

import pytest
from playwright.sync_api import expect

from portal.models.people import Role
from scheduling import clock, tasks
from tests.browser.looks import fits, goes
from tests.factories import NOW, make_membership, make_merchant

LIST = b"order,email,sku,item,price,category\n10482,aino@example.com,CUP,Cup,12.90,kitchen\n"
RULES = [
    {"name": "Kitchen: 14 days, unopened", "categories": ["kitchen"], "days": 14, "conditions": ["unopened"]},
    {"name": "Everything else: 30 days", "fault_days": 730, "fees_minor": {"pickup": 490}},
]


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


def test_rules_and_orders_from_the_managers_desk_to_the_customers_page(
    visitor, live_server, client, assert_accessible, tmp_path
):
    shop = make_merchant(name="Nordkaupa", slug="nordkaupa")
    client.force_login(make_membership(merchant=shop, role=Role.MANAGER).user)
    page = visitor()
    cookie = {"name": "session", "value": client.cookies["session"].value, "url": live_server.url}
    page.context.add_cookies([cookie])

    page.goto("/shop/nordkaupa/orders/")
    assert_accessible(page)
    page.get_by_label("The list, as CSV").set_input_files(
        {"name": "orders.csv", "mimeType": "text/csv", "buffer": LIST}
    )
    goes(page.get_by_role("button", name="Take it in"))
    tasks.import_orders()
    expect(page.get_by_text("All of it is here")).to_be_visible()
    assert_accessible(page)

    page.goto("/shop/nordkaupa/returns/rules/")
    expect(page.get_by_text("No rule is written yet. So this holds:")).to_be_visible()
    page.get_by_text("The same as text").click()
    page.get_by_label("The rules as text").fill(json.dumps(RULES, indent=1))
    goes(page.get_by_role("button", name="Read it"))
    goes(page.get_by_role("button", name="Add a rule"))
    assert_accessible(page)
    assert fits(page)
    page.get_by_label("Its name").fill("Toys stay")
    page.get_by_label("It stays").check()
    page.get_by_text("For which goods, countries and customers").click()
    page.get_by_label("Categories").fill("toys")
    goes(page.get_by_role("button", name="Keep this rule"))
    expect(page.get_by_role("heading", name="Toys stay")).to_be_visible()
    goes(page.get_by_role("button", name="Up Toys stay"))
    assert page.get_by_role("heading", level=3).all_inner_texts()[0] == "Toys stay"
    page.get_by_label("What would this order get?").fill("10482")
    goes(page.get_by_role("button", name="Try it"))
    assert page.get_by_text("May come back", exact=True).count() == 1
    assert_accessible(page)
    assert fits(page)
    goes(page.get_by_role("button", name="Publish"))
    expect(page.get_by_text("Published.")).to_be_visible()

    page.goto("/s/nordkaupa/returns/")
    expect(page.get_by_text("You can send it back within 14 days of its delivery.")).to_be_visible()
    assert page.locator('script[type="application/ld+json"]').count() == 1
    assert_accessible(page)
    assert fits(page)
