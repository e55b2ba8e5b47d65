"""How to get in: kept, changed until it is handed over, and kept for next time where that was wished."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from portal.services.erasure import erase_person
from scheduling import events
from scheduling.errors import BadFacts, ChangedMeanwhile, NotChangeable
from scheduling.facts import AddressFacts
from scheduling.models import AccessNotes, Booking, DayPlan, Delivery, Event
from scheduling.selectors.notes import notes_open
from scheduling.services.bookings import cancel_delivery
from scheduling.services.notes import remove_code, save_notes, set_codes
from scheduling.ways_in import WayIn
from tests.factories import NOW, make_booking, make_network, some_contact, some_facts

pytestmark = [pytest.mark.django_db, pytest.mark.both]
YARD = WayIn(entrance="yard", floor="3", buzzer="Virtanen", text="Past the bikes")


@pytest.fixture
def booking() -> Booking:
    return make_booking(make_network())


def save(booking: Booking, way_in: WayIn = YARD, *, kept: bool = False, seen: int = 0, now=NOW) -> bool:
    return save_notes(delivery=booking.delivery, way_in=way_in, kept=kept, seen=seen, actor="link:x", now=now)


def kinds(booking: Booking) -> list[str]:
    return [event.kind for event in booking.delivery.events.order_by("pk")]


def test_what_is_said_is_kept_and_told_without_content(booking):
    assert save(booking)

    notes = AccessNotes.objects.get(delivery=booking.delivery)
    assert WayIn.of(notes) == YARD
    event = Event.objects.get(kind="delivery.notes_changed")
    assert (event.actor, event.data) == ("link:x", {})


def test_saving_the_same_again_changes_nothing_whatever_was_seen(booking):
    save(booking)

    assert not save(booking, seen=0)
    assert kinds(booking).count("delivery.notes_changed") == 1


def test_a_tab_that_has_not_seen_the_latest_is_told_and_may_then_replace_it(booking):
    save(booking)
    other = WayIn(entrance="back")

    with pytest.raises(ChangedMeanwhile):
        save(booking, other, seen=0)
    assert WayIn.of(AccessNotes.objects.get()) == YARD
    assert save(booking, other, seen=AccessNotes.objects.get().revision)
    assert WayIn.of(AccessNotes.objects.get()) == other


@pytest.mark.parametrize("state", ["open", "closed", "locked", "started"])
def test_it_can_be_said_until_the_day_is_finished(booking, state):
    DayPlan.objects.update(state=state)

    assert save(booking)


@pytest.mark.parametrize("state", ["delivered", "failed", "at_depot", "returned", "cancelled"])
def test_it_can_no_longer_be_said_when_it_is_over(booking, state):
    Delivery.objects.filter(pk=booking.delivery_id).update(state=state)

    with pytest.raises(NotChangeable):
        save(booking)
    with pytest.raises(NotChangeable):
        set_codes(delivery=booking.delivery, codes={"gate_code": "1"}, actor="link:x", now=NOW)
    with pytest.raises(NotChangeable):
        remove_code(delivery=booking.delivery, code="gate_code", actor="link:x", now=NOW)


def test_it_can_no_longer_be_said_on_a_finished_day_or_long_after_its_time(booking):
    booked = Booking.objects.select_related("delivery", "stop__route__shift__plan").get(pk=booking.pk)
    day_after = booked.stop.closes_at + timedelta(hours=24)

    assert notes_open(booked, now=day_after - timedelta(seconds=1))
    assert not notes_open(booked, now=day_after)
    DayPlan.objects.update(state="finished")
    with pytest.raises(NotChangeable):
        save(booking)


def test_a_draft_has_no_way_in_yet(booking):
    draft = Delivery.objects.create(
        merchant=booking.delivery.merchant,
        address=booking.delivery.address,
        load_g=1,
        load_ml=1,
        service_s=60,
        created_at=NOW,
    )

    with pytest.raises(NotChangeable):
        save_notes(delivery=draft, way_in=YARD, kept=False, seen=0, actor="link:x", now=NOW)


def test_a_code_is_kept_sealed_and_says_since_when(booking):
    set_codes(delivery=booking.delivery, codes={"gate_code": "4711#"}, actor="link:x", now=NOW)

    notes = AccessNotes.objects.get()
    assert notes.codes == ("gate_code",)
    assert notes.gate_code_at == NOW
    assert "4711" not in notes.gate_code
    assert Event.objects.get(kind="delivery.notes_changed").data == {}


def test_a_code_is_replaced_and_removed_and_removing_none_is_no_change(booking):
    for code in ("4711#", "0815"):
        set_codes(delivery=booking.delivery, codes={"gate_code": code}, actor="link:x", now=NOW)
    for _i in range(2):
        remove_code(delivery=booking.delivery, code="gate_code", actor="link:x", now=NOW)
    remove_code(delivery=booking.delivery, code="text", actor="link:x", now=NOW)

    notes = AccessNotes.objects.get()
    assert (notes.codes, notes.gate_code_at) == ((), None)
    assert kinds(booking).count("delivery.notes_changed") == 3


@pytest.mark.parametrize("codes", [{}, {"gate_code": ""}, {"gate_code": "1" * 31}, {"pin": "1"}])
def test_what_is_no_code_is_refused(booking, codes):
    with pytest.raises(BadFacts):
        set_codes(delivery=booking.delivery, codes=codes, actor="link:x", now=NOW)


def test_notes_and_codes_do_not_disturb_each_other(booking):
    save(booking)
    set_codes(delivery=booking.delivery, codes={"door_code": "12"}, actor="link:x", now=NOW)

    assert save(booking, WayIn(entrance="side"), seen=1)
    assert AccessNotes.objects.get().codes == ("door_code",)


def test_the_database_knows_the_words_and_that_a_code_has_its_date(booking):
    for wrong in ({"lift": "perhaps"}, {"gate_code": "x"}, {"door_code_at": NOW}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccessNotes.objects.create(delivery=booking.delivery, changed_at=NOW, **wrong)


# Kept for next time


def another(outlet, first: Booking, **values) -> Booking:
    """A later booking to the same door, its event relayed."""
    at = first.delivery.address
    there = AddressFacts(line=at.line, postcode=at.postcode, city=at.city, lat=at.lat, lon=at.lon)
    facts = replace(some_facts(), address=there)
    booking = make_booking(outlet, hour=14, facts=facts, **values)
    events.relay(now=NOW, limit=500)
    return booking


@pytest.fixture
def outlet():
    return make_network()


def test_what_was_to_be_kept_is_there_at_the_next_delivery_with_codes_sealed_anew(outlet):
    first = make_booking(outlet)
    save(first, kept=True)
    set_codes(delivery=first.delivery, codes={"gate_code": "4711#"}, actor="link:x", now=NOW)

    second = another(outlet, first)

    old, new = (AccessNotes.objects.get(delivery=each.delivery) for each in (first, second))
    assert WayIn.of(new) == YARD
    assert (new.kept, new.codes) == (True, ("gate_code",))
    assert new.gate_code != old.gate_code


@pytest.mark.parametrize(
    "contact", [{"email": "somebody@example.com"}, {"email": "", "phone": "+358401234567"}]
)
def test_another_contact_begins_with_nothing(outlet, contact):
    first = make_booking(outlet)
    save(first, kept=True)

    second = another(outlet, first, contact=some_contact(**contact))

    assert not AccessNotes.objects.filter(delivery=second.delivery).exists()


def test_another_shop_another_house_and_what_was_not_to_be_kept_begin_with_nothing(outlet):
    first = make_booking(outlet)
    save(first)
    second = another(outlet, first)
    save(first, kept=True, seen=1)
    elsewhere = make_booking(outlet, hour=16)
    other_shop = another(make_network(), first)

    events.relay(now=NOW, limit=500)

    begun = AccessNotes.objects.values_list("delivery", flat=True)
    assert {second.delivery_id, elsewhere.delivery_id, other_shop.delivery_id}.isdisjoint(begun)


def test_taking_the_wish_back_takes_it_from_all_of_the_household(outlet):
    first = make_booking(outlet)
    save(first, kept=True)
    second = another(outlet, first)

    save(second, YARD, kept=False)

    assert not AccessNotes.objects.filter(kept=True).exists()
    assert AccessNotes.objects.count() == 2


def test_what_its_customer_said_first_is_not_replaced_by_what_was_kept(outlet):
    first = make_booking(outlet)
    save(first, kept=True)
    second = make_booking(outlet, hour=14)
    Delivery.objects.filter(pk=second.delivery_id).update(address=first.delivery.address)
    save(second, WayIn(entrance="side"))

    events.relay(now=NOW, limit=500)

    assert AccessNotes.objects.get(delivery=second.delivery).entrance == "side"


def test_a_cancelled_delivery_still_lends_its_notes(outlet):
    first = make_booking(outlet)
    save(first, kept=True)
    cancel_delivery(delivery=first.delivery, actor="test", now=NOW)

    second = another(outlet, first)

    assert AccessNotes.objects.get(delivery=second.delivery).buzzer == "Virtanen"


def test_erasing_its_customer_takes_all_of_it(outlet):
    booking = make_booking(outlet)
    save(booking, kept=True)
    set_codes(delivery=booking.delivery, codes={"gate_code": "4711#"}, actor="link:x", now=NOW)

    erase_person(delivery=booking.delivery, actor="test", now=NOW)

    assert not AccessNotes.objects.exists()
