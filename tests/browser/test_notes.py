"""How to get in, in a real browser on a phone: said, and a gate code that nobody else ever sees."""

import gzip
import json
import logging
import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import transaction
from playwright.sync_api import Page, expect

from portal.access import url_of
from portal.models.feed import FeedEntry
from portal.models.people import Role
from portal.services.feed import in_json, told
from portal.tasks import send_due_messages
from scheduling import clock, events
from scheduling.models import AccessNotes, AccessRead, Booking, Event, Route
from scheduling.services.codes import purge_codes
from scheduling.tasks import relay_events
from tests.browser.looks import fits, goes, mirrored
from tests.factories import (
    NOW,
    PASSWORD,
    TOMORROW,
    make_booking,
    make_link,
    make_membership,
    make_network,
    some_facts,
)
from tests.portal.customers.codes import sent_digits
from tests.portal.customers.conftest import Clock

SMALL = 360
CODE = "4711-xyzzy"


@pytest.fixture(autouse=True)
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def outlet():
    with transaction.atomic():  # so it is copied, see rows.py
        return make_network(vans=1, days=4)


@pytest.fixture
def booking(outlet) -> Booking:
    return make_booking(outlet, facts=some_facts(extra_s=180, safe_place="porch"))


def opens(page: Page, booking: Booking) -> None:
    page.goto(url_of(make_link(booking)).replace("http://127.0.0.1:8000", ""))
    expect(page.get_by_role("heading", name="Tuesday 24 November")).to_be_visible()


def says_how(page: Page) -> None:
    page.get_by_role("link", name="How we get in").click()
    page.get_by_label("Name on the buzzer").fill("Virtanen")
    page.get_by_label("Entrance").select_option("yard")
    page.get_by_label("Lift").select_option("no")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Dog").select_option("careful")
    page.get_by_label("Anything else").fill("Past the bikes\nالباب الخلفي")
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_text("Now we know how to get in.")).to_be_visible()


def sets_code(page: Page) -> None:
    page.get_by_role("link", name="How we get in").click()
    page.get_by_role("link", name="Add, replace or remove a code").click()
    goes(page.get_by_role("button", name=re.compile("Send|Mail")))
    page.locator("#id_code").fill(sent_digits())
    page.locator("main form button[type=submit]").first.click()
    expect(page.get_by_role("heading", name="Gate and door codes")).to_be_visible()
    page.get_by_label("Door code").fill("9" * 31)
    page.get_by_label("Gate code").fill(CODE)
    page.get_by_role("button", name="Lock it away").click()
    expect(page.get_by_role("alert")).to_contain_text("please type them once more")
    expect(page.get_by_label("Gate code")).to_have_value("")
    page.get_by_label("Gate code").fill(CODE)
    page.get_by_role("button", name="Lock it away").click()
    expect(page.get_by_text("Nobody sees it here again, not even you.")).to_be_visible()


def everything_kept(caplog, mails: list[str], tmp_path) -> str:
    """All rows as they are dumped, sessions opened, what merchants are told, mails, and every log line."""
    call_command("dumpdata", "--output", str(tmp_path / "dump.json"), verbosity=0)
    rows = [str(row) for model in apps.get_models() for row in model._base_manager.values()]
    feed = [json.dumps(in_json(told(entry))) for entry in FeedEntry.objects.of_everybody()]
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    records = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    whole = [(tmp_path / "dump.json").read_text(), *rows, *feed, *sessions, *records, *mails, caplog.text]
    return "\n".join(whole)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_gate_code_is_set_and_nobody_but_the_next_stops_driver_ever_sees_it(
    visitor, booking, outlet, at, caplog, tmp_path, mailoutbox, javascript
):
    page = visitor(width=SMALL, javascript=javascript)
    bodies: list[str] = []
    page.on("response", lambda response: bodies.append(response.url))
    opens(page, booking)
    with caplog.at_level(logging.DEBUG):
        says_how(page)
        sets_code(page)
        relay_events()
        send_due_messages()
        kept = everything_kept(caplog, [str(mail.message()) for mail in mailoutbox], tmp_path)

    assert AccessNotes.objects.get().codes == ("gate_code",)
    assert Event.objects.filter(kind="delivery.notes_changed").count() == 2
    assert [mail.subject for mail in mailoutbox if "your door" in mail.subject]
    assert "Virtanen" in kept
    assert kept.count(CODE) == 0
    assert not [url for url in bodies if CODE in url]
    assert CODE not in page.content()
    page.get_by_role("link", name="How we get in").click()
    expect(page.get_by_text("A gate code is kept (since Mon 23 Nov, 11:00).")).to_be_visible()
    assert CODE not in page.content()

    Route.objects.update(state="started")
    at.now = NOW + timedelta(days=1)
    depot = visitor(width=SMALL, javascript=javascript)
    signs_in(depot, outlet)
    reads_code(depot, booking, outlet)
    assert AccessRead.objects.count() == 1
    page.get_by_role("link", name="Leave it as it is").click()
    expect(page.get_by_text("The depot looked at your gate code")).to_be_visible()

    assert purge_codes(now=booking.stop.closes_at + timedelta(hours=24)) == 1
    depot.goto(sheet(booking, outlet))
    expect(depot.get_by_role("button", name="Show the gate code")).to_have_count(0)


def signs_in(page: Page, outlet) -> None:
    user = make_membership(depot=outlet.depot, role=Role.DISPATCHER).user
    page.goto("/staff/login/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    goes(page.locator("main button[type=submit]"))


def sheet(booking: Booking, outlet) -> str:
    day = f"/depot/{outlet.depot.slug}/{TOMORROW.isoformat()}/"
    return f"{day}route/{booking.stop.route_id}/"


def reads_code(page: Page, booking: Booking, outlet) -> None:
    page.goto(f"/depot/{outlet.depot.slug}/{TOMORROW.isoformat()}/")
    page.locator(".route__head").first.click()
    page.get_by_role("link", name="List for the driver, to print").click()
    for words in ("Through the yard", "No lift", "Virtanen", "Past the bikes"):
        expect(page.get_by_text(words).first).to_be_visible()
    assert CODE not in page.content()
    page.get_by_role("button", name="Show the gate code").click()
    expect(page.get_by_text(CODE)).to_be_visible()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(0, 0, 0)"
    expect(page.get_by_text(CODE)).to_be_hidden()
    page.emulate_media(media="screen", color_scheme="light")


def test_its_pages_are_accessible_fit_and_mirror(visitor, booking, outlet, at, assert_accessible):
    page = visitor(width=320)

    def check() -> None:
        assert_accessible(page)
        assert fits(page), page.url
        assert mirrored(page), page.url

    opens(page, booking)
    says_how(page)
    check()
    goes(page.get_by_role("link", name="How we get in"))
    check()
    page.get_by_label("Anything else").fill("x" * 501)
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_role("alert")).to_be_focused()
    check()
    page.goto(f"/d/{booking.delivery.ref}/")
    sets_code(page)
    page.goto(f"/d/{booking.delivery.ref}/notes/codes/")
    check()
    Route.objects.update(state="started")
    at.now = NOW + timedelta(days=1)
    signs_in(page, outlet)
    page.goto(sheet(booking, outlet))
    check()
    goes(page.get_by_role("button", name="Show the gate code"))
    check()


def test_a_paste_of_ten_thousand_letters_is_refused_and_nothing_of_it_is_lost(page, booking):
    opens(page, booking)
    page.get_by_role("link", name="How we get in").click()
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Anything else").fill("letters " * 1250)
    page.get_by_role("button", name="Keep this").click()

    expect(page.get_by_role("alert")).to_contain_text("a driver can read up to 500")
    assert len(page.get_by_label("Anything else").input_value()) >= 9_999
    assert not AccessNotes.objects.exists()


def test_a_sheet_of_a_whole_route_stays_light(page, booking, outlet):
    signs_in(page, outlet)
    page.goto(sheet(booking, outlet))

    assert len(gzip.compress(page.content().encode())) < 20_000
    assert events.KINDS["delivery.code_read"]
