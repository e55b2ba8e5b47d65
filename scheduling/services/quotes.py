"""Every question is kept with its answers, and with what was chosen."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Final

from scheduling.answers import OFFER_LIFE, SlotAnswer, unseal
from scheduling.errors import OfferExpired, OfferForged
from scheduling.facts import VisitFacts
from scheduling.models import Delivery, Merchant, Quote
from scheduling.quoting import answers_for
from scheduling.routing.carbon import METHOD
from scheduling.selectors.slots import QuoteView, answers_of, view_of
from scheduling.services.plans import HORIZON_DAYS

DAYS_SHOWN: Final = 7
DAYS_ASKED: Final = DAYS_SHOWN + 2  # today, and in the evening tomorrow too, can no longer be chosen
PRICES_STAND_FOR: Final = timedelta(minutes=30)


def ask(
    *,
    merchant: Merchant,
    facts: VisitFacts,
    session_key: str,
    now: datetime,
    moving: Delivery | None = None,
    held: Delivery | None = None,
) -> QuoteView:
    """Ask the routes for the coming days, keep question and answers, and return them for showing.

    `moving` is a confirmed delivery that is to get another time: the offers are for it alone. `held` is
    this session's own draft, whose kept place is thought away: a new choice takes its place. Raises
    OutsideArea or TooLarge.
    """
    leaving_out = moving or held
    answers = answers_for(merchant=merchant, facts=facts, now=now, days=DAYS_ASKED, leaving_out=leaving_out)
    answers = _seven_days(answers)
    quote = Quote.objects.create(
        merchant=merchant,
        delivery=moving,
        session_key=session_key,
        facts_digest=facts.digest,
        facts=facts.as_json(),
        offers=[answer.as_json() for answer in _standing_prices(answers, facts, session_key, now)],
        method=METHOD,
        asked_at=now,
        expires_at=now + OFFER_LIFE,
    )
    later = None
    if not any(answer.open for answer in answers):
        later = _next_day_with_room(merchant, facts, now, leaving_out)
    return view_of(quote, next_day_with_room=later)


def _seven_days(answers: list[SlotAnswer]) -> list[SlotAnswer]:
    """Return the answers of seven days, from the first on of which something might still be chosen."""
    by_day: dict[date, set[str]] = {}
    for answer in answers:
        by_day.setdefault(answer.service_date, set()).add(answer.status)
    over = list(takewhile(lambda day: by_day[day] == {"cutoff"}, sorted(by_day)))
    shown = sorted(by_day)[len(over) :][:DAYS_SHOWN]
    return [answer for answer in answers if answer.service_date in shown]


def _standing_prices(
    answers: list[SlotAnswer], facts: VisitFacts, session_key: str, now: datetime
) -> list[SlotAnswer]:
    """Return the answers at the prices this session was first shown for the same visit. One query."""
    earlier = Quote.objects.filter(
        session_key=session_key, facts_digest=facts.digest, asked_at__gt=now - PRICES_STAND_FOR
    ).order_by("-asked_at")
    standing = {
        shown.key: shown.price_minor for quote in earlier for shown in answers_of(quote) if shown.open
    }
    return [
        replace(answer, price_minor=standing.get(answer.key, answer.price_minor)) if answer.open else answer
        for answer in answers
    ]


def _next_day_with_room(
    merchant: Merchant, facts: VisitFacts, now: datetime, leaving_out: Delivery | None
) -> date | None:
    later = answers_for(
        merchant=merchant,
        facts=facts,
        now=now,
        days=HORIZON_DAYS - DAYS_SHOWN,
        skip_days=DAYS_SHOWN,
        leaving_out=leaving_out,
    )
    return next((answer.service_date for answer in later if answer.open), None)


def open_offer(
    *, token: str, session_key: str, now: datetime, moving: Delivery | None = None
) -> tuple[Quote, SlotAnswer]:
    """Return the quote and the answer that an offer's token names.

    Raises OfferForged if it is not ours, not this session's, not for this delivery, or was never open;
    OfferExpired if it is too old.
    """
    name = unseal(token)
    quote = Quote.objects.filter(ref=name.quote_ref).select_related("merchant").first()
    theirs = quote is not None and quote.session_key == session_key
    if quote is None or not theirs or quote.delivery_id != (moving.pk if moving else None):
        raise OfferForged
    answer = next((a for a in answers_of(quote) if a.key == name.key and a.open), None)
    if answer is None:
        raise OfferForged
    if now >= name.expires_at:
        raise OfferExpired
    return quote, answer


def note_choice(quote: Quote, answer: SlotAnswer, *, now: datetime) -> None:
    """Keep what was chosen of a quote."""
    Quote.objects.filter(pk=quote.pk).update(chosen_key=answer.key, chosen_at=now)
