"""A driver's shift in a real browser on a phone: online, offline, and with what goes wrong at doors."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from portal.access import token_of as access_token_of
from portal.shift_links import pin_of, token_of
from scheduling import clock
from scheduling.models import Attempt, Delivery, Route, Stop
from scheduling.services.notes import save_notes, set_codes
from scheduling.ways_in import WayIn
from tests.browser.chromium import PATIENCE_MS, Watch
from tests.browser.looks import fits, goes, mirrored
from tests.factories import NOW, PASSWORD, make_link, make_membership
from tests.portal.driving import Day, Morning, make_day

NO_NETWORK = "ERR_INTERNET_DISCONNECTED"


@pytest.fixture(autouse=True)
def at():
    source = Morning(None)
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


def laid_out(at: Morning, stops: int = 5) -> Day:
    """A van that is to be loaded: one delivery of two parcels, one that may be left in the porch."""
    day = make_day(stops, started=False)
    at.now = day.now
    _first, part, *_rest = day.stops
    part.delivery.parcels.create(merchant=part.delivery.merchant)
    Delivery.objects.filter(pk=part.delivery_id).update(parcel_count=2)
    Delivery.objects.filter(pk=day.stops[3 % stops].delivery_id).update(safe_place="porch")
    return day


def opens(page: Page, day: Day) -> None:
    link = day.phone(opened=False).link
    page.goto(f"/l/{token_of(link)}/")
    page.get_by_label("PIN").fill(pin_of(link))
    page.get_by_role("button", name="Open my sheet").click()
    expect(page.locator("#sheet")).to_be_visible()


def leaves(page: Page) -> None:
    for barcode in page.locator("[data-barcode]").evaluate_all(
        "all => all.map(each => each.dataset.barcode)"
    ):
        page.get_by_label("Barcode").fill(barcode)
        page.keyboard.press("Enter")
        expect(page.locator(f"[data-barcode='{barcode}'][data-scanned]")).to_be_visible()
    page.get_by_role("button", name="Leave the depot").click()
    expect(next_stop(page)).to_be_visible()


def next_stop(page: Page) -> Locator:
    return page.locator("[data-next] .stop")


def arrives(page: Page) -> Locator:
    stop = next_stop(page)
    stop.get_by_role("button", name="I’m at the door").click()
    return page.locator(f"#{stop.get_attribute('id')}")


def gone(page: Page, stop: Locator) -> None:
    """The stop has left the list, and the next one is large."""
    expect(stop).to_have_count(0)


def comes_to_be(check: Callable[[], bool], page: Page) -> None:
    ends = monotonic() + PATIENCE_MS / 1000
    while not check() and monotonic() < ends:
        page.wait_for_timeout(50)
    assert check()


def outcomes(day: Day) -> list[str]:
    said = dict(Attempt.objects.values_list("stop_id", "outcome"))
    return [said.get(stop.pk, "") for stop in Stop.objects.filter(route=day.route).order_by("position")]


@dataclass
class Customers:
    """Whoever waits for a stop, each with their delivery's page open, which they never reload."""

    pages: list[Page]
    seconds: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, first: Page, watch: Watch, day: Day) -> "Customers":
        """Open each stop's page, a tab each of one phone."""
        pages = [first] + [watch.over(first.context.new_page()) for _stop in day.stops[1:]]
        for page, stop in zip(pages, day.stops, strict=True):
            page.goto(f"/l/{access_token_of(make_link(stop.booking))}/")
            expect(page.locator("#live h1")).to_be_visible()
        return cls(pages)

    def see(self, number: int, words: str) -> None:
        """Wait until a stop's page says so by itself; note how long that took."""
        began = monotonic()
        expect(self.pages[number].locator("#live h1")).to_have_text(words)
        self.seconds.append(monotonic() - began)


def test_a_new_list_waits_until_what_is_pressed_is_released(visitor, at):
    page = visitor()
    opens(page, laid_out(at))
    page.evaluate("document.querySelector('#sheet').dataset.seen = 'yes'")
    page.evaluate("document.addEventListener('submit', () => { window.heard = true }, true)")
    seen = page.locator("#sheet[data-seen]")

    page.get_by_role("button", name="Leave the depot").hover()
    page.mouse.down()
    page.evaluate("document.dispatchEvent(new CustomEvent('driver:mark', { detail: { mark: 'another' } }))")
    page.wait_for_timeout(500)
    expect(seen).to_be_attached()
    page.mouse.up()

    page.wait_for_function("window.heard")
    expect(seen).not_to_be_attached()


def waits(page: Page, words: str) -> None:
    expect(page.locator("[data-pill]")).to_have_text(words)


def test_a_shift_of_five_stops_two_of_them_without_a_network(
    visitor, at, watch, tmp_path, assert_accessible, capsys
):
    watch.allow(NO_NETWORK)
    watch.allow("fetching the script")  # it looks for a newer service worker
    watch.allow("status of 401")  # the last page: the shift is over
    day, page = laid_out(at), visitor()
    stops = day.stops
    opens(page, day)
    leaves(page)
    comes_to_be(lambda: Route.objects.get(pk=stops[0].route_id).state == "started", page)
    customers = Customers.of(visitor(), watch, day)

    page.get_by_label("Send where the van is").click()
    expect(page.get_by_text("Your phone refused.")).to_be_visible()
    stop = arrives(page)
    stop.get_by_label("Who took it?").fill("Veera")
    stop.get_by_role("button", name="Handed over", exact=True).click()
    gone(page, stop)
    comes_to_be(lambda: outcomes(day)[0] == "handed_over", page)
    customers.see(0, "It is delivered")

    page.context.set_offline(True)
    stop = arrives(page)
    assert_accessible(page)
    stop.locator("[name=parcel]").first.uncheck()
    stop.get_by_role("button", name="Handed over", exact=True).click()
    gone(page, stop)
    stop = next_stop(page)
    stop.get_by_text("Not possible", exact=True).click()
    stop.get_by_role("button", name="It was not possible").click()
    expect(stop.get_by_text("Choose one of the reasons.")).to_be_visible()
    stop.get_by_label("Nobody opened").check()
    stop.get_by_role("button", name="It was not possible").click()
    waits(page, "Offline · 3 to send")
    page.reload()
    waits(page, "Offline · 3 to send")
    expect(page.locator("[data-list] .stop")).to_have_count(1)
    assert outcomes(day) == ["handed_over", "", "", "", ""]
    page.context.set_offline(False)
    comes_to_be(lambda: outcomes(day)[1:3] == ["partly", "not_possible"], page)
    customers.see(1, "You have a part of it")
    customers.see(2, "Nobody opened")
    expect(page.locator("[data-pill]")).to_be_hidden()
    assert Attempt.objects.get(outcome="partly").parcels != []

    photo = tmp_path / "porch.jpg"
    Image.new("RGB", (2400, 1800), "grey").save(photo)
    stop = arrives(page)
    stop.get_by_label("At the safe place").check()
    stop.get_by_role("button", name="Handed over", exact=True).click()
    expect(stop.get_by_text("Take a photo that shows the goods.")).to_be_visible()
    stop.locator("[data-act=hand_over] [name=photo]").set_input_files(photo)
    stop.get_by_role("button", name="Handed over", exact=True).click()
    gone(page, stop)
    comes_to_be(lambda: outcomes(day)[3] == "safe_place", page)
    customers.see(3, "It is where you said")
    kept = Attempt.objects.get(outcome="safe_place").proofs.get()
    assert Image.open(Path(tmp_path / "media" / kept.path)).size == (1600, 1200)

    stop = arrives(page)
    stop.get_by_role("button", name="Handed over", exact=True).click()
    gone(page, stop)
    customers.see(4, "It is delivered")
    expect(page.get_by_text("All stops are done.")).to_be_visible()
    page.get_by_role("button", name="Finish the trip").click()
    expect(page.get_by_role("heading", name="Your shift is over")).to_be_visible()
    assert page.evaluate("caches.has('driver-sheet')") is False
    assert outcomes(day) == ["handed_over", "partly", "not_possible", "safe_place", "handed_over"]
    with capsys.disabled():
        told = ", ".join(f"{each:.1f}" for each in customers.seconds)
        print(f"\nseconds until each stop's own page said so by itself: {told}")


def test_a_sheet_that_was_offline_for_hours_hears_that_its_order_is_another(visitor, at, watch):
    watch.allow(NO_NETWORK)
    watch.allow("fetching the script")  # it looks for a newer service worker
    day, page = make_day(3), visitor()
    at.now = day.now
    opens(page, day)
    page.context.set_offline(True)
    stop = arrives(page)
    waits(page, "Offline · 1 to send")
    first, second, third = day.stops
    for stop_id, position in ((third.pk, -1), (second.pk, third.position), (third.pk, second.position)):
        Stop.objects.filter(pk=stop_id).update(position=position)
    at.now += timedelta(hours=2)
    page.context.set_offline(False)

    expect(page.locator("[data-list] .stop").first).to_have_id(f"stop-{third.pk}")
    assert next_stop(page).get_attribute("id") == stop.get_attribute("id") == f"stop-{first.pk}"
    assert Stop.objects.get(pk=first.pk).arrived_at < at.now


def signs(page: Page, stop: Locator) -> None:
    pad = stop.locator("[data-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 80)
    page.mouse.down()
    for x, y in ((60, 20), (90, 90), (140, 30), (200, 80)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()


def test_its_pages_are_accessible_fit_and_mirror(visitor, at, assert_accessible, watch):
    day, page = laid_out(at, 3), visitor(width=320)
    watch.allow("status of 401")

    def check(name: str) -> None:
        assert_accessible(page)
        assert fits(page), name
        assert mirrored(page), name

    first = day.stops[0]
    Delivery.objects.filter(pk=first.delivery_id).update(requirements=["signature", "age_check", "fridge"])
    said = WayIn(entrance="yard", lift="no", buzzer="Virtanen", text="Past the bikes", step_back=True)
    save_notes(delivery=first.delivery, way_in=said, kept=False, seen=0, actor="link:x", now=NOW)
    set_codes(delivery=first.delivery, codes={"gate_code": "4711"}, actor="link:x", now=NOW)
    page.goto("/driver/")
    check("no-sheet")
    link = day.phone(opened=False).link
    page.goto(f"/l/{token_of(link)}/")
    check("pin")
    page.get_by_label("PIN").fill(pin_of(link))
    goes(page.get_by_role("button", name="Open my sheet"))
    check("load")
    leaves(page)
    page.get_by_role("button", name="Show the gate code").click()
    expect(page.get_by_text("4711")).to_be_visible()
    check("road")
    stop = arrives(page)
    expect(page.locator("[data-pill]")).to_be_hidden()
    stop.get_by_label("Who took it?").fill("Veera")  # from here on nobody takes the sheet away
    signs(page, stop)
    check("door")
    stop.get_by_role("button", name="Handed over", exact=True).click()
    check("door-missing")
    stop.get_by_label("It was cold until the door").check()
    stop.get_by_label("I saw an identity card").check()
    stop.get_by_role("button", name="Handed over", exact=True).click()
    gone(page, stop)
    comes_to_be(lambda: outcomes(day)[0] == "handed_over", page)
    next_stop(page).get_by_text("Refused", exact=True).click()
    check("refuse")


def test_the_page_of_links_is_accessible_fits_and_mirrors(visitor, at, assert_accessible):
    day, page = make_day(1), visitor(width=320, dark=True)
    at.now = day.now
    link = day.phone().link
    page.goto("/staff/login/")
    page.get_by_label("E-mail").fill(make_membership(depot=day.outlet.depot).user.email)
    page.get_by_label("Password").fill(PASSWORD)
    goes(page.locator("main button[type=submit]"))
    page.goto(f"/dispatch/{day.outlet.depot.slug}/links/")

    expect(page.get_by_text("Open on a phone since")).to_be_visible()
    page.get_by_role("button", name="Free it: another link and PIN").click()
    expect(page.get_by_text("Not opened yet")).to_be_visible()
    page.get_by_text("Show the PIN").click()
    link.refresh_from_db()
    expect(page.get_by_text(pin_of(link))).to_be_visible()
    assert_accessible(page)
    assert fits(page)
    assert mirrored(page)


def test_without_javascript_every_step_is_a_plain_form(visitor, at):
    day, page = laid_out(at, 2), visitor(javascript=False)
    opens(page, day)
    page.get_by_label("Barcode").fill("DSNOBODYS")
    page.get_by_role("button", name="On board").click()
    expect(page.get_by_text("no vehicle brings it today")).to_be_visible()
    page.get_by_role("button", name="Leave the depot").click()
    expect(page.get_by_role("alert")).to_contain_text("Not scanned")
    page.get_by_label("I leave without what is missing").check()
    page.get_by_role("button", name="Leave the depot").click()
    next_stop(page).get_by_role("button", name="I’m at the door").click()
    expect(page.get_by_text("Noted: you are at the door.")).to_be_visible()
    goes(next_stop(page).get_by_role("button", name="Handed over", exact=True))
    next_stop(page).get_by_text("Not possible", exact=True).click()
    next_stop(page).get_by_role("button", name="It was not possible").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose one of the reasons.")
    next_stop(page).get_by_label("Nobody opened").check()
    next_stop(page).get_by_role("button", name="It was not possible").click()

    expect(page.get_by_text("All stops are done.")).to_be_visible()
    assert outcomes(day) == ["handed_over", "not_possible"]
