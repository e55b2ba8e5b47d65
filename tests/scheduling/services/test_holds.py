"""Keeping a time for a while."""

from datetime import timedelta

import pytest
from django.db import transaction

from scheduling import snapshots
from scheduling.errors import (
    CutoffPassed,
    HoldEnded,
    HoldLimit,
    OfferExpired,
    OfferForged,
    SlotTaken,
    TooLateToChange,
)
from scheduling.facts import VisitFacts
from scheduling.models import DayPlan, Delivery, Event, Hold, Merchant, Quote, Route, SlotPattern, Stop
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
    """Hold a time of the only shop there is."""
    defaults = {"offer_token": token, "merchant": Merchant.objects.first(), "session_key": session}
    return place_hold(**defaults | {"actor": "test", "now": NOW} | values)


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


def test_however_often_a_time_is_clicked_it_is_held_once():
    outlet = make_network()
    session = a_session()
    token = token_at(ask_for(outlet, session_key=session), 10)

    holds = {place(token, session) for _i in range(5)}

    assert len(holds) == 1
    assert Stop.objects.filter(state="held").count() == 1


def test_the_same_time_at_a_new_price_is_held_at_the_new_price():
    outlet, session, facts = make_network(), a_session(), some_facts()
    hold, now = place(token_at(ask_for(outlet, facts, session_key=session), 10), session), NOW
    for _i in range(3):
        now += timedelta(minutes=14)
        hold = extend_hold(hold=hold, actor="test", now=now)
    SlotPattern.objects.update(base_price_minor=290)
    view = ask_for(outlet, facts, session_key=session, now=now, held=hold.delivery)

    again = place(token_at(view, 10), session, now=now)

    assert again.price_minor == answer_at(view, 10).price_minor == 290


def test_another_shops_offer_is_refused():
    outlet, other, session = make_network(), make_network(), a_session()
    token = token_at(ask_for(outlet, session_key=session), 10)

    with pytest.raises(OfferForged):
        place(token, session, merchant=other.merchant)


@pytest.mark.parametrize("cap", [{"daily_cap": 1}, {}])
def test_ones_own_hold_does_not_use_up_a_cap(cap):
    outlet = make_network(**cap)
    SlotPattern.objects.update(cap=None if cap else 1)
    hold = make_hold(outlet)
    facts = VisitFacts.from_json(hold.quote.facts)

    view = ask_for(outlet, facts, session_key=hold.session_key, held=hold.delivery)

    assert answer_at(view, 10).open
    assert answer_at(view, 12).open


def test_who_saw_a_hold_run_out_reads_again_when_it_was_extended_at_the_last_moment():
    outlet = make_network()
    hold = make_hold(outlet)
    ask_for(outlet, now=hold.expires_at + timedelta(seconds=1))  # another process caches the plan without it
    theirs = dict(snapshots._cache)
    snapshots.forget_all()
    extend_hold(hold=hold, actor="test", now=hold.expires_at - timedelta(seconds=1))
    snapshots._cache.update(theirs)

    make_hold(outlet, hour=14, now=hold.expires_at + timedelta(seconds=2))

    assert Hold.objects.get(pk=hold.pk).state == "live"


def test_a_change_that_rolled_back_leaves_nothing_in_the_cache():
    outlet = make_network()

    @transaction.atomic
    def change():
        make_hold(outlet)
        ask_for(outlet)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        change()

    assert answer_at(ask_for(outlet), 10).added_m == answer_at(ask_for(outlet), 14).added_m
    assert not any(snapshot.rows for snapshot in snapshots._cache.values())


def test_a_locked_plan_extends_nothing():
    outlet = make_network()
    hold = make_hold(outlet)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state="locked")

    with pytest.raises(TooLateToChange):
        extend_hold(hold=hold, actor="test", now=NOW)


def test_another_choice_takes_the_older_ones_place():
    outlet = make_network()
    session = a_session()
    view = ask_for(outlet, session_key=session)
    first = place(token_at(view, 10), session)

    second = place(token_at(view, 14), session)

    assert list(Stop.objects.active()) == [second.stop]
    assert Hold.objects.get(pk=first.pk).state == "released"
    assert Delivery.objects.get(pk=first.delivery.pk).state == "lapsed"


def test_a_forged_offer_is_refused():
    make_network()

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
