"""The shopper's way in a real browser: with and without JavaScript, by keyboard alone, small and wide."""

import gzip
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from scheduling import clock
from scheduling.models import Booking, Hold
from tests.browser.looks import fits, goes, mirrored
from tests.browser.rows import make_vans_about
from tests.factories import NOW
from tests.portal.customers.conftest import GAZETTEER, Clock


@pytest.fixture(autouse=True)
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def shop(settings, tmp_path) -> str:
    """The first page of a shop whose vans already drive about."""
    outlet = make_vans_about()
    file = tmp_path / "addresses.csv"
    file.write_text(GAZETTEER)
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", str(file)
    return f"/s/{outlet.merchant.slug}/"


def types_address(page: Page, shop: str, address: str = "Testikatu 1, 00100 Helsinki") -> None:
    page.goto(f"{shop}?order=10482")
    page.get_by_label("Street, number and town").fill(address)
    page.get_by_role("radio", name="A few boxes").check()
    goes(page.get_by_role("button", name="Show times"))


def keeps_time(page: Page) -> None:
    page.get_by_role("link", name="Thu 26 November").click()
    times = page.get_by_role("group", name="Thursday 26 November")
    times.get_by_role("radio", name="14:00–16:00").check()
    page.get_by_role("button", name="Keep this time").click()
    expect(page.get_by_role("heading", name="Check and confirm")).to_be_visible()


def confirms(page: Page) -> None:
    page.get_by_label("E-mail").fill("aino@example.com")
    page.get_by_role("button", name="Confirm Thursday 14:00–16:00").click()
    expect(page.get_by_role("heading", name="Thursday 26 November")).to_be_visible()


def moves(page: Page) -> None:
    page.get_by_role("link", name="Move it").click()
    page.get_by_role("link", name="Fri 27 November").click()
    page.get_by_role("group", name="Friday 27 November").get_by_role("radio", name="10:00–12:00").check()
    page.get_by_role("button", name="Move it here").click()
    expect(page.get_by_role("heading", name="Friday 27 November")).to_be_visible()


def cancels(page: Page) -> None:
    page.get_by_role("link", name="Cancel it").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("heading", name="We don’t come")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_time_is_chosen_kept_confirmed_moved_and_cancelled(visitor, shop, javascript):
    page = visitor(javascript=javascript)

    types_address(page, shop)
    keeps_time(page)
    confirms(page)
    moves(page)
    cancels(page)

    assert Booking.objects.get(delivery__order__number="10482").state == "cancelled"


def test_every_page_is_accessible_fits_and_mirrors_on_a_desk(visitor, shop, assert_accessible):
    page = visitor(width=1280)

    def check() -> None:
        assert_accessible(page)
        assert fits(page), page.url
        assert mirrored(page), page.url

    page.goto(shop)
    check()
    page.get_by_role("button", name="Show times").click()
    expect(page.get_by_role("alert")).to_be_focused()
    check()
    types_address(page, shop, "Testikatu 99, 00100 Helsinki")
    check()
    page.get_by_role("button", name="Yes, come here").click()
    expect(page.get_by_role("heading", name="When shall we come?")).to_be_visible()
    check()
    keeps_time(page)
    check()
    confirms(page)
    check()
    booking = page.url
    for step in ("move/", "join/", "cancel/"):
        page.goto(booking + step)
        check()
    goes(page.get_by_role("button", name="Yes, cancel it"))
    check()
    for path in (f"{shop}how-we-count/", "/find/", "/find/asked/"):
        page.goto(path)
        check()


def tab_to(page: Page, label: str) -> None:
    """Press Tab until what has the focus is called so; what has it must be seen to have it."""
    for _i in range(60):
        page.keyboard.press("Tab")
        named = page.evaluate(
            "(document.activeElement.labels?.[0] || document.activeElement).innerText || ''"
        )
        if named.startswith(label):
            return
    raise AssertionError(f"Tab never reaches {label!r}")


def test_the_keyboard_alone_books(page, shop):
    page.goto(f"{shop}?order=10482")

    tab_to(page, "Street, number and town")
    page.keyboard.type("Testikatu 1, 00100 Helsinki")
    tab_to(page, "A bag or a small box")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="When shall we come?")).to_be_visible()
    tab_to(page, "Thu")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Thursday 26 November")).to_be_focused()
    tab_to(page, "8:00–10:00")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-chosen-time]")).to_have_text("Thu 26 Nov 10:00–12:00")
    tab_to(page, "Keep this time")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check and confirm")).to_be_visible()
    tab_to(page, "E-mail")
    page.keyboard.type("aino@example.com")
    page.keyboard.press("Enter")

    expect(page.get_by_text("It is booked. Thank you.")).to_be_visible()
    assert Hold.objects.filter(extensions__gt=0).count() == 0


def test_what_has_the_focus_is_never_hidden_by_the_sticky_line(page, shop):
    types_address(page, shop)
    covered = """() => {
      const box = document.activeElement.getBoundingClientRect();
      const line = document.querySelector(".sticky").getBoundingClientRect();
      const inside = document.querySelector(".sticky").contains(document.activeElement);
      if (inside || document.activeElement === document.body) return false;
      return box.height > 0 && box.bottom > line.top && box.top < line.bottom;
    }"""

    for _i in range(25):
        page.keyboard.press("Tab")
        assert not page.evaluate(covered), page.evaluate("document.activeElement.outerHTML")


def test_a_choice_survives_a_look_at_another_day(page, shop):
    types_address(page, shop)
    page.get_by_role("group", name="Tuesday 24 November").get_by_role("radio", name="12:00–14:00").check()

    page.get_by_role("link", name="Fri 27 November").click()
    expect(page.get_by_text("Friday 27 November")).to_be_focused()
    expect(page.locator("[data-chosen-time]")).to_have_text("Tue 24 Nov 12:00–14:00")
    page.get_by_role("link", name="Tue 24 November").click()

    expect(
        page.get_by_role("group", name="Tuesday 24 November").get_by_role("radio", checked=True)
    ).to_have_count(1)
    page.get_by_role("button", name="Keep this time").click()
    expect(page.get_by_text("Tue 24 Nov 12–14")).to_be_visible()


def test_nothing_is_chosen_for_you_and_every_time_has_the_same_size(page, shop):
    types_address(page, shop)

    assert page.locator("input[type=radio]:checked").count() == 0
    assert page.locator(".time input:disabled").count() == 0
    widths = {round(box.bounding_box()["width"]) for box in page.locator(".time").all()}
    assert len(widths) == 1


def test_the_countdown_speaks_at_five_two_and_one(page, shop, at):
    types_address(page, shop)
    keeps_time(page)
    over_at = Hold.objects.get(state="live").expires_at.replace(microsecond=0)

    for left_s, sentence in ((302, "5 minutes left"), (122, "2 minutes left"), (62, "1 minute left")):
        at.now = over_at - timedelta(seconds=left_s)
        page.reload()
        expect(page.get_by_role("status").filter(has_text=sentence)).to_have_count(1)


def test_when_time_runs_out_what_was_typed_stays_and_can_be_sent(page, shop, at):
    types_address(page, shop)
    keeps_time(page)
    at.now = at.now.fromtimestamp(Hold.objects.get(state="live").expires_at.timestamp() - 2, at.now.tzinfo)
    page.reload()
    page.get_by_label("E-mail").fill("aino@example.com")

    expect(page.locator("[data-over]")).to_be_visible()
    at.now = at.now.fromtimestamp(at.now.timestamp() + 10, at.now.tzinfo)
    confirms(page)

    assert Booking.objects.filter(delivery__contact_email="aino@example.com").exists()


@pytest.mark.parametrize("javascript", [True, False])
def test_more_time_keeps_what_was_typed(visitor, shop, at, javascript):
    page = visitor(javascript=javascript)
    types_address(page, shop)
    keeps_time(page)
    page.get_by_label("E-mail").fill("half@typ")
    at.now = at.now.replace(minute=10)

    page.get_by_role("button", name="I need more time").click()

    expect(page.get_by_label("E-mail")).to_have_value("half@typ")
    expect(page.get_by_text("until 11:25")).to_be_visible()


def test_a_time_that_is_gone_says_so_and_keeps_what_was_typed(page, shop, at):
    types_address(page, shop)
    page.get_by_role("group", name="Tuesday 24 November").get_by_role("radio", name="12:00–14:00").check()
    at.now = NOW.replace(minute=30)

    page.get_by_role("button", name="Keep this time").click()

    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("What you typed is kept.")
    expect(page.get_by_text("Testikatu 1, 00100 Helsinki", exact=True)).to_be_visible()
    expect(page.get_by_role("group", name="Good times for you")).to_be_visible()


def test_a_double_click_books_once(page, shop):
    types_address(page, shop)
    keeps_time(page)
    page.get_by_label("E-mail").fill("aino@example.com")

    page.get_by_role("button", name="Confirm Thursday 14:00–16:00").dblclick()

    expect(page.get_by_text("It is booked. Thank you.")).to_be_visible()
    assert Booking.objects.filter(delivery__order__number="10482").count() == 1


def test_the_back_button_after_booking_leads_to_the_booking(page, shop):
    types_address(page, shop)
    keeps_time(page)
    confirms(page)
    booking = page.url

    page.go_back()
    page.reload()

    assert page.url == booking


def test_a_second_tab_cannot_confirm_what_it_does_not_show(page, shop):
    types_address(page, shop)
    keeps_time(page)
    other = page.context.new_page()
    other.goto(f"{shop}times/?day=2026-11-27")
    other.get_by_role("group", name="Friday 27 November").get_by_role("radio", name="10:00–12:00").check()
    other.get_by_role("button", name="Keep this time").click()
    page.get_by_label("E-mail").fill("aino@example.com")

    page.get_by_role("button", name="Confirm Thursday 14:00–16:00").click()

    expect(page.get_by_role("alert")).to_contain_text("another time meanwhile")
    expect(page.get_by_role("button", name="Confirm Friday 10:00–12:00")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("aino@example.com")


@pytest.mark.parametrize("step", ["address", "times"])
def test_a_first_load_stays_light(page, shop, step):
    types_address(page, shop)
    expect(page.get_by_role("heading", name="When shall we come?")).to_be_visible()
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.setdefault(response.url, len(gzip.compress(response.body()))))

    page.goto(shop if step == "address" else f"{shop}times/")
    page.wait_for_load_state("networkidle")

    before_map = {
        url: size for url, size in sizes.items() if "leaflet" not in url and "helsinki-map" not in url
    }
    print(step, sum(before_map.values()), before_map)
    assert sum(before_map.values()) < 60_000
