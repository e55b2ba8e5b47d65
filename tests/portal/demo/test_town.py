"""The demo's town and fleet as data."""

import json
from pathlib import Path
from random import Random

import pytest
from django.conf import settings

from portal.demo.points import POINTS
from portal.demo.town import DEPOT_PLACE, QUARTERS, houses, houses_in, some_houses
from portal.demo.week import NOT_OPENED, WEEK
from scheduling.geocoding import find_address, metres_between
from scheduling.point_files import read_points
from tests.factories import NOW

DATA = Path(settings.BASE_DIR) / "portal" / "demo" / "data"
MAP = Path(settings.BASE_DIR) / "static" / "demo" / "helsinki-map.json"


def test_every_address_is_there_once():
    assert len(houses()) == 576
    assert len({house.line for house in houses()}) == 576


def test_the_depot_is_ten_kilometres_out():
    distances = [metres_between(*DEPOT_PLACE, house.lat, house.lon) for house in houses()]

    assert min(distances) > 8_500
    assert max(distances) < 11_000


@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_quarter_has_houses_enough(quarter):
    assert len(houses_in(quarter)) >= 20


def test_some_houses_are_the_same_ones_every_time():
    assert some_houses(("Kamppi",), 12, Random(3)) == some_houses(("Kamppi",), 12, Random(3))
    assert len(set(some_houses(("Kamppi", "Kluuvi"), 12, Random(3)))) == 12


def test_pickup_points_stand_at_addresses_of_the_town():
    file = read_points(POINTS.read_bytes())

    assert len(file.points) == 12
    assert not file.bad
    known = {(house.line, house.postcode, house.lat, house.lon) for house in houses()}
    assert {(one.line, one.postcode, one.lat, one.lon) for _line, one in file.points} <= known
    assert {one.kind for _line, one in file.points} == {"locker", "shop"}


def test_the_week_leaves_one_day_closed():
    assert NOT_OPENED not in {each.days_ahead for each in WEEK}
    assert {each.days_ahead for each in WEEK} == set(range(8)) - {NOT_OPENED}


def test_the_map_lies_where_the_addresses_are_and_says_whose_it_is():
    drawn = json.loads(MAP.read_text(encoding="utf-8"))
    west, south, east, north = drawn["bbox"]
    near = 0.0001  # rounded edges

    assert all(west - near < house.lon < east + near for house in houses())
    assert all(south - near < house.lat < north + near for house in houses())
    assert "OpenStreetMap contributors" in drawn["attribution"]
    kinds = {feature["properties"]["class"] for feature in drawn["features"]}
    assert {"main", "street", "building", "park", "water"} <= kinds


def test_the_data_is_small_and_names_its_licence():
    assert MAP.stat().st_size < 400_000
    assert all(file.stat().st_size < 400_000 for file in DATA.iterdir())
    assert "Open Database License" in (DATA / "README.md").read_text(encoding="utf-8")


def test_the_guide_s_examples_show_what_they_say(settings):
    from portal.demo.guide import EXAMPLES

    settings.GAZETTEER_FILE = str(DATA / "helsinki-addresses.csv")
    answers = [find_address(query=each.address, now=NOW).status for each in EXAMPLES]

    assert answers == ["exact", "exact", "exact", "street", "similar", "unknown"]
