"""Grams of CO2e for metres driven, by class of vehicle; every factor with its source and year.

Factors of different boundaries (what is counted: a fuel from well to wheel, or a vehicle's whole life) are
never compared in one sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

METHOD = "marginal-metres-1"
"""Names the way grams are computed: added metres times the class's factor. Changes with the factors too."""

ACCOUNT_METHOD = "planned-metres-by-distance-1"
"""Names how the grams of a route of which nobody told are shared: its planned metres, by the stops'
straight-line distance from the depot."""

VISITED_METHOD = "visited-legs-by-distance-1"
"""The same with the ways between what was really visited, in the order in which it was."""

DRIVEN_METHOD = "driven-positions-by-distance-1"
"""The same with the metres along the vehicle's own positions."""

ACCOUNT_METHODS = (DRIVEN_METHOD, VISITED_METHOD, ACCOUNT_METHOD)
"""The best first."""

WELL_TO_WHEEL = "well-to-wheel"
LIFE_CYCLE = "life cycle"

UK_2025 = "UK government conversion factors 2025"
UK_2025_CAVEAT = "Read from a transcription; not yet checked against the published table."
TEMPORELLI_2022 = "Temporelli et al. 2022, Energies 15:7817"


@dataclass(frozen=True, slots=True)
class Factor:
    """Grams of CO2e a kilometre, and where they come from. `caveat` must be shown with the source."""

    grams_per_km: int
    source: str
    year: int
    boundary: str
    detail: str = ""
    caveat: str = ""


FACTORS: dict[str, Factor] = {
    "diesel-van-class-iii": Factor(
        346, UK_2025, 2025, WELL_TO_WHEEL, "279 direct and 67 well-to-tank", UK_2025_CAVEAT
    ),
    "average-van": Factor(317, UK_2025, 2025, WELL_TO_WHEEL, "vans up to 3.5 t, all fuels", UK_2025_CAVEAT),
    "battery-van-class-iii": Factor(100, UK_2025, 2025, WELL_TO_WHEEL, "about 100", UK_2025_CAVEAT),
    "average-battery-van": Factor(90, UK_2025, 2025, WELL_TO_WHEEL, "about 90", UK_2025_CAVEAT),
    "cargo-bike": Factor(
        96, TEMPORELLI_2022, 2022, LIFE_CYCLE, "250 below a diesel van, here 346 less 250", UK_2025_CAVEAT
    ),
}
"""By slug of vehicle class. The bike's figure leans on the van's, so it carries the same caveat."""


def grams(metres: int, grams_per_km: int) -> int:
    """Whole grams, halves rounded up."""
    return (metres * grams_per_km + 500) // 1000


def share_grams(total_g: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Whole grams for each weight, in proportion, with the sum `total_g`: by largest remainder.

    Of equal remainders the first gets the gram; if all weights are 0, all count alike. Raises ValueError
    for negative numbers, or for grams that nobody is there to share.
    """
    if total_g < 0 or min(weights, default=0) < 0:
        raise ValueError("grams and weights cannot be negative")
    if not weights:
        if total_g:
            raise ValueError(f"nobody shares {total_g} g")
        return ()
    counted = weights if any(weights) else [1] * len(weights)
    whole = sum(counted)
    shares = [total_g * weight // whole for weight in counted]
    by_remainder = sorted(range(len(counted)), key=lambda index: -(total_g * counted[index] % whole))
    for index in by_remainder[: total_g - sum(shares)]:
        shares[index] += 1
    return tuple(shares)


def share_by_distance(total_g: int, distances_m: Mapping[int, int]) -> dict[int, int]:
    """Whole grams of a route for each of its stops, by their distance from the depot, with the sum `total_g`.

    Keys are the stops'. Of equal remainders the lowest key gets the gram, so the order in which stops are
    listed changes nothing; where all stand at the depot itself, all count alike. Raises ValueError as
    `share_grams` does.
    """
    keys = sorted(distances_m)
    return dict(zip(keys, share_grams(total_g, [distances_m[key] for key in keys]), strict=True))
