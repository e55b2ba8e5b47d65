"""The playground in a real browser: what is changed shows at once, all events are logged, lines run."""

import re

import pytest
from playwright.sync_api import Page, expect

from portal.models.people import Role
from portal.services.sessions import list_origins
from tests.browser.elsewhere import at, bare, inside, offers_times, opened, outlet, picks, shop
from tests.browser.looks import fits, mirrored
from tests.browser.react import bundle
from tests.factories import make_membership
from tests.portal.widget.conftest import publishable

__all__ = ["at", "bare", "opened", "outlet", "shop"]
PAPER = "getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()"


@pytest.fixture
def tries(visitor, live_server, outlet, client, watch):
    """Open the playground as the shop's manager."""
    # True, and no harm: here alone the page around the frame is of the same origin, and it is ours.
    watch.allow("An iframe which has both allow-scripts and allow-same-origin")
    client.force_login(make_membership(merchant=outlet.merchant, role=Role.MANAGER).user)

    def open_page(*, listed: bool = True, query: str = "", **looks) -> Page:
        if listed:
            list_origins(merchant=outlet.merchant, origins=[live_server.url])
        page = visitor(**{"width": 1280} | looks)
        cookie = {"name": "session", "value": client.cookies["session"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto(f"/shop/{outlet.merchant.slug}/widget/try/{query}")
        return page

    return open_page


def opens_times(page: Page) -> None:
    page.get_by_label("Address that your server knows").fill("Mikonkatu 1, 00100 Helsinki")
    page.get_by_role("button", name="Open it afresh").click()
    offers_times(page)


def frame_of(page: Page):
    return next(frame for frame in page.frames if "/embed/v1/frame/" in frame.url)


def test_this_page_is_listed_with_one_press_and_then_shows_the_widget(tries):
    page = tries(listed=False)
    expect(page.locator("doorstep-slots")).to_have_count(0)

    page.get_by_role("button", name="List this page too").click()

    expect(inside(page).get_by_role("heading", name="Where shall we come?")).to_be_visible()


def test_looks_and_attributes_show_at_once_and_nothing_is_asked_again(tries):
    page = tries()
    opens_times(page)

    page.get_by_label("--doorstep-bg").fill("rgb(21 16 26)")
    frame_of(page).wait_for_function(f"{PAPER} === 'rgb(21 16 26)'")
    page.get_by_label("--doorstep-bg").fill("")
    page.get_by_label("theme").select_option("dark")
    frame_of(page).wait_for_function("document.documentElement.dataset.theme === 'dark'")

    expect(page.get_by_role("log").get_by_text("doorstep:slots-loaded")).to_have_count(1)
    expect(page.locator("#html-lines")).to_contain_text('theme="dark"')
    expect(page).to_have_url(re.compile("theme=dark"))


def test_every_event_is_written_down_with_its_detail(tries):
    page = tries()
    opens_times(page)
    picks(page)
    log = page.get_by_role("log")
    expect(log.get_by_text("doorstep:slot-held")).to_be_visible()
    expect(log).to_contain_text('"time_zone": "Europe/Helsinki"')
    expect(page.locator("[data-sent]")).to_contain_text("delivery_hold=")

    page.get_by_role("button", name="release()").click()

    expect(log.get_by_text("doorstep:slot-released")).to_be_visible()
    expect(page.locator("[data-sent]")).to_have_text("–")


def test_a_publishable_key_opens_it_too(tries, live_server, outlet):
    page = tries()
    page.get_by_label("Publishable key").fill(publishable(outlet.merchant, live_server.url))
    page.get_by_role("button", name="Open it afresh").click()

    expect(inside(page).get_by_role("group", name="How big is it?")).to_be_visible()


def test_it_is_accessible_and_fits(tries, assert_accessible):
    page = tries(width=320)
    opens_times(page)
    assert_accessible(page)
    assert fits(page)
    assert mirrored(page)


def test_without_script_it_says_what_is_missing_and_still_writes_the_lines(tries):
    page = tries(javascript=False)
    expect(page.get_by_text("Without JavaScript the widget can’t be shown here")).to_be_visible()

    page.get_by_label("--doorstep-accent", exact=True).fill("#9c2f1d")
    page.get_by_role("button", name="Show the lines").click()

    expect(page.locator("#css-lines")).to_contain_text("--doorstep-accent: #9c2f1d;")


LANDED = """async (lines) =>
  await navigator.clipboard.readText() === document.getElementById(lines).textContent"""
WARM = "?name=when&locale=en-GB&required=on&accent=%239c2f1d&bg=%23fffdf8&radius=4px"


def copied(page: Page, way: str) -> str:
    """Lines as they land on the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name=f"Copy {way}")
    button.click()
    page.wait_for_function(LANDED, arg=button.get_attribute("data-copy"))
    expect(page.get_by_text("Copied.")).to_be_visible()
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_the_html_and_css_that_are_copied_run_in_a_page_of_the_shop(tries, opened, shop, bare, settings):
    settings.PUBLIC_URL = shop.ours
    list_origins(merchant=shop.outlet.merchant, origins=[shop.ours, bare.origin])
    page = tries(listed=False, query=WARM)
    html, css = copied(page, "HTML"), copied(page, "CSS")

    bare.body = f"<style>{css}</style><form>{html.replace('st_...', shop.session(bare.origin))}</form>"
    theirs = opened()
    theirs.goto(bare.origin)
    offers_times(theirs)
    picks(theirs)

    theirs.wait_for_function("new FormData(document.querySelector('form')).get('when')")
    assert frame_of(theirs).evaluate(PAPER) == "rgb(255 253 248)"


def test_the_component_for_react_that_is_copied_runs(tries, opened, shop, bare, settings, tmp_path):
    settings.PUBLIC_URL = shop.ours
    list_origins(merchant=shop.outlet.merchant, origins=[shop.ours, bare.origin])
    lines = copied(tries(listed=False, query=WARM), "React")

    bare.body = '<div id="app"></div>'
    theirs = opened()
    theirs.goto(bare.origin)
    theirs.add_script_tag(url=f"{shop.ours}/embed/v1/slots.js")
    theirs.evaluate(bundle(lines, react="19.3.1", folder=tmp_path))
    theirs.evaluate("session => show(session)", shop.session(bare.origin))
    offers_times(theirs)
    picks(theirs)

    theirs.wait_for_function("window.held")
    assert re.match(r"[\w-]+", theirs.evaluate("new FormData(document.querySelector('form')).get('when')"))
