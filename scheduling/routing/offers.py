"""From what a time would add to what its shopper sees: bands, prices, suggestions, comparisons.

An anonymous form must not let anyone measure how near a neighbour's stop is. So everything here (order,
price, grams, what is pointed out) comes from metres in bands, never from exact ones. Each band reaches
twice as far as the one before: 250 m steps all the way let three adaptive questions find a lone stop to 40 m.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scheduling.routing.carbon import grams

BAND_M = 250
"""How far the first band reaches."""

BAND_COST_S = 36
"""The first band at 25 km/h."""

PRICE_STEP_MINOR = 50
NEIGHBOURS_SHOWN_FROM = 3

MOST_POINTED_OUT = 2
"""Where more times of a day look alike, which of them stays the best is a guess."""


class Tag(StrEnum):
    """Why a time is suggested."""

    LEAST_DRIVING = "least_driving"
    SOONEST = "soonest"
    CHEAPEST = "cheapest"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A slot that a gap can serve. `opens` and `closes` only order it, in any unit, over all days."""

    key: str
    day: int
    opens: int
    closes: int
    base_price_minor: int
    metres: int
    grams_per_km: int
    boundary: str


@dataclass(frozen=True, slots=True)
class Option:
    """A candidate as its shopper may see it.

    band_m: its added metres, in bands; share_percent: its bar beside that of the quote's widest band
    mean_band_m, mean_grams: of the other options with its boundary, rounded; None where there is none
    pointed_out: one of the two times of its day, or the only one, that add least
    passing: in the lowest band on a day that has booked stops: a van is near then anyway
    """

    key: str
    day: int
    opens: int
    closes: int
    band_m: int
    share_percent: int
    grams: int
    boundary: str
    base_price_minor: int
    price_minor: int
    pointed_out: bool
    passing: bool
    mean_band_m: int | None
    mean_grams: int | None

    @property
    def banded_cost_s(self) -> int:
        return banded_cost_s(self.band_m)


@dataclass(frozen=True, slots=True)
class Suggestion:
    option: Option
    tags: tuple[Tag, ...]


def band_m(metres: int) -> int:
    """The upper end of the band that holds `metres`: 250, 500, 1000, 2000... also for less than nothing."""
    return BAND_M << (max(1, -(-metres // BAND_M)) - 1).bit_length()


def doublings(banded_m: int) -> int:
    """How many bands lie below this one."""
    return (banded_m // BAND_M).bit_length() - 1


def share_percent(banded_m: int, widest_m: int) -> int:
    """How long the bar of a band is beside that of the widest: one step for each band, rounded up."""
    return -(-100 * (doublings(banded_m) + 1) // (doublings(widest_m) + 1))


def banded_cost_s(banded_m: int) -> int:
    return banded_m // BAND_M * BAND_COST_S


def shown_neighbours(count: int) -> int:
    """The number of neighbours that may be mentioned: none while one could tell who they are."""
    return count if count >= NEIGHBOURS_SHOWN_FROM else 0


def standing_out(bands_of_day: Sequence[int]) -> frozenset[int]:
    """The bands that cost at most a quarter more than their day's cheapest (of a minute, if that is less).

    None where more than MOST_POINTED_OUT of a day's times do: none of them stands out.
    """
    cheapest_s = banded_cost_s(min(bands_of_day))
    near = [band for band in bands_of_day if _is_near(band, cheapest_s)]
    return frozenset(near) if len(near) <= MOST_POINTED_OUT else frozenset()


def _is_near(banded_m: int, cheapest_s: int) -> bool:
    return 4 * (banded_cost_s(banded_m) - cheapest_s) <= max(cheapest_s, 60)


def discount_minor(banded_m: int, bands_of_quote: Collection[int], cap_minor: int) -> int:
    """What a band takes off the price: all of the cap for the quote's least, nothing for its most.

    In between in proportion to the bands passed, rounded down to PRICE_STEP_MINOR. Nothing where all
    bands are the same.
    """
    least, most = doublings(min(bands_of_quote)), doublings(max(bands_of_quote))
    if least == most:
        return 0
    exact = cap_minor * (most - doublings(banded_m)) // (most - least)
    return exact // PRICE_STEP_MINOR * PRICE_STEP_MINOR


def price_minor(base_price_minor: int, banded_m: int, bands_of_quote: Collection[int], cap_minor: int) -> int:
    """What a time costs: its base price less what its band takes off, never less than nothing."""
    return max(0, base_price_minor - discount_minor(banded_m, bands_of_quote, cap_minor))


def options_for(
    candidates: Sequence[Candidate], *, days_with_bookings: Collection[int], cap_minor: int
) -> tuple[Option, ...]:
    """The candidates of one quote as options, in the same order.

    `cap_minor` is the most the merchant takes off a price. On a day outside `days_with_bookings` nothing
    is pointed out: there, no van already passes. Raises ValueError if `cap_minor` is negative.
    """
    if cap_minor < 0:
        raise ValueError("the cap of a discount cannot be negative")
    bands = [band_m(candidate.metres) for candidate in candidates]
    days = _grouped([candidate.day for candidate in candidates], bands)
    near = {day: standing_out(found) for day, found in days.items() if day in days_with_bookings}
    return _assembled(candidates, bands, days_with_bookings, near, cap_minor)


def suggestions_for(options: Sequence[Option]) -> tuple[Suggestion, ...]:
    """The time with the least driving, the soonest, and the cheapest; once each, with all its tags.

    Of equal ones, the one that is best in the other respects: so they merge where they can.
    """
    if not options:
        return ()
    chosen: dict[str, list[Tag]] = {}
    by_key = {option.key: option for option in options}
    for tag, rank in _RANKS.items():
        chosen.setdefault(min(options, key=rank).key, []).append(tag)
    return tuple(Suggestion(by_key[key], tuple(tags)) for key, tags in chosen.items())


def _least_driving(option: Option) -> tuple[int, ...]:
    return option.band_m, option.price_minor, option.opens, option.closes


def _soonest(option: Option) -> tuple[int, ...]:
    return option.opens, option.closes, option.band_m, option.price_minor


def _cheapest(option: Option) -> tuple[int, ...]:
    return option.price_minor, option.band_m, option.opens, option.closes


_RANKS = {Tag.LEAST_DRIVING: _least_driving, Tag.SOONEST: _soonest, Tag.CHEAPEST: _cheapest}


def _assembled(
    candidates: Sequence[Candidate],
    bands: list[int],
    days_with_bookings: Collection[int],
    near: Mapping[Hashable, Collection[int]],
    cap_minor: int,
) -> tuple[Option, ...]:
    boundaries, different = [candidate.boundary for candidate in candidates], sorted(set(bands))
    weights = [grams(band, one.grams_per_km) for one, band in zip(candidates, bands, strict=True)]
    mean_bands, mean_grams = _means_of_others(boundaries, bands), _means_of_others(boundaries, weights)
    return tuple(
        Option(
            key=candidate.key,
            day=candidate.day,
            opens=candidate.opens,
            closes=candidate.closes,
            band_m=band,
            share_percent=share_percent(band, different[-1]),
            grams=weight,
            boundary=candidate.boundary,
            base_price_minor=candidate.base_price_minor,
            price_minor=price_minor(candidate.base_price_minor, band, different, cap_minor),
            pointed_out=band in near.get(candidate.day, ()),
            passing=band == BAND_M and candidate.day in days_with_bookings,
            mean_band_m=mean_band,
            mean_grams=mean_weight,
        )
        for candidate, band, weight, mean_band, mean_weight in zip(
            candidates, bands, weights, mean_bands, mean_grams, strict=True
        )
    )


def _grouped(groups: Sequence[Hashable], values: Sequence[int]) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = {}
    for group, value in zip(groups, values, strict=True):
        found.setdefault(group, []).append(value)
    return found


def _means_of_others(groups: Sequence[str], values: Sequence[int]) -> list[int | None]:
    """For each value, the mean of the others of its group, halves rounded up; None if it is alone."""
    sums = {group: (sum(found), len(found)) for group, found in _grouped(groups, values).items()}
    return [
        _mean(sums[group][0] - value, sums[group][1] - 1) for group, value in zip(groups, values, strict=True)
    ]


def _mean(total: int, count: int) -> int | None:
    return (2 * total + count) // (2 * count) if count else None
