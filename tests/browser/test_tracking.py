"""The day in a real browser: what a driver does shows on the page by itself, said and drawn."""

import gzip
import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.access import token_of
from scheduling import clock
from tests.browser.looks import fits
from tests.factories import make_link
from tests.on_the_road import Tour, a_tour
from tests.portal.customers.conftest import Clock

SOON = re.compile("^every 4s")
"""How often the page asks while the van is near: so soon what a driver does is there."""
FIRST_LOAD_BYTES = 60_000


@pytest.fixture(autouse=True)
def at(settings):
    settings.DEMO = True  # then the map has streets to draw
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def tour(at) -> Tour:
    tour = a_tour(stops=6, name="Mika Virtanen", shows_name=True, shows_vehicle=True)
    at.now = tour.now
    return tour


def opens(page: Page, tour: Tour, number: int, kind: str = "manage") -> None:
    page.goto(f"/l/{token_of(make_link(tour.bookings[number], kind))}/")


def test_what_the_driver_does_shows_soon_and_by_itself(visitor, tour, at, assert_accessible):
    page, friend = visitor(), visitor()
    tour.expects(5, in_min=70)
    opens(page, tour, 5)
    opens(friend, tour, 5, "follow")
    expect(page.get_by_text("5 stops before you.")).to_be_visible()
    for shown in (page, friend):
        expect(shown.locator("#poll")).to_have_attribute("hx-trigger", SOON)
    expect(page.locator(".range")).to_have_text("9:00–9:20")
    expect(page.locator("#van-map")).to_have_count(0)
    assert_accessible(page)

    tour.is_seen(60.1712, 24.9431)
    for number in range(3):
        tour.serves(number)
    for shown in (page, friend):
        expect(shown.locator("#live h1")).to_contain_text("makes two more stops")
        shown.locator("#van-map").scroll_into_view_if_needed()
        expect(shown.locator(".map-van")).to_be_visible()
        assert_accessible(shown)
        assert fits(shown)
    expect(page.locator("[data-announce]")).to_have_text("Mika makes two more stops, then comes to you")
    canvas = page.locator("#van-map .map__canvas").element_handle()

    tour.is_seen(60.1736, 24.9431)
    expect(page.locator("#van")).to_have_attribute("data-lat", "60.174")
    tour.serves(3)
    tour.serves(4)
    expect(page.locator("#live h1")).to_have_text("You are next")
    assert page.locator("#van-map .map__canvas").element_handle().evaluate("(a, b) => a === b", canvas)
    # Within a minute nothing more is said: what comes now waits.
    expect(page.locator("[data-announce]")).to_have_text("Mika makes two more stops, then comes to you")

    tour.arrives(5)
    expect(page.locator(".range")).to_have_text("Now")
    expect(page.locator(".map-van")).to_have_count(0)
    at.now = tour.now = tour.now + timedelta(minutes=3)
    tour.serves(5)
    for shown in (page, friend):
        expect(shown.locator("#live h1")).to_have_text("It is delivered")
        expect(shown.locator("#poll")).not_to_have_attribute("hx-get", re.compile("."))
        assert_accessible(shown)
        assert fits(shown)
    expect(page).to_have_title(re.compile("^Delivered"))


def test_without_javascript_there_are_sentences_and_a_way_to_look_again(visitor, tour):
    page = visitor(javascript=False)
    opens(page, tour, 5)
    expect(page.get_by_role("heading", name="Mika is on the way")).to_be_visible()

    tour.is_seen()
    for number in range(3):
        tour.serves(number)
    page.get_by_role("link", name="See how it is now").click()

    expect(page.get_by_role("heading", name="Mika makes two more stops")).to_be_visible()
    expect(page.get_by_text("The van is about here, give or take 100 m.")).to_be_visible()


def test_the_countdown_falls_by_itself_and_speaks_of_no_minutes(visitor, tour):
    page = visitor()
    page.clock.install()
    tour.expects(5, in_min=3)
    opens(page, tour, 5)
    left, spoken = page.locator("[data-left-shown]"), page.locator("[data-announce]")
    seen = [left.inner_text()]
    for _second in range(40):
        page.clock.run_for(6_000)
        seen.append(left.inner_text())

    told = [int(found[0]) if (found := re.findall(r"\d+", text)) else 0 for text in seen]
    assert told == sorted(told, reverse=True)
    assert (told[0], told[-1], seen[-1]) == (3, 0, "Any moment now")
    assert spoken.inner_text() == ""


def test_an_unreachable_portal_is_said_and_forgotten_once_it_answers(visitor, tour, watch):
    page = visitor()
    watch.allow("ERR_INTERNET_DISCONNECTED")
    watch.allow("htmx:sendError")
    watch.allow("htmx:afterRequest")
    opens(page, tour, 5)

    page.context.set_offline(True)
    expect(page.locator("[data-offline]")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("[data-offline]")).to_be_hidden()


def test_the_page_is_light_before_its_map(visitor, tour):
    page, loaded = visitor(), []
    page.on("response", lambda response: loaded.append((response.url, response.body())))
    opens(page, tour, 5)
    page.wait_for_load_state("networkidle")

    weight = sum(len(gzip.compress(body)) for url, body in loaded if "leaflet" not in url)
    assert weight < FIRST_LOAD_BYTES
