"""The ledger of one delivery, for its depot's people only."""

import pytest

from portal.models.people import Role
from portal.operations.history import change_in_driving, made_by
from scheduling import clock
from scheduling.services.bookings import reschedule_delivery
from tests.factories import (
    NOW,
    a_session,
    ask_for,
    make_booking,
    make_depot,
    make_membership,
    make_network,
    make_user,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def booking():
    return make_booking(make_network(vans=1, days=3), hour=10)


def signed_in(client, depot):
    user = make_user()
    make_membership(user, Role.VIEWER, depot=depot)
    client.force_login(user)
    return client


def page_of(client, booking, depot) -> str:
    return client.get(f"/depot/{depot.slug}/deliveries/{booking.delivery.ref}/").content.decode()


def test_it_tells_what_was_promised_first_and_last_and_by_whom(client, booking):
    depot, session = booking.stop.route.shift.plan.depot, a_session()
    outlet = depot.outlets.get()
    view = ask_for(outlet, some_facts(), session_key=session, moving=booking.delivery)
    token = token_at(view, 16)
    reschedule_delivery(
        delivery=booking.delivery, offer_token=token, session_key=session, actor="link:7", now=NOW
    )

    page = page_of(signed_in(client, depot), booking, depot)

    assert "First promised for Tuesday 24 November, 10:00–12:00." in page
    assert "16:00–18:00" in page
    assert "the customer’s link" in page
    assert "link:7" not in page


def test_one_promise_is_what_counts(client, booking):
    depot = booking.stop.route.shift.plan.depot

    assert "One promise so far." in page_of(signed_in(client, depot), booking, depot)


def test_the_board_leads_to_it(client, booking):
    depot = booking.stop.route.shift.plan.depot
    board = signed_in(client, depot).get(f"/depot/{depot.slug}/2026-11-24/").content.decode()

    assert f"/depot/{depot.slug}/deliveries/{booking.delivery.ref}/" in board


def test_other_depots_deliveries_do_not_exist(client, booking):
    elsewhere = make_depot()
    url = f"/depot/{elsewhere.slug}/deliveries/{booking.delivery.ref}/"

    assert signed_in(client, elsewhere).get(url).status_code == 404


@pytest.mark.parametrize(("metres", "said"), [(1_240, "+1.2 km"), (-840, "−840 m"), (0, "0 m")])
def test_metres_have_their_sign(metres, said):
    assert change_in_driving(metres) == said


@pytest.mark.parametrize(
    ("actor", "said"), [("clock", "by itself"), ("key:4", "the shop’s program"), ("user:2", "staff")]
)
def test_who_it_was_is_said_in_words(actor, said):
    assert made_by(actor) == said
