"""What a board tells of a depot's day: routes, times, metres and grams, as the rows have them."""

from datetime import timedelta

import pytest

from scheduling.models import CarbonAccount, Depot, Improvement, MerchantDepot, Stop
from scheduling.selectors.board import board_days, board_mark, board_of, day_last_kept, runs_on
from scheduling.services.accounts import close_account
from scheduling.services.diverting import divert_delivery
from scheduling.services.holds import release_hold
from scheduling.services.improvements import ask_for_improvement, begin_improvement
from scheduling.services.plans import close_plan
from tests.factories import (
    CANTEEN,
    LATER,
    NOW,
    TOMORROW,
    a_break,
    make_booking,
    make_depot,
    make_hold,
    make_network,
    make_point,
    plan_on,
    some_facts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def outlet():
    return make_network(vans=1, days=3)


@pytest.fixture
def resting():
    rests = [a_break(11, **CANTEEN), a_break(15, kind="charge", minutes=45)]
    return make_network(vans=1, days=3, rests=rests)


def board(outlet, now=NOW):
    return board_of(depot=outlet.depot, day=TOMORROW, now=now)


def test_a_route_says_where_it_goes_when_and_how_far(outlet):
    make_booking(outlet, facts=some_facts(north_m=500))
    make_booking(outlet, facts=some_facts(north_m=-500), hour=14)

    (route,) = board(outlet).routes
    legs = list(Stop.objects.active().order_by("position").values_list("arc_m", flat=True))

    assert [stop.leg_m for stop in route.stops] == legs
    assert route.metres > sum(legs)
    assert [stop.number for stop in route.stops] == [1, 2]
    assert [f"{stop.arrives:%H}" for stop in route.stops] == ["10", "14"]
    assert route.departs < route.stops[0].arrives < route.stops[1].arrives < route.returns
    assert route.grams == round(route.metres * 100 / 1000)
    assert route.load_g == 10_000


def test_a_held_stop_is_marked_with_what_it_adds(outlet):
    hold = make_hold(outlet)

    (stop,) = board(outlet).routes[0].stops

    assert stop.state == Stop.State.HELD
    assert stop.added_m == hold.added_m
    assert stop.held_until == hold.expires_at
    assert board(outlet).held == 1


def test_a_hold_that_ran_out_is_gone_before_anybody_writes(outlet):
    make_hold(outlet)
    before, after = (board_mark(depot=outlet.depot, day=TOMORROW, now=now) for now in (NOW, LATER))

    assert board(outlet, LATER).routes == ()
    assert before != after
    assert board(outlet, LATER).mark == after


def test_the_mark_changes_with_every_change_and_only_then(outlet):
    marks = [board_mark(depot=outlet.depot, day=TOMORROW, now=NOW)]
    hold = make_hold(outlet)
    marks.append(board_mark(depot=outlet.depot, day=TOMORROW, now=NOW))
    release_hold(hold=hold, actor="test", now=NOW)
    marks.append(board_mark(depot=outlet.depot, day=TOMORROW, now=NOW))

    assert len(set(marks)) == 3
    assert board_mark(depot=outlet.depot, day=TOMORROW, now=NOW) == marks[-1]
    assert board_mark(depot=outlet.depot, day=TOMORROW + timedelta(days=300), now=NOW) is None


def test_the_strip_counts_stops_and_held_ones(outlet):
    make_booking(outlet)
    make_hold(outlet, hour=14)
    today = TOMORROW - timedelta(days=1)

    days = board_days(depot=outlet.depot, first=today, now=NOW)

    assert [(day.stops, day.held) for day in days] == [(0, 0), (2, 1), (0, 0)]
    assert board_days(depot=outlet.depot, first=today, now=LATER)[1].held == 0


def test_the_day_kept_last_is_followed_while_it_is_kept(outlet):
    later = TOMORROW + timedelta(days=1)
    make_hold(outlet)
    make_hold(outlet, day=later, now=NOW + timedelta(minutes=1))

    assert day_last_kept(depot=outlet.depot, now=NOW + timedelta(minutes=2)) == later
    assert day_last_kept(depot=outlet.depot, now=NOW + timedelta(minutes=15, seconds=30)) == later
    assert day_last_kept(depot=outlet.depot, now=LATER) is None


def test_reading_a_board_takes_at_most_twelve_queries(outlet, django_assert_max_num_queries):
    for hour in (8, 10, 12, 14):
        make_booking(outlet, hour=hour)

    with django_assert_max_num_queries(12):
        board(outlet)


def test_plan_of_another_depot_has_no_mark(outlet):
    plan = plan_on(outlet)

    assert board_mark(depot=make_depot(), day=plan.service_date, now=NOW) is None


def test_a_van_that_only_rests_is_no_tour(resting):
    seen = board(resting)

    assert (seen.routes, seen.metres, seen.stops, len(seen.idle)) == ((), 0, 0, 1)


def test_a_route_shows_its_rests_and_counts_those_who_are_served(resting):
    make_booking(resting, hour=8)
    make_booking(resting, hour=12)

    (route,) = board(resting).routes

    assert [(stop.number, stop.rest, stop.address) for stop in route.stops if not stop.served] == [
        (1, "break", "Canteen"),
        (2, "charging", ""),
    ]
    assert [stop.number for stop in route.stops if stop.served] == [1, 2]
    assert (route.served, board(resting).stops) == (2, 2)


def test_places_are_counted_where_the_depot_counts_them_and_kept_until_the_day_closes(outlet):
    assert board(outlet).places is None
    Depot.objects.update(places_a_day=9)
    MerchantDepot.objects.update(reserved=4, reserved_until_h=6)
    make_booking(outlet)

    places = board(outlet).places

    assert (places.a_day, places.taken) == (9, 1)
    assert [(kept.places, kept.until_h) for kept in places.kept] == [(3, 6)]
    close_plan(plan_id=plan_on(outlet).pk, now=NOW)
    assert board(outlet).places.kept == ()


def test_a_solver_s_run_is_seen_under_way_and_lost_when_it_never_came_back(outlet):
    for north_m in (0, 400):
        make_booking(outlet, facts=some_facts(north_m=north_m))
    plan, never_back = plan_on(outlet), NOW + Improvement.LEASE
    assert board(outlet).improvable
    assert not board(outlet).improving.looking
    ask_for_improvement(plan=plan, actor="test", now=NOW)
    begin_improvement(plan_id=plan.pk, actor="test", now=NOW)

    seen = [board(outlet, now=at).improving for at in (NOW, never_back)]

    assert [each.latest.outcome for each in seen] == ["running", "lost"]
    assert seen[0].mark != seen[1].mark
    assert [run.outcome for run in runs_on(depot=outlet.depot, day=TOMORROW, now=never_back)] == ["lost"]
    assert runs_on(depot=make_depot(), day=TOMORROW, now=NOW) == []


def test_stops_share_their_routes_grams_as_planned_and_then_for_good(outlet):
    make_booking(outlet, facts=some_facts(north_m=500))
    make_booking(outlet, facts=some_facts(north_m=-4_000), hour=14)
    over = NOW + timedelta(days=2)
    planned = board(outlet, now=over)

    close_account(plan_id=plan_on(outlet).pk, now=over)
    (route,) = board(outlet, now=over).routes

    assert sum(stop.grams for stop in planned.routes[0].stops) == planned.routes[0].grams
    assert sum(stop.grams for stop in route.stops) == route.grams == CarbonAccount.objects.get().grams
    assert planned.accounted is None
    assert board(outlet, now=over).mark != planned.mark


def test_a_stop_at_a_pickup_point_stands_there_and_not_at_its_customer_s(outlet):
    booking = make_booking(outlet)
    point = make_point(outlet.depot, name="Kulman kioski", line="Rantatie 4")
    divert_delivery(delivery=booking.delivery, point=point, actor="x", now=NOW)

    (stop,) = board(outlet).routes[0].stops

    assert stop.address == "Kulman kioski, Rantatie 4"
    assert (stop.lat, stop.lon) == (point.lat, point.lon)
