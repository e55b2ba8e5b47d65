from collections import Counter

from portal.benchmarks.town import lay_out, windows_of
from scheduling.routing.schedule import violations

TOWN = lay_out(days=3, stops=400, slots=12, visits=40, seed=7)
SHIFTS = [shift for plan in TOWN.plans for shift in plan.shifts]
VISITS = [visit for shift in SHIFTS for trip in shift.trips for visit in trip.visits]


def test_every_day_has_exactly_the_stops_asked_for():
    counts = [sum(len(trip.visits) for shift in plan.shifts for trip in shift.trips) for plan in TOWN.plans]

    assert counts == [400, 400, 400]


def test_every_window_load_skill_range_and_shift_is_kept():
    assert [violations(shift) for shift in SHIFTS] == [[]] * len(SHIFTS)


def test_windows_are_two_hours_and_among_those_sold():
    assert {visit.closes_s - visit.opens_s for visit in VISITS} == {7_200}
    assert {(visit.opens_s, visit.closes_s) for visit in VISITS} <= set(TOWN.windows)
    assert len(windows_of(1)) == 1


def test_vans_do_forty_to_fifty_stops_but_for_the_last_of_a_day():
    stops = Counter(sum(len(trip.visits) for trip in shift.trips) for shift in SHIFTS if shift.used)
    usual = sum(count for size, count in stops.items() if 40 <= size <= 50)

    assert usual >= stops.total() - len(TOWN.plans)


def test_it_has_pickups_skills_second_trips_and_vans_that_stay_at_home():
    trips_driven = Counter(sum(bool(trip.visits) for trip in shift.trips) for shift in SHIFTS)

    assert set(trips_driven) == {0, 1, 2}
    for visits in (VISITS, TOWN.visits):
        assert any(any(visit.collected) for visit in visits)
        assert any(any(visit.delivered) for visit in visits)
        assert any(visit.skills for visit in visits)
    assert any(visit.barred for visit in TOWN.visits)


def test_a_seed_gives_the_same_town_and_another_another():
    again, other = (lay_out(days=3, stops=400, slots=12, visits=40, seed=seed) for seed in (7, 8))

    assert again == TOWN != other
