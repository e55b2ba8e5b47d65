"""Several merchants sell from one depot: each gets its share, and what is kept for it."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling.answers import SlotAnswer
from scheduling.errors import BadSetUp, SlotTaken
from scheduling.facts import VisitFacts
from scheduling.invariants import breaches
from scheduling.models import Blackout, Booking, MerchantDepot, Quote, SlotPattern
from scheduling.services.allotments import require_places_fit, require_share_fits
from scheduling.services.bookings import confirm_hold, reschedule_delivery
from scheduling.services.holds import place_hold
from scheduling.services.plans import extend_horizon
from tests.factories import (
    LATER,
    NOW,
    TOMORROW,
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
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]
CUTOFF_AT = NOW.replace(hour=16)
"""18:00 in Helsinki, the evening before."""


def make_shops(places: int | None = 4, **shares: dict) -> tuple[MerchantDepot, MerchantDepot]:
    """Two shops at one depot; `mine` and `theirs` are their shares."""
    depot = make_depot(places_a_day=places)
    for _van in range(2):
        make_vehicle(depot)
    outlets = [make_outlet(make_merchant(), depot, **shares.get(name, {})) for name in ("mine", "theirs")]
    extend_horizon(depot=depot, now=NOW, days=8)
    return outlets[0], outlets[1]


def status(outlet: MerchantDepot, now: datetime = NOW, hour: int = 10) -> str:
    return answer_at(ask_for(outlet, now=now), hour).status


def offered(outlet: MerchantDepot, hour: int = 10, **values) -> tuple[str, str]:
    """A session and the token of a time that it was offered."""
    session = a_session()
    return session, token_at(ask_for(outlet, session_key=session, **values), hour)


def place(outlet: MerchantDepot, session: str, token: str, now: datetime = NOW):
    return place_hold(offer_token=token, merchant=outlet.merchant, session_key=session, actor="test", now=now)


def moved(booking: Booking, outlet: MerchantDepot, hour: int, day=TOMORROW) -> Booking:
    session = a_session()
    facts = VisitFacts.from_json(booking.quote.facts)
    view = ask_for(outlet, facts, session_key=session, moving=booking.delivery)
    return reschedule_delivery(
        delivery=booking.delivery,
        offer_token=token_at(view, hour, day),
        session_key=session,
        actor="test",
        now=NOW,
    )


def test_a_depots_places_are_counted_over_all_its_shops():
    mine, theirs = make_shops(2)
    make_booking(mine)
    assert status(mine) == status(theirs) == "open"
    make_hold(theirs)

    assert status(mine) == status(theirs) == "depot_full"
    assert ask_for(mine).days[0].why == "depot_full"
    assert ask_for(mine).days[1].best_price_minor is not None


def test_a_shop_takes_no_more_than_its_allotment():
    mine, theirs = make_shops(4, mine={"allotment": 1})
    make_booking(mine)

    assert status(mine) == "allotment"
    assert status(theirs) == "open"


def test_what_is_kept_for_another_shop_and_not_used_cannot_be_had():
    mine, theirs = make_shops(3, theirs={"reserved": 2})
    assert status(mine) == "open"
    make_booking(mine)

    assert status(mine) == "reserved"
    make_booking(theirs)
    assert status(mine) == "reserved"
    make_booking(theirs, hour=14)
    assert status(mine) == status(theirs) == "depot_full"


def test_a_shop_gets_what_is_kept_for_it():
    mine, theirs = make_shops(2, mine={"reserved": 1}, theirs={"reserved": 1})
    make_booking(theirs)
    assert (status(mine), status(theirs)) == ("open", "reserved")

    make_booking(mine)

    assert status(mine) == "depot_full"


def test_everybody_can_have_it_so_many_hours_before_the_cut_off():
    mine, _theirs = make_shops(1, theirs={"reserved": 1, "reserved_until_h": 4})
    ends_at = CUTOFF_AT - timedelta(hours=4)

    assert status(mine, ends_at - timedelta(seconds=1)) == "reserved"
    assert status(mine, ends_at) == "open"


def test_each_slot_is_judged_by_its_own_cut_off():
    mine, _theirs = make_shops(1, theirs={"reserved": 1, "reserved_until_h": 4})
    SlotPattern.objects.filter(outlet=mine, opens__hour=14).update(cutoff_days_before=0, cutoff_time="12:00")
    now = CUTOFF_AT - timedelta(hours=1)

    assert (status(mine, now, 10), status(mine, now, 14)) == ("open", "reserved")


def test_nothing_is_kept_for_who_does_not_sell_that_day():
    mine, theirs = make_shops(1, theirs={"reserved": 1})
    SlotPattern.objects.filter(outlet=theirs).update(weekdays=0b1100000)
    assert status(mine) == "open"
    SlotPattern.objects.filter(outlet=theirs).update(weekdays=0b1111111)
    assert status(mine) == "reserved"

    Blackout.objects.create(
        depot=mine.depot, merchant=theirs.merchant, first_date=TOMORROW, last_date=TOMORROW
    )

    assert status(mine) == "open"
    assert answer_at(ask_for(mine), 10, TOMORROW + timedelta(days=1)).status == "reserved"


def test_nothing_is_kept_for_an_outlet_that_is_closed():
    mine, theirs = make_shops(1, theirs={"reserved": 1})
    MerchantDepot.objects.filter(pk=theirs.pk).update(active=False)

    assert status(mine) == "open"


def test_a_depot_that_does_not_count_its_places_keeps_none():
    mine, _theirs = make_shops(None, theirs={"reserved": 9})

    assert status(mine) == "open"


@pytest.mark.parametrize("kept", [0, 1])
def test_a_time_offered_is_judged_again_under_the_lock(kept):
    mine, theirs = make_shops(2, theirs={"reserved": kept})
    session, token = offered(mine)
    make_booking(mine)
    if not kept:
        make_booking(theirs)

    with pytest.raises(SlotTaken):
        place(mine, session, token)


def test_what_becomes_kept_after_the_quote_is_kept_under_the_lock():
    mine, theirs = make_shops(1)
    session, token = offered(mine)
    MerchantDepot.objects.filter(pk=theirs.pk).update(reserved=1)

    with pytest.raises(SlotTaken):
        place(mine, session, token)


def test_moving_within_a_day_takes_nobodys_place():
    mine, theirs = make_shops(2, theirs={"reserved": 1})
    booking = make_booking(mine)
    MerchantDepot.objects.filter(pk=theirs.pk).update(reserved=2)

    assert moved(booking, mine, 14).stop.opens_at.hour == 12  # 14:00 in Helsinki


def test_moving_to_another_day_takes_a_place_there_and_leaves_one_behind():
    mine, theirs = make_shops(1)
    booking, later = make_booking(mine), TOMORROW + timedelta(days=1)
    make_booking(theirs, day=later)
    facts = VisitFacts.from_json(booking.quote.facts)
    view = ask_for(mine, facts, moving=booking.delivery)
    assert answer_at(view, 10, later).status == "depot_full"
    assert status(theirs) == "depot_full"

    moved(booking, mine, 10, later + timedelta(days=1))

    assert status(theirs) == "open"


def test_ones_own_hold_is_given_back_before_another_time_is_judged():
    mine, _theirs = make_shops(1, mine={"allotment": 1})
    hold = make_hold(mine)
    facts = VisitFacts.from_json(hold.quote.facts)
    view = ask_for(mine, facts, session_key=hold.session_key, held=hold.delivery)

    again = place(mine, hold.session_key, token_at(view, 14))

    assert again.stop.opens_at.hour == 12  # 14:00 in Helsinki


def test_a_hold_that_ran_out_needs_a_place_again():
    mine, theirs = make_shops(1)
    hold = make_hold(mine)
    make_booking(theirs, now=LATER)

    with pytest.raises(SlotTaken):
        confirm_hold(hold=hold, contact=some_contact(), order_number="1", actor="test", now=LATER)


def test_the_reason_is_kept_with_the_quote_as_a_sentence():
    mine, _theirs = make_shops(1, theirs={"reserved": 1})
    view = ask_for(mine)

    (offer, *_more) = Quote.objects.get(ref=view.ref).offers
    assert SlotAnswer.from_json(offer).reason == (
        "The last places of that day are kept for other shops. Some may become free later."
    )


def test_a_quote_asks_the_database_no_more_for_it(django_assert_num_queries):
    plain, _others = make_shops(None)
    sharing, _others = make_shops(9, theirs={"reserved": 2}, mine={"reserved": 1})
    with CaptureQueriesContext(connection) as asked:
        ask_for(plain)

    with django_assert_num_queries(len(asked)):
        ask_for(sharing)


@pytest.mark.parametrize(
    ("places", "share", "sentence"),
    [
        (None, {"reserved": 1}, "First say how many places a day the depot has"),
        (None, {"allotment": 1}, "First say how many places a day the depot has"),
        (9, {"allotment": 10}, "cannot take up to 10 places: the depot has 9 a day"),
        (9, {"reserved": 3, "allotment": 2}, "3 places cannot be kept for a shop that may take 2 at most"),
        (9, {"reserved": 6}, "the depot has 9 places a day, kept are 4 for"),
    ],
)
def test_a_share_that_cannot_be_given_is_refused_with_the_reason(places, share, sentence):
    mine, _theirs = make_shops(places, theirs={"reserved": 4 if places else 0})
    mine.allotment, mine.reserved = share.get("allotment"), share.get("reserved", 0)

    with pytest.raises(BadSetUp, match=sentence):
        require_share_fits(outlet=mine)

    mine.active = False
    if share != {"reserved": 3, "allotment": 2}:
        require_share_fits(outlet=mine)


def test_a_share_that_fits_is_taken_and_its_own_old_one_not_counted():
    mine, _theirs = make_shops(9, mine={"reserved": 5}, theirs={"reserved": 4})
    mine.reserved, mine.allotment = 5, 9
    require_share_fits(outlet=mine)
    mine.reserved = 6

    with pytest.raises(BadSetUp, match="kept are 4 for"):
        require_share_fits(outlet=mine)


@pytest.mark.parametrize("places", [None, 7])
def test_a_depot_keeps_the_places_that_its_shops_were_given(places):
    mine, _theirs = make_shops(9, mine={"reserved": 4}, theirs={"reserved": 4})
    depot = mine.depot
    depot.places_a_day = places

    with pytest.raises(BadSetUp):
        require_places_fit(depot=depot)

    depot.places_a_day = 8
    require_places_fit(depot=depot)


def test_places_kept_that_are_not_there_are_counted():
    mine, _theirs = make_shops(3, mine={"reserved": 2}, theirs={"reserved": 2})

    (breach,) = breaches()

    assert (breach.rule, breach.what) == ("set-up", "keeps 4 places of 3")
    MerchantDepot.objects.filter(pk=mine.pk).update(active=False)
    assert list(breaches()) == []


def test_a_shop_alone_at_its_depot_has_all_there_is():
    outlet = make_network(reserved=1, allotment=1)
    outlet.depot.places_a_day = 1
    outlet.depot.save()

    make_booking(outlet)

    assert status(outlet) == "allotment"
    assert plan_on(outlet).version > 1
