"""A person is taken out of the core's rows; what routes, ledger and money need stays, nobody's.

What portal keeps of them, and all of it together, is tested in tests/portal/services/test_erasure.py.
"""

from datetime import timedelta

import pytest

from scheduling import events
from scheduling.errors import DayHasBegun
from scheduling.invariants import breaches
from scheduling.models import (
    Address,
    Booking,
    Delivery,
    Event,
    FileToRemove,
    GeocodedQuery,
    Hold,
    Quote,
    Stop,
)
from scheduling.services import erasing
from scheduling.services.accounts import close_account
from scheduling.services.files import give_up_photo
from scheduling.services.holds import release_hold
from tests.factories import (
    NOW,
    TOMORROW,
    ask_for,
    make_booking,
    make_hold,
    make_network,
    plan_on,
    some_contact,
    some_facts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]
OVER = NOW + timedelta(days=2)
AINO = some_contact(email="aino@example.net", name="Aino", phone="+358401234567")


@pytest.fixture(autouse=True)
def _nothing_is_broken():
    yield
    assert list(breaches()) == []


@pytest.fixture
def outlet():
    return make_network(vans=1)


def booked(outlet, **values) -> Booking:
    facts = some_facts(north_m=321, safe_place="porch", safe_place_note="behind the oak")
    return make_booking(outlet, **{"contact": AINO, "facts": facts} | values)


def erase(booking: Booking, *, now=NOW, alone=False):
    person = erasing.claim_person(delivery=booking.delivery, actor="test", now=now, alone=alone)
    erasing.take_out(person, actor="test", cause="asked", now=now)
    return person


def test_who_is_erased_is_cancelled_first_and_named_nowhere(outlet):
    booking = booked(outlet)
    session = Hold.objects.get().session_key
    line = booking.delivery.address.line

    erase(booking)

    delivery = Delivery.objects.select_related("address", "order").get()
    assert (delivery.state, delivery.erased_at) == ("cancelled", NOW)
    assert (delivery.contact_name, delivery.contact_email, delivery.contact_phone) == ("", "", "")
    assert (delivery.safe_place_note, delivery.address.line) == ("", "erased")
    assert delivery.order.contact_email == ""
    assert (delivery.address.lat, delivery.address.lon) == (60.17, 24.94)
    facts = Quote.objects.get().facts
    assert line not in str(facts)
    assert "safe_place_note" not in facts
    renamed = Hold.objects.get().session_key
    assert renamed == Quote.objects.get().session_key != session


def test_erased_once_more_nothing_changes(outlet):
    booking = booked(outlet)
    erase(booking)

    erase(booking, now=NOW + timedelta(hours=1))

    assert Delivery.objects.get().erased_at == NOW
    assert Event.objects.filter(kind=erasing.KIND).count() == 1


def test_while_a_van_may_be_under_way_nobody_is_erased(outlet):
    booking = booked(outlet)

    with pytest.raises(DayHasBegun):
        erase(booking, now=booking.stop.route.shift.starts_at)

    assert Booking.objects.get().state == "booked"


def test_all_of_one_mail_address_goes_together_unless_one_grew_old_alone(outlet):
    first, second = booked(outlet), booked(outlet, hour=14)
    other = make_booking(outlet, hour=16, facts=some_facts(north_m=900))

    erase(first, alone=True)
    assert Delivery.objects.get(pk=second.delivery_id).contact_email == AINO.email

    erase(second)
    assert Delivery.objects.get(pk=second.delivery_id).contact_email == ""
    assert Delivery.objects.get(pk=other.delivery_id).contact_email == "aino@example.com"


def test_a_time_still_kept_in_their_session_is_given_back(outlet):
    booking, kept = booked(outlet), make_hold(outlet, hour=14)
    session = Hold.objects.get(delivery=booking.delivery).session_key
    Hold.objects.filter(pk=kept.pk).update(session_key=session)

    erase(booking)

    assert Hold.objects.get(pk=kept.pk).state == "released"
    assert not Stop.objects.active().filter(delivery=kept.delivery).exists()


def test_the_photo_of_their_porch_is_listed_to_be_removed_but_not_one_that_another_shows(outlet):
    mine, theirs = booked(outlet), booked(outlet, hour=14, contact=some_contact())
    Delivery.objects.filter(pk=mine.delivery_id).update(safe_place_photo="porch.jpg")
    Delivery.objects.filter(pk=theirs.delivery_id).update(safe_place_photo="gate.jpg")

    erase(mine)

    assert list(FileToRemove.objects.values_list("path", flat=True)) == ["porch.jpg"]
    Delivery.objects.filter(pk=theirs.delivery_id).update(safe_place_photo="shared.jpg")
    give_up_photo("shared.jpg", now=NOW)
    assert FileToRemove.objects.count() == 1


def test_what_geocoders_answered_about_their_place_is_forgotten(outlet):
    booking = booked(outlet)
    for key, line in (("theirs", booking.delivery.address.line), ("another", "Elsewhere 1")):
        found = {"status": "exact", "unit": "", "candidates": [{"line": line}]}
        GeocodedQuery.objects.create(source="photon", query_key=key, result=found, looked_up_at=NOW)

    erase(booking)

    assert GeocodedQuery.objects.get().query_key == "another"
    assert erasing.forget_lookups(before=OVER) == 1


def test_a_place_that_a_route_drives_through_is_coarsened_when_its_day_is_over(outlet):
    booking = booked(outlet)
    exact = booking.delivery.address.lat
    # As where leaving it out would break somebody's promise.
    Stop.objects.filter(pk=booking.stop_id).update(state=Stop.State.WAYPOINT)
    Booking.objects.filter(pk=booking.pk).update(state="cancelled", cancelled_at=NOW)
    Delivery.objects.filter(pk=booking.delivery_id).update(state="cancelled")
    events.record("booking.cancelled", delivery=booking.delivery, actor="test", now=NOW)

    erase(booking)
    assert erasing.coarsen_what_waited() == 0
    assert Address.objects.get().lat == exact

    close_account(plan_id=plan_on(outlet).pk, now=OVER)
    assert erasing.coarsen_what_waited() == 1
    assert Address.objects.get().lat == round(exact, 2)


def test_what_was_never_booked_loses_its_address_once_it_is_old(outlet):
    booking, left = booked(outlet), make_hold(outlet, hour=14)
    release_hold(hold=left, actor="test", now=NOW)
    ask_for(outlet)

    assert erasing.forget_drafts(before=NOW, now=OVER) == 0
    assert erasing.forget_drafts(before=NOW + timedelta(seconds=1), now=OVER) == 3  # a draft, two questions

    assert Delivery.objects.get(pk=left.delivery_id).address.line == "erased"
    assert Delivery.objects.get(pk=booking.delivery_id).contact_email == AINO.email
    assert Quote.objects.filter(facts__address__line="erased").count() == 2


def test_deliveries_grow_old_once_their_day_is_accounted_for(outlet):
    old, _young = booked(outlet), booked(outlet, day=TOMORROW + timedelta(days=1))
    assert erasing.grown_old(before=OVER) == []

    close_account(plan_id=plan_on(outlet).pk, now=OVER)

    assert erasing.grown_old(before=OVER) == [old.delivery]
    assert erasing.grown_old(before=NOW) == []
