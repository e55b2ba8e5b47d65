"""Between a shop's page and the widget's frame: who is believed, and what is there when it can't be shown."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.services.sessions import list_origins
from scheduling.models import Hold
from tests.browser.elsewhere import (
    Bare,
    Elsewhere,
    at,
    bare,
    frame_of,
    heard,
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

__all__ = ["at", "bare", "opened", "opened_whole", "outlet", "shop"]
LINK = "Choose a delivery time"


def shows(page: Page, bare: Bare, shop: Elsewhere, **goto: Any) -> Page:
    """Show a bare page with a form and a widget in it."""
    bare.body = f"{shop.script}<form>{shop.widget(shop.session(bare.origin))}</form>"
    page.goto(bare.origin, **goto)
    return page


# What is there when it can't be shown


def test_without_script_there_is_a_link(opened, shop, bare):
    page = shows(opened(javascript=False), bare, shop)

    page.get_by_role("link", name=LINK).click()
    expect(page.get_by_role("heading", name="Where shall we come?")).to_be_visible()
    page.context.clear_cookies()  # the hosted page's own


def test_where_the_script_is_blocked_there_is_a_link(opened, shop, bare, watch):
    watch.allow("Failed to load resource")
    page = opened()
    page.route("**/embed/v1/slots.js", lambda route: route.abort())

    shows(page, bare, shop)

    expect(page.get_by_role("link", name=LINK)).to_be_visible()


def test_a_page_that_is_not_listed_gets_the_link(opened, shop, bare, watch):
    watch.allow("frame-ancestors")
    session = shop.session(bare.origin)
    list_origins(merchant=shop.outlet.merchant, origins=[shop.origin])
    bare.body = f"{shop.script}<form>{shop.widget(session)}</form>"
    page = opened()
    page.goto(bare.origin)

    expect(page.get_by_role("link", name=LINK)).to_be_visible()
    assert wait_for(page, "unavailable")["detail"] == {"version": 1, "reason": "blocked"}
    assert "session_ended" not in str(page.evaluate("heard"))


def test_a_page_whose_own_policy_forbids_the_frame_gets_the_link(opened, shop, bare, watch):
    watch.allow("Content Security Policy")
    bare.headers = [("Content-Security-Policy", "frame-src 'none'")]

    page = shows(opened(), bare, shop)

    expect(page.get_by_role("link", name=LINK)).to_be_visible()


def test_after_ten_seconds_there_is_a_link_and_still_the_times_when_they_come(opened, shop, bare):
    waiting = []
    page = opened()
    page.route("**/open/", lambda route: waiting.append(route))
    page.clock.install()
    shows(page, bare, shop)
    expect(inside(page).get_by_text("We look when our vans are near you")).to_be_visible()
    expect(page.get_by_role("link", name=LINK)).to_be_hidden()

    page.clock.run_for(10_100)
    expect(page.get_by_role("link", name=LINK)).to_be_visible()
    assert wait_for(page, "unavailable")["detail"]["reason"] == "timeout"
    waiting[0].continue_()

    offers_times(page)
    expect(page.get_by_role("link", name=LINK)).to_be_hidden()


def test_without_a_session_or_key_there_is_the_link_at_once(opened, shop, bare):
    bare.body = f"{shop.script}<form>{shop.widget('')}</form>"
    page = opened()
    page.goto(bare.origin)

    expect(page.get_by_role("link", name=LINK)).to_be_visible()
    assert wait_for(page, "unavailable")["detail"]["reason"] == "no_session"


def test_a_session_that_is_over_says_so_and_another_one_begins_afresh(opened, shop, bare, watch):
    watch.allow("status of 401")
    page = opened()
    bare.body = f"{shop.script}<form>{shop.widget('st_nothing')}</form>"
    page.goto(bare.origin)
    expect(inside(page).get_by_role("heading", name="Let’s start over")).to_be_visible()
    assert wait_for(page, "error")["detail"]["code"] == "session_ended"

    page.evaluate(
        "session => document.querySelector('doorstep-slots').setAttribute('session', session)",
        shop.session(bare.origin),
    )

    offers_times(page)


# Who is believed. The whole browser has what another site frames in a process of its own.


def test_forged_hellos_get_no_session(opened_whole, shop, bare):
    page = shows(opened_whole(), bare, shop)
    offers_times(page)
    source = page.evaluate("document.querySelector('doorstep-slots').shadowRoot.querySelector('iframe').src")
    nonce = re.search(r"#n=(\w+)", source)[1]
    assert "st_" not in source

    page.evaluate(
        """([nonce, ours]) => {
          window.ports = [];
          const say = (origin, source, data) =>
            window.dispatchEvent(new MessageEvent("message", { data, origin, source }));
          const { shadowRoot } = document.querySelector("doorstep-slots");
          const frame = shadowRoot.querySelector("iframe").contentWindow;
          const hello = { doorstep: 1, type: "hello", nonce };
          const others = [{ ...hello, nonce: "guess" }, { ...hello, doorstep: 2 }, "hello", null, 7];
          for (const data of [hello, ...others]) {
            for (const [origin, source] of [[ours, frame], [ours, window], ["https://evil.example", frame]]) {
              say(origin, source, data);
            }
          }
          window.postMessage({ doorstep: 1, type: "hello", nonce }, "*");
        }""",
        [nonce, shop.ours],
    )
    picks(page)

    # The port is the one of the first hello: what was replayed has put no other in its place.
    assert value(page)
    assert len(heard(page, "ready")) == 1


def test_a_hello_from_a_stranger_before_the_frames_own_is_ignored(opened, shop, bare):
    held_back = []
    page = opened()
    page.route("**/embed/frame.js", lambda route: held_back.append(route))
    shows(page, bare, shop, wait_until="commit")
    page.wait_for_function(
        "document.querySelector('doorstep-slots')?.shadowRoot?.querySelector('iframe')?.src"
    )
    while not held_back:
        page.wait_for_timeout(50)
    got = page.evaluate(
        """async ours => {
          const { shadowRoot } = document.querySelector("doorstep-slots");
          const { src, contentWindow: frame } = shadowRoot.querySelector("iframe");
          const nonce = src.match(/#n=(\\w+)/)[1];
          const got = [];
          window.addEventListener("message", ({ data, ports }) => ports.length && got.push(data));
          window.postMessage({ doorstep: 1, type: "hello", nonce }, "*");
          for (const [origin, source] of [["https://evil.example", frame], [ours, window], [ours, null]]) {
            const data = { doorstep: 1, type: "hello", nonce };
            window.dispatchEvent(new MessageEvent("message", { data, origin, source }));
          }
          await new Promise((done) => setTimeout(done, 300));
          return got;
        }""",
        shop.ours,
    )
    assert got == []

    for route in held_back:
        route.continue_()
    offers_times(page)


def test_the_frame_believes_its_own_page_only_and_once(opened, shop, bare):
    page = shows(opened(), bare, shop)
    offers_times(page)
    nonce = re.search(r"#n=(\w+)", frame_of(page).url)[1]
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.evaluate(
        """([nonce, ours]) => {
          const { shadowRoot } = document.querySelector("doorstep-slots");
          const frame = shadowRoot.querySelector("iframe").contentWindow;
          const { port2 } = new MessageChannel();
          frame.postMessage({ doorstep: 1, type: "welcome", nonce, session: "st_stolen" }, ours, [port2]);
          frame.postMessage({ doorstep: 1, type: "release" }, ours);
          frame.postMessage("nonsense", ours);
        }""",
        [nonce, shop.ours],
    )
    page.wait_for_timeout(300)

    assert asked == []
    picks(page)
    assert value(page)


def test_a_stranger_who_frames_the_frame_with_anothers_origin_is_told_nothing(opened_whole, shop, bare):
    # Its hello goes to the origin that is named, so a page that lies about its own never hears it.
    address = f"{shop.ours}/embed/v1/frame/{shop.outlet.merchant.slug}/#n=abc&o=https://other.example"
    bare.body = (
        "<script>window.got = []; addEventListener('message', ({ data }) => got.push(data));</script>"
        f'<iframe title="framed" src="{address}"></iframe>'
    )
    page = opened_whole()
    page.goto(bare.origin)
    expect(page.frame_locator("iframe").get_by_text("We look when our vans")).to_be_visible()
    page.wait_for_timeout(300)

    assert page.evaluate("got") == []


def test_unknown_messages_are_ignored_both_ways(opened, shop, bare):
    page = opened()
    # A port that both sides hold, to say on it what neither knows.
    page.add_init_script(
        "window.__ports = []; const Real = MessageChannel;"
        "window.MessageChannel = class { constructor() { const made = new Real(); __ports.push(made.port1);"
        "return made; } };"
    )
    shows(page, bare, shop)
    offers_times(page)

    page.evaluate(
        """() => {
          const [port] = __ports;
          for (const data of [{ doorstep: 1, type: "sing" }, { doorstep: 2, type: "release" }, null, "x", 3,
                              { doorstep: 1, type: "__proto__" }, { doorstep: 1, type: "constructor" }]) {
            port.postMessage(data);
            port.onmessage({ data });
          }
          port.onmessage({ data: { doorstep: 1, type: "event", name: "surprise", detail: {} } });
          port.onmessage({ data: { doorstep: 1, type: "height", px: 1e9 } });
          port.onmessage({ data: { doorstep: 1, type: "height", px: "9px" } });
        }"""
    )
    picks(page)

    assert value(page)
    assert {each["name"] for each in page.evaluate("heard")} == {"ready", "slots-loaded", "slot-held"}
    tall = page.evaluate("document.querySelector('doorstep-slots').offsetHeight")
    assert tall < 5_000


# A page's life


def test_two_widgets_on_one_page_keep_their_own_times(opened, shop, bare):
    one, two = (shop.session(bare.origin, shopper=name) for name in ("cart-1", "cart-2"))
    widgets = shop.widget(one, 'id="one"', "first") + shop.widget(two, 'id="two"', "second")
    bare.body = f"{shop.script}<form>{widgets}</form>"
    page = opened(height=2_400)
    page.goto(bare.origin)
    offers_times(page, 0)
    offers_times(page, 1)

    picks(page, 0)
    picks(page, 1, "12:00–14:00")

    first, second = value(page, "first"), value(page, "second")
    assert first != second
    assert {each["id"] for each in heard(page, "slot-held")} == {"one", "two"}
    assert Hold.objects.filter(token__in=[first, second], state="live").count() == 2


def test_removed_and_put_back_it_has_its_time_again(opened, shop, bare):
    page = shows(opened(), bare, shop)
    offers_times(page)
    picks(page)
    token = value(page)

    page.evaluate("window.kept = document.querySelector('doorstep-slots'); kept.remove()")
    assert value(page) == ""
    page.evaluate("document.querySelector('form').append(kept)")

    expect(inside(page).get_by_role("heading", name="Thursday 26 November")).to_be_visible()
    wait_for(page, "slot-held", 2)
    assert value(page) == token


def test_the_back_button_brings_the_kept_time_back(opened, shop, bare):
    page = shows(opened(), bare, shop)
    offers_times(page)
    picks(page)
    token = value(page)

    with page_elsewhere() as other:
        page.goto(other.origin)
        page.go_back()
        expect(inside(page).get_by_role("heading", name="Thursday 26 November")).to_be_visible()
        page.wait_for_function("new FormData(document.querySelector('form')).get('delivery_hold')")
        assert value(page) == token


def test_a_page_that_comes_back_whole_from_the_browsers_memory_asks_again(opened, shop, bare):
    page = shows(opened(), bare, shop)
    offers_times(page)
    picks(page)
    before = frame_of(page).url

    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    wait_for(page, "slot-held", 2)
    assert frame_of(page).url != before
    assert value(page)


def test_offline_in_the_middle_loses_nothing(opened, shop, bare, watch):
    watch.allow("ERR_INTERNET_DISCONNECTED")
    page = shows(opened(), bare, shop)
    frame = offers_times(page)
    page.context.set_offline(True)

    frame.get_by_role("link", name="Thu 26 November").click()
    expect(frame.get_by_role("alert")).to_contain_text("What you see is kept.")
    expect(frame.get_by_role("group", name="Good times for you")).to_be_visible()
    error = wait_for(page, "error")["detail"]
    assert (error["code"], error["retryable"]) == ("offline", True)
    page.context.set_offline(False)

    # What was asked is asked again by itself, or by the button.
    expect(frame.get_by_role("group", name="Thursday 26 November")).to_be_visible()
    expect(frame.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("status", [500, 502, 429])
def test_an_answer_that_is_not_ours_becomes_a_sentence(opened, shop, bare, watch, status):
    watch.allow("Failed to load resource")
    page = shows(opened(), bare, shop)
    frame = offers_times(page)
    page.route("**/times/", lambda route: route.fulfill(status=status, body="<h1>proxy</h1>"))

    frame.get_by_role("link", name="Thu 26 November").click()
    words = "Wait a minute" if status == 429 else "That did not work"
    expect(frame.get_by_role("alert")).to_contain_text(words)
    page.unroute("**/times/")
    frame.get_by_role("button", name="Try again").click()

    expect(frame.get_by_role("group", name="Thursday 26 November")).to_be_visible()


def test_reload_asks_the_routes_afresh(opened, shop, bare):
    page = shows(opened(), bare, shop)
    offers_times(page)

    page.evaluate("document.querySelector('doorstep-slots').reload()")

    assert wait_for(page, "slots-loaded", 2)["detail"]["count"] > 0
