"""A guest with a phone sends things back, swaps one, and withdraws by law: with JavaScript and without."""

import io
import os
import re
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from portal.access import url_of
from returns.labels import code_of
from returns.models import Return
from returns.services.policies import publish
from scheduling import clock
from tests.browser.looks import fits
from tests.factories import NOW, make_link, make_network, make_point
from tests.portal.customers.conftest import Clock
from tests.portal.customers.returns import Sender, delivered

SMALL, WIDE = 360, 1280
SHOTS = os.environ.get("SHOTS", "")
"""A folder for pictures of each step, for whoever wants to look at them."""


@pytest.fixture(autouse=True)
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def sender(at) -> Sender:
    outlet = make_network(vans=1, days=6)
    outlet.merchant.contact_email = "shop@example.com"
    outlet.merchant.save()
    rule = {"name": "Thirty days", "days": 30, "fees_minor": {"dropoff": 150}}
    rule |= {"methods": ["pickup", "swap", "dropoff"]}
    publish(merchant=outlet.merchant, rules=[rule], seen=0, actor="user:1", now=NOW)
    return delivered(outlet, at)


@pytest.fixture
def looked(assert_accessible, request):
    """Return a function that judges a page as it stands, on a phone."""
    scripted = getattr(request.node, "callspec", None) is None or request.node.callspec.params["javascript"]

    def look(page: Page, name: str) -> None:
        if scripted:  # axe needs a page's own timers
            assert_accessible(page)
        assert fits(page)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)

    return look


def opens(page: Page, sender: Sender) -> None:
    page.goto(url_of(make_link(sender.booking)).replace("http://127.0.0.1:8000", ""))
    expect(page.get_by_role("heading", name="And now?")).to_be_visible()


def chooses(page: Page, looked) -> None:
    page.get_by_role("link", name=re.compile("Send something back")).click()
    expect(page.get_by_role("heading", name="What is going back?")).to_be_visible()
    page.get_by_label(re.compile("Cup")).check()
    page.get_by_label("How many?").select_option("2")
    looked(page, "1-items")
    page.get_by_role("button", name="Continue").click()


def walks_on(page: Page, looked, way: str = "We pick it up") -> None:
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="How does it travel?")).to_be_visible()
    looked(page, "3-how")
    page.get_by_label(way).check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Is this right?")).to_be_visible()
    looked(page, "4-check")
    page.get_by_role("button", name="Send it back").click()
    expect(page.get_by_role("heading", name="It may come back")).to_be_visible()


def picks_a_time(page: Page, looked, what: str = "pick it up") -> None:
    page.get_by_role("link", name="Choose a time").click()
    expect(page.get_by_role("heading", name=f"When do we {what}?")).to_be_visible()
    looked(page, "5-times")
    page.locator("input[name=suggestion]").first.check()
    page.get_by_role("button", name=f"{what.capitalize()} then").click()
    expect(page.get_by_role("heading", name=f"We {what}")).to_be_visible()
    looked(page, "6-booked")


@pytest.mark.parametrize("javascript", [True, False])
def test_two_cups_go_back_and_are_picked_up_by_a_van_that_comes_anyway(visitor, sender, looked, javascript):
    page = visitor(width=SMALL, javascript=javascript)
    opens(page, sender)
    looked(page, "0-delivered")
    chooses(page, looked)
    expect(page.get_by_role("heading", name="Why does it go back?")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose why it goes back.")
    page.get_by_label("Why does it go back?").select_option("changed_mind")
    page.get_by_label("Money back").check()
    looked(page, "2-why")
    walks_on(page, looked)
    picks_a_time(page, looked)

    made = Return.objects.get()
    assert (made.parcel, made.items.get().quantity) == ("booked", 2)
    page.get_by_role("link", name="Another time").click()
    expect(page.get_by_text("Now:").first).to_be_visible()
    page.locator("input[name=offer]").last.check()
    page.get_by_role("button", name="Move it here").click()
    expect(page.get_by_role("heading", name="We pick it up")).to_be_visible()
    page.get_by_role("link", name="Call it off").click()
    looked(page, "7-call-off")
    page.get_by_role("button", name="Yes, call it off").click()
    expect(page.get_by_role("heading", name="It was called off")).to_be_visible()
    made.refresh_from_db()
    assert made.parcel == "cancelled"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_coat_is_swapped_for_another_size(visitor, sender, looked, javascript):
    page = visitor(width=SMALL, dark=True, javascript=javascript)
    opens(page, sender)
    page.get_by_role("link", name=re.compile("Send something back")).click()
    page.get_by_label(re.compile("Coat")).check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Why does it go back?").select_option("too_small")
    page.get_by_label("Another size or colour").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Write which size or colour you want instead.")
    page.get_by_label("Which size or colour instead?").fill("COAT-L")
    looked(page, "8-exchange")
    walks_on(page, looked, way="We swap it at your door")
    expect(page.get_by_text("Another size or colour: COAT-L")).to_be_visible()

    assert Return.objects.get().items.get().wanted_sku == "COAT-L"
    picks_a_time(page, looked, "swap it")
    made = Return.objects.get()
    assert made.swap is not None
    assert (made.parcel, made.pickup) == ("booked", made.swap)
    page.set_viewport_size({"width": WIDE, "height": 900})
    looked(page, "9-wide-dark")
    page.goto(f"/d/{made.swap.ref}/")
    expect(page.get_by_text("The driver takes back")).to_be_visible()
    looked(page, "9-swap-delivery-wide-dark")
    page.set_viewport_size({"width": SMALL, "height": 780})
    looked(page, "9-swap-delivery-dark")


@pytest.mark.parametrize("javascript", [True, False])
def test_two_cups_are_brought_to_a_point_with_a_code_that_a_scanner_reads(
    visitor, sender, looked, javascript
):
    make_point(sender.booking.stop.route.shift.plan.depot, name="Kulman kioski", line="Rantatie 4")
    page = visitor(width=SMALL, javascript=javascript)
    opens(page, sender)
    chooses(page, looked)
    page.get_by_label("Why does it go back?").select_option("changed_mind")
    page.get_by_label("Money back").check()
    walks_on(page, looked, way="You bring it to a point near you")
    page.get_by_role("link", name="Points near you, and your code").click()
    expect(page.get_by_role("heading", name="Bring it to a point")).to_be_visible()

    made = Return.objects.get()
    expect(page.get_by_text("Kulman kioski").first).to_be_visible()
    expect(page.get_by_text("from your address")).to_be_visible()
    looked(page, "15-point")
    shown = Image.open(io.BytesIO(page.locator("#return-code").screenshot()))
    assert [each.text for each in zxingcpp.read_barcodes(shown)] == [code_of(made.ref)]
    with page.expect_download() as label:
        page.get_by_role("link", name="Label for A4 paper (PDF)").click()
    assert label.value.path().read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_guest_withdraws_in_two_steps_and_chooses_when_it_is_picked_up(visitor, sender, looked, javascript):
    page = visitor(width=SMALL, javascript=javascript)
    opens(page, sender)
    page.get_by_role("link", name="Withdraw from the contract here").click()
    page.get_by_label("Your name").fill("Aino Virtanen")
    looked(page, "10-withdraw")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("I withdraw from the contract with")).to_be_visible()
    looked(page, "11-sure")
    page.get_by_role("button", name="Confirm the withdrawal").click()
    expect(page.get_by_role("heading", name="You have withdrawn from the contract")).to_be_visible()
    looked(page, "12-withdrawn")
    picks_a_time(page, looked)

    assert Return.objects.get().kind == "withdrawal"


def test_who_has_no_link_withdraws_too_and_sees_nothing_of_an_order(visitor, sender, looked):
    page = visitor(width=SMALL)
    page.goto(f"/s/{sender.order.merchant.slug}/withdraw/")
    page.get_by_label("Your name").fill("Aino")
    page.get_by_label("Order number").fill(sender.order.number)
    page.get_by_label("E-mail").fill("aino@example.com")
    looked(page, "13-state")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm the withdrawal").click()
    expect(page.get_by_role("heading", name="Your statement has arrived")).to_be_visible()
    looked(page, "14-stated")
    assert "Cup" not in page.content()
