"""How many queries a question and a change cost, so that nobody adds one unseen."""

import pytest

from scheduling.services.bookings import confirm_hold
from scheduling.services.holds import place_hold
from tests.factories import (
    NOW,
    a_session,
    ask_for,
    make_booking,
    make_hold,
    make_network,
    some_contact,
    some_facts,
    token_at,
)

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_a_question_costs_the_same_however_many_stops_there_are(django_assert_max_num_queries):
    outlet = make_network()
    for number in range(8):
        make_booking(outlet, facts=some_facts(east_m=30 * number))
    ask_for(outlet)

    with django_assert_max_num_queries(10):
        ask_for(outlet)


def test_a_hold_costs_a_stated_number_of_queries(django_assert_max_num_queries):
    outlet, session = make_network(), a_session()
    make_booking(outlet)
    token = token_at(ask_for(outlet, session_key=session), 14)

    with django_assert_max_num_queries(22):
        place_hold(offer_token=token, merchant=outlet.merchant, session_key=session, actor="test", now=NOW)


def test_a_confirmation_costs_a_stated_number_of_queries(django_assert_max_num_queries):
    hold = make_hold(make_network())

    with django_assert_max_num_queries(26):
        confirm_hold(hold=hold, contact=some_contact(), order_number="1", actor="test", now=NOW)
