"""What the frame asks: each step is judged by its session, and answered with a view and its facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST

from portal.customers import pages
from portal.customers.forms import OfferForm, PlaceForm
from portal.customers.probing import wait_for_lookup, wait_for_place
from portal.models.keys import KeyKind, Scope
from portal.models.widget import WidgetSession
from portal.places import line_of, not_found
from portal.services.keys import key_of, note_use
from portal.services.sessions import (
    OriginNotListed,
    SessionEnded,
    keep,
    keep_hold,
    open_session,
    require_few,
    session_of,
    token_of,
)
from portal.throttle import Limit, network_of, take
from portal.widget import views
from portal.widget.forms import COUNTRY, WhereForm, form_for
from scheduling import clock
from scheduling.errors import DomainError, HoldEnded
from scheduling.geocoding import Candidate, GeocodeAnswer, find_address, find_postcode
from scheduling.selectors.shopper import hold_kept
from scheduling.services.holds import extend_hold, place_hold, release_hold

ORIGIN: Final = "X-Doorstep-Origin"
"""The page around the frame, as the browser told the frame: its requests come from ourselves."""

OPENED_PER_NETWORK: Final = Limit("widget-opened-network", times=60, per_s=60)

Step = Callable[[HttpRequest, WidgetSession, datetime], views.Answer]


def step(act: Step) -> Callable[..., HttpResponse]:
    """Make a view of what a live session may do. No cookie is read or set, so none can be ridden on."""

    @csrf_exempt
    @require_POST
    @gzip_page
    @wraps(act)
    def view(request: HttpRequest, merchant: str) -> HttpResponse:
        shop, now = pages.merchant_or_404(merchant), clock.now()
        try:
            session = session_of(bearer(request), merchant=shop, origin=page_of(request), now=now)
            session.merchant = shop
            return act(request, session, now).respond()
        except SessionEnded as error:
            return views.ended(shop, error).respond()
        except DomainError as error:
            return views.failed(shop, error).respond()

    return view


def bearer(request: HttpRequest) -> str:
    """Return the token that was sent, nothing if none was."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def page_of(request: HttpRequest) -> str:
    """Return the origin of the page around the frame."""
    return request.headers.get(ORIGIN, "")[:200]


@csrf_exempt
@require_POST
@gzip_page
def begin(request: HttpRequest, merchant: str) -> HttpResponse:
    """Begin where the session is: with its kept time, its times, or the question where to.

    A publishable key opens a session first, which the answer names.
    """
    shop, now = pages.merchant_or_404(merchant), clock.now()
    try:
        token = bearer(request)
        session = _open_by_key(request, shop.slug, token, now) if token.startswith("pk_") else None
        opened = session or session_of(token, merchant=shop, origin=page_of(request), now=now)
        opened.merchant = shop
        _note_place(request, opened)
        answer = _as_it_is(request, opened, now)
        return answer.with_session(token_of(session.pk)).respond() if session else answer.respond()
    except views.TooOften as error:
        return views.wait(shop, error.wait_s).respond()
    except (SessionEnded, OriginNotListed) as error:
        return views.ended(shop, error).respond()
    except DomainError as error:
        return views.failed(shop, error).respond()


def _note_place(request: HttpRequest, session: WidgetSession) -> None:
    """Remember which postcode and country the page knows, where nobody has said more."""
    postcode, country = request.POST.get("postcode", "")[:16], request.POST.get("country", "").upper()
    said = {"postcode": postcode, "country": country if COUNTRY.fullmatch(country) else ""}
    if not session.typed and any(said.values()):
        keep(session, typed={name: value for name, value in said.items() if value})


def _open_by_key(request: HttpRequest, merchant: str, token: str, now: datetime) -> WidgetSession:
    """Open a session by a publishable key of this merchant.

    Raises SessionEnded for any other token, OriginNotListed, or TooOften.
    """
    if wait_s := take(OPENED_PER_NETWORK, network_of(request), now=now):
        raise views.TooOften(wait_s)
    key = key_of(token, now=now)
    if key is None or key.kind != KeyKind.PUBLISHABLE or key.merchant.slug != merchant:
        raise SessionEnded
    if not {Scope.QUOTES, Scope.HOLDS} <= set(key.scopes):
        raise SessionEnded
    note_use(key, now=now)
    locale = request.POST.get("locale", "")[:35]
    return open_session(
        merchant=key.merchant, key=key, origin=page_of(request), locale=locale, actor=key.actor, now=now
    )


def _as_it_is(request: HttpRequest, session: WidgetSession, now: datetime) -> views.Answer:
    kept = views.kept_in(session)
    if kept is not None and kept.state in {kept.State.LIVE, kept.State.CONFIRMED}:
        return views.kept(session, kept, now=now)
    if session.place and session.size:
        return views.times(request, session, now=now)
    if session.answer:
        return views.place(session, _form(session, GeocodeAnswer.from_json(session.answer)))
    if session.size and session.typed.get("postcode") and not session.typed.get("address"):
        return _indicative(request, session, now)
    return views.where(session, form_for(session))


def _indicative(request: HttpRequest, session: WidgetSession, now: datetime) -> views.Answer:
    """Show times for about the middle of a postcode; where nobody knows it, only ask for the address.

    It counts as a place asked about, as any other.
    """
    form, said = form_for(session), session.typed
    if wait_for_lookup(request, now=now):
        return views.where(session, form)
    answer = find_postcode(postcode=said["postcode"], country=said.get("country", ""), now=now)
    if not answer.candidates:
        return views.where(session, form)
    middle, asker = answer.candidates[0], session.session_key
    if wait_for_place(request, lat=middle.lat, lon=middle.lon, now=now, session=asker):
        return views.where(session, form)
    return views.indicative(request, session, middle.facts(), form, now=now)


@step
def where(request: HttpRequest, session: WidgetSession, now: datetime) -> views.Answer:
    """Ask where to, with what was typed."""
    return views.where(session, form_for(session))


@step
def address(request: HttpRequest, session: WidgetSession, now: datetime) -> views.Answer:
    """Look the typed address up; show the times there, or what is not sure."""
    form = form_for(session, request.POST)
    if not form.is_valid():
        return views.where(session, form, status=422)
    if wait_s := wait_for_lookup(request, now=now):
        return views.wait(session.merchant, wait_s)
    if form.postcode_alone:
        _remember(session, form, None, typed={"address": "", "postcode": form.postcode_alone})
        return _indicative(request, session, now)
    answer = find_address(query=form.query, now=now, country=form.known.get("country", ""))
    _remember(session, form, answer)
    if sentence := not_found(answer):
        form.add_error("address", sentence)
        return views.where(session, form, status=503 if answer.status == "down" else 422)
    if answer.status != "exact":
        return views.place(session, _form(session, answer))
    return _settle(request, session, answer.candidates[0], now)


def _remember(
    session: WidgetSession,
    form: WhereForm,
    answer: GeocodeAnswer | None,
    typed: dict[str, str] | None = None,
) -> None:
    size = form.sized.as_json() if form.asks_size else session.size
    said = form.typed | (typed or {})
    keep(session, typed=said, size=size, answer=answer.as_json() if answer else None, place=None)


@step
def place(request: HttpRequest, session: WidgetSession, now: datetime) -> views.Answer:
    """Take the address that was meant."""
    answer = GeocodeAnswer.from_json(session.answer) if session.answer else None
    if answer is None or not answer.candidates:
        return views.where(session, form_for(session))
    form = _form(session, answer, request.POST)
    if not form.is_valid():
        return views.place(session, form, status=422)
    return _settle(request, session, answer.candidates[form.cleaned_data["choice"]], now)


def _form(session: WidgetSession, answer: GeocodeAnswer, data: Any = None) -> PlaceForm:
    return PlaceForm(data, lines=[line_of(each) for each in answer.candidates], auto_id="place_%s")


def _settle(
    request: HttpRequest, session: WidgetSession, candidate: Candidate, now: datetime
) -> views.Answer:
    """Take a place, if this session and its network may ask about one more, and show its times."""
    asker = session.session_key
    wait_s = wait_for_place(request, lat=candidate.lat, lon=candidate.lon, now=now, session=asker)
    if wait_s:
        return views.enough_places(session.merchant, wait_s)
    unit = session.typed.get("unit", "") or (session.answer or {}).get("unit", "")
    keep(session, place=asdict(candidate.facts(unit=unit)))
    if not session.size:
        return views.where(session, form_for(session))
    return views.times(request, session, now=now)


@step
def times(request: HttpRequest, session: WidgetSession, now: datetime) -> views.Answer:
    """Ask the routes afresh, for another day perhaps."""
    return _times(request, session, now)


def _times(
    request: HttpRequest, session: WidgetSession, now: datetime, *, error: DomainError | None = None
) -> views.Answer:
    if not session.place or not session.size:
        return views.where(session, form_for(session))
    return views.times(request, session, now=now, error=error)


@step
def hold(request: HttpRequest, session: WidgetSession, now: datetime) -> views.Answer:
    """Keep the chosen time, in place of one kept before."""
    form = OfferForm(request.POST)
    if not form.is_valid():
        return views.times(request, session, now=now, form=form)
    try:
        require_few(session)
        kept = place_hold(
            offer_token=form.cleaned_data["chosen"],
            merchant=session.merchant,
            session_key=session.session_key,
            actor=session.actor,
            now=now,
        )
    except DomainError as error:
        return _times(request, session, now, error=error)
    keep_hold(session, kept)
    return _kept(session, now)


@step
def extend(request: HttpRequest, session: WidgetSession, now: datetime) -> views.Answer:
    """Keep the time for another while."""
    kept = views.kept_in(session)
    if kept is None:
        return _times(request, session, now, error=HoldEnded())
    try:
        keep_hold(session, extend_hold(hold=kept, actor=session.actor, now=now))
    except HoldEnded as error:
        return _times(request, session, now, error=error)
    except DomainError as error:
        return views.kept(session, kept, now=now, error=error)
    return _kept(session, now)


@step
def release(request: HttpRequest, session: WidgetSession, now: datetime) -> views.Answer:
    """Give the time back, and show what there is."""
    kept = views.kept_in(session)
    if kept is not None:
        release_hold(hold=kept, actor=session.actor, now=now)
        keep(session, hold="")
    return _times(request, session, now)


def _kept(session: WidgetSession, now: datetime) -> views.Answer:
    kept = hold_kept(token=session.hold, merchant=session.merchant, session_key=session.session_key)
    assert kept is not None  # noqa: S101 - it was placed a moment ago
    return views.kept(session, kept, now=now)
