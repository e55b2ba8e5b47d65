"""The ledger of promises: a move never hides the first word, and says what it did to the routes."""

from datetime import timedelta

import pytest
from django.db.models import Sum

from scheduling.models import Promise, Route, Stop
from scheduling.promises import kept_rates
from scheduling.selectors.promises import (
    delivery_at,
    kept_on,
    moment_of_service,
    moments_of_service,
    promises_of,
    served,
)
from scheduling.services.bookings import reschedule_delivery
from scheduling.services.handing_over import Handover, arrive, settle_stop
from tests.factories import (
    LATER,
    TOMORROW,
    a_session,
    answer_at,
    ask_for,
    make_booking,
    make_depot,
    make_network,
    plan_on,
    some_facts,
    start_day,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def outlet():
    return make_network(vans=2, days=4)


@pytest.fixture
def booking(outlet):
    for north_m in (-3_000, -1_000, 1_500, 4_000):
        make_booking(outlet, hour=10, facts=some_facts(north_m=north_m))
    return make_booking(outlet, hour=10, facts=some_facts(north_m=2_000, east_m=800))


def all_metres() -> int:
    """What the rows say that all routes drive."""
    arcs = Stop.objects.active().aggregate(metres=Sum("arc_m"))["metres"] or 0
    return arcs + (Route.objects.aggregate(metres=Sum("return_m"))["metres"] or 0)


def moved(booking, outlet, hour, day=TOMORROW):
    session = a_session()
    facts = some_facts(north_m=2_000, east_m=800)
    view = ask_for(outlet, facts, session_key=session, moving=booking.delivery)
    booking = reschedule_delivery(
        delivery=booking.delivery,
        offer_token=token_at(view, hour, day),
        session_key=session,
        actor="link:1",
        now=LATER,
    )
    return booking, answer_at(view, hour, day)


@pytest.mark.parametrize(("hour", "later"), [(12, 0), (16, 0), (10, 1), (16, 2)])
def test_the_ledger_says_what_a_move_did_to_all_routes(booking, outlet, hour, later):
    before = all_metres()

    moved(booking, outlet, hour, TOMORROW + timedelta(days=later))

    first, second = promises_of(booking.delivery)
    assert second.longer_by_m == all_metres() - before
    assert (first.number, second.number, second.cause) == (1, 2, Promise.Cause.MOVED)
    assert second.actor == "link:1"


def test_the_first_line_says_what_the_delivery_added(booking):
    (first,) = promises_of(booking.delivery)

    assert first.longer_by_m == booking.added_m
    assert first.cause == Promise.Cause.CONFIRMED


def test_customers_are_shown_the_band_of_what_it_adds(booking, outlet):
    rebooked, answer = moved(booking, outlet, 16)

    assert rebooked.band_m == answer.band_m
    assert rebooked.added_m <= answer.band_m


def test_three_moves_hide_no_late_delivery(booking, outlet):
    kept = make_booking(outlet, hour=14, facts=some_facts(east_m=-900))
    for number, hour in enumerate((12, 14, 16), start=1):
        booking, _answer = moved(booking, outlet, hour, TOMORROW + timedelta(days=number % 2))
    began_at = {
        booking.delivery_id: booking.stop.opens_at + timedelta(minutes=30),
        kept.delivery_id: kept.stop.opens_at,
    }

    rates = kept_rates(served(began_at))

    assert (rates.served, rates.first, rates.latest) == (2, 1, 2)
    assert (rates.first_share, rates.latest_share) == (0.5, 1.0)


def test_a_window_ends_before_its_end(booking):
    closes = booking.stop.closes_at

    assert kept_rates(served({booking.delivery_id: closes})).latest == 0
    assert kept_rates(served({booking.delivery_id: closes - timedelta(seconds=1)})).latest == 1


def test_where_nothing_was_served_there_is_no_rate():
    rates = kept_rates([])

    assert (rates.served, rates.first_share, rates.latest_share) == (0, None, None)


def test_a_delivery_is_found_at_its_own_depot_only(booking, outlet):
    assert delivery_at(depot=outlet.depot, ref=booking.delivery.ref) == booking.delivery
    assert delivery_at(depot=make_depot(), ref=booking.delivery.ref) is None


def test_the_day_feeds_it_with_when_service_began(booking, outlet):
    late = make_booking(outlet, hour=10, facts=some_facts(east_m=300))
    missed = make_booking(outlet, hour=10, facts=some_facts(east_m=600))
    start_day(plan_on(outlet))
    came = {booking: 0, late: 120, missed: 5}
    for each, minutes in came.items():
        at = each.stop.opens_at + timedelta(minutes=minutes)
        end = {"outcome": "not_possible", "reason": "nobody_home"} if each is missed else {}
        arrive(stop_id=each.stop_id, at=at, actor="x", now=at)
        handover = Handover(**{"outcome": "handed_over", "happened_at": at + timedelta(hours=3)} | end)
        settle_stop(stop_id=each.stop_id, handover=handover, actor="x", now=at + timedelta(hours=3))

    assert moments_of_service(depot=outlet.depot, day=TOMORROW) == {
        each.delivery_id: each.stop.opens_at + timedelta(minutes=came[each]) for each in (booking, late)
    }
    rates = kept_on(depot=outlet.depot, day=TOMORROW)
    assert (rates.served, rates.first, rates.latest) == (2, 1, 1)
    assert moment_of_service(late.delivery) == late.stop.closes_at
    assert moment_of_service(missed.delivery) is None
    assert kept_on(depot=outlet.depot, day=TOMORROW + timedelta(days=1)).served == 0
