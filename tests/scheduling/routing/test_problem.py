import pytest

from scheduling.routing.problem import Leg, Place, Shift, Trip, Vehicle, VehicleClass, Visit

VAN = VehicleClass("van", (1,), 30_000, 130, 0, 0, 300)


def test_a_trip_has_one_leg_more_than_visits_or_none():
    with pytest.raises(ValueError, match="trip 3: 1 legs where 0 are needed"):
        Trip(3, (), (Leg(1, 1),))
    with pytest.raises(ValueError, match="trip 4: 1 legs where 2 are needed"):
        Trip(4, (Visit(1, Place(60, 25), 0, 9, 0, (1,), (0,)),), (Leg(1, 1),))


@pytest.mark.parametrize(
    ("service_s", "delivered", "collected"),
    [(-1, (0,), (0,)), (0, (-1,), (0,)), (0, (0,), (-1,)), (0, (1,), ())],
)
def test_a_visit_with_odd_loads_or_service_is_refused(service_s, delivered, collected):
    with pytest.raises(ValueError, match="visit 1"):
        Visit(1, Place(60, 25), 0, 9, service_s, delivered, collected)


@pytest.mark.parametrize(("speed", "detour"), [(0, 130), (30_000, 0)])
def test_a_class_that_cannot_drive_is_refused(speed, detour):
    with pytest.raises(ValueError, match="bike"):
        VehicleClass("bike", (1,), speed, detour, 0, 0, 96)


def test_a_shift_ends_with_its_hours_or_its_length_whichever_is_first():
    assert Vehicle(1, VAN, 100, 900, 500, 0).latest_return_s == 600
    assert Vehicle(1, VAN, 100, 900, 5_000, 0).latest_return_s == 900


def test_a_shift_is_used_once_a_trip_has_a_visit():
    vehicle, visit = Vehicle(1, VAN, 0, 9, 9, 0), Visit(1, Place(60, 25), 0, 9, 0, (1,), (0,))

    assert not Shift(vehicle, (Trip(1), Trip(2))).used
    assert Shift(vehicle, (Trip(1), Trip(2, (visit,), (Leg(1, 1), Leg(1, 1))))).used
