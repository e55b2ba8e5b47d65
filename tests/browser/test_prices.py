"""The price preview in a real browser: wide tables on narrow screens, and what was typed wrong."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from portal.models.people import Role
from scheduling import clock
from tests.browser.looks import fits, goes
from tests.factories import NOW, PASSWORD, make_booking, make_membership, make_network, make_user


@pytest.fixture(autouse=True)
def _at_now(settings):
    settings.GEOCODER = "gazetteer"
    settings.GAZETTEER_FILE = str(Path(settings.BASE_DIR) / "portal/demo/data/helsinki-addresses.csv")
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def outlet():
    outlet = make_network(vans=2, days=8)
    make_booking(outlet)
    return outlet


def test_a_planner_asks_for_prices_and_reads_them_on_any_screen(visitor, outlet, assert_accessible):
    page, user = visitor(), make_user()
    make_membership(user, Role.DISPATCHER, depot=outlet.depot)
    page.goto(f"/staff/login/?next=/depot/{outlet.depot.slug}/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    goes(page.get_by_role("link", name="Price preview"))
    assert_accessible(page)

    page.get_by_label("A few boxes").check()
    page.get_by_role("button", name="Show prices").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert_accessible(page)

    page.get_by_label("Street, number and town").fill("Annankatu 10, 00120 Helsinki")
    page.get_by_label("Another cap to try").fill("2,50")
    page.get_by_role("button", name="Show prices").click()
    expect(page.get_by_text("A shopper sees first:")).to_be_visible()
    expect(page.get_by_role("columnheader", name="With a cap of €2.50")).to_be_attached()
    assert_accessible(page)
    assert fits(page)
