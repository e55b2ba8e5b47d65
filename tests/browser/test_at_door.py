"""After booking: a safe place with a photo, and longer at the door, in a real browser."""

import re
from datetime import time
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from portal.access import token_of
from scheduling import clock
from scheduling.invariants import breaches
from scheduling.models import Booking, Delivery, SlotPattern, TheftZone
from tests.browser.looks import fits, goes
from tests.factories import NOW, make_booking, make_link, make_network, some_facts
from tests.portal.customers.conftest import GAZETTEER, Clock
from tests.portal.test_photos import HEIC, picture


@pytest.fixture(autouse=True)
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def outlet(settings, tmp_path):
    with transaction.atomic():  # so it is copied, see rows.py
        made = make_network(vans=1, days=9)
    file = tmp_path / "addresses.csv"
    file.write_text(GAZETTEER)
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", str(file)
    settings.MEDIA_ROOT = str(tmp_path / "media")
    SlotPattern.objects.create(
        outlet=made, opens=time(20), closes=time(21), base_price_minor=190, unattended=True
    )
    yield made
    assert list(breaches()) == []


@pytest.fixture
def booking(outlet) -> Booking:
    return make_booking(outlet, hour=10)


def opens(page: Page, booking: Booking, row: str) -> None:
    page.goto(f"/l/{token_of(make_link(booking, now=NOW))}/")
    goes(page.get_by_role("link", name=re.compile(row)))


def looks(page: Page, name: str, shots: Path | None) -> None:
    if shots is not None:
        page.screenshot(path=shots / f"{name}.png", full_page=True)


@pytest.fixture
def shots() -> Path | None:
    """Where pictures go for somebody to look at, if they want any."""
    import os

    folder = os.environ.get("SHOTS")
    if folder is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_safe_place_with_a_photo_is_said_shown_and_taken_off(visitor, booking, javascript, tmp_path, shots):
    page = visitor(javascript=javascript)
    photo = tmp_path / "porch.png"
    photo.write_bytes(picture("PNG"))
    opens(page, booking, "If nobody opens")
    assert page.get_by_label("A photo of the place").get_attribute("accept") == (
        "image/jpeg,image/png,image/webp"
    )
    page.get_by_role("radio", name="Porch").check()
    page.get_by_label("How do we find it?").fill("left of the door")
    page.get_by_label("A photo of the place").set_input_files(photo)
    looks(page, f"place-{javascript}", shots)
    page.get_by_role("button", name="Save it").click()

    expect(page.get_by_text("It is changed. The driver will know.")).to_be_visible()
    expect(page.get_by_text("Porch, left of the door").first).to_be_visible()
    looks(page, f"booking-{javascript}", shots)
    page.get_by_role("link", name=re.compile("If nobody opens")).click()
    shown = page.get_by_role("img", name="Your photo of the place")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.complete && image.naturalWidth") == 640
    looks(page, f"shown-{javascript}", shots)
    page.get_by_role("radio", name="Don’t leave it").check()
    page.get_by_role("button", name="Save it").click()

    expect(page.get_by_text("You said that somebody will be at home")).to_be_visible()
    assert Delivery.objects.get().safe_place_photo == ""


def test_a_phones_own_format_is_refused_in_words_and_the_rest_stays(visitor, booking, tmp_path, shots):
    page = visitor()
    photo = tmp_path / "IMG_0001.HEIC"
    photo.write_bytes(HEIC)
    opens(page, booking, "If nobody opens")
    page.get_by_role("radio", name="With a neighbour").check()
    page.get_by_label("Your neighbour’s name").fill("Virtanen")
    page.get_by_label("Their house or flat number").fill("B 12")
    page.get_by_label("A photo of the place").set_input_files(photo)
    page.get_by_role("button", name="Save it").click()

    expect(page.get_by_role("alert")).to_contain_text("Your phone’s photo format is HEIC")
    expect(page.get_by_label("Your neighbour’s name")).to_have_value("Virtanen")
    looks(page, "heic", shots)
    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_text("With a neighbour: Virtanen, B 12").first).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_longer_is_refused_with_times_that_have_it_and_one_press_does_both(
    visitor, outlet, javascript, shots
):
    for number in range(10):
        make_booking(outlet, hour=10, facts=some_facts(north_m=20 * number, service_s=600))
    page = visitor(javascript=javascript)
    first, second = Booking.objects.order_by("stop__position")[:2]
    for booking in (first, second):
        opens(page, booking, "Time at the door")
        page.get_by_label("How much longer do you need?").select_option(label="30 minutes more")
        looks(page, f"longer-{javascript}", shots)
        goes(page.get_by_role("button", name="Save it"))

    expect(page.get_by_role("heading", name="Not at your time")).to_be_visible()
    looks(page, f"refused-{javascript}", shots)
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Move it here").click()
    expect(page.get_by_text("You asked for 30 minutes more at the door")).to_be_visible()
    assert Delivery.objects.get(pk=second.delivery_id).extra_s == 1800


def test_the_pages_are_accessible_and_fit(visitor, outlet, assert_accessible, shots):
    attended = make_booking(outlet, hour=10)
    unattended = make_booking(outlet, hour=20, facts=some_facts(safe_place="porch"))
    page = visitor(width=320)
    for booking, row, name in (
        (attended, "If nobody opens", "where"),
        (attended, "Time at the door", "minutes"),
        (unattended, "If nobody opens", "unattended"),
    ):
        opens(page, booking, row)
        assert_accessible(page)
        assert fits(page)
        looks(page, name, shots)
    page.get_by_role("radio", name="Don’t leave it").check()
    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_role("heading", name="That needs another time")).to_be_visible()
    assert_accessible(page)
    looks(page, "needs", shots)
    goes(page.get_by_role("link", name="Show times for being at home"))
    assert_accessible(page)
    zone = {"name": "Harbour", "area": "depot", "sentence": "Goods were taken here."}
    TheftZone.objects.create(depot=outlet.depot, **zone)
    opens(page, attended, "If nobody opens")
    expect(page.get_by_text("Goods were taken here.")).to_be_visible()
    assert_accessible(page)
    looks(page, "zone", shots)
