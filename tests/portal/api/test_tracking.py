"""A shop's program asks how far a delivery is."""

import pytest

from tests.on_the_road import Tour, a_tour
from tests.portal.api.conftest import Program, secret

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def tour(at, outlet) -> Tour:
    outlet.depot.vehicles.order_by("pk").last().shifts.all().delete()
    tour = a_tour(outlet=outlet)
    at.now = tour.now
    return tour


def asked(program, tour, number: int = 4):
    return program("GET", f"/deliveries/{tour.bookings[number].delivery.ref}/tracking")


def test_a_program_sees_what_the_customer_sees(program, tour):
    tour.expects(4, in_min=60)
    tour.is_seen()

    far = asked(program, tour).json()
    tour.serves(0)
    near = asked(program, tour).json()
    for number in range(1, 5):
        tour.serves(number)
    done = asked(program, tour).json()

    assert (far["phase"], far["stops_before"], far["position"]) == ("on_the_way", 4, None)
    assert far["expected"]["from_at"] == "2026-11-24T06:50:00Z"
    assert far["promised"]["opens_at"] == "2026-11-24T08:00:00Z"
    assert (near["phase"], near["stops_before"], near["ask_again_in_s"]) == ("near", 3, 4)
    assert near["position"] == {
        "lat": 60.169,
        "lon": 24.942,
        "seen_at": "2026-11-24T06:00:00Z",
        "stale": False,
    }
    assert (done["phase"], done["position"], done["ask_again_in_s"]) == ("handed_over", None, 0)


def test_another_shop_and_a_key_without_the_scope_see_nothing(program, stranger, tour):
    assert asked(stranger, tour).status_code == 404
    quotes_only = Program(secret(tour.bookings[0].delivery.merchant, "quotes"))
    assert asked(quotes_only, tour).status_code == 403
