"""The map in a real browser: the depot's routes, and a pin that goes where it is put."""

from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import expect

from portal.models.people import Role
from scheduling import clock
from scheduling.services.holds import release_hold
from tests.browser.looks import fits, goes
from tests.factories import (
    NOW,
    PASSWORD,
    make_booking,
    make_hold,
    make_membership,
    make_network,
    make_user,
    some_facts,
)


@pytest.fixture(autouse=True)
def _at_now(settings):
    settings.DEMO = True  # then the map has streets to draw
    settings.GEOCODER = "gazetteer"
    settings.GAZETTEER_FILE = str(Path(settings.BASE_DIR) / "portal/demo/data/helsinki-addresses.csv")
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def outlet():
    with transaction.atomic():  # so they are copied, see rows.py
        outlet = make_network(vans=2, days=3)
        for north_m in (-300, 0, 300, 600):
            make_booking(outlet, facts=some_facts(north_m=north_m))
    return outlet


def sign_in(page, outlet) -> None:
    user = make_user()
    make_membership(user, Role.DISPATCHER, depot=outlet.depot)
    page.goto(f"/staff/login/?next=/depot/{outlet.depot.slug}/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Tuesday 24 November")).to_be_visible()


def test_a_kept_time_shows_on_the_depot_s_map_by_itself(visitor, outlet, assert_accessible):
    page = visitor()
    sign_in(page, outlet)
    page.locator("#plan-map").scroll_into_view_if_needed()
    expect(page.locator(".map__frame--drawn")).to_be_visible()
    expect(page.get_by_text("OpenStreetMap contributors")).to_be_visible()
    assert_accessible(page)

    hold = make_hold(outlet, facts=some_facts(east_m=300))
    expect(page.locator(".map-held__word")).to_have_text(hold.delivery.address.line)
    expect(page.get_by_text("1 held now")).to_be_visible()
    assert_accessible(page)

    release_hold(hold=hold, actor="test", now=NOW)
    expect(page.locator(".map-held__word")).to_have_count(0)
    assert fits(page)


def test_without_javascript_the_depot_has_its_rows_and_a_sentence(visitor, outlet):
    page = visitor(width=1280, javascript=False)

    sign_in(page, outlet)

    expect(page.get_by_text("Every stop is in the table, too.")).to_be_visible()
    page.locator(".route summary").first.click()
    expect(page.locator(".rows tbody tr")).to_have_count(4)


def test_the_pin_follows_the_arrow_keys_and_the_form_follows_the_pin(visitor, outlet):
    page = visitor()
    page.goto(f"/s/{outlet.merchant.slug}/")
    page.get_by_label("Street, number and town").fill("Korkeavuorenkatu 21, Helsinki")
    page.get_by_role("radio", name="A few boxes").check()
    goes(page.get_by_role("button", name="Show times"))
    page.locator("[data-map]").scroll_into_view_if_needed()
    pin = page.locator(".map-pin--movable")
    expect(pin).to_be_visible()

    pin.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    north = float(page.locator("[name=lat]").input_value())
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("ArrowRight")

    assert float(page.locator("[name=lat]").input_value()) < north
    assert 24.9 < float(page.locator("[name=lon]").input_value()) < 25
    expect(pin).to_be_focused()


def test_nothing_of_the_map_is_loaded_before_it_is_seen(visitor, outlet):
    page = visitor(width=1280)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"/s/{outlet.merchant.slug}/")

    assert asked
    assert not [url for url in asked if "leaflet" in url or "helsinki-map" in url]


def test_a_route_that_was_opened_stays_open_when_the_board_changes(visitor, outlet):
    page = visitor(width=1280)
    sign_in(page, outlet)
    page.locator(".route").first.locator("summary").click()

    make_booking(outlet, facts=some_facts(north_m=900))

    expect(page.locator(".board__total")).to_contain_text("5 stops")
    expect(page.locator(".route").first).to_have_attribute("open", "")
