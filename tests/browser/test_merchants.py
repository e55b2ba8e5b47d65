"""A shop's manager makes a key, and whoever builds the checkout reads how the API works."""

import pytest

from portal.models.people import Role
from tests.factories import make_membership, make_merchant


@pytest.fixture
def shop():
    return make_merchant(name="Nordkaupa", slug="nordkaupa")


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)])
def test_a_manager_makes_a_key_and_replaces_it(
    visitor, live_server, shop, client, assert_accessible, width, dark
):
    client.force_login(make_membership(merchant=shop, role=Role.MANAGER).user)
    page = visitor(width=width, dark=dark)
    cookie = {"name": "session", "value": client.cookies["session"].value, "url": live_server.url}
    page.context.add_cookies([cookie])

    page.goto("/shop/nordkaupa/keys/")
    assert_accessible(page)
    page.get_by_label("What is it for?").fill("checkout server")
    page.get_by_role("button", name="Make the key").click()
    first = page.locator(".token").inner_text()
    assert_accessible(page)
    page.get_by_role("button", name="Replace").click()
    second = page.locator(".token").inner_text()

    assert first.startswith("dk_")
    assert second != first
    assert page.get_by_text("works until").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)])
def test_a_manager_lists_the_pages_of_the_widget(
    visitor, live_server, shop, client, assert_accessible, width, dark
):
    client.force_login(make_membership(merchant=shop, role=Role.MANAGER).user)
    page = visitor(width=width, dark=dark)
    cookie = {"name": "session", "value": client.cookies["session"].value, "url": live_server.url}
    page.context.add_cookies([cookie])

    page.goto("/shop/nordkaupa/widget/")
    assert_accessible(page)
    page.get_by_label("Pages that may show it").fill("shop.example")
    page.get_by_role("button", name="Keep these pages").click()
    assert_accessible(page)
    page.get_by_label("Pages that may show it").fill("https://shop.example/")
    page.get_by_role("button", name="Keep these pages").click()
    page.wait_for_url("**/widget/")

    assert page.get_by_label("Pages that may show it").input_value() == "https://shop.example"
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)])
def test_the_reference_can_be_read(visitor, db, assert_accessible, width, dark):
    page = visitor(width=width, dark=dark)

    page.goto("/api/v1/docs")
    page.get_by_role("link", name="POST /api/v1/holds", exact=True).click()

    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_text("the offer of a time").is_visible()
