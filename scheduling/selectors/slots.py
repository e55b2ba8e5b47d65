"""A kept quote as a page shows it: suggestions, days, and each time in its depot's zone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.utils.functional import Promise as LazyText

from scheduling.answers import OPEN, SlotAnswer, seal
from scheduling.models import Quote
from scheduling.routing.offers import BAND_M, Option, Tag, suggestions_for
from scheduling.routing.offers import share_percent as bar_percent

WHY_ORDER: Final = (
    "blackout",
    "not_yet",
    "taken",
    "no_time",
    "range",
    "access",
    "depot_full",
    "reserved",
    "allotment",
    "cap",
    "packing",
    "outside",
    "cutoff",
)
"""Of the reasons of a day's times, the one that says most about the day."""


@dataclass(frozen=True, slots=True)
class OfferView:
    """One time. `token` is empty and `reason` a sentence where it can't be chosen; local times are aware.

    Most of a quote's times are on days that nobody opens: what a page shows of a time is made when it does.
    """

    answer: SlotAnswer
    quote_ref: str
    expires_at: datetime
    share_percent: int

    @property
    def token(self) -> str:
        """Return what a form sends to choose it."""
        if not self.available:
            return ""
        return seal(quote_ref=self.quote_ref, key=self.answer.key, expires_at=self.expires_at)

    @property
    def opens(self) -> datetime:
        """Return when it begins, in its depot's zone."""
        return self.answer.opens

    @property
    def closes(self) -> datetime:
        """Return when it ends, in its depot's zone."""
        return self.answer.closes

    @property
    def cutoff(self) -> datetime:
        """Return from when on it can't be chosen any more, in its depot's zone."""
        return self.answer.cutoff

    @property
    def reason(self) -> str | LazyText:
        """Return why it can't be chosen, as a sentence."""
        return self.answer.reason

    @property
    def available(self) -> bool:
        """Whether it can be chosen."""
        return self.answer.open


@dataclass(frozen=True, slots=True)
class DayView:
    """One local day. Where none of its times can be chosen, `best_price_minor` is None and `why` a status."""

    date: date
    offers: tuple[OfferView, ...]
    best_price_minor: int | None
    why: str


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """A time put first, with its tags: least_driving, soonest, cheapest."""

    offer: OfferView
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class QuoteView:
    """All answers of a quote. `next_day_with_room` is set where none of its times can be chosen.

    `never_left` is the sentence why these goods can't be left outside there, "" where they can.
    """

    ref: str
    asked_at: datetime
    expires_at: datetime
    currency: str
    method: str
    days: tuple[DayView, ...]
    suggestions: tuple[SuggestionView, ...]
    next_day_with_room: date | None = None
    never_left: str | LazyText = ""

    def offer(self, key: str) -> OfferView | None:
        """Return the time with a key."""
        return next((offer for day in self.days for offer in day.offers if offer.answer.key == key), None)

    @property
    def any_available(self) -> bool:
        """Whether any time can be chosen."""
        return bool(self.suggestions)


def answers_of(quote: Quote) -> list[SlotAnswer]:
    """Return the answers a quote kept, in order."""
    return [SlotAnswer.from_json(data) for data in quote.offers]


@dataclass(frozen=True, slots=True)
class PriceShown:
    """A price, and since when this session is shown it."""

    minor: int
    since: datetime


def prices_shown(offers: Iterable[Mapping[str, Any]]) -> dict[str, PriceShown]:
    """Return by key the prices of a quote's times that could be chosen: what the next needs of this one."""
    return {
        data["key"]: PriceShown(data["price_minor"], datetime.fromisoformat(data["priced_at"]))
        for data in offers
        if data["status"] == OPEN
    }


def view_of(
    quote: Quote,
    answers: Sequence[SlotAnswer],
    *,
    next_day_with_room: date | None = None,
    never_left: str | LazyText = "",
) -> QuoteView:
    """Return a quote for showing, with the answers it keeps. No query if its merchant is loaded."""
    widest = max((answer.band_m for answer in answers if answer.open), default=BAND_M)
    offers = [_offer_view(quote, answer, widest) for answer in answers]
    return QuoteView(
        ref=quote.ref,
        asked_at=quote.asked_at,
        expires_at=quote.expires_at,
        currency=quote.merchant.currency,
        method=quote.method,
        days=_days(offers),
        suggestions=_suggestions(offers),
        next_day_with_room=next_day_with_room,
        never_left=never_left,
    )


def _offer_view(quote: Quote, answer: SlotAnswer, widest_m: int) -> OfferView:
    share = bar_percent(answer.band_m, widest_m) if answer.open else 0
    return OfferView(answer, quote.ref, quote.expires_at, share)


def _days(offers: Iterable[OfferView]) -> tuple[DayView, ...]:
    by_date: dict[date, list[OfferView]] = defaultdict(list)
    for offer in offers:
        by_date[offer.answer.service_date].append(offer)
    return tuple(_day(day, tuple(found)) for day, found in sorted(by_date.items()))


def _day(day: date, offers: tuple[OfferView, ...]) -> DayView:
    prices = [offer.answer.price_minor for offer in offers if offer.available]
    statuses = {offer.answer.status for offer in offers}
    why = "" if prices else next((status for status in WHY_ORDER if status in statuses), "taken")
    return DayView(date=day, offers=offers, best_price_minor=min(prices, default=None), why=why)


def _suggestions(offers: Sequence[OfferView]) -> tuple[SuggestionView, ...]:
    by_key = {offer.answer.key: offer for offer in offers}
    found = suggested_of(offer.answer for offer in offers)
    return tuple(SuggestionView(by_key[answer.key], tags) for answer, tags in found)


def suggested_of(answers: Iterable[SlotAnswer]) -> list[tuple[SlotAnswer, tuple[Tag, ...]]]:
    """Return the answers that are put first, in order, each with its tags."""
    by_key = {answer.key: answer for answer in answers if answer.open}
    found = suggestions_for([_option(answer) for answer in by_key.values()])
    return [(by_key[suggestion.option.key], suggestion.tags) for suggestion in found]


def _option(answer: SlotAnswer) -> Option:
    return Option(
        key=answer.key,
        day=answer.plan_id or 0,
        opens=int(answer.opens_at.timestamp()),
        closes=int(answer.closes_at.timestamp()),
        band_m=answer.band_m,
        share_percent=0,  # a bar's length decides about no suggestion
        grams=answer.grams,
        boundary=answer.boundary,
        base_price_minor=answer.base_price_minor,
        price_minor=answer.price_minor,
        pointed_out=answer.pointed_out,
        passing=answer.passing,
        mean_band_m=answer.mean_band_m,
        mean_grams=answer.mean_grams,
    )
