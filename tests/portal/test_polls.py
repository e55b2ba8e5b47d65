"""Who polls is answered from one row, on both databases."""

import pytest

from portal import polls
from portal.access import revoke_link
from tests.factories import NOW, make_booking, make_link, make_network

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_a_link_leads_to_its_delivery_s_row_until_it_ends(django_assert_num_queries):
    booking = make_booking(make_network())
    link = make_link(booking)
    named = f"{link.pk.hex}:{link.generation}"
    polls.forget()

    with django_assert_num_queries(1):
        kind, seen = polls.seen_by(named, NOW)
        again = polls.seen_by(named, NOW)

    assert (kind, seen.ref, seen.opens_at) == ("manage", booking.delivery.ref, booking.stop.opens_at)
    assert again == (kind, seen)
    revoke_link(link, now=NOW)
    polls.forget()
    assert polls.seen_by(named, NOW) is None
    assert polls.seen_by(f"{link.pk.hex}:2", NOW) is None
