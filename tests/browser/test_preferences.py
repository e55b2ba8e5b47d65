"""How somebody is reached, what is kept about them, and erasing it: in a real browser, on a phone."""

import json
import os
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from portal.access import url_of
from scheduling import clock
from scheduling.models import Booking, Delivery
from tests.browser.looks import fits, goes, mirrored
from tests.factories import make_booking, make_link, make_network, some_contact, some_facts
from tests.portal.customers.codes import sent_digits
from tests.portal.customers.conftest import Clock

SMALL = 360
PICTURES = os.environ.get("PICTURES", "")


@pytest.fixture(autouse=True)
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def booking() -> Booking:
    with transaction.atomic():  # so they are copied, see rows.py
        outlet = make_network(days=4)
        make_booking(outlet, hour=14, facts=some_facts(east_m=50))
        return make_booking(outlet, contact=some_contact(phone="+358401234567"))


def opens(page: Page, booking: Booking) -> None:
    page.goto(url_of(make_link(booking)).replace("http://127.0.0.1:8000", ""))
    page.get_by_role("link", name="How we reach you").click()
    expect(page.get_by_role("heading", name="How we reach you")).to_be_visible()


def shows_code(page: Page) -> None:
    goes(page.get_by_role("button", name="Send the code"))
    page.locator("#id_code").fill(sent_digits())
    goes(page.get_by_role("button", name="Go on"))


def picture(page: Page, name: str) -> None:
    """Keep a picture to be looked at, where PICTURES names a folder."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("javascript", [True, False])
def test_another_address_quiet_hours_a_file_and_erasing_on_a_phone(visitor, booking, javascript):
    page = visitor(width=SMALL, javascript=javascript)
    opens(page, booking)
    page.get_by_label("No mails from").fill("22:00")
    page.get_by_label("Until").fill("07:00")
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_text("How we write to you is changed.")).to_be_visible()

    page.get_by_role("link", name="How we reach you").click()
    page.get_by_role("link", name="Change the address or number").click()
    shows_code(page)
    page.get_by_label("Mobile").fill("12")
    page.get_by_label("E-mail").fill("aino@new.example")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Write the number with its country").first).to_be_visible()
    page.get_by_label("Mobile").fill("+46 70 123 45 67")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("How we reach you is changed.")).to_be_visible()
    expect(page.get_by_text("We mail it to aino@new.example")).to_be_visible()

    page.get_by_role("link", name="How we reach you").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Have it as a file").click()
    kept = json.loads(Path(download.value.path()).read_text())
    assert kept["deliveries"]["rows"][0]["contact_email"] == "aino@new.example"

    page.get_by_role("link", name="Have it erased").click()
    expect(page.get_by_text("First we cancel what is still to come")).to_be_visible()
    page.get_by_label("Yes, for good").check()
    page.get_by_role("button", name="Cancel and erase").click()
    expect(page.get_by_role("heading", name="It is erased")).to_be_visible()
    assert not Delivery.objects.filter(pk=booking.delivery_id).exclude(contact_email="").exists()
    assert Delivery.objects.filter(contact_email="aino@example.com").count() == 1


def test_its_pages_are_accessible_fit_and_mirror(visitor, booking, assert_accessible):
    page = visitor(width=320)

    def check(name: str) -> None:
        picture(page, name)
        assert_accessible(page)
        assert fits(page), page.url
        assert mirrored(page), page.url

    opens(page, booking)
    check("preferences")
    page.get_by_label("No mails from").fill("22:00")
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check("preferences-wrong")
    page.get_by_role("link", name="Change the address or number").click()
    shows_code(page)
    check("contact")
    goes(page.get_by_role("button", name="Change it"))
    check("booking")
    page.goto(f"/d/{booking.delivery.ref}/erase/")
    check("erase")
    page.get_by_label("Yes, for good").check()
    goes(page.get_by_role("button", name="Cancel and erase"))
    check("erased")
