"""The widget in a shop's checkout on another site: strict policy, no third-party cookies, real Chromium."""

import pytest
from playwright.sync_api import Frame, Page, expect

from scheduling.models import Booking, Delivery, Hold
from tests.browser.elsewhere import (
    at,
    bare,
    frame_of,
    inside,
    offers_times,
    opened,
    opened_whole,
    outlet,
    page_elsewhere,
    picks,
    shop,
    value,
    wait_for,
)
from tests.browser.looks import fits, mirrored
from tests.portal.widget.conftest import publishable

__all__ = ["at", "bare", "opened", "opened_whole", "outlet", "shop"]
COOKIES_OF_SCRIPTS = "(document.cookie = 'script=1; SameSite=None; Secure', document.cookie)"


def orders(page: Page) -> None:
    page.get_by_label("Name").fill("Aino")
    page.get_by_label("E-mail").fill("aino@example.com")
    page.get_by_role("button", name="Order and pay").click()


def test_a_time_is_picked_kept_and_confirmed_by_the_shops_server(opened_whole, shop):
    page = opened_whole()
    page.goto(shop.origin)
    offers_times(page)
    assert value(page) == ""

    picks(page)
    expect(page.get_by_text("Delivery on Thursday 26 November, 14:00–16:00.")).to_be_visible()
    assert value(page) == Hold.objects.get(session_key__startswith="widget:").token
    orders(page)

    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page.get_by_text("Thursday 26 November, 14:00–16:00")).to_be_visible()
    number = page.url.rsplit("/", 1)[1]
    assert Delivery.objects.get(order__number=number).state == "confirmed"
    assert Booking.objects.get(delivery__order__number=number).stop.state == "booked"


@pytest.mark.parametrize("here", ["opened", "opened_whole"])
def test_what_another_site_frames_can_set_no_cookie_here(request, here, bare):
    # Without this the other tests would not show that the widget needs none.
    with page_elsewhere() as framed:
        framed.headers = [("Set-Cookie", "third=1; SameSite=None; Secure; Path=/")]
        theirs = framed.origin.replace("127.0.0.1", "localhost")
        bare.body = f'<iframe title="framed" src="{theirs}"></iframe>'
        page = request.getfixturevalue(here)()
        page.goto(bare.origin)
        expect(page.frame_locator("iframe").get_by_role("heading")).to_be_visible()
        assert page.context.cookies() == []
        assert page.frames[1].evaluate(COOKIES_OF_SCRIPTS) == ""

        page.goto(theirs)
        assert [cookie["name"] for cookie in page.context.cookies()] == ["third"]
        page.context.clear_cookies()


def active(frame: Page | Frame) -> str:
    """What has the focus, in words."""
    return str(
        frame.evaluate(
            "(() => { const { id, tagName, textContent, type, dataset } = document.activeElement;"
            "return [tagName, type || '', id, dataset.choice || '', textContent.trim()].join(' ') })()"
        )
    )


def tabs_to(page: Page, words: str, *, framed: bool = True, most: int = 40) -> None:
    """Press Tab until something with these words has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        within = frame_of(page) if framed else page
        if within.evaluate("document.hasFocus()") and words in active(within):
            return
    pytest.fail(f"{words} is never reached by Tab")


def test_everything_is_done_by_keyboard_alone(opened, shop):
    page = opened()
    page.goto(shop.origin)
    offers_times(page)
    tabs_to(page, "INPUT", framed=False)
    page.keyboard.type("Aino")
    page.keyboard.press("Tab")
    page.keyboard.type("aino@example.com")

    tabs_to(page, "Thu")
    page.keyboard.press("Enter")
    frame = inside(page)
    times = frame.get_by_role("group", name="Thursday 26 November")
    expect(times.locator("legend")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    tabs_to(page, "Keep this time")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("heading", name="Thursday 26 November")).to_be_focused()
    expect(page.get_by_text("Delivery on Thursday 26 November")).to_be_visible()
    tabs_to(page, "Order and pay", framed=False)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def test_every_view_is_accessible_and_fits(opened, shop, bare, assert_accessible):
    page = opened(width=320)
    bare.body = shop.script + "<form>" + shop.widget(shop.session(bare.origin, address=None)) + "</form>"
    page.goto(bare.origin)
    frame = inside(page)

    def check() -> None:
        within = frame_of(page)
        assert_accessible(within)
        assert fits(within)
        assert mirrored(within)

    street = frame.get_by_label("Street, number and town")
    expect(street).to_be_visible()
    check()
    frame.get_by_role("button", name="Show times").click()
    expect(frame.get_by_role("alert").first).to_be_focused()
    check()
    street.fill("Rantatie 4, Helsinki")
    frame.get_by_role("button", name="Show times").click()
    expect(frame.get_by_role("heading", name="Which one is it?")).to_be_focused()
    check()
    frame.get_by_role("radio").first.check()
    frame.get_by_role("button", name="Use this address").click()
    offers_times(page)
    check()
    assert_accessible(page)
    frame.get_by_role("button", name="Keep this time").click()
    expect(frame.get_by_text("Choose a time first")).to_be_visible()
    check()
    picks(page)
    check()


def test_a_postcode_shows_times_about_right_then_the_address_is_asked(opened, shop, bare, assert_accessible):
    page = opened(width=1280, dark=True)
    session = shop.session(bare.origin, address=None)
    bare.body = f"""{shop.script}<form>{shop.widget(session, 'postcode="00100" country="FI"')}</form>"""
    page.goto(bare.origin)
    frame = inside(page)
    expect(frame.get_by_role("heading", name="About when we come to 00100 Helsinki")).to_be_visible()
    expect(frame.get_by_role("radio")).to_have_count(0)
    assert_accessible(frame_of(page))
    assert fits(frame_of(page))

    frame.get_by_label("Street, number and town").fill("Mikonkatu 1")
    frame.get_by_role("button", name="Show my times").click()
    offers_times(page)

    expect(frame.get_by_role("radio").first).to_be_enabled()


def test_it_is_as_tall_as_what_it_shows(opened, shop, bare):
    page = opened(width=360)
    bare.body = shop.script + "<form>" + shop.widget(shop.session(bare.origin)) + "</form>"
    page.goto(bare.origin)
    offers_times(page)

    within = frame_of(page)
    tall = within.evaluate(
        "document.getElementById('main').offsetHeight + document.getElementById('main').offsetTop"
    )
    page.wait_for_function(
        f"document.querySelector('doorstep-slots').shadowRoot.querySelector('iframe').offsetHeight === {tall}"
    )
    assert within.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_without_a_server_a_publishable_key_does(opened, shop, bare):
    key = publishable(shop.outlet.merchant, bare.origin)
    said = f'merchant="{shop.outlet.merchant.slug}" publishable-key="{key}"'
    bare.body = f"{shop.script}<form>{shop.widget('', said)}</form>"
    page = opened()
    page.goto(bare.origin)
    frame = inside(page)
    frame.get_by_label("Street, number and town").fill("Mikonkatu 1, 00100 Helsinki")
    frame.get_by_role("radio", name="A bag or a small box").check()
    frame.get_by_role("button", name="Show times").click()
    offers_times(page)
    picks(page)

    assert value(page) == Hold.objects.get(session_key__startswith="widget:").token
    page.evaluate("document.querySelector('form').append(document.querySelector('doorstep-slots'))")
    wait_for(page, "slot-held", 2)
    assert value(page) == Hold.objects.get(session_key__startswith="widget:", state="live").token


def test_more_time_is_asked_for_and_a_time_given_back(opened, shop, bare, at):
    bare.body = shop.script + "<form>" + shop.widget(shop.session(bare.origin)) + "</form>"
    page = opened()
    page.goto(bare.origin)
    offers_times(page)
    frame = picks(page)
    before = wait_for(page, "slot-held")["detail"]
    at.now = at.now.replace(minute=10)

    frame.get_by_role("button", name="I need more time").click()
    longer = wait_for(page, "hold-extended")["detail"]
    page.evaluate("document.querySelector('doorstep-slots').release()")
    wait_for(page, "slot-released")

    assert before["version"] == longer["version"] == 1
    assert (before["hold_token"], before["expires_at"]) == (longer["hold_token"], "2026-11-23T09:15:00+00:00")
    assert longer["expires_at"] == "2026-11-23T09:25:00+00:00"
    assert before["window"]["time_zone"] == "Europe/Helsinki"
    assert value(page) == ""
    offers_times(page)


def test_the_last_minutes_are_spoken_and_the_end_takes_the_token_away(opened, shop, bare):
    bare.body = shop.script + "<form>" + shop.widget(shop.session(bare.origin)) + "</form>"
    page = opened()
    page.clock.install()
    page.goto(bare.origin)
    offers_times(page)
    frame = picks(page)
    assert value(page)

    for seconds, words in ((605, "5 minutes left"), (180, "2 minutes left"), (60, "1 minute left")):
        page.clock.run_for(seconds * 1000)
        expect(frame.locator("#spoken")).to_contain_text(words)
    assert wait_for(page, "hold-expiring")["detail"]["seconds_left"] == 120
    page.clock.run_for(60_000)

    wait_for(page, "hold-expired")
    expect(frame.get_by_text("Your time has run out").first).to_be_visible()
    assert value(page) == ""


def test_a_form_that_needs_a_time_is_not_sent_without_one(opened, shop):
    page = opened()
    page.goto(shop.origin)
    offers_times(page)

    orders(page)
    assert not Delivery.objects.filter(order__number__startswith="N").exists()
    assert page.evaluate("document.querySelector('form').checkValidity()") is False
    picks(page)
    assert page.evaluate("document.querySelector('form').checkValidity()") is True
    page.evaluate("document.querySelector('form').reset()")

    offers_times(page)
    assert value(page) == ""


LOOKS = {
    "pale yellow on white": {"accent": "#ffe96b", "bg": "#ffffff", "text": "#cccccc", "focus": "#fffff0"},
    "a dark page": {"accent": "#3b0d5c", "bg": "#15101a", "text": "#554455", "accent-text": "#222222"},
    "any colour that browsers know": {"accent": "oklch(0.9 0.1 200)", "bg": "hsl(40 30% 97%)"},
    "nonsense": {"accent": "url(//evil.example)", "bg": "red;}", "radius": "calc(", "font": "12"},
}
CONTRAST = """([one, other]) => {
  const lum = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const [low, high] = [lum(one), lum(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


@pytest.mark.parametrize("name", LOOKS)
def test_whatever_colours_a_page_asks_for_they_can_be_read(opened, shop, bare, assert_accessible, name):
    rules = "".join(f"--doorstep-{key}: {said};" for key, said in LOOKS[name].items() if "}" not in said)
    bare.body = (
        f"<style>doorstep-slots{{{rules}}}</style>{shop.script}{shop.widget(shop.session(bare.origin))}"
    )
    page = opened()
    page.goto(bare.origin)
    frame = offers_times(page)
    frame.get_by_role("radio").first.check()

    within = frame_of(page)
    assert_accessible(within)
    button = within.evaluate(
        "(() => { const s = getComputedStyle(document.querySelector('.sticky .button'));"
        "return [s.color, s.backgroundColor] })()"
    )
    assert within.evaluate(CONTRAST, button) >= 4.5


@pytest.mark.parametrize(("theme", "paper"), [("dark", "#14181a"), ("light", "#f7f5f0")])
def test_a_page_may_ask_for_dark_or_light_whatever_the_browser_prefers(opened, shop, bare, theme, paper):
    bare.body = shop.script + shop.widget(shop.session(bare.origin), f'theme="{theme}"')
    page = opened(dark=theme == "light")
    page.goto(bare.origin)
    offers_times(page)

    shown = "getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()"
    assert frame_of(page).evaluate(shown) == paper
    page.evaluate("document.querySelector('doorstep-slots').setAttribute('theme', 'auto')")
    frame_of(page).wait_for_function(f"{shown} !== '{paper}'")


def test_a_page_that_names_no_scheme_is_light_and_so_is_the_widget(opened, shop):
    page = opened(dark=True)
    page.goto(shop.origin)
    offers_times(page)

    assert frame_of(page).evaluate("document.documentElement.dataset.theme") == "light"
