"""The returns desk by keyboard and scanner alone; then every wrong click, undone."""

import os

import pytest
from playwright.sync_api import Page, expect

from portal.models.people import Role
from returns.models import Return
from returns.services.requests import Wish
from scheduling import clock
from tests.browser.looks import fits, goes
from tests.factories import NOW, make_membership, make_merchant, make_order, make_return

PARCELS = int(os.environ.get("DOORSTEP_PARCELS", "6"))
"""How many come in one go: fifty, a busy day's, show nothing more and cost a minute of a processor."""

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def shop():
    return make_merchant(name="Nordkaupa", slug="nordkaupa")


def one_back(shop) -> Return:
    order = make_order(shop)
    return make_return(order, wishes=[Wish(order.items.first().ref, 1, "too_small", photos=0)])


@pytest.fixture
def at_desk(visitor, live_server, shop, client):
    """A browser at the desk, signed in."""

    def opened(role=Role.RETURNS_DESK, **look) -> Page:
        client.force_login(make_membership(merchant=shop, role=role).user)
        page = visitor(**look)
        cookie = {"name": "session", "value": client.cookies["session"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto("/shop/nordkaupa/returns/desk/")
        return page

    return opened


def enter(page: Page) -> None:
    """Press Enter, and wait as people do: until what comes next has the keyboard."""
    with page.expect_navigation(wait_until="commit"):
        page.keyboard.press("Enter")
    page.wait_for_selector("[autofocus]:focus", state="attached")


def test_parcels_in_a_row_are_scanned_judged_and_paid_back_by_keyboard_alone(at_desk, shop):
    parcels = [one_back(shop) for _ in range(PARCELS)]
    page = at_desk(width=1280)

    for number, ret in enumerate(parcels):
        page.keyboard.type(ret.ref)  # as a scanner does
        enter(page)
        if number % 5 == 4:
            page.keyboard.press("Tab")  # the button beside it: an empty box
        enter(page)
        enter(page)

    done = Return.objects.filter(inspection="done")
    assert done.count() == PARCELS
    odd = [ret.items.get() for ret in done if ret.items.get().exception]
    assert len(odd) == PARCELS // 5
    assert {item.refund_minor for item in odd} == {0}


def put_right(page: Page) -> None:
    page.get_by_text("Put something right").press("Enter")


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)])
def test_every_wrong_click_is_undone(at_desk, shop, assert_accessible, width, dark):
    ret = one_back(shop)
    page = at_desk(width=width, dark=dark)
    assert_accessible(page)
    page.keyboard.type("NOSUCHTHING")
    enter(page)
    expect(page.get_by_text("Nobody announced that").first).to_be_visible()
    page.get_by_label("Scan a parcel").fill(ret.ref)
    enter(page)
    assert_accessible(page)
    assert fits(page)
    goes(page.get_by_role("button", name="Keep what is filled in"))
    goes(page.get_by_role("button", name="Look again"))
    goes(page.get_by_role("button", name="Keep what is filled in"))
    assert_accessible(page)
    goes(page.get_by_role("button", name="Finish"))
    goes(page.get_by_role("link", name="look at it again"))
    put_right(page)
    page.get_by_label("Why?").fill("finished too early")
    goes(page.get_by_role("button", name="Open it again"))
    put_right(page)
    page.get_by_label("It is in truth").select_option("approved")
    page.get_by_label("Why?").fill("that was another parcel")
    goes(page.get_by_role("button", name="Put it right"))

    ret.refresh_from_db()
    assert (ret.parcel, ret.inspection, ret.money) == ("approved", "waiting", "open")
    assert fits(page)


@pytest.mark.parametrize(("width", "dark"), [(360, True), (1280, False)])
def test_a_shops_key_at_stripe_goes_in_and_is_only_hinted_at(at_desk, assert_accessible, width, dark):
    page = at_desk(Role.MANAGER, width=width, dark=dark)
    page.goto("/shop/nordkaupa/stripe/")
    assert_accessible(page)
    page.get_by_label("Restricted key").fill("rk_test_0123456789wxyz")
    page.get_by_label("Signing secret of the webhook").fill("whsec_0123456789abcd")
    goes(page.get_by_role("button", name="Keep it"))

    expect(page.get_by_text("A key that ends in")).to_contain_text("wxyz")
    assert "rk_test" not in page.content()
    assert_accessible(page)
    assert fits(page)
