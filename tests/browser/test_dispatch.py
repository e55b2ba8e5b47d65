"""The day on the road in a real browser: what needs somebody comes by itself, two presses mend it."""

import os
from datetime import timedelta
from time import monotonic

import pytest
from playwright.sync_api import expect

from portal.access import token_of
from portal.models.people import Role
from scheduling import clock
from scheduling.models import Booking, LastSeen, Route, Stop
from scheduling.services.exceptions import look
from scheduling.services.handing_over import Handover, settle_stop
from tests.browser.looks import fits, goes
from tests.factories import (
    PASSWORD,
    make_booking,
    make_driver,
    make_link,
    make_membership,
    make_network,
    make_user,
    plan_on,
    some_facts,
    start_day,
)
from tests.scheduling.services.test_late import make_late, now_of


@pytest.fixture
def day():
    """Two vehicles out of three on the road; the first door of one is over."""
    outlet = make_network(vans=3)
    make_driver(outlet.depot, name="Mika Laine")
    for number, hour in enumerate((10, 10, 10, 14, 14, 16)):
        make_booking(outlet, hour=hour, facts=some_facts(north_m=300 * number, east_m=200 * (number % 3)))
    plan = plan_on(outlet)
    [route] = start_day(plan)
    at = plan.origin_at + timedelta(hours=10)
    first = Stop.objects.booked().order_by("position").first()
    settle_stop(stop_id=first.pk, handover=Handover("handed_over", at), actor="shift:1", now=at)
    LastSeen.objects.create(shift=route.shift, at=at, lat=60.171, lon=24.943)
    clock.set_source(lambda: at)
    yield outlet, plan, route
    clock.set_source(None)


def test_a_dispatcher_sees_what_breaks_and_mends_it(visitor, day, assert_accessible):
    outlet, plan, route = day
    page, user = visitor(), make_user(name="Sanna")
    make_membership(user, Role.DISPATCHER, depot=outlet.depot)
    signs_in(page, user, f"/dispatch/{outlet.depot.slug}/")
    expect(page.get_by_role("heading", name="Nothing needs you")).to_be_visible()
    assert_accessible(page)

    late = plan.origin_at + timedelta(hours=11, minutes=59)
    clock.set_source(lambda: late)
    look(plan_id=plan.pk, now=late)
    expect(page.get_by_role("heading", name="2 things need you")).to_be_visible()
    page.locator(f"#route-{route.pk} summary").click()
    expect(page.get_by_text("handed over", exact=True)).to_be_visible()
    shots(page, "board")
    assert_accessible(page)
    assert fits(page)

    page.get_by_role("link", name="Give to another vehicle").first.click()
    expect(page.get_by_role("heading", name="Who brings it instead?")).to_be_visible()
    shots(page, "stop")
    assert_accessible(page)
    page.get_by_role("button", name="Give it to").first.click()
    expect(page.get_by_text("put here by hand")).to_be_visible()

    page.goto(f"/dispatch/{outlet.depot.slug}/route/{route.pk}/")
    shots(page, "route")
    assert_accessible(page)
    page.get_by_text("Set the order by hand").click()
    page.locator(".places__number").first.fill("99")
    page.get_by_role("button", name="Show what this does").first.click()
    expect(page.get_by_role("heading", name="Your order")).to_be_visible()
    shots(page, "order")
    assert_accessible(page)
    before = list(Stop.objects.booked().filter(route=route).order_by("position").values_list("pk", flat=True))
    page.get_by_role("button", name="Give the driver this order").click()
    expect(page.get_by_role("heading", name="Another order")).to_be_visible()
    after = list(Stop.objects.booked().filter(route=route).order_by("position").values_list("pk", flat=True))
    assert sorted(after) == sorted(before)
    assert after != before

    goes(page.get_by_role("link", name="The vehicle broke down"))
    shots(page, "confirm")
    assert_accessible(page)
    page.get_by_role("button", name="The vehicle broke down").click()
    expect(page.get_by_text("broke down at 11:59")).to_be_visible()
    assert Route.objects.get(pk=route.pk).broke_down_at is not None


def test_what_a_customer_answers_to_a_delay_is_on_the_board_by_itself(visitor, capsys):
    late = make_late(make_booking(make_network(days=6)))
    clock.set_source(lambda: now_of(late))
    depot = late.stop.route.shift.plan.depot
    board, customer = visitor(width=1280), visitor()
    signs_in(board, make_membership(depot=depot, role=Role.DISPATCHER).user, f"/dispatch/{depot.slug}/")
    expect(board.get_by_role("heading", name="1 thing needs you")).to_be_visible()
    customer.goto(f"/l/{token_of(make_link(late))}/late/")

    goes(customer.get_by_role("button", name="I wait for you"))
    began = monotonic()
    expect(board.get_by_role("heading", name="Nothing needs you")).to_be_visible()
    waits = monotonic() - began
    customer.goto(f"/d/{late.delivery.ref}/late/")
    customer.locator("input[name=offer]").first.check()
    goes(customer.get_by_role("button", name="Take this time"))
    began = monotonic()
    expect(board.get_by_role("heading", name="Parcels come back")).to_be_visible()
    moves = monotonic() - began

    assert Booking.objects.get(pk=late.pk).stop_id != late.stop_id
    with capsys.disabled():
        print(f"\nseconds until the board said so by itself: waits {waits:.1f}, another day {moves:.1f}")


ASKS_FOR_NEWS = """() => {
  const road = document.querySelector("#road");
  const url = road.getAttribute("hx-get").split("?")[0];
  return htmx.ajax("GET", url, { source: road, target: road, swap: "outerHTML" });
}"""


def test_news_wait_until_what_is_pressed_is_released(visitor, day):
    outlet, _plan, route = day
    page = visitor()
    dispatcher = make_membership(depot=outlet.depot, role=Role.DISPATCHER).user
    signs_in(page, dispatcher, f"/dispatch/{outlet.depot.slug}/")
    page.locator("#road").evaluate("road => { road.dataset.seen = 'yes' }")
    seen = page.locator("#road[data-seen]")

    page.locator(f"#route-{route.pk} summary").hover()
    page.mouse.down()
    page.evaluate(ASKS_FOR_NEWS)
    expect(seen).to_be_attached()
    page.mouse.up()

    expect(page.locator(f"#route-{route.pk}")).to_have_attribute("open", "")
    page.wait_for_timeout(200)
    page.evaluate(ASKS_FOR_NEWS)
    expect(seen).not_to_be_attached()


def signs_in(page, user, leads_to: str) -> None:
    page.goto(f"/staff/login/?next={leads_to}")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def shots(page, name: str) -> None:
    """Take pictures of a page to look at, where a folder for them is named."""
    folder = os.environ.get("SHOTS")
    if not folder:
        return
    for width, colours in ((360, "light"), (1280, "dark")):
        page.set_viewport_size({"width": width, "height": 780})
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        page.wait_for_timeout(400)
        page.screenshot(path=f"{folder}/{name}-{width}-{colours}.png", full_page=True)
    page.set_viewport_size({"width": 360, "height": 780})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
