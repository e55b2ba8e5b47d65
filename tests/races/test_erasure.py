"""Erasing meets what else happens to a delivery at the same moment: nobody comes back, nothing breaks."""

from datetime import timedelta

import pytest

from portal.models import AccessLink
from portal.services.contacts import change_contact, mark_of
from portal.services.erasure import erase_person
from scheduling.errors import ChangedMeanwhile, DomainError
from scheduling.invariants import breaches
from scheduling.models import Address, Booking, Delivery, Event
from scheduling.services.bookings import cancel_delivery, confirm_hold
from scheduling.services.holds import place_hold
from tests.factories import (
    NOW,
    TOMORROW,
    ask_for,
    make_booking,
    make_hold,
    make_link,
    make_network,
    some_contact,
    some_facts,
    token_at,
)
from tests.races.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 6


def erase(booking: Booking):
    return erase_person(delivery=booking.delivery, actor="link:x", now=NOW)


def change(link: AccessLink, email: str, was: str):
    return change_contact(link=link, email=email, phone="", was=was, now=NOW)


def is_gone(booking: Booking) -> bool:
    delivery = Delivery.objects.get(pk=booking.delivery_id)
    address = Address.objects.get(deliveries=delivery)
    return (delivery.contact_email, delivery.contact_name, address.line) == ("", "", "erased")


def test_two_tabs_that_change_the_contact_at_once_leave_one_of_both_and_tell_the_other():
    for number in range(ROUNDS):
        booking = make_booking(make_network(vans=1))
        # Each tab has read the link and the contact as they were.
        links = [AccessLink.objects.select_related("delivery").get(pk=make_link(booking).pk) for _i in "ab"]
        was, mails = mark_of(booking.delivery), [f"{tab}{number}@example.com" for tab in "ab"]

        outcomes = at_once(
            lambda: change(links[0], mails[0], was),  # noqa: B023 - done before the next round
            lambda: change(links[1], mails[1], was),  # noqa: B023
        )

        won = [mail for mail, outcome in zip(mails, outcomes, strict=True) if outcome is True]
        assert won == [Delivery.objects.get(pk=booking.delivery_id).contact_email], outcomes
        assert sum(isinstance(outcome, ChangedMeanwhile) for outcome in outcomes) == 1, outcomes
        assert Event.objects.filter(delivery=booking.delivery, kind="delivery.contact_changed").count() == 1


def test_who_is_erased_stays_so_whoever_changes_the_contact_at_that_moment():
    for _i in range(ROUNDS):
        booking = make_booking(make_network(vans=1))
        link, was = make_link(booking), mark_of(booking.delivery)

        erased, _changed = at_once(
            lambda: erase(booking),  # noqa: B023
            lambda: change(link, "new@example.com", was),  # noqa: B023
        )

        assert not isinstance(erased, DomainError), erased
        assert is_gone(booking)
    assert list(breaches()) == []


def test_erased_by_two_at_once_it_is_erased_once():
    for _i in range(ROUNDS):
        booking = make_booking(make_network(vans=1))

        outcomes = at_once(lambda: erase(booking), lambda: erase(booking))  # noqa: B023

        assert not [each for each in outcomes if isinstance(each, DomainError)], outcomes
        assert is_gone(booking)
        assert Event.objects.filter(kind="delivery.erased", delivery=booking.delivery).count() == 1
    assert list(breaches()) == []


def test_cancelled_and_erased_at_once_it_is_cancelled_once():
    for _i in range(ROUNDS):
        booking = make_booking(make_network(vans=1))

        outcomes = at_once(
            lambda: erase(booking),  # noqa: B023
            lambda: cancel_delivery(delivery=booking.delivery, actor="x", now=NOW),  # noqa: B023
        )

        assert not [each for each in outcomes if isinstance(each, DomainError)], outcomes
        assert is_gone(booking)
        assert Event.objects.filter(kind="booking.cancelled", delivery=booking.delivery).count() == 1
    assert list(breaches()) == []


def test_two_people_with_deliveries_on_the_same_days_are_erased_at_once_and_nobody_deadlocks():
    outlet = make_network(vans=3)
    days = (TOMORROW, TOMORROW + timedelta(days=1))
    for number in range(ROUNDS):
        first, second = (
            [
                make_booking(outlet, day=day, contact=some_contact(email=f"{name}{number}@example.com"))
                for day in order
            ]
            for name, order in (("a", days), ("b", days[::-1]))
        )

        outcomes = at_once(lambda: erase(first[0]), lambda: erase(second[0]))  # noqa: B023

        assert not [each for each in outcomes if isinstance(each, DomainError)], outcomes
        assert all(is_gone(booking) for booking in (*first, *second))
    assert list(breaches()) == []


def test_a_time_that_is_confirmed_while_its_person_is_erased_is_theirs_and_gone_or_was_not_booked():
    for number in range(ROUNDS):
        outlet = make_network(vans=2)
        contact, facts = some_contact(email=f"c{number}@example.com"), some_facts()
        first = make_hold(outlet, facts=facts)
        booking = confirm_hold(hold=first, contact=contact, order_number="1", actor="x", now=NOW)
        view = ask_for(outlet, facts, session_key=first.session_key)
        hold = place_hold(
            offer_token=token_at(view, 14),
            merchant=outlet.merchant,
            session_key=first.session_key,
            actor="x",
            now=NOW,
        )

        erased, _booked = at_once(
            lambda: erase(booking),  # noqa: B023
            lambda: confirm_hold(hold=hold, contact=contact, order_number="2", actor="x", now=NOW),  # noqa: B023
        )

        assert not isinstance(erased, DomainError), erased
        later = Delivery.objects.get(pk=hold.delivery_id)
        # Confirmed a moment before or after, it is a booking of its own, which its own link erases.
        assert later.state != "confirmed" or later.contact_email == contact.email or later.erased_at
        assert is_gone(booking)
    assert list(breaches()) == []
