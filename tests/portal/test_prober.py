"""How near can a stranger come to a neighbour's stop by asking for times?

The stranger knows everything but the stop: the depot, the detour factor, the bands, and that exactly one
household is served that day within so many metres of the centre. They ask from as many places as a session
allows, each chosen to split what is still possible best, and then guess the middle of what remains.
"""

import numpy as np
import pytest

from portal.customers.probing import PLACES_PER_SESSION
from scheduling.routing.offers import band_m
from tests.factories import CENTRE, DEPOT_AT, answer_at, ask_for, make_booking, make_network, some_facts

pytestmark = [pytest.mark.django_db, pytest.mark.once]

DEPOT = np.array([0.0, (DEPOT_AT[0] - CENTRE[0]) * 111_200])
DETOUR = 1.3
STOPS = 15
BANDS = np.array(sorted({band_m(metres) for metres in range(0, 40_000, 125)}))


def way(a, b):
    return DETOUR * np.hypot(*(a - b).T)


def expected_bands(probe, stops):
    """The bands the stranger computes for a probe, were the stop at each of `stops`, shape (n,)."""
    extra = way(probe, DEPOT) + way(stops, probe) - way(stops, DEPOT)
    return BANDS[np.searchsorted(BANDS, np.ceil(extra))]


def best_probe(possible, grid, random):
    """Of many places, the one whose answers would leave the fewest possibilities on average."""
    sample = possible[random.choice(len(possible), min(800, len(possible)), replace=False)]

    def left_over(probe):
        counts = np.unique(expected_bands(probe, sample), return_counts=True)[1]
        return (counts * counts).sum()

    return min(grid[random.choice(len(grid), 60, replace=False)], key=left_over)


def locate(outlet, grid, random):
    """Ask adaptively; return where the stranger believes the stop is."""
    possible = grid
    for _i in range(PLACES_PER_SESSION.times):
        probe = best_probe(possible, grid, random)
        facts = some_facts(east_m=float(probe[0]), north_m=float(probe[1]))
        fits = expected_bands(probe, possible) == answer_at(ask_for(outlet, facts), 10).band_m
        possible = possible[fits] if fits.any() else possible
    return possible.mean(axis=0)


@pytest.mark.parametrize("span_m", [500, 1000])
def test_an_adaptive_prober_cannot_locate_a_lone_stop(span_m, capsys):
    random, errors = np.random.default_rng(7), []
    steps = np.arange(-span_m, span_m + 1, 25, dtype=float)
    grid = np.array([(x, y) for x in steps for y in steps])
    for _i in range(STOPS):
        outlet = make_network(vans=1, days=2, hours=(10,))
        stop = random.uniform(-span_m, span_m, 2)
        make_booking(outlet, facts=some_facts(east_m=float(stop[0]), north_m=float(stop[1])))
        errors.append(np.hypot(*(locate(outlet, grid, random) - stop)))

    error_m = float(np.median(errors))
    with capsys.disabled():
        print(
            f"\nprober: {STOPS} lone stops within {span_m} m, {PLACES_PER_SESSION.times} places each: ",
            end="",
        )
        print(f"median error {error_m:.0f} m")
    assert error_m >= 50
