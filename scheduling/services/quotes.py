"""Every question is kept with its answers, and with what was chosen."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import F

from scheduling.answers import OFFER_LIFE, OfferName, SlotAnswer, unseal
from scheduling.errors import AddressNeeded, NeedsSomebody, OfferExpired, OfferForged, PlanBusy
from scheduling.facts import POSTCODE_SOURCE, VisitFacts
from scheduling.kinds import kind_of, kinds_of
from scheduling.models import Delivery, Merchant, Quote
from scheduling.quoting import DAYS_SHOWN, answers_for, never_left_at
from scheduling.routing.carbon import METHOD
from scheduling.selectors.slots import PriceShown, QuoteView, answers_of, prices_shown, view_of
from scheduling.services.changes import one_change
from scheduling.services.plans import HORIZON_DAYS
from scheduling.set_up import SetUp, set_up_of
from scheduling.statements import Instances, Statement

PRICES_STAND_FOR: Final = timedelta(minutes=30)

_NAMED: Final = Instances(
    lambda ref: Quote.objects.filter(ref=ref).select_related("merchant"), "a quote's reference"
)

_LATEST: Final = Statement(
    lambda session_key, digest: (
        Quote.objects.filter(session_key=session_key, facts_digest=digest)
        .order_by("-asked_at", "-pk")
        .values_list("asked_at", "offers")[:1]
    ),
    "a session",
    "a digest",
)

Draws = Callable[[QuoteView], Iterable[SlotAnswer]]
"""Which times of a quote a page is about to draw."""


def draws_nothing(_view: QuoteView) -> Iterable[SlotAnswer]:
    """What we know of programs that show times by themselves."""
    return ()


def ask(
    *,
    merchant: Merchant,
    facts: VisitFacts,
    session_key: str,
    now: datetime,
    moving: Delivery | None = None,
    held: Delivery | None = None,
    draws: Draws = draws_nothing,
) -> QuoteView:
    """Ask the routes for the coming days, keep question and answers, and return them for showing.

    `moving` is a confirmed delivery that is to get another time: the offers are for it alone. `held` is
    this session's own draft, whose kept place is thought away: a new choice takes its place. `draws` says
    which times will be on the page, for the funnel: it is written with the question. Raises OutsideArea,
    TooLarge, or NeedsSomebody where it is to be left outside and must not be.
    """
    leaving_out, set_up = moving or held, set_up_of(merchant, now=now)
    why = never_left_at(set_up, facts, merchant=merchant)
    if why and facts.safe_place and moving is None:  # what was agreed of a booking stands
        raise NeedsSomebody(why)
    found = answers_for(
        merchant=merchant, facts=facts, now=now, days=DAYS_SHOWN, leaving_out=leaving_out, set_up=set_up
    )
    answers = _standing_prices(found, facts, session_key, now)
    later = None
    if not any(answer.open for answer in answers):
        later = _next_day_with_room(merchant, facts, now, leaving_out, set_up)
    quote = Quote(
        merchant=merchant,
        delivery=moving,
        session_key=session_key,
        facts_digest=facts.digest,
        facts=facts.as_json(),
        offers=[answer.as_json() for answer in answers],
        method=METHOD,
        asked_at=now,
        expires_at=now + OFFER_LIFE,
        kinds_seen=kinds_of(answers),
    )
    view = view_of(quote, answers, next_day_with_room=later, never_left=why)
    quote.kinds_opened = kinds_of(draws(view))
    quote.save(force_insert=True)
    return view


def _standing_prices(
    answers: list[SlotAnswer], facts: VisitFacts, session_key: str, now: datetime
) -> list[SlotAnswer]:
    """Return the answers at the prices this session was first shown for the same visit. One query."""
    asked_at, offers = next(map(_LATEST.values_of, _LATEST.rows(session_key, facts.digest)), (None, ()))
    if asked_at is None or asked_at <= now - PRICES_STAND_FOR:
        return answers
    standing = prices_shown(offers)
    return [_at_price_of(answer, standing.get(answer.key), now) for answer in answers]


def _at_price_of(answer: SlotAnswer, shown: PriceShown | None, now: datetime) -> SlotAnswer:
    if shown is None or not answer.open or shown.since <= now - PRICES_STAND_FOR:
        return answer
    return answer.but(price_minor=shown.minor, priced_at=shown.since)


def _next_day_with_room(
    merchant: Merchant, facts: VisitFacts, now: datetime, leaving_out: Delivery | None, set_up: SetUp
) -> date | None:
    later = answers_for(
        merchant=merchant,
        facts=facts,
        now=now,
        days=HORIZON_DAYS - DAYS_SHOWN,
        skip_days=DAYS_SHOWN,
        leaving_out=leaving_out,
        set_up=set_up,
    )
    return next((answer.service_date for answer in later if answer.open), None)


def open_offer(
    *, token: str, merchant: Merchant, session_key: str, now: datetime, moving: Delivery | None = None
) -> tuple[Quote, SlotAnswer]:
    """Return the quote and the answer that an offer's token names.

    Raises OfferForged if it is not ours, not this session's or shop's, not for this delivery, or never
    was open; OfferExpired if it is too old; AddressNeeded if it was for a postcode only.
    """
    name = unseal(token)
    quote = _NAMED.first(name.quote_ref)
    if quote is None or (quote.session_key, quote.merchant_id) != (session_key, merchant.pk):
        raise OfferForged
    if quote.delivery_id != (moving.pk if moving else None):
        raise OfferForged
    answer = next((a for a in answers_of(quote) if a.key == name.key and a.open), None)
    if answer is None:
        raise OfferForged
    if now >= name.expires_at:
        raise OfferExpired
    if quote.facts["address"]["source"] == POSTCODE_SOURCE:
        raise AddressNeeded
    return quote, answer


def note_choice(quote: Quote, answer: SlotAnswer, *, now: datetime) -> None:
    """Keep what was chosen of a quote."""
    Quote.objects.filter(pk=quote.pk).update(chosen_key=answer.key, chosen_at=now)


def note_refusal(*, offer_token: str, merchant: Merchant) -> None:
    """Keep that somebody chose a time of a shop's that had gone. Two statements.

    Who is told that it has gone is not kept waiting for that: where the database is busy, it is left out.
    """
    with suppress(PlanBusy):
        _note_refusal(unseal(offer_token), merchant)


@one_change
def _note_refusal(name: OfferName, merchant: Merchant) -> None:
    quote = Quote.objects.filter(ref=name.quote_ref, merchant=merchant, delivery=None).first()
    answers = answers_of(quote) if quote else []
    for answer in answers:
        if answer.key == name.key and answer.open:
            refused = F("kinds_refused").bitor(kind_of(answer).value)
            Quote.objects.filter(ref=name.quote_ref).update(kinds_refused=refused)
