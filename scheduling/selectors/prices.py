"""What a visit would cost on the plans as they are now, for the depot's and the operator's staff.

The answers are a shopper's own, kept nowhere. Exact values are for staff only, and only those of their
depot: where a merchant sells from several, the times of the others count, but are not told.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from scheduling.answers import OPEN, SlotAnswer
from scheduling.facts import VisitFacts
from scheduling.models import Depot, Merchant, MerchantDepot, VehicleClass
from scheduling.quoting import DAYS_SHOWN, answers_for
from scheduling.routing.offers import Tag, price_minor
from scheduling.selectors.slots import suggested_of

ROUTED: Final = frozenset({OPEN, "taken", "no_time", "range", "access"})
"""The routes were asked; anything else the rules decided before."""


@dataclass(frozen=True, slots=True)
class PreviewTime:
    """One time of the depot, with exact values. Instants are aware and in the depot's zone.

    `vehicle` is the class that would come. `tried_minor` is the price at the cap that is tried; None where
    none is, or the time can't be chosen.
    """

    answer: SlotAnswer
    vehicle: str
    tried_minor: int | None

    @property
    def discount_minor(self) -> int:
        """Return what is taken off its base price."""
        return self.answer.base_price_minor - self.answer.price_minor

    @property
    def neighbours(self) -> int | None:
        """Return how many other households are near by then; None where the routes were not asked."""
        return self.answer.exact_neighbours if self.answer.status in ROUTED else None


@dataclass(frozen=True, slots=True)
class PreviewDay:
    """One local day with the depot's times on it, in order."""

    service_date: date
    times: tuple[PreviewTime, ...]


@dataclass(frozen=True, slots=True)
class PreviewSuggestion:
    """A time that a shopper would see first, from whichever depot, in that depot's zone."""

    opens: datetime
    closes: datetime
    price_minor: int
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class PricePreview:
    """A question's answers as staff see them.

    Suggestions, `open_times` and averages are of all that the shopper would see; `days` are the depot's own,
    and `elsewhere` counts the times of other depots. Averages are rounded, and None where nothing is open;
    `tried_average_minor` also where no cap is tried.
    """

    currency: str
    cap_minor: int
    tried_cap_minor: int | None
    days: tuple[PreviewDay, ...]
    suggestions: tuple[PreviewSuggestion, ...]
    open_times: int
    elsewhere: int
    average_minor: int | None
    tried_average_minor: int | None


def merchants_at(*, depot: Depot) -> list[Merchant]:
    """Return the merchants that sell from a depot, by name. One query."""
    sells_here = MerchantDepot.objects.filter(depot=depot, active=True).values("merchant")
    return list(Merchant.objects.filter(pk__in=sells_here).order_by("name", "pk"))


def preview_prices(
    *, depot: Depot, merchant: Merchant, facts: VisitFacts, now: datetime, cap_minor: int | None = None
) -> PricePreview:
    """Return what a shopper new to us would be answered now, and what it would cost with another cap.

    Reads only: two queries beside those of `answers_for`, at most nine with one outlet whose days are known
    to this process. Raises OutsideArea or TooLarge as for shoppers, ValueError if `cap_minor` is negative.
    """
    answers = answers_for(merchant=merchant, facts=facts, now=now, days=DAYS_SHOWN)
    tried = {} if cap_minor is None else prices_at(answers, cap_minor=cap_minor)
    outlets = MerchantDepot.objects.filter(merchant=merchant, depot=depot).values_list("pk", flat=True)
    here = _of_outlets(answers, set(outlets))
    return PricePreview(
        currency=merchant.currency,
        cap_minor=merchant.discount_cap_minor,
        tried_cap_minor=cap_minor,
        days=_days(here, tried),
        suggestions=_suggestions(answers),
        open_times=sum(answer.open for answer in answers),
        elsewhere=len(answers) - len(here),
        average_minor=_average([answer.price_minor for answer in answers if answer.open]),
        tried_average_minor=_average(tried.values()),
    )


def prices_at(answers: Sequence[SlotAnswer], *, cap_minor: int) -> dict[str, int]:
    """Return by key what a question's open times would cost, were `cap_minor` the most taken off a price.

    No query. Raises ValueError if it is negative.
    """
    if cap_minor < 0:
        raise ValueError("the cap of a discount cannot be negative")
    open_ones = [answer for answer in answers if answer.open]
    bands = [answer.band_m for answer in open_ones]
    return {
        answer.key: price_minor(answer.base_price_minor, answer.band_m, bands, cap_minor)
        for answer in open_ones
    }


def _of_outlets(answers: Iterable[SlotAnswer], outlets: set[int]) -> list[SlotAnswer]:
    return [answer for answer in answers if answer.outlet_id in outlets]


def _days(answers: Iterable[SlotAnswer], tried: Mapping[str, int]) -> tuple[PreviewDay, ...]:
    names = dict(VehicleClass.objects.values_list("slug", "name"))
    by_date: dict[date, list[PreviewTime]] = defaultdict(list)
    for answer in answers:
        time = PreviewTime(answer, names.get(answer.vehicle_class, ""), tried.get(answer.key))
        by_date[answer.service_date].append(time)
    return tuple(PreviewDay(day, tuple(times)) for day, times in sorted(by_date.items()))


def _suggestions(answers: Iterable[SlotAnswer]) -> tuple[PreviewSuggestion, ...]:
    return tuple(_suggestion(answer, tags) for answer, tags in suggested_of(answers))


def _suggestion(answer: SlotAnswer, tags: tuple[Tag, ...]) -> PreviewSuggestion:
    return PreviewSuggestion(answer.opens, answer.closes, answer.price_minor, tags)


def _average(prices: Iterable[int]) -> int | None:
    """Return the mean, halves rounded up; None of nothing."""
    found = list(prices)
    return (2 * sum(found) + len(found)) // (2 * len(found)) if found else None
