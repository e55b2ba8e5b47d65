"""Buffers: routes keep slack at the end of what is promised, from the offer until the van leaves."""

from dataclasses import replace
from datetime import time, timedelta
from random import Random

import pytest

from scheduling.errors import SlotTaken
from scheduling.invariants import breaches
from scheduling.models import (
    Booking,
    Buffer,
    Hold,
    Improvement,
    MerchantDepot,
    Quote,
    SlotPattern,
    Stop,
)
from scheduling.routing import problem
from scheduling.routing.schedule import schedule
from scheduling.services import improvements
from scheduling.services.bookings import confirm_hold, reschedule_delivery
from scheduling.services.holds import place_hold
from scheduling.services.improvements import begin_improvement, finish_improvement, keeps_offers, solve
from scheduling.services.narrowing import Span, narrow_promises
from scheduling.services.plans import close_plan, extend_horizon
from scheduling.snapshots import forget_all, snapshots_of
from tests.factories import (
    LATER,
    NOW,
    a_session,
    answer_at,
    ask_for,
    make_booking,
    make_depot,
    make_hold,
    make_merchant,
    make_network,
    make_outlet,
    make_vehicle,
    plan_on,
    some_contact,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]
EVENING = NOW + timedelta(hours=8)
TEN_MINUTES = 600
NEARLY_NOON = time(11, 30)
"""A van that starts then is in the centre at seven minutes to twelve."""


def make_buffer(outlet: MerchantDepot, **values) -> Buffer:
    number = Buffer.objects.count()
    defaults = {"depot": outlet.depot, "name": f"Traffic {number}", "starts": time(8), "ends": time(20)}
    return Buffer.objects.create(**defaults | {"minutes": 10} | values)


def late_van(**values) -> MerchantDepot:
    """A depot whose one van can be in the centre in the last minutes before `starts` + 23 minutes only."""
    depot = make_depot()
    make_vehicle(depot, **{"starts": NEARLY_NOON} | values)
    made = make_outlet(make_merchant(), depot, hours=(10, 12))
    extend_horizon(depot=depot, now=NOW, days=4)
    return made


@pytest.fixture
def outlet():
    return make_network(vans=2, days=4)


def somewhere(random: Random):
    return some_facts(north_m=random.uniform(-6_000, 6_000), east_m=random.uniform(-6_000, 6_000))


def starts_of(plan: problem.Plan) -> dict[int, int]:
    return {
        visit.key: starts_s
        for shift in plan.shifts
        for trip, times in zip(shift.trips, schedule(shift), strict=True)
        for visit, starts_s in zip(trip.visits, times.starts_s, strict=True)
    }


def assert_slack_kept(outlet: MerchantDepot) -> None:
    """No stop of tomorrow, as its rows have it, is to be served in its buffer; nothing else is wrong."""
    forget_all()
    (found,) = snapshots_of([plan_on(outlet)], now=NOW)
    starts = starts_of(found.plan)
    for stop in Stop.objects.of_plan(plan_on(outlet)).booked():
        last_at = stop.closes_at - timedelta(seconds=stop.buffer_s)
        assert found.origin_at + timedelta(seconds=starts[stop.pk]) < last_at
    assert list(breaches()) == []


# Offers


def test_what_is_offered_says_how_much_of_it_routes_keep_free(outlet):
    make_buffer(outlet, starts=time(16))
    view = ask_for(outlet)

    assert [answer_at(view, hour).buffer_s for hour in (14, 16, 18)] == [0, TEN_MINUTES, TEN_MINUTES]
    assert (answer_at(view, 16).closes_at - answer_at(view, 16).opens_at) == timedelta(hours=2)


def test_where_somebody_lives_decides(outlet):
    make_buffer(outlet, area=Buffer.Area.POSTCODES, postcodes=["00500"])

    assert answer_at(ask_for(outlet), 16).buffer_s == 0


def test_what_is_switched_off_or_another_depots_counts_for_nobody(outlet):
    make_buffer(outlet, active=False)
    make_buffer(make_network())

    assert answer_at(ask_for(outlet), 16).buffer_s == 0


def test_a_route_that_fits_only_into_the_buffer_is_not_offered():
    outlet = late_van()
    assert answer_at(ask_for(outlet), 10).open

    make_buffer(outlet)

    assert answer_at(ask_for(outlet), 10).status == "no_time"
    assert answer_at(ask_for(outlet), 12).open


@pytest.mark.once
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_offered_is_granted_and_planned_before_its_buffer(outlet, seed):
    random = Random(seed)
    make_buffer(outlet, minutes=50, starts=time(15))
    make_buffer(outlet, minutes=20, area=Buffer.Area.POSTCODES, postcodes=["00100"])
    for _ in range(25):
        facts, session = somewhere(random), a_session()
        facts = replace(
            facts, service_s=900, address=replace(facts.address, postcode=random.choice(["00100", ""]))
        )
        view = ask_for(outlet, facts, session_key=session)
        tokens = [offer.token for offer in view.days[0].offers if offer.available]
        if tokens:
            hold = place_hold(
                offer_token=random.choice(tokens),
                merchant=outlet.merchant,
                session_key=session,
                actor="test",
                now=NOW,
            )
            confirm_hold(hold=hold, contact=some_contact(), order_number="1", actor="test", now=NOW)

    assert len(set(Stop.objects.booked().values_list("buffer_s", flat=True))) > 1
    assert_slack_kept(outlet)


# Holds and bookings


def test_a_booking_promises_all_that_was_sold_and_its_stop_keeps_the_slack(outlet):
    make_buffer(outlet)

    booking = make_booking(outlet, hour=10)

    promise, stop = booking.delivery.promises.get(), booking.stop
    assert (stop.buffer_s, stop.closes_at - stop.opens_at) == (TEN_MINUTES, timedelta(hours=2))
    assert (promise.opens_at, promise.closes_at) == (stop.opens_at, stop.closes_at)
    assert_slack_kept(outlet)


def test_a_hold_goes_by_the_buffers_there_are_now(outlet):
    session = a_session()
    token = token_at(ask_for(outlet, session_key=session), 10)
    make_buffer(outlet)

    hold = place_hold(offer_token=token, merchant=outlet.merchant, session_key=session, actor="test", now=NOW)

    assert hold.stop.buffer_s == TEN_MINUTES


def test_a_hold_is_refused_where_its_only_route_now_fits_into_the_buffer():
    outlet, session = late_van(), a_session()
    token = token_at(ask_for(outlet, session_key=session), 10)
    make_buffer(outlet)

    with pytest.raises(SlotTaken):
        place_hold(offer_token=token, merchant=outlet.merchant, session_key=session, actor="test", now=NOW)
    assert not Hold.objects.exists()


def test_a_changed_buffer_leaves_alone_what_was_promised(outlet):
    buffer = make_buffer(outlet)
    old, version = make_booking(outlet, hour=10), plan_on(outlet).version

    Buffer.objects.filter(pk=buffer.pk).update(minutes=45)
    assert plan_on(outlet).version == version
    assert_slack_kept(outlet)
    new = make_booking(outlet, hour=10)

    old.stop.refresh_from_db()
    assert (old.stop.buffer_s, new.stop.buffer_s) == (TEN_MINUTES, 45 * 60)
    buffer.delete()
    assert make_booking(outlet, hour=10).stop.buffer_s == 0
    assert_slack_kept(outlet)


def test_a_live_hold_keeps_its_buffer_when_it_becomes_a_booking(outlet):
    make_buffer(outlet)
    hold = make_hold(outlet)
    Buffer.objects.update(minutes=60)

    booking = confirm_hold(hold=hold, contact=some_contact(), order_number="1", actor="test", now=NOW)

    assert booking.stop.buffer_s == TEN_MINUTES


def test_a_hold_confirmed_late_goes_by_the_buffers_there_are_then(outlet):
    hold = make_hold(outlet)
    make_buffer(outlet)

    booking = confirm_hold(hold=hold, contact=some_contact(), order_number="1", actor="test", now=LATER)

    assert booking.stop.buffer_s == TEN_MINUTES
    assert_slack_kept(outlet)


def test_a_hold_confirmed_late_is_refused_where_only_the_buffer_is_left():
    outlet = late_van()
    hold = make_hold(outlet, hour=10)
    make_buffer(outlet)

    with pytest.raises(SlotTaken):
        confirm_hold(hold=hold, contact=some_contact(), order_number="1", actor="test", now=LATER)
    assert not Booking.objects.exists()


# Moving


def move(outlet: MerchantDepot, booking: Booking, hour: int) -> Booking:
    session = a_session()
    view = ask_for(outlet, session_key=session, moving=booking.delivery)
    return reschedule_delivery(
        delivery=booking.delivery,
        offer_token=token_at(view, hour),
        session_key=session,
        actor="test",
        now=NOW,
    )


def test_a_moved_booking_gets_the_buffer_of_its_new_time(outlet):
    make_buffer(outlet, starts=time(16))
    booking = make_booking(outlet, hour=10)
    assert booking.stop.buffer_s == 0

    moved = move(outlet, booking, 16)

    assert moved.stop.buffer_s == TEN_MINUTES
    assert_slack_kept(outlet)
    assert move(outlet, moved, 12).stop.buffer_s == 0


def test_moving_to_where_it_is_keeps_what_it_has(outlet):
    booking = make_booking(outlet, hour=16)
    make_buffer(outlet)

    assert move(outlet, booking, 16).stop.buffer_s == 0


# Better routes


def test_better_routes_keep_the_slack(monkeypatch):
    monkeypatch.setattr(improvements, "LEAST_MS", 80)
    monkeypatch.setattr(improvements, "MS_A_VISIT", 0)
    outlet, random = make_network(vans=3, days=4), Random(1)
    make_buffer(outlet, minutes=55)
    for _ in range(14):
        make_booking(outlet, hour=random.choice([8, 10, 12, 14]), facts=somewhere(random))
    before = set(Stop.objects.active().values_list("pk", "buffer_s"))

    begun = begin_improvement(plan_id=plan_on(outlet).pk, actor="test", now=NOW)
    run = finish_improvement(begun=begun, found=solve(begun), now=NOW)

    assert run.outcome == Improvement.Outcome.SWAPPED
    assert set(Stop.objects.active().values_list("pk", "buffer_s")) == before
    assert_slack_kept(outlet)


def test_better_routes_may_not_push_what_is_looked_at_into_its_buffer():
    outlet = late_van(starts=time(11, 20))
    make_buffer(outlet)
    ask_for(outlet)
    plan = plan_on(outlet)
    (found,) = snapshots_of([plan], now=NOW)
    (shift,) = found.plan.shifts
    later = replace(shift, vehicle=replace(shift.vehicle, starts_s=shift.vehicle.starts_s + TEN_MINUTES))
    pushed = replace(found.plan, shifts=(later,))

    assert not keeps_offers(plan, found.plan, pushed, now=NOW)
    Quote.objects.all().delete()
    Buffer.objects.all().delete()
    ask_for(outlet)
    assert keeps_offers(plan, found.plan, pushed, now=NOW)


# Narrowing


def flexible(outlet: MerchantDepot) -> None:
    SlotPattern.objects.create(
        outlet=outlet, opens=time(9), closes=time(18), base_price_minor=290, narrowed_to_minutes=120
    )


def narrow(outlet: MerchantDepot) -> int:
    close_plan(plan_id=plan_on(outlet).pk, now=EVENING)
    return narrow_promises(plan_id=plan_on(outlet).pk, actor="clock", now=EVENING)


def test_what_a_narrowed_promise_keeps_is_the_buffer_of_its_hours():
    outlet, random = make_network(vans=2, days=4), Random(2)
    flexible(outlet)
    make_buffer(outlet, starts=time(16), minutes=30)
    made = [make_booking(outlet, hour=9, facts=somewhere(random)) for _ in range(5)]
    assert {booking.stop.buffer_s for booking in made} == {30 * 60}

    assert narrow(outlet) == 5

    for booking in made:
        booking.stop.refresh_from_db()
        assert booking.stop.buffer_s == 0  # mornings have none
    assert_slack_kept(outlet)


def test_a_narrowed_promise_in_the_evening_keeps_its_slack():
    outlet = late_van(starts=time(14, 30))
    flexible(outlet)
    make_buffer(outlet, starts=time(15), minutes=20)
    booking = make_booking(outlet, hour=9)

    narrow(outlet)

    booking.stop.refresh_from_db()
    assert booking.stop.closes_at - booking.stop.opens_at == timedelta(hours=2)
    assert booking.stop.buffer_s == 20 * 60
    assert_slack_kept(outlet)


def test_where_the_van_comes_in_the_buffer_as_much_is_kept_as_fits():
    outlet = late_van(starts=time(17, 30))
    flexible(outlet)
    booking = make_booking(outlet, hour=9)
    make_buffer(outlet)

    narrow(outlet)

    booking.stop.refresh_from_db()
    assert 0 < booking.stop.buffer_s < TEN_MINUTES
    assert_slack_kept(outlet)


@pytest.mark.parametrize(
    ("around_s", "expected"), [(0, 600), (6_599, 600), (6_600, 599), (7_199, 0), (9_000, 0)]
)
def test_the_moment_stays_the_routes(around_s, expected):
    assert Span(0, 7_200).spare_s(600, around_s=around_s) == expected


# What must never be


def test_a_stop_served_in_its_buffer_is_a_breach():
    outlet = late_van()
    booking = make_booking(outlet, hour=10)
    assert list(breaches()) == []

    Stop.objects.filter(pk=booking.stop_id).update(buffer_s=TEN_MINUTES)

    assert [breach.rule for breach in breaches()] == ["I1"]
