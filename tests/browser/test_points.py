"""A delivery goes to a pickup point and home again, in a real browser: with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from scheduling import clock
from scheduling.invariants import breaches
from scheduling.models import Booking, PickupPoint
from tests.browser.looks import fits, goes, mirrored
from tests.factories import make_booking, make_link, make_network, make_point, some_facts
from tests.portal.customers.conftest import GAZETTEER, Clock


@pytest.fixture(autouse=True)
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def booking(settings, tmp_path) -> Booking:
    file = tmp_path / "addresses.csv"
    file.write_text(GAZETTEER)
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", str(file)
    outlet = make_network(days=9)
    for number, metres in enumerate((300, 700, 1_200, 1_500, 2_000, 2_600), start=1):
        make_point(outlet.depot, east_m=metres, name=f"Kioski {number}")
    make_point(outlet.depot, north_m=200, east_m=0, name="Lokero", kind="locker", capacity=2)
    PickupPoint.objects.filter(name="Lokero").update(used=1)
    yield make_booking(outlet, hour=10, facts=some_facts(parcels=2, extra_s=180))
    PickupPoint.objects.filter(name="Lokero").update(used=0)
    assert list(breaches()) == []


def opens(page: Page, booking: Booking) -> None:
    from portal.access import token_of

    page.goto(f"/l/{token_of(make_link(booking))}/")
    goes(page.get_by_role("link", name=re.compile("Pickup point")))


@pytest.mark.parametrize("javascript", [True, False])
def test_it_goes_to_a_point_and_comes_home_again(visitor, booking, javascript):
    page = visitor(javascript=javascript)
    opens(page, booking)
    expect(page.get_by_text("Full right now.")).to_be_visible()
    page.get_by_role("link", name="Choose Kioski 2").click()
    expect(page.get_by_role("heading", name="Send it to Kioski 2?")).to_be_visible()
    page.get_by_role("button", name="Yes, send it there").click()

    expect(page.get_by_role("heading", name="Collect it")).to_be_visible()
    assert Booking.objects.get().stop.pickup_point.name == "Kioski 2"
    page.get_by_role("link", name=re.compile("Pickup point")).click()
    page.get_by_role("link", name="Choose a time at your door").click()
    page.get_by_role("radio").first.check()
    goes(page.get_by_role("button", name="Move it here"))

    expect(page.get_by_role("heading", name="Collect it")).to_have_count(0)
    assert Booking.objects.get().stop.pickup_point is None


def test_its_pages_are_accessible_and_fit(visitor, booking, assert_accessible):
    page = visitor(width=320)
    opens(page, booking)
    for press in ("Choose Kioski 1", "Yes, send it there", ""):
        assert_accessible(page)
        assert fits(page)
        assert mirrored(page)
        if press:
            goes(page.get_by_role("link" if press.startswith("Choose") else "button", name=press))
