"""Ask for times as far as goods may be left outside: where they may not, as if somebody was at home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduling.errors import NeedsSomebody
from scheduling.facts import SafePlace
from scheduling.selectors.doors import facts_at_door
from scheduling.services.quotes import ask

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.facts import VisitFacts
    from scheduling.models import Delivery, Merchant
    from scheduling.selectors.slots import QuoteView
    from scheduling.services.quotes import Draws


def ask_as_allowed(
    *,
    merchant: Merchant,
    facts: VisitFacts,
    session_key: str,
    now: datetime,
    held: Delivery | None,
    draws: Draws,
) -> tuple[QuoteView, VisitFacts]:
    """Return the times, and the visit that they are for. The quote's `never_left` says why it is another.

    Raises OutsideArea or TooLarge.
    """
    try:
        view = ask(merchant=merchant, facts=facts, session_key=session_key, now=now, held=held, draws=draws)
    except NeedsSomebody:
        facts = facts_at_door(facts, merchant=merchant, place=SafePlace())
        view = ask(merchant=merchant, facts=facts, session_key=session_key, now=now, held=held, draws=draws)
    return view, facts
