"""What returns of some days came to, for a shop: why, how fast, how far, for how many grams."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet, Sum

from returns.models import Return, ReturnItem
from scheduling import windows
from scheduling.models import CarbonShare, Merchant

MOST_DAYS: Final = 366
NOT_SENT: Final = ("draft", "dropped", "rejected", "cancelled")


@dataclass(frozen=True, slots=True)
class Sku:
    """One thing that came back: how many, of how many bought in the orders it came back from, and why."""

    sku: str
    name: str
    count: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """How long goods took from their customer's door until they were on sale again; seconds."""

    disposition: str
    count: int
    median_s: int
    slowest_tenth_s: int


@dataclass(frozen=True, slots=True)
class Driven:
    """What fetching came to, of the pickups whose day is over: by their routes' own accounts.

    `alone_m` is what each would have been as a trip of its own: from the depot and back, as the bird flies.
    """

    pickups: int
    metres: int
    grams: int
    alone_m: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it. `exchanged` counts things for which something else, or the same again, was wanted."""

    first: date
    last: date
    returns: int
    things: int
    exchanged: int
    paid_back_minor: int
    skus: tuple[Sku, ...]
    speeds: tuple[Speed, ...]
    driven: Driven


def figures_of(*, merchant: Merchant, first: date, last: date, zone: ZoneInfo) -> Figures:
    """Return what became of the returns asked for from one local day to another, both included. Five queries.

    Raises ValueError for days in the wrong order, or more than MOST_DAYS of them.
    """
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        raise ValueError(f"from {first} to {last} are not 1 to {MOST_DAYS} days")
    begin, end = windows.midnight(first, zone), windows.midnight(last + timedelta(days=1), zone)
    rows = Return.objects.filter(merchant=merchant, requested_at__gte=begin, requested_at__lt=end)
    rows = rows.exclude(parcel__in=NOT_SENT)
    items = list(ReturnItem.objects.filter(of__in=rows).select_related("item", "of"))
    return Figures(
        first=first,
        last=last,
        returns=rows.count(),
        things=sum(each.counts for each in items),
        exchanged=sum(each.counts for each in items if each.resolution in ("exchange", "replacement")),
        paid_back_minor=_paid_back(rows),
        skus=_skus(items),
        speeds=_speeds(items),
        driven=_driven(rows),
    )


def _paid_back(rows: QuerySet[Return]) -> int:
    done = rows.filter(refunds__state__in=["succeeded", "by_hand"])
    return done.aggregate(sum=Sum("refunds__amount_minor"))["sum"] or 0


def _skus(items: Iterable[ReturnItem]) -> tuple[Sku, ...]:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    names = {}
    for each in (each for each in items if each.counts):
        counted[each.item.sku][each.reason or "other"] += each.counts
        names[each.item.sku] = each.item.name
    found = [
        Sku(sku, names[sku], reasons.total(), tuple(reasons.most_common()))
        for sku, reasons in counted.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.count, each.sku)))


def _speeds(items: Iterable[ReturnItem]) -> tuple[Speed, ...]:
    took: dict[str, list[float]] = defaultdict(list)
    for each in items:
        if each.on_sale_at and each.of.collected_at:
            took[each.disposition].append((each.on_sale_at - each.of.collected_at).total_seconds())
    return tuple(_speed(disposition, sorted(all_of)) for disposition, all_of in sorted(took.items()))


def _speed(disposition: str, took: list[float]) -> Speed:
    """Return the median and the 90th percentile by nearest rank; `took` is sorted and not empty."""
    ninth = took[-(-9 * len(took) // 10) - 1]
    return Speed(disposition, len(took), round(median(took)), round(ninth))


def _driven(rows: QuerySet[Return]) -> Driven:
    shares = CarbonShare.objects.filter(stop__delivery__pickup_of__in=rows).values(
        "grams", "distance_m", metres=F("account__metres"), all=F("account__grams"), n=F("account__stops")
    )
    metres = grams = alone = count = 0
    for share in shares:
        count, grams, alone = count + 1, grams + share["grams"], alone + 2 * share["distance_m"]
        # A route without grams (a bike by some factors) is shared by head.
        part = (
            share["metres"] * share["grams"] // share["all"]
            if share["all"]
            else share["metres"] // share["n"]
        )
        metres += part
    return Driven(count, metres, grams, alone)
