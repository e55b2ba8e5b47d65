from fractions import Fraction
from math import ceil, radians, sin, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.routing.places import EARTH_RADIUS_M, MOST_SERVICES, Gaps, Outline, Places, Rates
from scheduling.routing.problem import Leg, Place, VehicleClass
from scheduling.routing.schedule import NEVER
from scheduling.routing.tape import LATE
from scheduling.routing.travel import GreatCircle, Matrix
from tests.scheduling.routing.reference import circle_way

latitudes = st.floats(-90, 90)
places = st.builds(Place, latitudes, st.floats(-180, 180), st.integers(0, 3))
kinds = st.builds(
    VehicleClass,
    key=st.just("any"),
    capacity=st.just((1,)),
    speed_m_per_h=st.integers(1, 200_000),
    detour_percent=st.integers(1, 400),
    cost_s_per_km=st.just(0),
    opening_cost_s=st.just(0),
    grams_per_km=st.just(0),
)
VAN = VehicleClass("van", (1,), 30_000, 130, 0, 0, 300)
SEAM_S = NEVER - LATE
SECONDS = np.array([[0, 7, 8, 9], [11, 0, 13, 14], [15, 16, 0, 18], [19, 20, 21, 0]])


def legs_of(seconds, metres) -> list[Leg]:
    return [Leg(*pair) for pair in zip(seconds.tolist(), metres.tolist(), strict=True)]


@pytest.mark.parametrize(
    "travel",
    [GreatCircle(), Matrix(SECONDS), Matrix(SECONDS, SECONDS * 9)],
    ids=["circle", "times", "matrix"],
)
@given(visit=places, others=st.lists(st.tuples(places, kinds), max_size=9))
def test_one_leg_and_many_are_the_same_to_the_last_bit(travel, visit, others):
    ends, classes = [place for place, _ in others], [kind for _, kind in others]
    gaps = Gaps.of(Places.of([*ends, visit]), Rates.of([*classes, VAN]))
    seconds, metres = travel.legs_through(gaps.take(np.arange(len(others))), visit)

    assert legs_of(seconds[0], metres[0]) == [travel.leg(place, visit, kind) for place, kind in others]
    nexts = zip([*ends, visit][1:], classes, strict=True)
    assert legs_of(seconds[1], metres[1]) == [travel.leg(visit, place, kind) for place, kind in nexts]


@pytest.mark.parametrize("travel", [GreatCircle(), Matrix(SECONDS)], ids=["circle", "times"])
@given(
    visit=places,
    others=st.lists(st.tuples(places, kinds), min_size=1, max_size=9),
    service_s=st.integers(0, 20_000),
)
def test_no_gap_is_ruled_out_that_is_wide_enough_to_the_second(travel, visit, others, service_s):
    ends, classes = [*(place for place, _ in others), visit], [*(kind for _, kind in others), VAN]
    needed_s = [
        travel.leg(here, visit, kind).seconds + service_s + travel.leg(visit, there, kind).seconds
        for (here, kind), there in zip(others, ends[1:], strict=True)
    ]
    outline = Outline.of(Places.of(ends), Rates.of(classes), np.array([*needed_s, SEAM_S]))

    found = travel.wide_enough(outline, visit, service_s).tolist()
    assert found == list(range(len(others)))
    assert travel.wide_enough(outline, visit, service_s).tolist() == found  # as it was kept


@given(visit=places, others=st.lists(places, min_size=1, max_size=9), service_s=st.integers(0, 20_000))
def test_around_a_town_gaps_are_ruled_out_that_lack_some_seconds(visit, others, service_s):
    """Where both ends are one place: else the way from half way between them is the shorter one."""
    near = [Place(60 + other.lat / 1e3, 25 + other.lon / 1e3) for other in (visit, *others) for _ in range(2)]
    slack_s = [2 * GreatCircle().leg(place, near[0], VAN).seconds + service_s - 7 for place in near]
    outline = Outline.of(Places.of(near), Rates.of([VAN] * len(near)), np.array(slack_s))

    assert not set(outline.wide_enough(near[0], service_s).tolist()) & set(range(0, len(near), 2))


def test_a_gap_that_has_no_time_on_its_own_way_is_ruled_out_for_who_lives_halfway_too():
    ends = [Place(60.17, 24.9), Place(60.17, 25.1)]
    way_s = GreatCircle().leg(*ends, VAN).seconds
    outline = Outline.of(Places.of(ends), Rates.of([VAN, VAN]), np.array([way_s + 300, SEAM_S]))

    assert outline.wide_enough(Place(60.17, 25.0), 300).tolist() == [0]
    assert outline.wide_enough(Place(60.17, 25.0), 310).tolist() == []


def test_an_outline_keeps_no_more_than_a_few_lengths_of_service():
    town = [Place(60.17, 24.94), Place(60.18, 24.95)]
    outline = Outline.of(Places.of(town), Rates.of([VAN, VAN]), np.array([1_000, SEAM_S]))
    asked = [outline.wide_enough(town[0], service_s).tolist() for service_s in range(3 * MOST_SERVICES)]

    assert asked == [[0]] * len(asked)
    assert outline.wide_enough(town[0], 1_000).tolist() == []


@given(start=places, end=places, kind=kinds)
def test_a_great_circle_leg_is_the_references_and_the_same_both_ways(start, end, kind):
    leg = GreatCircle().leg(start, end, kind)

    assert leg == Leg(*circle_way(start, end, kind)) == GreatCircle().leg(end, start, kind)
    assert leg.seconds == ceil(Fraction(leg.metres * 3600, kind.speed_m_per_h))


@given(
    lat=st.floats(-80, 80), lon=st.floats(-180, 180), north=st.floats(-0.2, 0.2), east=st.floats(-0.2, 0.2)
)
def test_around_a_town_the_chord_is_the_great_circle_to_ten_centimetres(lat, lon, north, east):
    start, end = Place(lat, lon), Place(lat + north, lon + east)
    chord_m = float(Places.of([start]).chords_to(end)[0]) * EARTH_RADIUS_M

    assert chord_m == pytest.approx(haversine_m(start, end), abs=0.1)


def haversine_m(start: Place, end: Place) -> float:
    up = sin(radians(end.lat - start.lat) / 2) ** 2
    across = sin(radians(end.lon - start.lon) / 2) ** 2
    half = up + np.cos(radians(start.lat)) * np.cos(radians(end.lat)) * across
    return 2 * EARTH_RADIUS_M * float(np.arcsin(sqrt(half)))


def test_a_detour_makes_ways_longer_and_a_slow_class_slower():
    bike = VehicleClass("bike", (1,), 15_000, 110, 0, 0, 96)
    north, south = Place(60.17, 24.94), Place(60.16, 24.94)

    assert GreatCircle().leg(north, south, VAN) == Leg(174, 1_446)
    assert GreatCircle().leg(north, south, bike) == Leg(294, 1_224)
    assert GreatCircle().leg(north, north, VAN) == Leg(0, 0)


def test_a_matrix_is_read_from_row_to_column():
    travel, start, end = Matrix(SECONDS, SECONDS * 9), Place(0, 0, 1), Place(0, 0, 3)

    assert (travel.leg(start, end, VAN), travel.leg(end, start, VAN)) == (Leg(14, 126), Leg(20, 180))


def test_times_without_metres_give_what_the_class_drives_in_them():
    assert Matrix(SECONDS).leg(Place(0, 0, 1), Place(0, 0, 3), VAN) == Leg(14, 117)


def test_sources_say_where_legs_come_from():
    assert (GreatCircle().source, Matrix(SECONDS).source) == ("estimated", "matrix")


@pytest.mark.parametrize(
    ("seconds", "metres"),
    [
        (np.zeros((2, 3), int), None),
        (np.zeros(4, int), None),
        (np.zeros((2, 2)), None),
        (-np.ones((2, 2), int), None),
        (np.zeros((2, 2), int), np.zeros((3, 3), int)),
        (np.zeros((2, 2), int), np.full((2, 2), 0.5)),
    ],
)
def test_a_matrix_that_is_not_square_whole_and_alike_is_refused(seconds, metres):
    with pytest.raises(ValueError, match=r"square|whole|shape"):
        Matrix(seconds, metres)


def test_a_place_without_a_row_in_the_matrix_is_refused():
    travel, known, unknown = Matrix(SECONDS), Place(0, 0, 1), Place(0, 0)
    gaps = Gaps.of(Places.of([known, unknown]), Rates.of([VAN, VAN]))

    with pytest.raises(ValueError, match="no row"):
        travel.leg(known, unknown, VAN)
    with pytest.raises(ValueError, match="no row"):
        travel.legs_through(gaps.take(np.array([0])), known)
    with pytest.raises(IndexError):
        travel.leg(known, Place(0, 0, 4), VAN)
