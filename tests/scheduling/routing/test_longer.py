"""Longer at one door: every later arrival moves by as much, less the time that was waited anyway."""

from dataclasses import replace
from itertools import count
from random import Random

import pytest

from scheduling.routing.problem import Shift
from scheduling.routing.schedule import schedule, violations
from tests.scheduling.routing.worlds import random_kind, random_matrix, random_place, random_shift

EXTRA_S = 180


def longer(shift: Shift, key: int) -> Shift:
    """The shift with more time at one door."""
    trips = tuple(
        replace(
            trip,
            visits=tuple(
                replace(v, service_s=v.service_s + EXTRA_S) if v.key == key else v for v in trip.visits
            ),
        )
        for trip in shift.trips
    )
    return replace(shift, trips=trips)


@pytest.mark.parametrize("seed", range(150))
def test_three_minutes_more_move_every_later_arrival_by_three_minutes_or_take_slack(seed):
    random = Random(seed)
    _travel, way_of = random_matrix(random)
    kinds = [random_kind(random, 0, 1)]
    shift = random_shift(random, random_place(random, 0), kinds, way_of, count())
    for chosen in (visit.key for trip in shift.trips for visit in trip.visits):
        more = longer(shift, chosen)

        moved_s, begun = 0, False
        for trip, before, after in zip(shift.trips, schedule(shift), schedule(more), strict=True):
            if trip.visits:
                assert after.departs_s - before.departs_s == moved_s
            for number, visit in enumerate(trip.visits):
                assert after.arrivals_s[number] - before.arrivals_s[number] == moved_s
                waited_s = before.starts_s[number] - before.arrivals_s[number]
                moved_s = max(0, moved_s - waited_s)
                assert after.starts_s[number] - before.starts_s[number] == moved_s
                if visit.key == chosen:
                    begun, moved_s = True, moved_s + EXTRA_S
            if trip.visits:
                assert after.returns_s - before.returns_s == moved_s
        assert begun
        # Nobody becomes late unseen: what breaks is found by the check before anything is written.
        late = [v for v in violations(more) if v not in violations(shift)]
        assert moved_s > 0 or not [v for v in late if v.kind == "shift"]
