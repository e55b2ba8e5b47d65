"""A shop's manager makes a key, and whoever builds the checkout reads how the API works."""

import pytest
from playwright.sync_api import expect

from portal.models.people import Role
from scheduling import clock
from tests.browser.looks import fits, goes
from tests.factories import NOW, make_booking, make_membership, make_merchant, make_network


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def shop():
    return make_merchant(name="Nordkaupa", slug="nordkaupa")


def test_a_manager_makes_a_key_and_replaces_it(visitor, live_server, shop, client, assert_accessible):
    client.force_login(make_membership(merchant=shop, role=Role.MANAGER).user)
    page = visitor()
    cookie = {"name": "session", "value": client.cookies["session"].value, "url": live_server.url}
    page.context.add_cookies([cookie])

    page.goto("/shop/nordkaupa/keys/")
    assert_accessible(page)
    page.get_by_label("What is it for?").fill("checkout server")
    goes(page.get_by_role("button", name="Make the key"))
    first = page.locator(".token").inner_text()
    assert_accessible(page)
    goes(page.get_by_role("button", name="Replace"))
    second = page.locator(".token").inner_text()

    assert first.startswith("dk_")
    assert second != first
    assert page.get_by_text("works until").count() == 1
    assert fits(page)


def test_a_manager_lists_the_pages_of_the_widget(visitor, live_server, shop, client, assert_accessible):
    client.force_login(make_membership(merchant=shop, role=Role.MANAGER).user)
    page = visitor()
    cookie = {"name": "session", "value": client.cookies["session"].value, "url": live_server.url}
    page.context.add_cookies([cookie])

    page.goto("/shop/nordkaupa/widget/")
    assert_accessible(page)
    page.get_by_label("Pages that may show it").fill("shop.example")
    goes(page.get_by_role("button", name="Keep these pages"))
    assert_accessible(page)
    page.get_by_label("Pages that may show it").fill("https://shop.example/")
    goes(page.get_by_role("button", name="Keep these pages"))

    assert page.get_by_label("Pages that may show it").input_value() == "https://shop.example"
    assert fits(page)


def test_the_reference_can_be_read(visitor, db, assert_accessible):
    page = visitor()

    page.goto("/api/v1/docs")
    page.get_by_role("link", name="POST /api/v1/holds", exact=True).click()

    assert_accessible(page)
    assert fits(page)
    expect(page.get_by_text("the offer of a time")).to_be_visible()


def test_a_manager_reads_the_funnel_on_any_screen(visitor, live_server, client, assert_accessible):
    booking = make_booking(make_network())
    shop = booking.delivery.merchant
    client.force_login(make_membership(merchant=shop, role=Role.MANAGER).user)
    page = visitor()
    cookie = {"name": "session", "value": client.cookies["session"].value, "url": live_server.url}
    page.context.add_cookies([cookie])

    page.goto(f"/shop/{shop.slug}/keys/")
    goes(page.get_by_role("link", name="Funnel"))
    expect(page.get_by_text("1 of 1 shopper who saw times booked one.")).to_be_visible()
    assert_accessible(page)
    booked = page.get_by_role("columnheader", name="Booked").first.bounding_box()
    table = page.locator(".funnel").first.bounding_box()
    assert booked["x"] + booked["width"] <= table["x"] + table["width"]  # without scrolling it
    with page.expect_download() as download:
        page.get_by_role("link", name="Download these figures (CSV)").click()
    assert download.value.suggested_filename.startswith(f"funnel-{shop.slug}-")
    page.get_by_label("From").fill("2026-01-01")
    page.get_by_label("To, and with").fill("2026-01-02")
    goes(page.get_by_role("button", name="Show these days"))

    expect(page.get_by_text("Nobody asked for times in these days")).to_be_visible()
    assert_accessible(page)
    assert fits(page)
