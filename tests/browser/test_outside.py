"""Left outside and longer at the door, in a real browser: with and without JavaScript, small and wide."""

import re
from datetime import time

import pytest
from playwright.sync_api import Page, expect

from scheduling import clock
from scheduling.models import Delivery, Merchant, SlotPattern
from tests.browser.looks import fits, mirrored
from tests.browser.test_shopper import types_address
from tests.factories import make_booking, make_network, some_facts
from tests.portal.customers.conftest import GAZETTEER, Clock


@pytest.fixture(autouse=True)
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def shop(settings, tmp_path) -> str:
    file = tmp_path / "addresses.csv"
    file.write_text(GAZETTEER)
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", str(file)
    outlet = make_network(days=9)
    SlotPattern.objects.create(
        outlet=outlet, opens=time(8), closes=time(20), base_price_minor=190, unattended=True
    )
    for hour, metres in ((10, 50), (16, 900)):
        make_booking(outlet, hour=hour, facts=some_facts(north_m=metres))
    return f"/s/{outlet.merchant.slug}/"


def names_porch(page: Page) -> None:
    page.get_by_text("Nobody at home?").click()
    page.get_by_role("checkbox", name="You may leave it outside").check()
    page.get_by_label("Where?").select_option(label="Porch")
    page.get_by_label("How do we find it?").fill("left of the door")
    page.get_by_label("Do you need longer at the door?").select_option(label="3 minutes more")
    page.get_by_role("button", name="Show the times for this").click()
    expect(page.get_by_text("We may leave it outside: Porch, left of the door")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_safe_place_is_named_and_an_unattended_time_kept_and_booked(visitor, shop, javascript):
    page = visitor(javascript=javascript)

    types_address(page, shop)
    names_porch(page)
    page.get_by_role("link", name="Thu 26 November").click()
    times = page.get_by_role("group", name="Thursday 26 November")
    times.get_by_role("radio", name=re.compile("^8:00–20:00")).check()
    page.get_by_role("button", name="Keep this time").click()
    expect(page.get_by_text("Porch, left of the door")).to_be_visible()
    page.get_by_label("E-mail").fill("aino@example.com")
    page.get_by_role("button", name="Confirm Thursday 8:00–20:00").click()

    expect(page.get_by_role("definition").filter(has_text="3 minutes more")).to_be_visible()
    assert Delivery.objects.get(order__number="10482").safe_place == "porch"


def test_the_card_is_accessible_fits_and_says_what_is_missing(visitor, shop, assert_accessible):
    page = visitor(width=320)
    types_address(page, shop)
    page.get_by_role("link", name="more time if we may leave it outside").first.click()
    box = page.get_by_role("checkbox", name="You may leave it outside")
    expect(box).to_be_visible()
    expect(box).not_to_be_checked()
    expect(page.get_by_label("Where?")).to_be_hidden()
    assert_accessible(page)

    box.check()
    page.get_by_role("button", name="Show the times for this").click()

    expect(page.get_by_role("alert")).to_be_focused()
    expect(box).to_be_checked()
    assert_accessible(page)
    assert fits(page)
    assert mirrored(page)


def test_the_back_button_loses_nothing(page, shop):
    types_address(page, shop)
    names_porch(page)

    page.go_back()
    page.get_by_text("Nobody at home?").or_(page.get_by_text("We may leave it outside:")).first.click()

    expect(page.get_by_role("button", name="Show the times for this")).to_be_visible()


def test_goods_that_need_a_signature_say_so_without_being_asked(page, shop, assert_accessible):
    Merchant.objects.update(requirements=["signature"])

    types_address(page, shop)

    expect(page.get_by_text("These goods need a signature").first).to_be_visible()
    assert_accessible(page)
