"""The pages that messages lead to, walked: late, the day before, fewer mails; and a shop's own rules."""

import os
from pathlib import Path

import pytest

from portal.access import token_of
from portal.messaging.unsubscribing import unsubscribe_url
from portal.models.people import Role
from scheduling import clock
from scheduling.models import Booking, DayException, Event
from tests.factories import PASSWORD, make_booking, make_link, make_membership, make_network, some_contact
from tests.portal.customers.conftest import Clock
from tests.scheduling.services.test_late import make_late, now_of

SHOTS = os.environ.get("SHOTS")


@pytest.fixture
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


def shot(page, name: str) -> None:
    """Keep a picture where a folder for them is named."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def test_messages_lead_to_pages_that_answer_with_one_press(visitor, at, assert_accessible):
    outlet = make_network(days=6)
    soon = make_booking(outlet)
    late = make_booking(make_network(days=6), contact=some_contact(email="bo@example.com"))
    page = visitor()
    page.goto(f"/l/{token_of(make_link(soon))}/tomorrow/")
    assert_accessible(page)
    shot(page, "tomorrow-360")
    page.get_by_role("button", name="Yes, it suits me").click()
    page.get_by_text("Thank you. We come.").wait_for()

    page.goto(unsubscribe_url(soon.delivery).partition("8000")[2])
    assert_accessible(page)
    shot(page, "unsubscribe-360")
    page.get_by_role("button", name="Leave them out").click()
    page.get_by_role("heading", name="No more of these mails").wait_for()

    late = make_late(late)
    at.now = now_of(late)
    page.goto(f"/l/{token_of(make_link(late))}/late/")
    assert_accessible(page)
    shot(page, "late")
    page.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Take this time").click()
    page.get_by_text("It is moved.").wait_for()
    assert Event.objects.get(kind="delivery.late_answered").data["answer"] == "moved"
    assert Booking.objects.get(pk=late.pk).stop.opens_at.day == 26
    assert not DayException.objects.filter(kind="late", settled_at=None).exists()


def test_a_shop_s_manager_chooses_what_goes_by_which_way(visitor, at, assert_accessible):
    staff = make_membership(merchant=make_network().merchant, role=Role.MANAGER)
    page = visitor(width=1280)
    page.goto(f"/shop/{staff.merchant.slug}/messages/")
    page.get_by_label("E-mail address").fill(staff.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Next stop").select_option("By SMS")
    assert_accessible(page)
    shot(page, "telling-1280")
    page.get_by_role("button", name="Keep this").click()
    page.get_by_text("It counts for what happens from now on.").wait_for()
    assert page.get_by_label("Next stop").input_value() == "sms"
