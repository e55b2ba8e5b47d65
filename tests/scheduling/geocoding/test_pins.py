"""A moved pin stays near the address that was found."""

import math

import pytest

from scheduling.geocoding import Candidate, PinTooFar, check_pin, metres_between

HOME = Candidate("Fabianinkatu 21", "00130", "Helsinki", "FI", 60.165, 24.948, 1.0, "gazetteer")
DEGREE_M = math.pi * 6_371_008.8 / 180


def test_metres_between_two_points_of_one_meridian_is_the_arc():
    assert metres_between(60, 24, 61, 24) == pytest.approx(DEGREE_M, rel=1e-9)
    assert metres_between(60, 24, 60, 24) == 0


@pytest.mark.parametrize("metres", [0, 50, 1_999])
def test_a_pin_may_move_up_to_two_kilometres(metres):
    assert check_pin(anchor=HOME, lat=HOME.lat + metres / DEGREE_M, lon=HOME.lon) is None


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (60.165 + 2_001 / DEGREE_M, 24.948),
        (0, 0),
        (99, 24.9),
        (60.1, 200),
        (math.nan, 24.9),
        (60.1, math.nan),
    ],
)
def test_a_pin_in_another_part_of_town_is_refused(lat, lon):
    with pytest.raises(PinTooFar) as refusal:
        check_pin(anchor=HOME, lat=lat, lon=lon)

    assert refusal.value.code == "pin_too_far"
    assert "2 km" in str(refusal.value)
