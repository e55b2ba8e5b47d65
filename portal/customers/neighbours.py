"""What is said of neighbours: that there are enough of them, never how many, who or when exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import ngettext

from portal.customers import words
from scheduling.selectors.streets import ENOUGH_HOUSEHOLDS, street_days

if TYPE_CHECKING:
    from scheduling.answers import SlotAnswer
    from scheduling.facts import AddressFacts
    from scheduling.selectors.slots import QuoteView

ENOUGH_NEIGHBOURS: Final = 3


def near_you(answer: SlotAnswer) -> str:
    """Mention neighbours only where there are enough of them, and never how many."""
    if answer.neighbours < ENOUGH_NEIGHBOURS:
        return ""
    return ngettext(
        "At least %(count)d home near you has its delivery then, too.",
        "At least %(count)d homes near you have their deliveries then, too.",
        ENOUGH_NEIGHBOURS,
    ) % {"count": ENOUGH_NEIGHBOURS}


def van_due(quote: QuoteView, address: AddressFacts) -> str:
    """Say on which of a quote's days a van is due in the street anyway, or nothing. One query."""
    plans = {offer.answer.plan_id for day in quote.days for offer in day.offers if offer.answer.plan_id}
    days = [words.long_day(day) for day in street_days(address=address, plans=plans)]
    if not days:
        return ""
    sentence = ngettext(
        "A van is due in your street on %(days)s: at least %(count)d home there lets you know.",
        "A van is due in your street on %(days)s: at least %(count)d homes there let you know.",
        ENOUGH_HOUSEHOLDS,
    )
    return sentence % {"days": words.listed(days), "count": ENOUGH_HOUSEHOLDS}
