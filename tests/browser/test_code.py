"""The step before what is sensitive, and "this wasn't me", in a real browser: with and without JavaScript."""

import re

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from portal.access import MANAGE, issue_link, token_of
from portal.models import AccessLink
from portal.not_me import not_me_token
from scheduling import clock
from scheduling.models import Event
from tests.browser.looks import fits, goes
from tests.factories import NOW, make_booking, make_network, some_contact
from tests.portal.customers.codes import sent_digits, wrong_digits
from tests.portal.customers.conftest import Clock

SMALL = 360


@pytest.fixture(autouse=True)
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def link() -> AccessLink:
    """A manage link to a delivery which its customer moved once."""
    with transaction.atomic():  # so they are copied, see rows.py
        booking = make_booking(make_network(days=3), contact=some_contact(), order_number="10482")
    return issue_link(delivery=booking.delivery, kind=MANAGE, now=NOW)


@pytest.mark.parametrize("javascript", [True, False])
def test_what_is_sensitive_is_reached_by_six_digits(visitor, link, watch, javascript):
    page, contact = visitor(width=SMALL, javascript=javascript), f"/d/{link.delivery.ref}/contact/"
    page.goto(f"/l/{token_of(link)}/")

    page.goto(contact)
    expect(page.get_by_role("heading", name="A code first")).to_be_visible()
    expect(page.get_by_text("a•••@example.com")).to_be_visible()
    goes(page.get_by_role("button", name="Send the code"))
    digits = page.get_by_label("Six digits")
    digits.fill("12345")
    goes(page.get_by_role("button", name="Go on"))
    expect(page.get_by_text("This try does not count").first).to_be_visible()
    page.get_by_label("Six digits").fill(wrong_digits())
    goes(page.get_by_role("button", name="Go on"))
    expect(page.get_by_text("4 tries are left").first).to_be_visible()
    page.get_by_label("Six digits").fill(sent_digits())
    goes(page.get_by_role("button", name="Go on"))

    expect(page).to_have_url(re.compile(f"{contact}$"))
    expect(page.get_by_label("E-mail")).to_have_value("aino@example.com")


@pytest.mark.parametrize("javascript", [True, False])
def test_what_was_typed_too_late_is_sent_after_another_code(visitor, link, at, watch, javascript):
    watch.allow("403")
    page, contact = visitor(width=SMALL, javascript=javascript), f"/d/{link.delivery.ref}/contact/"
    page.goto(f"/l/{token_of(link)}/")
    passes(page, contact)
    page.get_by_label("Mobile").fill("+358 40 123 4567")
    at.now = NOW.replace(minute=20)
    page.get_by_role("button", name="Change it").click()

    expect(page.get_by_text("Your code has run out")).to_be_visible()
    goes(page.get_by_role("button", name="Send the code"))
    page.get_by_label("Six digits").fill(sent_digits())
    goes(page.get_by_role("button", name="Go on"))
    expect(page.get_by_role("heading", name="That was right")).to_be_visible()
    page.get_by_role("button", name="Send it now").click()

    expect(page).to_have_url(re.compile(f"/d/{link.delivery.ref}/$"))
    link.delivery.refresh_from_db()
    assert str(link.delivery.contact_phone) == "+358401234567"


def passes(page: Page, onward: str) -> None:
    page.goto(onward)
    goes(page.get_by_role("button", name="Send the code"))
    page.get_by_label("Six digits").fill(sent_digits())
    goes(page.get_by_role("button", name="Go on"))
    expect(page).to_have_url(re.compile(f"{onward}$"))


@pytest.mark.parametrize("javascript", [True, False])
def test_all_links_are_ended_from_the_foot_of_a_mail(visitor, link, watch, javascript):
    watch.allow("404")
    thief, owner = visitor(width=SMALL), visitor(width=SMALL, javascript=javascript)
    thief.goto(f"/l/{token_of(link)}/")

    owner.goto(f"/l/{not_me_token(link)}/")
    expect(owner.get_by_text("You chose")).to_be_visible()
    owner.get_by_role("button", name="End all links").click()

    expect(owner.get_by_role("heading", name="All older links have ended")).to_be_visible()
    thief.reload()
    expect(thief.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert Event.objects.filter(kind="links.revoked").count() == 1


def test_browsers_tell_no_later_page_of_a_token(visitor, link):
    page, tokens = visitor(), (token_of(link), not_me_token(link))
    told = []
    page.on("request", lambda request: told.append((request.url, request.headers.get("referer", ""))))

    for token in tokens:
        page.goto(f"/l/{token}/")
        goes(page.get_by_role("link").last)
        page.goto("/find/")

    later = [(url, referer) for url, referer in told if "/l/" not in url]
    assert len(later) > len(tokens)
    assert not any(token in url or token in referer for url, referer in later for token in tokens)
    assert not any(token in referer for _url, referer in told for token in tokens)


def test_every_state_of_both_is_accessible_and_fits(visitor, link, assert_accessible):
    page, step = visitor(width=320), f"/d/{link.delivery.ref}/code/"

    def check() -> None:
        assert_accessible(page)
        assert fits(page), page.url

    page.goto(f"/l/{token_of(link)}/")
    page.goto(step)
    check()
    goes(page.get_by_role("button", name="Send the code"))
    check()
    for _try in range(4):
        page.get_by_label("Six digits").fill(wrong_digits())
        goes(page.get_by_role("button", name="Go on"))
    check()
    page.get_by_label("Six digits").fill(wrong_digits())
    goes(page.get_by_role("button", name="Go on"))
    check()
    page.goto(f"/l/{not_me_token(link)}/")
    check()
    goes(page.get_by_role("button", name="End all links"))
    check()
