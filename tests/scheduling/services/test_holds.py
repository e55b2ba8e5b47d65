"""Keeping a time for a while."""

from datetime import timedelta

import pytest

from scheduling.errors import (
    CutoffPassed,
    HoldEnded,
    HoldLimit,
    OfferExpired,
    OfferForged,
    SlotTaken,
)
from scheduling.models import DayPlan, Delivery, Event, Hold, Quote, Route, SlotPattern, Stop
from scheduling.services.holds import HOLD_FOR, MOST_EXTENSIONS, extend_hold, place_hold, release_hold
from tests.factories import (
    LATER,
    NOW,
    TOMORROW,
    a_session,
    answer_at,
    ask_for,
    make_booking,
    make_hold,
    make_network,
    plan_on,
    some_facts,
    token_at,
)

pytestmark = pytest.mark.django_db


def place(token, session, **values):
    return place_hold(**{"offer_token": token, "session_key": session, "actor": "test", "now": NOW} | values)


def test_a_hold_is_a_real_stop_and_bumps_the_version():
    outlet = make_network()

    hold = make_hold(outlet)

    assert hold.stop.state == "held"
    assert hold.delivery.state == "draft"
    assert hold.expires_at == NOW + HOLD_FOR
    assert plan_on(outlet).version == 2
    assert hold.stop.arc_m > 0
    route = Route.objects.get(pk=hold.stop.route_id)
    assert route.return_m == hold.stop.arc_m
    assert hold.added_m == 2 * route.return_m
    assert Event.objects.get(kind="hold.placed").delivery == hold.delivery


def test_the_price_shown_is_the_price_held():
    outlet = make_network()
    session = a_session()
    view = ask_for(outlet, session_key=session)

    hold = place(token_at(view, 10), session)

    assert hold.price_minor == answer_at(view, 10).price_minor
    assert Quote.objects.get(ref=view.ref).chosen_key == hold.offer_key


def test_a_double_click_holds_once():
    outlet = make_network()
    session = a_session()
    token = token_at(ask_for(outlet, session_key=session), 10)

    first = place(token, session)
    second = place(token, session, replaces=first)

    assert first == second
    assert Stop.objects.filter(state="held").count() == 1


def test_another_choice_takes_the_older_ones_place():
    outlet = make_network()
    session = a_session()
    view = ask_for(outlet, session_key=session)
    first = place(token_at(view, 10), session)

    second = place(token_at(view, 14), session, replaces=first)

    assert list(Stop.objects.active()) == [second.stop]
    assert Hold.objects.get(pk=first.pk).state == "released"
    assert Delivery.objects.get(pk=first.delivery.pk).state == "lapsed"


def test_a_forged_offer_is_refused():
    with pytest.raises(OfferForged):
        place("ABC~1.20261124~99999999999~nonsense", "me")


def test_another_sessions_offer_is_refused():
    token = token_at(ask_for(make_network()), 10)

    with pytest.raises(OfferForged):
        place(token, "somebody else")


def test_an_old_offer_is_refused():
    outlet, session = make_network(), a_session()
    token = token_at(ask_for(outlet, session_key=session), 10)

    with pytest.raises(OfferExpired):
        place(token, session, now=NOW + timedelta(minutes=21))


def test_an_offer_taken_after_the_cutoff_is_refused():
    outlet, session = make_network(), a_session()
    just_before = answer_at(ask_for(outlet), 10).cutoff_at - timedelta(minutes=1)
    token = token_at(ask_for(outlet, session_key=session, now=just_before), 10)

    with pytest.raises(CutoffPassed):
        place(token, session, now=just_before + timedelta(minutes=1))


def test_a_plan_closed_meanwhile_refuses():
    outlet, session = make_network(), a_session()
    token = token_at(ask_for(outlet, session_key=session), 10)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state="closed")

    with pytest.raises(CutoffPassed):
        place(token, session)


def test_a_time_filled_meanwhile_is_taken_and_nothing_is_left_behind():
    outlet, session = make_network(vans=1, hours=(10,)), a_session()
    heavy = some_facts(load_g=700_000)
    token = token_at(ask_for(outlet, heavy, session_key=session), 10)
    make_hold(outlet, facts=some_facts(load_g=700_000))

    with pytest.raises(SlotTaken):
        place(token, session)

    assert Stop.objects.count() == 1
    assert Delivery.objects.count() == 1


def test_a_cap_reached_meanwhile_refuses():
    outlet, session = make_network(), a_session()
    SlotPattern.objects.filter(outlet=outlet).update(cap=1)
    token = token_at(ask_for(outlet, session_key=session), 10)
    make_hold(outlet)

    with pytest.raises(SlotTaken):
        place(token, session)


def test_a_slot_no_longer_sold_is_taken():
    outlet, session = make_network(), a_session()
    token = token_at(ask_for(outlet, session_key=session), 10)
    SlotPattern.objects.filter(outlet=outlet).update(active=False)

    with pytest.raises(SlotTaken):
        place(token, session)


def test_a_lapsed_hold_frees_its_place_without_a_sweeper():
    outlet = make_network(vans=1, hours=(10,))
    lapsed = make_hold(outlet, facts=some_facts(load_g=700_000))

    hold = make_hold(outlet, facts=some_facts(load_g=700_000), now=LATER)

    assert list(Stop.objects.active()) == [hold.stop]
    assert Hold.objects.get(pk=lapsed.pk).state == "lapsed"
    assert Event.objects.filter(kind="hold.lapsed").count() == 1


def test_a_lapsed_hold_is_left_out_of_quotes():
    outlet = make_network(vans=1, hours=(10,))
    make_hold(outlet, facts=some_facts(load_g=700_000))
    heavy = some_facts(load_g=700_000)

    assert answer_at(ask_for(outlet, heavy), 10).status == "taken"
    assert answer_at(ask_for(outlet, heavy, now=LATER), 10).open


def test_extending_counts_from_now_and_ends_somewhere():
    hold = make_hold(make_network())
    now = NOW
    for _i in range(MOST_EXTENSIONS):
        now += timedelta(minutes=10)
        hold = extend_hold(hold=hold, actor="test", now=now)

    assert MOST_EXTENSIONS >= 10
    assert hold.expires_at == now + HOLD_FOR
    with pytest.raises(HoldLimit):
        extend_hold(hold=hold, actor="test", now=now)


def test_a_hold_that_ran_out_cannot_be_extended():
    hold = make_hold(make_network())

    with pytest.raises(HoldEnded):
        extend_hold(hold=hold, actor="test", now=LATER)


def test_releasing_gives_the_place_back_and_bears_repetition():
    outlet = make_network()
    hold = make_hold(outlet)

    release_hold(hold=hold, actor="test", now=NOW)
    release_hold(hold=hold, actor="test", now=NOW)

    assert not Stop.objects.active().exists()
    assert Event.objects.filter(kind="hold.released").count() == 1
    assert hold.stop.route.stops.active().count() == 0


def test_many_stops_between_the_same_two_keep_their_order():
    outlet = make_network(vans=1, hours=(8, 10))
    for number in range(24):
        make_booking(outlet, hour=10, facts=some_facts(north_m=number * 7, load_g=10, service_s=60))

    stops = list(Stop.objects.of_plan(plan_on(outlet)).active().order_by("position"))

    assert len(stops) == 24
    assert len({stop.position for stop in stops}) == 24
    assert plan_on(outlet).service_date == TOMORROW
