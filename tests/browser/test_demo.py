"""A stranger's walk through the demo as `make demo` starts it, timed, without reading any docs."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import goes
from tests.portal.demo.running import Demo, start_again

pytestmark = pytest.mark.slow

JUMPS_MS = 180_000
"""The clock's jumps drive whole days in one request: on a busy machine that takes most of a minute."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory, run_folder) -> Iterator[Demo]:
    running = start_again(run_folder, tmp_path_factory.mktemp("walk"))
    yield running
    running.end()


@pytest.fixture
def page(browser: Browser, watch, demo) -> Iterator[Page]:
    context = browser.new_context(base_url=demo.url, viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(JUMPS_MS)
    page = context.new_page()
    page.on("console", watch.on_console)
    page.on("pageerror", watch.on_error)
    page.on("request", watch.on_request)
    yield page
    context.close()


def test_a_stranger_s_walk(page, assert_accessible, capsys):
    started = time.monotonic()
    page.goto("/demo/")
    assert_accessible(page)
    page.get_by_role("link", name="Open side by side").click()
    expect(page.locator(".map__frame--drawn")).to_be_visible()

    phone = page.frame_locator(".beside__frame")
    phone.get_by_role("radio", name="A bag or a small box").check()
    phone.get_by_role("button", name="Show times").click()
    phone.locator("[data-times] input[type=radio]").first.check()
    phone.get_by_role("button", name="Keep this time").click()
    expect(page.locator(".map-held__word")).to_have_text("Mikonkatu 1")
    expect(page.get_by_text(re.compile(r"drives [\d,]+ m more for Mikonkatu 1"))).to_be_visible()
    bent = time.monotonic() - started

    phone.get_by_label("E-mail").fill("stranger@example.com")
    phone.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(phone.get_by_text("Booked", exact=True)).to_be_visible()
    expect(page.get_by_text("Nobody keeps a time right now.")).to_be_visible()

    page.get_by_role("link", name="Inbox").click()
    expect(page.get_by_role("heading", name=re.compile("^Booked"))).to_be_visible()
    assert_accessible(page)
    page.frame_locator(".inbox__page").get_by_role("link", name="See, change or cancel").click()
    expect(page).to_have_url(re.compile("/d/"))
    page.get_by_role("link", name="Move it").click()
    page.locator("input[type=radio]:not([disabled])").nth(1).check()
    page.get_by_role("button", name="Move it here").click()
    expect(page.get_by_role("link", name="Cancel it")).to_be_visible()
    page.get_by_role("link", name="Cancel it").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("heading", name="We don’t come")).to_be_visible()

    seconds = time.monotonic() - started
    with capsys.disabled():
        print(f"\nstranger's walk: {seconds:.1f} s, the route had bent after {bent:.1f} s")
    assert seconds < 90


def test_a_stranger_orders_in_a_shop_on_another_origin(page, assert_accessible):
    page.goto("/demo/")
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Open the shop").click()
    shop = popup.value
    frame = shop.frame_locator("doorstep-slots >> iframe")
    expect(frame.get_by_role("group", name="Good times for you")).to_be_visible()
    assert_accessible(shop)

    frame.get_by_role("radio").first.check()
    frame.get_by_role("button", name="Keep this time").click()
    expect(frame.get_by_text("left to finish your order")).to_be_visible()
    shop.get_by_label("E-mail").fill("elsewhere@example.com")
    shop.get_by_role("button", name="Order and pay").click()
    expect(shop.get_by_role("heading", name="Thank you")).to_be_visible()
    shop.get_by_role("link", name="Your order").click()
    how_it_stands = shop.get_by_role("status")
    expect(how_it_stands).to_have_text(re.compile("^Booked for "))

    page.goto("/demo/inbox/")
    expect(page.get_by_text(re.compile("^From .* to elsewhere@example.com"))).to_be_visible()
    link = page.frame_locator(".inbox__page").get_by_role("link", name="See, change or cancel")
    page.goto(link.get_attribute("href"))  # Chromium drops clicks into a frame that has just come
    page.get_by_role("link", name="Move it").click()
    page.locator("input[type=radio]:not([disabled])").nth(1).check()
    page.get_by_role("button", name="Move it here").click()
    expect(how_it_stands).to_have_text(re.compile("^Moved to "))
    assert_accessible(shop)
    page.get_by_role("link", name="Cancel it").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(how_it_stands).to_have_text("Cancelled")
    expect(shop.get_by_role("listitem")).to_have_text([re.compile("^Moved to "), re.compile("^Booked for ")])
    assert_accessible(shop)

    page.goto("/demo/")
    goes(page.get_by_role("button", name="See them as Mikko"))
    page.get_by_role("link", name=re.compile("doorstep$")).click()
    for kind in ("booking.confirmed", "booking.moved", "booking.cancelled"):
        sent = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=kind))
        expect(sent.first).to_contain_text("1 try · answered 204")  # the latest: somebody booked before

    shop.get_by_role("link", name="Follow the delivery").click()
    expect(shop.get_by_role("heading", name="No delivery comes")).to_be_visible()
