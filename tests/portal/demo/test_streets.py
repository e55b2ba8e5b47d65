"""Ways along the town's streets."""

from itertools import pairwise

import pytest

from portal.demo.streets import along, metres, network, way
from portal.demo.town import DEPOT_PLACE, houses

START, END = (60.1770, 24.9480), (60.1650, 24.9450)


def test_a_way_follows_streets_and_is_longer_than_the_bird_s():
    found = way(START, END)

    assert all(other in network()[one] for one, other in pairwise(found[1:-1]))
    assert metres(START, END) < sum(metres(one, other) for one, other in pairwise(found))
    assert (found[0], found[-1]) == (START, END)


def test_every_house_is_reached_from_the_depot():
    for house in houses()[::60]:
        assert way(DEPOT_PLACE, (house.lat, house.lon))[-1] == (house.lat, house.lon)


@pytest.mark.parametrize(("share", "at"), [(-1, START), (0, START), (1, END), (2, END)])
def test_a_way_begins_at_its_start_and_ends_at_its_end(share, at):
    assert along(way(START, END), share) == pytest.approx(at)


def test_half_a_way_is_half_its_length():
    line = [(60.0, 24.0), (60.0, 24.1), (60.0, 24.4)]

    assert along(line, 0.5) == pytest.approx((60.0, 24.2))
