"""The page that follows a delivery through its day."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal import polls
from portal.access import FOLLOW, renew_link, revoke_link
from portal.customers.tracking import live_of, part_since, version_of
from scheduling.models import Booking, Delivery, Stop
from scheduling.selectors.road import glimpse_of, story_of
from scheduling.services.days import finish_route
from tests.factories import make_booking, make_link, make_network
from tests.on_the_road import Tour, a_tour
from tests.portal.links import came_by
from tests.scheduling.test_phases import ON_BOARD, OPENS, glimpse, seen

pytestmark = [pytest.mark.django_db, pytest.mark.once]

HTMX = {"HX-Request": "true", "HX-Target": "live"}
VERSION = re.compile(r"\?v=([0-9a-f.]+)")
COORDINATE = re.compile(r"\b(60|24|25)\.\d{2,}")


@pytest.fixture
def tour(at) -> Tour:
    tour = a_tour(name="Mika Virtanen", shows_name=True, shows_vehicle=True)
    at.now = tour.now
    return tour


class Follower:
    """A browser with one delivery's page open."""

    def __init__(self, booking: Booking, kind: str = "manage") -> None:
        self.link = make_link(booking, kind)
        self.client: Client = came_by(self.link)
        self.path = f"/{'f' if kind == 'follow' else 'd'}/{booking.delivery.ref}/"
        self.version = ""

    def opens(self) -> str:
        page = self.client.get(self.path).content.decode()
        self.notes(page)
        return page

    def polls(self, *, later: bool = True):
        if later:  # by more than rows are kept for
            polls.forget()
        response = self.client.get(self.path, {"v": self.version}, headers=HTMX)
        self.notes(response.content.decode())
        return response

    def notes(self, page: str) -> None:
        if found := VERSION.search(page):
            self.version = found[1]


def test_the_page_counts_the_stops_down_to_the_door(tour, at):
    follower = Follower(tour.bookings[4])
    assert "4 stops before you" in follower.opens()
    for done, left in enumerate(("three more stops", "two more stops", "one more stop")):
        tour.serves(done)
        assert f"Mika makes {left}" in follower.polls().content.decode()
    tour.serves(3)
    assert "You are next" in follower.polls().content.decode()
    tour.arrives(4)
    assert "Mika is there now" in follower.polls().content.decode()
    at.now = tour.now = tour.now + timedelta(minutes=4)
    tour.serves(4)
    answer = follower.polls()
    assert answer.status_code == 286
    assert "It is delivered" in answer.content.decode()
    assert "hx-get" not in answer.content.decode()


@pytest.mark.parametrize("kind", ["manage", "follow"])
def test_who_has_it_all_gets_nothing(tour, kind):
    follower = Follower(tour.bookings[4], kind)
    follower.opens()

    response = follower.polls()

    assert (response.status_code, response.content) == (204, b"")
    assert response["Cache-Control"] == "no-store, private"


def test_an_unchanged_poll_reads_one_row_and_then_none(tour):
    follower = Follower(tour.bookings[4])
    follower.opens()

    with CaptureQueriesContext(connection) as first:
        follower.polls()
    with CaptureQueriesContext(connection) as second:
        follower.polls(later=False)

    assert (len(first), len(second)) == (1, 0)


def test_an_ended_link_gets_no_answer_even_where_nothing_is_new(tour, at):
    for ending in (renew_link, lambda link: revoke_link(link, now=tour.now)):
        follower = Follower(tour.bookings[4])
        follower.opens()
        ending(follower.link)
        assert follower.polls().status_code == 404


def test_a_stranger_and_a_follow_link_get_no_more_by_polling(tour):
    follower = Follower(tour.bookings[4], FOLLOW)
    follower.opens()
    managing, version = follower.path.replace("/f/", "/d/"), {"v": follower.version}

    assert follower.client.get(managing, version, headers=HTMX).status_code == 403
    for other in (Client(), Follower(tour.bookings[3]).client):
        assert other.get(follower.path, version, headers=HTMX).status_code == 404


def test_only_what_is_new_is_sent(tour):
    follower = Follower(tour.bookings[4])
    tour.expects(4, in_min=50)
    for done in range(2):
        tour.serves(done)
    tour.is_seen()
    follower.opens()

    tour.is_seen(lat=60.17517)
    moved = follower.polls()
    tour.expects(4, in_min=45, give_or_take_min=8)
    narrowed = follower.polls()
    tour.serves(2)
    counted = follower.polls()

    assert [r["HX-Retarget"] for r in (moved, narrowed, counted)] == ["#van", "#live", "#live"]
    assert 'data-lat="60.175"' in moved.content.decode()
    assert "8:37–8:53" in narrowed.content.decode()


def test_the_range_is_the_largest_and_the_promise_stays_beside_it(tour):
    tour.expects(4, in_min=75)
    page = Follower(tour.bookings[4]).opens()

    assert '<p class="range">9:05–9:25</p>' in page
    assert "Promised between 10:00 and 12:00." in page
    assert "In about 75 min" in page
    tour.bookings[4].stop.expected.delete()
    assert '<p class="range">10:00–12:00</p>' in Follower(tour.bookings[4]).opens()


def test_the_van_is_on_the_page_from_three_stops_before_on_and_gone_at_the_door(tour, at):
    tour.is_seen()
    manager, follower = Follower(tour.bookings[4]), Follower(tour.bookings[4], FOLLOW)
    for page in (manager.opens(), follower.opens()):
        assert not COORDINATE.search(page)
    tour.serves(0)
    assert 'data-lat="60.169" data-lon="24.942"' in follower.opens()
    assert "60.16917" not in manager.opens()
    for done in range(1, 4):
        tour.serves(done)
    tour.serves(4)
    for page in (manager.opens(), follower.opens()):
        assert not COORDINATE.search(page)


def test_where_it_was_seen_last_is_said_with_its_time(tour, at):
    tour.serves(0)
    tour.serves(1)
    tour.is_seen()
    follower = Follower(tour.bookings[4])
    assert "about here, give or take 100 m" in follower.opens()

    at.now = tour.now + timedelta(minutes=4)

    assert "The van was last seen here at 8:00." in follower.polls().content.decode()


def test_a_driver_who_did_not_agree_is_nobody():
    it = glimpse(before=2, driver="Mika Virtanen", shows_name=False, shows_vehicle=False, **ON_BOARD)

    live = live_of(it, OPENS)

    assert live.headline == "Your driver makes two more stops, then comes to you"
    assert live.who == ""


def test_a_driver_is_named_on_the_day_alone_and_for_a_day_afterwards(tour, at):
    day = tour.now
    tour.serves(4)
    for hours, named in ((0, True), (23.9, True), (24, False)):
        at.now = day + timedelta(hours=hours)
        page = Follower(tour.bookings[4]).opens()
        assert ("Mika was your driver." in page) is named
        assert "Virtanen" not in page
    known = {"driver": "Mika Virtanen", "shows_name": True, "shows_vehicle": True}
    assert live_of(glimpse(**known), OPENS - timedelta(days=1)).who == ""


def test_a_follow_page_never_names_anybody_or_says_why(tour):
    named = {"safe_place": "neighbour", "neighbour_name": "Zanzibar", "neighbour_unit": "B 12"}
    Delivery.objects.filter(pk=tour.bookings[2].delivery_id).update(**named)
    tour.serves(2, "neighbour")
    tour.serves(3, "not_possible", reason="no_proof_of_age")
    pages = [Follower(tour.bookings[number], FOLLOW).opens() for number in (2, 3, 4)]

    for page in pages:
        for private in ("Mika", "Van ", "Zanzibar", "neighbour", "how old", "Testikatu", "Aino", "/l/"):
            assert private not in page, private
    assert "It is delivered" in pages[0]
    assert "It could not be handed over" in pages[1]


def test_after_a_miss_the_page_says_what_comes_next(tour):
    tour.serves(4, "not_possible", reason="nobody_home")
    page = Follower(tour.bookings[4]).opens()

    assert "Nobody opened" in page
    assert "Then you choose another time here." in page


def test_a_van_that_broke_down_is_said_plainly(tour):
    Stop.objects.filter(pk=tour.bookings[4].stop_id).update(unassigned_at=tour.now)
    page = Follower(tour.bookings[4]).opens()

    assert "Your van can’t go on" in page
    assert "Your time still stands." in page


def test_the_countdown_falls_and_never_goes_below_nothing():
    shown = []
    for second in range(0, 6_000, 7):
        it = seen(2, expected_at=OPENS + timedelta(minutes=80))
        live = live_of(it, OPENS + timedelta(seconds=second))
        shown.append(live.left_s)
    assert shown == sorted(shown, reverse=True)
    assert shown[0] == 4_800
    assert shown[-1] == 0
    assert live.left == "Any moment now"
    assert live_of(seen(2, expected_at=OPENS + timedelta(hours=2)), OPENS).left_s is None


def test_an_announcement_tells_a_status_and_no_minutes():
    now, soon = OPENS, OPENS + timedelta(minutes=3)
    it = seen(2, expected_at=OPENS + timedelta(minutes=30))
    assert live_of(it, now).say == live_of(it, soon).say != ""
    assert live_of(glimpse(), OPENS).say == ""


def test_versions_change_with_what_is_shown_alone():
    it = seen(2, expected_at=OPENS + timedelta(minutes=30))
    version = version_of(it, OPENS)

    def part(**values) -> str:
        return part_since(version, version_of(replace(it, **values), OPENS))

    assert part() == ""
    assert part(seen_lat=60.16920) == ""  # as rounded as before
    assert part(seen_lat=60.17100) == "van"
    assert part(expected_at=it.expected_at + timedelta(minutes=1)) == "live"
    assert part(last_event=3) == "booking"
    assert part(seen_at=None) == "booking"
    assert part_since("nonsense", version) == "booking"


def test_every_follower_reads_the_same_events(tour):
    delivery = tour.bookings[4].delivery
    tour.arrives(4)
    tour.serves(4)

    told = [event.uid.hex for event in story_of(delivery)]
    shown = re.findall(r'data-event="(\w+)"', Follower(tour.bookings[4]).opens())

    assert len(told) == 3
    assert [uid for uid in shown if uid in told] == told


def test_a_stop_served_out_of_order_counts_for_who_comes_later(tour):
    tour.serves(3)

    assert glimpse_of(tour.bookings[4].delivery).before == 3
    assert Stop.objects.get(pk=tour.bookings[4].stop_id).done_at is None


def test_the_day_before_says_tomorrow_and_asks_once_a_minute(at):
    booking = make_booking(make_network())
    page = Follower(booking).opens()

    assert "Tomorrow, Tuesday 24 November" in page
    assert 'hx-trigger="every 60s, look"' in page
    assert "<noscript>" in page


def test_what_is_back_at_the_depot_gets_another_time_here(tour):
    for number in range(4):
        tour.serves(number)
    tour.serves(4, "not_possible", reason="nobody_home")
    assert "Choose another time</a>" not in Follower(tour.bookings[4]).opens()
    finish_route(route_id=tour.route.pk, actor="test", now=tour.now)
    page = Follower(tour.bookings[4]).opens()

    assert "It is back at the depot" in page
    assert "Choose another time</a>" in page
