"""What came of a delivery, in a real browser: its customer sees the proof, its depot takes a mistake back."""

import os
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from portal.access import token_of
from portal.demo.shown import drawn_door
from portal.models.people import Role
from portal.services.proofs import report_stop
from scheduling import clock
from scheduling.invariants import breaches
from scheduling.models import Booking
from scheduling.services.handing_over import Handover
from tests.browser.looks import fits, goes
from tests.factories import PASSWORD, make_link, make_membership, make_user
from tests.portal.customers.conftest import Clock
from tests.reported import DRAWN, at_the_door, on_the_road

DRAWN_DOORS = 2


@pytest.fixture
def booking(settings, tmp_path) -> Booking:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    source = Clock()
    clock.set_source(source)
    booking = on_the_road()
    source.now = at_the_door(booking)
    yield booking
    clock.set_source(None)
    assert list(breaches()) == []


def shot(page: Page, name: str) -> None:
    """Keep a picture for somebody to look at, if they want any."""
    if folder := os.environ.get("SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def is_shown(page: Page, count: int) -> None:
    """All pictures are there: they came, and are no broken ones."""
    pictures = page.locator(".proofs img")
    expect(pictures).to_have_count(count)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        page.wait_for_function("one => one.complete && one.naturalWidth > 0", arg=picture.element_handle())


def test_a_proof_is_seen_and_a_mistake_is_taken_back(visitor, booking, assert_accessible):
    report(booking)
    customer = visitor()
    customer.goto(f"/l/{token_of(make_link(booking))}/")
    expect(customer.get_by_role("heading", name="Proof of delivery")).to_be_visible()
    is_shown(customer, DRAWN_DOORS + 1)
    assert fits(customer)
    assert_accessible(customer)
    shot(customer, "proof-customer")

    staff = signed_in(visitor(width=1280), booking)
    is_shown(staff, DRAWN_DOORS + 1)
    expect(staff.get_by_text("Verified: as it was noted")).to_be_visible()
    assert fits(staff)
    assert_accessible(staff)
    shot(staff, "proof-depot")

    staff.get_by_text("This was a mistake").click()
    staff.get_by_label("Why").fill("Pressed at the wrong door")
    shot(staff, "proof-depot-undo")
    staff.get_by_role("button", name="Take it back").click()
    expect(staff.get_by_text("Pressed at the wrong door")).to_be_visible()
    customer.reload()
    expect(customer.get_by_text("That was a mistake")).to_be_visible()
    expect(customer.get_by_role("heading", name="Proof of delivery")).to_have_count(0)
    shot(staff, "proof-depot-undone")


def report(booking: Booking) -> None:
    at, address = booking.stop.opens_at + timedelta(minutes=4), booking.delivery.address
    handover = Handover(
        outcome="handed_over",
        happened_at=at,
        to_whom="Ville Virtanen",
        note="rang twice",
        lat=address.lat + 0.0001,
        lon=address.lon,
        accuracy_m=8.0,
    )
    doors = [drawn_door(2, Random(number)) for number in range(DRAWN_DOORS)]
    report_stop(
        stop_id=booking.stop_id,
        handover=handover,
        photos=[SimpleUploadedFile("door.jpg", door) for door in doors],
        signature=DRAWN,
        actor=f"shift:{booking.stop.route.shift_id}",
        now=at,
    )


def signed_in(page: Page, booking: Booking) -> Page:
    user, depot = make_user(), booking.stop.route.shift.plan.depot
    make_membership(user, Role.DISPATCHER, depot=depot)
    page.goto(f"/depot/{depot.slug}/deliveries/{booking.delivery.ref}/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    goes(page.get_by_role("button", name="Sign in"))
    return page
