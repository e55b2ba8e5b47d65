"""Neighbours' days: opt-in, from three other households, and never a word about anyone."""

from datetime import timedelta

import pytest

from scheduling.errors import NotChangeable
from scheduling.facts import AddressFacts
from scheduling.invariants import breaches
from scheduling.models import DayPlan, Event
from scheduling.models.orders import street_of
from scheduling.selectors.streets import street_days
from scheduling.services.bookings import cancel_delivery
from scheduling.services.diverting import divert_delivery
from scheduling.services.streets import tell_street
from tests.factories import CENTRE, NOW, TOMORROW, make_booking, make_network, make_point, some_facts

pytestmark = [pytest.mark.django_db, pytest.mark.both]
STREET, POSTCODE = "Uudenmaankatu", "00120"


def a_home(number: int | str, *, street: str = STREET, postcode: str = POSTCODE) -> AddressFacts:
    return AddressFacts(
        line=f"{street} {number}", postcode=postcode, city="Helsinki", lat=CENTRE[0], lon=CENTRE[1]
    )


@pytest.fixture
def outlet():
    return make_network(days=4)


def book(outlet, address, *, tells=True, day=TOMORROW):
    booking = make_booking(outlet, facts=some_facts(address=address), day=day)
    if tells:
        tell_street(delivery=booking.delivery, tells=True, actor="link:1", now=NOW)
    return booking


def days_for(address) -> list:
    return street_days(address=address, plans=set(DayPlan.objects.values_list("pk", flat=True)))


def test_three_other_households_that_said_so_are_enough(outlet):
    for number in (1, 3, 5):
        book(outlet, a_home(number))

    assert days_for(a_home(7)) == [TOMORROW]


def test_two_are_not_enough_nor_one_household_three_times(outlet):
    for number in (1, 3, 3, 3):
        book(outlet, a_home(number))

    assert days_for(a_home(7)) == []


def test_what_goes_to_a_pickup_point_brings_no_van_to_the_street(outlet):
    bookings = [book(outlet, a_home(number)) for number in (1, 3, 5)]

    divert_delivery(delivery=bookings[0].delivery, point=make_point(outlet.depot), actor="x", now=NOW)

    assert days_for(a_home(7)) == []


def test_who_did_not_say_so_does_not_count(outlet):
    for number in (1, 3):
        book(outlet, a_home(number))
    book(outlet, a_home(5), tells=False)

    assert days_for(a_home(7)) == []


def test_whoever_lives_there_is_not_another_household(outlet):
    for number in (1, 3, 5):
        book(outlet, a_home(number))

    assert days_for(a_home("5")) == []


def test_another_street_or_postcode_hears_nothing(outlet):
    for number in (1, 3, 5):
        book(outlet, a_home(number))

    assert days_for(a_home(7, street="Iso Roobertinkatu")) == []
    assert days_for(a_home(7, postcode="00500")) == []


def test_each_day_counts_for_itself(outlet):
    later = TOMORROW + timedelta(days=1)
    for number in (1, 3, 5):
        book(outlet, a_home(number), day=later)
    for number in (9, 11):
        book(outlet, a_home(number))

    assert days_for(a_home(7)) == [later]


def test_who_cancels_or_takes_it_back_no_longer_counts(outlet):
    bookings = [book(outlet, a_home(number)) for number in (1, 3, 5, 9)]
    cancel_delivery(delivery=bookings[0].delivery, actor="link:1", now=NOW)
    assert days_for(a_home(7)) == [TOMORROW]

    tell_street(delivery=bookings[1].delivery, tells=False, actor="link:1", now=NOW)
    assert days_for(a_home(7)) == []


def test_saying_it_twice_is_one_change(outlet):
    booking = book(outlet, a_home(1))

    assert not tell_street(delivery=booking.delivery, tells=True, actor="link:1", now=NOW)
    assert Event.objects.filter(kind="delivery.street").count() == 1
    assert list(breaches()) == []


def test_what_is_cancelled_can_no_longer_say_it(outlet):
    booking = book(outlet, a_home(1), tells=False)
    cancel_delivery(delivery=booking.delivery, actor="link:1", now=NOW)

    with pytest.raises(NotChangeable):
        tell_street(delivery=booking.delivery, tells=True, actor="link:1", now=NOW)


def test_nobody_is_told_of_a_postcode_or_of_an_address_without_a_street(outlet):
    assert days_for(a_home(7, postcode="")) == []
    assert days_for(AddressFacts(line="12", postcode=POSTCODE, city="", lat=60, lon=24)) == []


@pytest.mark.parametrize(
    ("line", "street"),
    [
        ("Uudenmaankatu 21", "uudenmaankatu"),
        ("Iso Roobertinkatu 4b", "iso roobertinkatu"),
        ("21, High Street", "high street"),
        ("Bulevardi 9 B", "bulevardi"),
        ("Bulevardi 9 B 12", "bulevardi"),
        ("12", ""),
    ],
)
def test_a_street_is_its_line_without_numbers(line, street):
    assert street_of(line) == street
