"""After booking: where it may be left, how much longer it takes; under the lock, whole or not at all."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from random import Random

import pytest
from django.db import IntegrityError, transaction

from scheduling.bought import ItemBought, OrderBought
from scheduling.errors import (
    BadFacts,
    NeedsAnotherTime,
    NeedsSomebody,
    NotChangeable,
    NoTimeLonger,
    TooLateToChange,
)
from scheduling.facts import DoorWish, SafePlace
from scheduling.invariants import breaches
from scheduling.models import (
    Booking,
    DayPlan,
    Delivery,
    Event,
    Hold,
    Merchant,
    Promise,
    SlotPattern,
    Stop,
    TheftZone,
    Vehicle,
)
from scheduling.routing.schedule import schedule, violations
from scheduling.selectors.doors import facts_wished, told_until
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from scheduling.services.diverting import divert_delivery
from scheduling.services.doors import change_safe_place, change_time_at_door
from scheduling.services.holds import place_hold
from scheduling.services.joining import join_delivery
from scheduling.services.orders import record_order
from scheduling.snapshots import read_snapshot
from tests.factories import (
    NOW,
    a_session,
    ask_for,
    make_booking,
    make_network,
    make_point,
    plan_on,
    some_contact,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]

PORCH = SafePlace("porch", "left of the door")
NEIGHBOUR = SafePlace("neighbour", "", "Virtanen", "B 12")
WIDE = 20


@pytest.fixture(autouse=True)
def _nothing_is_broken():
    """Whatever a test here does, the database stays true."""
    yield
    assert list(breaches()) == []


@pytest.fixture
def outlet():
    """Two hours by day, and 20 to 21 where nobody needs to be at home."""
    made = make_network(days=4)
    SlotPattern.objects.create(
        outlet=made, opens=time(WIDE), closes=time(21), base_price_minor=190, unattended=True
    )
    return made


def says(booking: Booking, place: SafePlace, **values) -> Delivery:
    about = {"delivery": booking.delivery, "place": place, "actor": "test", "now": NOW}
    change_safe_place(**about | values)
    return Delivery.objects.get(pk=booking.delivery_id)


def longer(booking: Booking, minutes: int, **values) -> Delivery:
    about = {"delivery": booking.delivery, "extra_s": 60 * minutes, "actor": "test", "now": NOW}
    change_time_at_door(**about | values)
    return Delivery.objects.get(pk=booking.delivery_id)


def everything() -> list:
    tables = (Booking, Delivery, Promise, Stop, Event, DayPlan)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def zone(outlet, **values) -> TheftZone:
    about = {"depot": outlet.depot, "name": "Harbour", "sentence": "Taken here before."}
    return TheftZone.objects.create(**about | {"postcodes": ["00100"]} | values)


# Where it may be left


@pytest.mark.parametrize("place", [PORCH, NEIGHBOUR, SafePlace("own_box")])
def test_a_place_is_said_after_booking_and_the_day_is_read_again(outlet, place):
    booking = make_booking(outlet)
    version = plan_on(outlet).version

    delivery = says(booking, place)

    assert delivery.left_at == place
    assert plan_on(outlet).version == version + 1
    event = Event.objects.get(kind="delivery.safe_place_changed")
    assert (event.data, event.actor) == ({"may_be_left": True}, "test")


def test_window_price_promise_and_routes_stay(outlet):
    booking = make_booking(outlet)
    before = [list(t.objects.values()) for t in (Booking, Stop, Promise)]

    says(booking, PORCH)

    assert [list(t.objects.values()) for t in (Booking, Stop, Promise)] == before


def test_saying_it_again_changes_nothing(outlet):
    booking = make_booking(outlet)
    says(booking, PORCH)
    before = everything()

    says(booking, PORCH)

    assert everything() == before


def test_it_is_taken_back(outlet):
    booking = make_booking(outlet)
    says(booking, NEIGHBOUR)

    delivery = says(booking, SafePlace())

    assert delivery.left_at == SafePlace()
    event = Event.objects.filter(kind="delivery.safe_place_changed").latest("pk")
    assert event.data == {"may_be_left": False}


@pytest.mark.parametrize(
    "wrong",
    [
        {"place": "moon"},
        {"place": "porch", "note": "x" * 81},
        {"note": "nowhere"},
        {"place": "neighbour"},
        {"place": "neighbour", "neighbour": "Virtanen"},
        {"place": "porch", "neighbour": "Virtanen", "neighbour_unit": "B 12"},
    ],
)
def test_what_makes_no_sense_is_no_place(wrong):
    with pytest.raises(BadFacts):
        SafePlace(**wrong)


@pytest.mark.parametrize(
    "values",
    [
        {"safe_place": "neighbour", "neighbour_name": "Virtanen"},
        {"neighbour_name": "Virtanen", "neighbour_unit": "B 12"},
        {"safe_place_kept": True},
        {"safe_place_recalled": True},
    ],
)
def test_the_database_takes_no_place_that_makes_no_sense(outlet, values):
    booking = make_booking(outlet)

    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=booking.delivery_id).update(**values)


# Refused, with the reason


@pytest.mark.parametrize("requirement", ["signature", "age_check"])
def test_goods_that_are_handed_over_are_left_nowhere(outlet, requirement):
    Vehicle.objects.update(skills=["age_check"])
    booking = make_booking(outlet, facts=some_facts(requirements=(requirement,)))
    before = everything()

    with pytest.raises(NeedsSomebody, match="somebody must be at home"):
        says(booking, PORCH)

    assert everything() == before


def bought(number: str, price_minor: int, currency: str = "EUR") -> OrderBought:
    item = ItemBought(sku="1", name="Thing", price_minor=price_minor, quantity=2)
    return OrderBought(number=number, currency=currency, placed_at=NOW, items=(item,), payments=())


def tell(outlet, number: str, price_minor: int, **values) -> None:
    told = bought(number, price_minor, **values)
    record_order(merchant=outlet.merchant, bought=told, contact=some_contact(), now=NOW)


def limit(outlet, minor: int) -> None:
    Merchant.objects.filter(pk=outlet.merchant_id).update(high_value_minor=minor)
    outlet.merchant.refresh_from_db()


@pytest.mark.parametrize(("price", "refused"), [(9_999, False), (10_000, True)])
def test_goods_of_high_value_are_left_nowhere_from_their_shops_limit_on(outlet, price, refused):
    limit(outlet, 20_000)
    tell(outlet, "A-1", price)
    booking = make_booking(outlet, order_number="A-1")

    if refused:
        with pytest.raises(NeedsSomebody, match="worth so much"):
            says(booking, PORCH)
    else:
        assert says(booking, PORCH).safe_place == "porch"


def test_an_order_in_another_currency_is_not_compared(outlet):
    limit(outlet, 20_000)
    tell(outlet, "A-1", 99_999, currency="SEK")

    assert says(make_booking(outlet, order_number="A-1"), PORCH).safe_place == "porch"


def test_what_a_shop_says_with_the_quote_counts_at_the_quote(outlet):
    limit(outlet, 20_000)

    with pytest.raises(NeedsSomebody, match="worth so much"):
        ask_for(outlet, some_facts(worth_minor=20_000, safe_place="porch"))

    view = ask_for(outlet, some_facts(worth_minor=20_000))
    assert "worth so much" in str(view.never_left)
    assert not any(offer.answer.unattended for day in view.days for offer in day.offers)
    booking = make_booking(outlet, facts=some_facts(worth_minor=20_000))
    with pytest.raises(NeedsSomebody, match="worth so much"):
        says(booking, PORCH)


def test_an_order_of_high_value_is_not_confirmed_where_it_would_be_left(outlet):
    limit(outlet, 20_000)
    tell(outlet, "A-1", 10_000)

    with pytest.raises(NeedsSomebody, match="worth so much"):
        make_booking(outlet, order_number="A-1", facts=some_facts(safe_place="porch"))

    assert not Booking.objects.exists()
    assert Hold.objects.get().state == Hold.State.LIVE


def test_goods_of_high_value_do_not_join_what_may_be_left(outlet):
    limit(outlet, 20_000)
    tell(outlet, "A-1", 4_000)
    tell(outlet, "A-2", 6_000)
    booking = make_booking(outlet, order_number="A-1", facts=some_facts(safe_place="porch"))
    before = everything()

    with pytest.raises(NeedsSomebody, match="worth so much"):
        joins(booking, "A-2")

    assert everything() == before


def joins(booking: Booking, number: str) -> None:
    goods = {"load_g": 1_000, "load_ml": 9_000, "parcels": 1}
    join_delivery(delivery=booking.delivery, order_number=number, actor="test", now=NOW, **goods)


def test_what_joined_counts_too(outlet):
    limit(outlet, 20_000)
    tell(outlet, "A-1", 4_000)
    tell(outlet, "A-2", 6_000)
    booking = make_booking(outlet, order_number="A-1")
    joins(booking, "A-2")

    with pytest.raises(NeedsSomebody, match="worth so much"):
        says(booking, PORCH)


# Where goods are taken from doors


def test_in_a_theft_zone_its_sentence_is_said_at_the_quote_and_afterwards(outlet):
    booking = make_booking(outlet)
    zone(outlet)

    with pytest.raises(NeedsSomebody, match=r"Taken here before\."):
        ask_for(outlet, some_facts(safe_place="porch"))
    with pytest.raises(NeedsSomebody, match=r"Taken here before\."):
        says(booking, PORCH)

    view = ask_for(outlet)
    assert view.never_left == "Taken here before."
    assert not any(offer.answer.unattended for day in view.days for offer in day.offers)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"postcodes": ["00200"]},
        {"active": False},
        {"area": "polygon", "polygon": [[61, 24], [61, 25], [62, 25]]},
    ],
)
def test_it_counts_only_where_it_is(outlet, elsewhere):
    zone(outlet, **elsewhere)

    assert says(make_booking(outlet), PORCH).safe_place == "porch"


def test_it_counts_inside_its_polygon(outlet):
    zone(outlet, area="polygon", polygon=[[60.1, 24.9], [60.1, 25.0], [60.2, 25.0], [60.2, 24.9]])

    with pytest.raises(NeedsSomebody):
        says(make_booking(outlet), PORCH)


def test_another_depots_zone_counts_for_nobody_here(outlet):
    zone(make_network())

    assert says(make_booking(outlet), PORCH).safe_place == "porch"


def test_a_zone_that_was_made_between_quote_and_hold_counts(outlet):
    session = a_session()
    view = ask_for(outlet, some_facts(safe_place="porch"), session_key=session)
    zone(outlet)

    with pytest.raises(NeedsSomebody, match=r"Taken here before\."):
        place_hold(
            offer_token=token_at(view, 10), merchant=outlet.merchant, session_key=session, actor="t", now=NOW
        )

    assert not Hold.objects.exists()


def test_what_was_agreed_before_stands_when_it_is_moved(outlet):
    booking = make_booking(outlet, facts=some_facts(safe_place="porch"))
    zone(outlet)

    moved(booking, 12)

    assert Delivery.objects.get().safe_place == "porch"


# A time at which nobody needs to be at home


@pytest.mark.parametrize("place", [SafePlace(), NEIGHBOUR])
def test_an_unattended_time_does_not_lose_its_place(outlet, place):
    booking = make_booking(outlet, hour=WIDE, facts=some_facts(safe_place="porch"))
    before = everything()

    with pytest.raises(NeedsAnotherTime, match="choose another time"):
        says(booking, place)

    assert everything() == before
    assert says(booking, SafePlace("shed")).safe_place == "shed"


def moved(booking: Booking, hour: int, wish: DoorWish | None = None) -> Booking:
    session, wish = a_session(), wish or DoorWish()
    facts = facts_wished(booking.delivery, wish, quote=booking.quote)
    outlet = booking.delivery.merchant.outlets.get()
    view = ask_for(outlet, facts, session_key=session, moving=booking.delivery)
    return reschedule_delivery(
        delivery=booking.delivery,
        offer_token=token_at(view, hour),
        session_key=session,
        actor="test",
        now=NOW,
        wish=wish,
    )


def test_who_wants_to_be_at_home_moves_and_loses_the_place_at_once(outlet):
    booking = make_booking(outlet, hour=WIDE, facts=some_facts(safe_place="porch"))

    after = moved(booking, 10, DoorWish(at_home=True))

    assert after.stop.opens_at == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert Delivery.objects.get().left_at == SafePlace()
    kinds = ["booking.moved", "delivery.safe_place_changed"]
    assert sorted(Event.objects.filter(kind__in=kinds).values_list("kind", flat=True)) == kinds


def test_without_the_place_no_unattended_time_is_had(outlet):
    booking = make_booking(outlet, hour=10, facts=some_facts(safe_place="porch"))

    with pytest.raises(Exception, match="recognise"):
        moved(booking, WIDE, DoorWish(at_home=True))

    assert Delivery.objects.get().safe_place == "porch"


# Until when


@pytest.mark.parametrize("state", ["open", "closed", "locked"])
def test_the_driver_can_be_told_until_the_route_may_start(outlet, state):
    booking = make_booking(outlet)
    DayPlan.objects.update(state=state)
    starts = Booking.objects.get().stop.route.shift.starts_at

    assert told_until(Booking.objects.get()) == starts
    assert says(booking, PORCH, now=starts - timedelta(seconds=1)).safe_place == "porch"
    with pytest.raises(TooLateToChange):
        says(booking, SafePlace(), now=starts)


@pytest.mark.parametrize("state", ["started", "finished"])
def test_once_its_day_has_started_it_stays(outlet, state):
    booking = make_booking(outlet)
    DayPlan.objects.update(state=state)

    assert told_until(Booking.objects.get()) is None
    for change in (lambda: says(booking, PORCH), lambda: longer(booking, 3), lambda: longer(booking, 0)):
        with pytest.raises(TooLateToChange):
            change()


def test_what_is_cancelled_is_not_changed(outlet):
    booking = make_booking(outlet)
    cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)

    for change in (lambda: says(booking, PORCH), lambda: longer(booking, 3)):
        with pytest.raises(NotChangeable):
            change()


def test_what_goes_to_a_pickup_point_comes_to_no_door(outlet):
    booking = make_booking(outlet)
    divert_delivery(delivery=booking.delivery, point=make_point(outlet.depot), actor="test", now=NOW)

    assert told_until(Booking.objects.get()) is None
    for change in (lambda: says(booking, PORCH), lambda: longer(booking, 3)):
        with pytest.raises(NotChangeable):
            change()


# Kept for next time


def at_same_door(booking: Booking, **values) -> Booking:
    address = booking.delivery.address
    facts = some_facts()
    same = replace(facts.address, line=address.line, postcode=address.postcode, unit=address.unit)
    outlet = booking.delivery.merchant.outlets.get()
    return make_booking(outlet, facts=replace(facts, address=same), **values)


def test_a_place_that_was_kept_comes_again_and_says_from_where(outlet):
    first = make_booking(outlet)
    says(first, NEIGHBOUR, keep=True)

    again = at_same_door(first).delivery

    assert again.left_at == NEIGHBOUR
    assert (again.safe_place_recalled, again.safe_place_kept) == (True, True)


@pytest.mark.parametrize("other", ["e-mail", "door", "merchant", "not kept", "named", "zone"])
def test_it_comes_to_nobody_else_and_nowhere_else(outlet, other):
    first = make_booking(outlet)
    says(first, PORCH, keep=other != "not kept")
    if other == "e-mail":
        again = at_same_door(first, contact=some_contact(email="other@example.com"))
    elif other == "door":
        again = make_booking(outlet)
    elif other == "merchant":
        again = make_booking(make_network())
    elif other == "named":
        facts = some_facts(safe_place="shed")
        again = make_booking(outlet, facts=replace(facts, address=_address_of(first, facts)))
        assert again.delivery.safe_place == "shed"
        return
    else:
        if other == "zone":
            zone(outlet)
        again = at_same_door(first)

    assert again.delivery.left_at == SafePlace()


def _address_of(booking: Booking, facts):
    return replace(facts.address, line=booking.delivery.address.line)


def test_the_letters_of_an_e_mail_address_make_no_difference(outlet):
    first = make_booking(outlet)
    says(first, PORCH, keep=True)

    again = at_same_door(first, contact=some_contact(email="AINO@example.com"))

    assert again.delivery.safe_place == "porch"


def test_it_is_taken_off_once_or_forgotten(outlet):
    first = make_booking(outlet)
    says(first, PORCH, keep=True)

    once = says(at_same_door(first), SafePlace())
    again = at_same_door(first)
    forgotten = says(again, SafePlace(), forget=True)

    assert (once.safe_place, once.safe_place_recalled, forgotten.safe_place) == ("", False, "")
    assert again.delivery.safe_place == "porch"
    assert at_same_door(first).delivery.safe_place == ""
    assert not Delivery.objects.filter(safe_place_kept=True).exists()


def test_another_place_is_kept_instead(outlet):
    first = make_booking(outlet)
    says(first, PORCH, keep=True)
    second = at_same_door(first)
    says(second, SafePlace("shed"), keep=True)

    assert at_same_door(first).delivery.safe_place == "shed"


def test_said_anew_it_is_from_last_time_no_more(outlet):
    first = make_booking(outlet)
    says(first, PORCH, keep=True)

    again = says(at_same_door(first), PORCH, keep=True)

    assert not again.safe_place_recalled
    assert Event.objects.filter(kind="delivery.safe_place_changed", delivery=again).count() == 1


def test_a_place_from_last_time_takes_no_other_time_at_the_door(outlet):
    Merchant.objects.update(left_service_s=60)
    outlet.merchant.refresh_from_db()
    first = make_booking(outlet)
    assert says(first, PORCH, keep=True).service_s == 60

    assert at_same_door(first).delivery.service_s == 180


# The seconds that handing over takes


def test_leaving_it_takes_as_long_as_its_shop_says_and_handing_it_over_again_as_long_as_before(outlet):
    Merchant.objects.update(left_service_s=60)
    booking = make_booking(outlet)

    assert says(booking, PORCH).service_s == 60
    assert says(booking, NEIGHBOUR).service_s == 180
    assert says(booking, SafePlace()).service_s == 180


def test_once_routes_are_fixed_a_stop_keeps_its_time(outlet):
    Merchant.objects.update(left_service_s=60)
    booking = make_booking(outlet)
    says(booking, PORCH)
    DayPlan.objects.update(state="locked")

    delivery = says(booking, SafePlace())

    assert (delivery.safe_place, delivery.service_s) == ("", 60)


# Longer at the door


def test_it_takes_longer_and_its_event_says_how_much(outlet):
    booking = make_booking(outlet)

    delivery = longer(booking, 5)

    assert (delivery.extra_s, delivery.service_s) == (300, 480)
    assert Event.objects.get(kind="delivery.longer_at_door").data == {"extra_s": 300, "before_extra_s": 0}
    before = everything()
    longer(booking, 5)
    assert everything() == before


@pytest.mark.parametrize("minutes", [-1, 31])
def test_nobody_needs_longer_than_half_an_hour_or_less_than_nothing(outlet, minutes):
    booking = make_booking(outlet)
    before = everything()

    with pytest.raises(BadFacts):
        longer(booking, minutes)

    assert everything() == before


def test_once_routes_are_fixed_it_only_becomes_less(outlet):
    booking = make_booking(outlet)
    longer(booking, 10)
    DayPlan.objects.update(state="locked")

    with pytest.raises(TooLateToChange):
        longer(booking, 11)
    assert longer(booking, 3).extra_s == 180
    assert longer(booking, 0).service_s == 180


def full_van():
    """One van whose two hours are taken but for a few minutes; its bookings."""
    outlet = make_network(vans=1, days=3, hours=(10, 12))
    bookings = []
    for number in range(12):
        facts = some_facts(north_m=20 * number, service_s=590)
        bookings.append(make_booking(outlet, hour=10, facts=facts))
    return outlet, bookings


def test_a_van_without_minutes_to_spare_says_so_and_nothing_changes():
    _outlet, bookings = full_van()
    refused = 0

    for booking in bookings:
        before = everything()
        with suppress(NoTimeLonger):
            longer(booking, 30)
            continue
        assert everything() == before
        refused += 1

    assert refused >= len(bookings) - 4


def test_it_moves_to_a_time_that_has_them_in_one_step():
    outlet, bookings = full_van()
    booking = bookings[0]

    after = moved(booking, 12, DoorWish(extra_s=1800))

    delivery = Delivery.objects.get(pk=booking.delivery_id)
    assert (delivery.extra_s, delivery.service_s) == (1800, 590 + 1800)
    assert after.stop.opens_at.hour == 10  # noon in Helsinki
    assert plan_on(outlet).version > 0


def shifts_of(outlet):
    plan = plan_on(outlet)
    return read_snapshot(plan, version=plan.version, now=NOW).plan.shifts


def starts(outlet) -> dict[int, list[int]]:
    """When service starts at each stop of each trip, in order, by the core."""
    return {
        trip.key: list(times.starts_s)
        for shift in shifts_of(outlet)
        for trip, times in zip(shift.trips, schedule(shift), strict=True)
    }


def keys(outlet) -> list[int]:
    return [visit.key for shift in shifts_of(outlet) for trip in shift.trips for visit in trip.visits]


@pytest.mark.parametrize("seed", range(5))
def test_three_minutes_more_move_every_later_arrival_by_three_minutes_or_take_slack(seed):
    chance = Random(seed)
    outlet = make_network(vans=chance.choice([1, 2]), days=2, hours=(8, 10, 12, 14))
    for _number in range(chance.randrange(3, 9)):
        facts = some_facts(north_m=chance.randrange(-3_000, 3_000), east_m=chance.randrange(-3_000, 3_000))
        make_booking(outlet, hour=chance.choice([8, 10, 12, 14]), facts=facts)
    booking = Booking.objects.get(pk=chance.choice(list(Booking.objects.values_list("pk", flat=True))))
    order, before = keys(outlet), starts(outlet)

    longer(booking, 3)

    assert keys(outlet) == order
    assert not any(map(violations, shifts_of(outlet)))
    own, after = booking.stop.route_id, starts(outlet)
    for trip, was in before.items():
        moves = [b - a for a, b in zip(was, after[trip], strict=True)]
        assert all(0 <= move <= 180 for move in moves)
        if trip == own:
            here = [visit.key for visit in trip_of(outlet, own).visits].index(booking.stop_id)
            assert moves[: here + 1] == [0] * (here + 1)
            # From there on it fades only where somebody was waited for.
            assert moves[here + 1 :] == expected(outlet, own, here, was)


def trip_of(outlet, key: int):
    return next(trip for shift in shifts_of(outlet) for trip in shift.trips if trip.key == key)


def expected(outlet, own: int, here: int, was: list[int]) -> list[int]:
    """By how much each later start moves, worked out by hand: the delay less the waiting on the way."""
    trip = trip_of(outlet, own)
    delay, found = 180, []
    for number in range(here + 1, len(trip.visits)):
        before, visit, leg = trip.visits[number - 1], trip.visits[number], trip.legs[number]
        served_s = before.service_s - (180 if number - 1 == here else 0)
        arrived = was[number - 1] + served_s + leg.seconds
        delay = max(0, delay - (was[number] - arrived)) if visit.opens_s >= was[number] else delay
        found.append(delay)
    return found
