"""What a dispatcher does by hand: shown before, done if it breaks no more by then, and recorded."""

from datetime import timedelta

import pytest

from scheduling.errors import BreaksMore, NotChangeable, NotOnTheRoad
from scheduling.invariants import breaches
from scheduling.models import DayException, DayPlan, Event, Promise, Route, Stop
from scheduling.services.coming_back import end_route
from scheduling.services.days import finish_route, start_route
from scheduling.services.dispatching import (
    break_down,
    places_for,
    propose_order,
    reassign_stop,
    reorder_route,
)
from scheduling.services.exceptions import look
from scheduling.services.handing_over import Handover, arrive, settle_stop
from scheduling.services.improvements import begin_improvement
from tests.factories import make_booking, make_network, plan_on, some_facts, start_day

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet():
    return make_network(vans=2)


def on_one_route(outlet, hours=(10, 10, 14, 14)):
    """A day whose stops are all on one route, which is out; the other vehicle has nothing to bring."""
    for number, hour in enumerate(hours):
        make_booking(outlet, hour=hour, facts=some_facts(north_m=400 * number))
    plan = plan_on(outlet)
    [route] = start_day(plan)
    assert Stop.objects.booked().filter(route=route).count() == len(hours)
    return plan, Route.objects.select_related("shift__plan__depot").get(pk=route.pk)


def keys(route) -> list[int]:
    stops = Stop.objects.booked().filter(route=route, unassigned_at=None).order_by("position")
    return list(stops.values_list("pk", flat=True))


def other_route(plan, route) -> Route:
    return Route.objects.filter(shift__plan=plan).exclude(pk=route.pk).get()


def hand_over(stop_id, at) -> None:
    settle_stop(stop_id=stop_id, handover=Handover("handed_over", at), actor="s", now=at)


def the_stop(pk) -> Stop:
    return Stop.objects.select_related("route__shift__plan__depot", "delivery").get(pk=pk)


def test_another_order_says_what_it_breaks_before_it_is_done(outlet):
    plan, route = on_one_route(outlet)
    before, now = keys(route), plan.origin_at + timedelta(hours=8)
    turned = before[::-1]

    proposal = propose_order(route=route, wanted=turned, now=now)

    late = {each.key for each in proposal.breaks if each.kind == "window"}
    assert late == set(before[:2])  # the two of the morning would be served in the afternoon
    with pytest.raises(BreaksMore):
        reorder_route(route_id=route.pk, order=turned, seen=[], actor="user:1", now=now)
    assert keys(route) == before
    reorder_route(route_id=route.pk, order=turned, seen=proposal.seen, actor="user:1", now=now)
    assert keys(route) == turned
    event = Event.objects.get(kind="route.resequenced")
    assert (event.actor, event.data["breaks"]) == ("user:1", sorted(before[:2]))
    assert Promise.objects.count() == 4  # promises stay, though they may break


def test_what_is_served_and_where_the_driver_stands_stay(outlet):
    _plan, route = on_one_route(outlet, hours=(10, 10, 10, 14))
    first, second, third, fourth = keys(route)
    now = the_stop(first).opens_at
    hand_over(second, now)  # the driver's own order counts more than ours
    arrive(stop_id=third, at=now, actor="s", now=now)
    wanted = [fourth, first, third, second]
    proposal = propose_order(route=route, wanted=wanted, now=now)

    reorder_route(route_id=route.pk, order=wanted, seen=proposal.seen, actor="user:1", now=now)

    assert keys(route) == [second, third, fourth, first]
    assert list(breaches()) == []


def test_the_best_order_breaks_as_few_promises_as_can_be(outlet):
    plan, route = on_one_route(outlet, hours=(10, 12, 14, 16))
    now = plan.origin_at + timedelta(hours=8)
    order = keys(route)
    bad = [order[3], order[2], order[1], order[0]]
    seen = propose_order(route=route, wanted=bad, now=now).seen
    reorder_route(route_id=route.pk, order=bad, seen=seen, actor="user:1", now=now)

    best = propose_order(route=route, wanted=None, now=now)

    assert best.late_before
    assert not best.late
    reorder_route(route_id=route.pk, order=best.order, seen=best.seen, actor="user:1", now=now, by="solver")
    assert Event.objects.filter(kind="route.resequenced").latest("pk").data["by"] == "solver"
    assert list(breaches()) == []


def test_a_stop_goes_to_another_vehicle_and_keeps_its_promise(outlet):
    plan, route = on_one_route(outlet)
    stop, now = the_stop(keys(route)[-1]), plan.origin_at + timedelta(hours=8)
    promised = stop.opens_at, stop.closes_at

    [place] = places_for(stop=stop, now=now)

    other = other_route(plan, route)
    assert (place.trip_key, place.breaks, place.has_left) == (other.pk, (), False)
    for _time in range(2):
        reassign_stop(stop_id=stop.pk, route_id=other.pk, seen=[], actor="user:1", now=now)
    stop.refresh_from_db()
    assert (stop.route_id, stop.placed_by, (stop.opens_at, stop.closes_at)) == (
        other.pk,
        "user:1",
        promised,
    )
    assert keys(other) == [stop.pk]
    assert Route.objects.get(pk=other.pk).state == Route.State.LOADED
    assert Event.objects.filter(kind="delivery.reassigned").count() == 1
    assert Promise.objects.filter(delivery=stop.delivery).count() == 1
    start_route(route_id=other.pk, actor="s", now=now)
    assert list(breaches()) == []


def test_what_is_over_or_stood_at_goes_to_no_other_vehicle(outlet):
    plan, route = on_one_route(outlet)
    done, there, free, _last = keys(route)
    now, other = the_stop(done).opens_at, other_route(plan, route)
    hand_over(done, now)
    arrive(stop_id=there, at=now, actor="s", now=now)

    for stop_id in (done, there):
        with pytest.raises(NotChangeable):
            reassign_stop(stop_id=stop_id, route_id=other.pk, seen=[], actor="user:1", now=now)
    reassign_stop(stop_id=free, route_id=other.pk, seen=[], actor="user:1", now=now)


@pytest.mark.parametrize("comes_first", [True, False])
def test_what_its_old_driver_hands_over_after_all_is_back_on_their_vehicle(outlet, comes_first):
    plan, route = on_one_route(outlet)
    first, stop_id, *rest = keys(route)
    now, other = the_stop(first).opens_at, other_route(plan, route)
    hand_over(first, now)
    reassign_stop(stop_id=stop_id, route_id=other.pk, seen=[], actor="user:1", now=now)
    driver = f"shift:{route.shift_id}"

    if comes_first:
        arrive(stop_id=stop_id, at=now, actor=driver, now=now)
        assert the_stop(stop_id).route_id == route.pk
    settle_stop(stop_id=stop_id, handover=Handover("handed_over", now), actor=driver, now=now)

    assert (keys(route), keys(other)) == ([first, stop_id, *rest], [])
    assert the_stop(stop_id).delivery.state == "delivered"
    assert list(breaches()) == []


def test_what_joins_a_vehicle_that_is_out_is_on_its_way(outlet):
    plan, route = on_one_route(outlet)
    now, other = plan.origin_at + timedelta(hours=8), other_route(plan, route)
    one, two = keys(route)[-2:]
    reassign_stop(stop_id=one, route_id=other.pk, seen=[], actor="user:1", now=now)
    start_route(route_id=other.pk, actor="s", now=now)

    reassign_stop(stop_id=two, route_id=other.pk, seen=[], actor="user:1", now=now)
    reassign_stop(stop_id=two, route_id=route.pk, seen=[], actor="user:1", now=now)

    assert the_stop(two).delivery.state == "on_board"
    assert list(breaches()) == []


def test_a_vehicle_breaks_down_and_others_bring_what_it_has_not(outlet):
    plan, route = on_one_route(outlet)
    done, *left = keys(route)
    now, other = the_stop(done).opens_at, other_route(plan, route)
    hand_over(done, now)

    for _time in range(2):
        break_down(route_id=route.pk, actor="user:1", now=now)
    look(plan_id=plan.pk, now=now)

    assert keys(route) == [done]
    open_ = DayException.objects.filter(kind="unassigned", settled_at=None)
    assert sorted(open_.values_list("stop_id", flat=True)) == sorted(left)
    assert Event.objects.filter(kind="route.broke_down").count() == 1
    assert list(breaches()) == []
    for stop_id in left:
        [place] = places_for(stop=the_stop(stop_id), now=now)  # never the one that broke down
        assert place.trip_key == other.pk
        reassign_stop(
            stop_id=stop_id,
            route_id=other.pk,
            seen=[f"{b.kind}:{b.key}" for b in place.breaks],
            actor="user:1",
            now=now,
        )
    look(plan_id=plan.pk, now=now)
    assert sorted(keys(other)) == sorted(left)
    assert not open_.exists()
    assert DayPlan.objects.get(pk=plan.pk).state == "started"
    assert list(breaches()) == []


def test_what_nobody_fetched_from_a_broken_vehicle_comes_back_with_it(outlet):
    plan, route = on_one_route(outlet)
    now = plan.origin_at + timedelta(hours=9)
    break_down(route_id=route.pk, actor="user:1", now=now)
    with pytest.raises(NotOnTheRoad):
        finish_route(route_id=route.pk, actor="user:1", now=now)

    end_route(route_id=route.pk, actor="user:1", now=now)

    states = set(Stop.objects.booked().of_plan(plan).values_list("delivery__state", flat=True))
    assert states == {"at_depot"}
    assert DayPlan.objects.get(pk=plan.pk).state == "finished"
    assert list(breaches()) == []


def test_only_a_vehicle_that_is_out_breaks_down_and_a_day_that_is_over_stays(outlet):
    plan, route = on_one_route(outlet)
    now = plan.origin_at + timedelta(hours=8)
    with pytest.raises(NotOnTheRoad):
        break_down(route_id=other_route(plan, route).pk, actor="user:1", now=now)
    end_route(route_id=route.pk, actor="user:1", now=now)

    with pytest.raises(NotChangeable):
        reorder_route(route_id=route.pk, order=keys(route), seen=[], actor="user:1", now=now)


def test_better_routes_leave_a_stop_where_somebody_put_it(outlet):
    booking, other = make_booking(outlet), make_booking(outlet)
    plan, now = plan_on(outlet), booking.stop.opens_at - timedelta(hours=20)
    elsewhere = Route.objects.filter(shift__plan=plan).exclude(pk=booking.stop.route_id).get()
    DayPlan.objects.filter(pk=plan.pk).update(state=DayPlan.State.CLOSED)
    reassign_stop(stop_id=booking.stop_id, route_id=elsewhere.pk, seen=[], actor="user:1", now=now)

    begun = begin_improvement(plan_id=plan.pk, actor="clock", now=now)

    assert begun.staying == {booking.stop_id}
    assert other.stop_id not in begun.staying
    assert Route.objects.get(pk=elsewhere.pk).state == Route.State.TENTATIVE
