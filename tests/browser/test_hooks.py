"""A shop's webhooks in a real browser: an address is added, tried, looked at on any screen."""

import os

import pytest
from playwright.sync_api import expect

from portal.messaging.signing import secret_of
from portal.models import WebhookEndpoint
from portal.models.people import Role
from portal.tasks import send_due_webhooks
from scheduling import clock, events
from tests.browser.looks import fits, goes
from tests.factories import NOW, PASSWORD, make_booking, make_membership, make_network, make_user
from tests.fakes.receiver import Reply, receiving


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


def test_a_manager_adds_an_address_tries_it_and_reads_the_log(visitor, assert_accessible, settings):
    page, user, outlet = visitor(), make_user(), make_network(vans=2, days=8)
    shop = outlet.merchant
    make_membership(user, Role.MANAGER, merchant=shop)
    page.goto(f"/staff/login/?next=/shop/{shop.slug}/webhooks/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Address of your server").fill("http://shop.example/")
    page.get_by_role("button", name="Add the address").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert_accessible(page)
    with receiving(lambda one: Reply(500 if one.payload.get("type") == "hold.placed" else 200)) as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]
        page.get_by_label("Address of your server").fill(receiver.url("/webhooks/doorstep/from/a/long/path"))
        goes(page.get_by_role("button", name="Add the address"))
        endpoint = WebhookEndpoint.objects.of(shop).get()
        receiver.secrets[""] = secret_of(endpoint)
        expect(page.locator(".hook__secret")).to_have_text(secret_of(endpoint))
        assert_accessible(page)
        picture(page, "secret")

        goes(page.get_by_role("button", name="Send a test"))
        make_booking(outlet, order_number="10482")
        events.relay(now=NOW)
        send_due_webhooks()
        page.reload()
    expect(page.get_by_text("answered 200").first).to_be_visible()
    expect(page.get_by_text("1 try · answered 500")).to_be_visible()
    page.locator("summary").first.click()
    expect(page.locator(".hook__payload").first).to_be_visible()
    expect(page.locator(".hook__payload").first).to_contain_text('"order_number": "10482"')
    assert_accessible(page)
    picture(page, "endpoint")
    assert fits(page)

    goes(page.get_by_role("button", name="Pause"))
    page.get_by_role("link", name="All webhooks").click()
    expect(page.get_by_text("You paused it.")).to_be_visible()
    assert_accessible(page)
    picture(page, "list")
    assert fits(page)


def picture(page, name: str) -> None:
    """Keep what is there for somebody to look at, where a folder is named for it."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
