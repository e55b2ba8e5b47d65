"""Which three times are put to somebody whose delivery will be late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from portal.customers import words

if TYPE_CHECKING:
    from datetime import date

    from scheduling.selectors.slots import OfferView, QuoteView

SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class LateTime:
    """One other time: its offer, when it is, and what it costs: never more than what they had."""

    id: str
    offer: str
    when: str
    price: str


def three_of(quote: QuoteView, *, besides: date, had_minor: int) -> list[LateTime]:
    """Return the soonest time of each of the next days, filled up by the soonest of the rest.

    Not of the day `besides`: its vans are out.
    """
    free = [
        offer
        for day in quote.days
        if day.date != besides
        for offer in day.offers
        if offer.available and not offer.answer.narrows_to_s
    ]
    free.sort(key=lambda offer: (offer.opens, offer.closes))
    first: dict[date, OfferView] = {}
    for offer in free:
        first.setdefault(offer.answer.service_date, offer)
    chosen = list(first.values())[:SHOWN]
    chosen += [offer for offer in free if offer not in chosen][: SHOWN - len(chosen)]
    chosen.sort(key=lambda offer: offer.opens)
    return [_time(offer, number, quote.currency, had_minor) for number, offer in enumerate(chosen)]


def _time(offer: OfferView, number: int, currency: str, had_minor: int) -> LateTime:
    less = had_minor - offer.answer.price_minor
    return LateTime(
        id=f"late-{number}",
        offer=offer.token,
        when=f"{words.short_day(offer.opens)} {words.hours(offer.opens, offer.closes)}",
        price=_("%(amount)s less") % {"amount": words.money(less, currency)}
        if less > 0
        else _("the same price"),
    )
