"""A stranger's whole walk through the demo, timed: from a time that is chosen to money that came back."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import breaches_of, fits, goes
from tests.portal.demo.running import Demo, start_again

pytestmark = pytest.mark.slow

PHONE, DESK = (360, 780), (1280, 800)
TO_DELIVERED_S, TO_REFUNDED_S = 6 * 60, 8 * 60
SHOTS = os.environ.get("SHOTS", "")
"""A folder for pictures of each step, for whoever wants to look at them."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory, run_folder) -> Iterator[Demo]:
    running = start_again(run_folder, tmp_path_factory.mktemp("whole"))
    yield running
    running.end()


@pytest.fixture
def page(browser: Browser, watch, demo) -> Iterator[Page]:
    width, height = PHONE
    context = browser.new_context(
        base_url=demo.url, viewport={"width": width, "height": height}, locale="en-GB"
    )
    context.set_default_timeout(180_000)  # the clock jumps whole days
    yield watch.over(context.new_page())
    context.close()


@dataclass
class Walk:
    """One visitor, in the one browser that they are everybody in."""

    page: Page
    began: float = field(default_factory=time.monotonic)
    home: str = ""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def looks(self, name: str) -> None:
        """Judge a page as it stands, on a phone; keep a picture of it on a phone and on a desk if wanted."""
        began = time.monotonic()
        assert breaches_of(self.page) == [], name
        assert fits(self.page), name
        for width, height in (DESK, PHONE) if SHOTS else ():
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)
        self.began += time.monotonic() - began  # no stranger does that

    def is_now(self, who: str) -> None:
        """Be somebody else, by one press in the guide."""
        self.page.goto("/demo/")
        goes(self.page.get_by_role("button", name=re.compile(who)))

    def jumps_to(self, name: str) -> None:
        """Let the clock go on, from one's own page, and see that again."""
        self.page.goto(self.home)
        goes(self.page.locator(".clockbar").get_by_role("button", name=name, exact=True))
        expect(self.page.get_by_role("heading").first).to_be_visible()


def test_from_a_chosen_time_to_money_that_came_back(page, capsys):
    walk = Walk(page)
    books(walk)
    improves(walk)
    answers_the_evening_before(walk)
    waits_for_who_is_late(walk)
    is_brought_it(walk)
    delivered_s = walk.seconds
    sends_it_back(walk)
    is_fetched(walk)
    unpacks(walk)
    gets_the_money(walk)
    refunded_s = walk.seconds
    starts_again(walk)

    with capsys.disabled():
        print(f"\nwhole walk: delivered after {delivered_s:.0f} s, refunded after {refunded_s:.0f} s")
    assert delivered_s < TO_DELIVERED_S
    assert refunded_s < TO_REFUNDED_S


def books(walk: Walk) -> None:
    page = walk.page
    walk.is_now("Buy at Nordkaupa")
    page.get_by_role("radio", name="A bag or a small box").check()
    page.get_by_role("button", name="Show times").click()
    page.locator("[data-times] input[type=radio]").first.check()
    walk.looks("01-times")
    page.get_by_role("button", name="Keep this time").click()
    page.get_by_label("E-mail").fill("stranger@example.com")
    walk.looks("02-check")
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.get_by_text("Booked", exact=True)).to_be_visible()
    walk.home = page.url
    walk.looks("03-booked")


def improves(walk: Walk) -> None:
    page = walk.page
    walk.is_now("Sign in as Sanna, planner")
    expect(page.get_by_role("button", name="Improve now")).to_be_visible()
    page.get_by_role("button", name="Improve now").click()
    expect(page.locator(".improve__news")).to_contain_text("better routes", timeout=60_000)
    walk.looks("04-improved")


def answers_the_evening_before(walk: Walk) -> None:
    page = walk.page
    walk.jumps_to("The evening before your delivery")
    walk.looks("05-evening")
    page.goto("/demo/inbox/")
    expect(page.get_by_text(re.compile("stranger@example.com")).first).to_be_visible()
    page.goto(f"{walk.home}tomorrow/")
    page.get_by_role("button").filter(has_text=re.compile("suits|come")).first.click()
    walk.looks("07-it-suits")


def waits_for_who_is_late(walk: Walk) -> None:
    page = walk.page
    walk.jumps_to("Your van is held up")
    walk.looks("08-late")
    page.locator("#to-late").click()
    expect(page.get_by_role("radio").first).to_be_visible()
    walk.looks("09-late-answers")
    goes(page.get_by_role("button", name="I wait for you"))
    walk.looks("10-waits")


def is_brought_it(walk: Walk) -> None:
    walk.page.goto(walk.home)
    if walk.page.get_by_role("button", name="Three stops before you").is_enabled():
        walk.jumps_to("Three stops before you")
    walk.looks("11-near")
    walk.jumps_to("Delivered")
    expect(walk.page.get_by_role("heading", name="And now?")).to_be_visible()
    walk.looks("12-delivered")


def sends_it_back(walk: Walk) -> None:
    page = walk.page
    page.get_by_role("link", name=re.compile("Send something back")).click()
    page.get_by_label(re.compile("Rain jacket")).check()
    walk.looks("13-items")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Why does it go back?").select_option("too_small")
    page.get_by_label("Money back").check()
    walk.looks("14-why")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("We pick it up").check()
    walk.looks("15-how")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Is this right?")).to_be_visible()
    walk.looks("16-check")
    page.get_by_role("button", name="Send it back").click()
    page.get_by_role("link", name="Choose a time").click()
    walk.looks("17-pickup-times")
    page.locator("input[name=suggestion]").first.check()
    page.get_by_role("button", name="Pick it up then").click()
    expect(page.get_by_role("heading", name="We pick it up")).to_be_visible()
    walk.looks("18-pickup")


def is_fetched(walk: Walk) -> None:
    page = walk.page
    back = page.url
    goes(page.locator(".clockbar").get_by_role("button", name="Collected", exact=True))
    page.goto(back)
    expect(
        page.get_by_role("heading", name=re.compile("way|collected|We have it", re.IGNORECASE))
    ).to_be_visible()
    walk.looks("19-collected")
    walk.home = back


def unpacks(walk: Walk) -> None:
    page = walk.page
    ref = walk.home.rstrip("/").rsplit("/", 1)[1]
    walk.is_now("returns desk as Leila")
    walk.looks("20-desk")
    page.get_by_label(re.compile("Scan|code", re.IGNORECASE)).fill(ref)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("Keep what is filled in"))).to_be_visible()
    walk.looks("21-parcel")
    page.get_by_role("button", name=re.compile("Keep what is filled in")).click()
    finish = page.get_by_role("button", name=re.compile("€|Finish"))
    expect(finish).to_be_visible()
    walk.looks("22-looked-at")
    finish.click()
    expect(page.get_by_role("heading", name=f"{ref} is finished")).to_be_visible()


def gets_the_money(walk: Walk) -> None:
    """Half a minute is left to take a wrong press back; then the till is asked, and says so."""
    page = walk.page
    page.goto(walk.home)
    told = page.get_by_text("Your money is paid back").first
    deadline = time.monotonic() + 120
    while not told.is_visible() and time.monotonic() < deadline:
        page.wait_for_timeout(3000)
        page.reload()
    expect(told).to_be_visible()
    walk.looks("23-refunded")


def starts_again(walk: Walk) -> None:
    page = walk.page
    page.goto("/demo/")
    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_role("heading", name="Try Doorstep in central Helsinki")).to_be_visible()
    expect(page.get_by_role("button", name="The evening before")).to_be_visible()
