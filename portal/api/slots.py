"""Times: asked for, kept for a while, given back."""

from __future__ import annotations

from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from portal.api import wire
from portal.api.callers import Caller, Needs, caller_of
from portal.api.documents import ONCE, changes, looks
from portal.api.errors import AddressUnsure, GeocoderAway, NotFound, TooManyHolds
from portal.api.questions import HoldQuestion, Load, Location, QuoteQuestion, SessionQuestion, Where
from portal.api.repeats import once
from portal.api.schemas import HoldAnswer, QuoteAnswer
from portal.door import Door
from portal.forms import LITRES_PER_KG, Size
from portal.models.keys import Scope
from scheduling import clock
from scheduling.answers import unseal
from scheduling.errors import OfferForged
from scheduling.facts import AddressFacts, VisitFacts
from scheduling.geocoding import find_address, find_postcode
from scheduling.selectors.merchants import hold_of, live_holds_beginning, quote_of
from scheduling.services.holds import GONE, extend_hold, place_hold, release_hold
from scheduling.services.quotes import ask, note_refusal

if TYPE_CHECKING:
    from scheduling.models import Hold, Merchant

router = Router(tags=["Times"])
MOST_PUBLIC_HOLDS: Final = 50
"""So many times a publishable key may keep at once: anybody can read it in a page."""

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@router.post("/quotes", response=looks(QuoteAnswer), auth=Needs(Scope.QUOTES))
def ask_for_times(request: HttpRequest, question: QuoteQuestion) -> Any:
    """Ask the routes of the coming days when we could come, and what each time would add.

    Nothing is booked or kept free by asking. An address that is not found just as written is refused with
    what it may be; send `location` to say where its door is. For a postcode alone the times are about right
    (`indicative`), and none of them can be kept.
    """
    caller, now = caller_of(request), clock.now()
    facts = facts_of(question, caller.merchant, now=now)
    view = ask(merchant=caller.merchant, facts=facts, session_key=_session(caller, question.shopper), now=now)
    return wire.quote(view, facts.address)


@router.post("/holds", response=changes(HoldAnswer, 201), openapi_extra=ONCE, auth=Needs(Scope.HOLDS))
def keep_time(request: HttpRequest, question: HoldQuestion) -> HttpResponse:
    """Keep an offered time for 15 minutes while its customer decides.

    A shopper (see `quotes`) keeps one time at a time: another takes its place.
    """
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        named = quote_of(merchant=caller.merchant, ref=unseal(question.offer).quote_ref)
        if named is None or not named.session_key.startswith(_beginning(caller)):
            raise OfferForged
        if caller.is_public:
            _require_few(caller)
        kept = place_hold(
            offer_token=question.offer,
            merchant=caller.merchant,
            session_key=named.session_key,
            actor=caller.actor,
            now=now,
        )
        return 201, _said(_hold(caller, kept.token))

    try:
        return once(request, caller, effect)
    except GONE:  # the choice was undone with all else
        note_refusal(offer_token=question.offer, merchant=caller.merchant)
        raise


@router.get(
    "/holds/{token}",
    response=looks(HoldAnswer, 404),
    auth=Needs(Scope.HOLDS),
)
def look_at_hold(request: HttpRequest, token: Token) -> Any:
    """See whether a time is still kept. A hold that ran out stays `live` until its place is given away."""
    return wire.hold(_hold(caller_of(request), token))


@router.patch(
    "/holds/{token}",
    response=changes(HoldAnswer),
    openapi_extra=ONCE,
    auth=Needs(Scope.HOLDS),
)
def keep_time_longer(request: HttpRequest, token: Token) -> HttpResponse:
    """Keep it for another 15 minutes, counted from now; at most twelve times."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        extend_hold(hold=_hold(caller, token), actor=caller.actor, now=now)
        return 200, _said(_hold(caller, token))

    return once(request, caller, effect)


@router.delete(
    "/holds/{token}",
    response=changes(HoldAnswer),
    openapi_extra=ONCE,
    auth=Needs(Scope.HOLDS),
)
def give_time_back(request: HttpRequest, token: Token) -> HttpResponse:
    """Give its place back. One that ended already stays as it is."""
    caller = caller_of(request)

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        release_hold(hold=_hold(caller, token), actor=caller.actor, now=now)
        return 200, _said(_hold(caller, token))

    return once(request, caller, effect)


def facts_of(question: QuoteQuestion, merchant: Merchant, *, now: datetime) -> VisitFacts:
    """Return the visit that is asked about. Raises AddressUnsure, GeocoderAway, or what VisitFacts does."""
    return size_of(question.load).facts(
        address=_address(question, now=now),
        shop=merchant,
        door=door_of(question),
        requirements=question.requirements,
    )


def size_of(load: Load) -> Size:
    """Return how much has to fit in a van."""
    millilitres = load.millilitres if load.millilitres is not None else load.grams * LITRES_PER_KG
    return Size(load.parcels, load.grams, millilitres, worth_minor=load.worth_minor)


def door_of(question: QuoteQuestion | SessionQuestion) -> Door:
    """Return what is said of the door."""
    if place := question.safe_place:
        return Door(True, place.place, place.note, question.extra_s)
    return Door(extra_s=question.extra_s)


def place_of(where: Where, at: Location) -> AddressFacts:
    """Return an address whose merchant says where its door is."""
    return AddressFacts(
        line=where.line,
        postcode=where.postcode,
        city=where.city,
        unit=where.unit,
        country=where.country,
        lat=at.lat,
        lon=at.lon,
        source="merchant",
    )


def _address(question: QuoteQuestion, *, now: datetime) -> AddressFacts:
    where = question.address
    if question.location:
        return place_of(where, question.location)
    if not where.line:
        return _middle_of(where, now=now)
    answer = find_address(query=as_typed(where), now=now)
    if answer.status == "down":
        raise GeocoderAway
    if answer.status != "exact":
        raise AddressUnsure([wire.found(each.facts()).model_dump() for each in answer.candidates])
    return answer.candidates[0].facts(unit=where.unit or answer.unit)


def _middle_of(where: Where, *, now: datetime) -> AddressFacts:
    answer = find_postcode(postcode=where.postcode, country=where.country, now=now)
    if answer.status == "down":
        raise GeocoderAway
    if not answer.candidates:
        raise AddressUnsure([])
    return answer.candidates[0].facts()


def as_typed(where: Where) -> str:
    """Return an address on one line, as people write it."""
    return ", ".join(filter(None, [where.line, f"{where.postcode} {where.city}".strip()]))


def _beginning(caller: Caller) -> str:
    """How the sessions of a caller's quotes begin: nobody else's do, and a browser's never."""
    return f"api:{caller.key.pk}:" if caller.is_public else "api:"


def _session(caller: Caller, shopper: str) -> str:
    named = f"s:{shopper}" if shopper else f"q:{token_hex(12)}"
    return _beginning(caller) + named


def _require_few(caller: Caller) -> None:
    live = live_holds_beginning(merchant=caller.merchant, sessions=_beginning(caller))
    if live >= MOST_PUBLIC_HOLDS:
        raise TooManyHolds


def _hold(caller: Caller, token: str) -> Hold:
    """Return a hold of the caller's. Raises NotFound."""
    kept = hold_of(merchant=caller.merchant, token=token)
    if kept is None or not (not caller.is_public or kept.session_key.startswith(_beginning(caller))):
        raise NotFound
    return kept


def _said(kept: Hold) -> dict[str, Any]:
    return wire.hold(kept).model_dump(mode="json")
