"""What the frame shows: fragments of the hosted pages' own parts, and the facts its events are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Self

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.customers import words
from portal.customers.addresses import question
from portal.customers.asking import ask_as_allowed
from portal.customers.checkout import countdown_of
from portal.customers.offers import Pricing, drawn, times_of
from portal.customers.pages import Notice
from portal.customers.probing import wait_for_quote
from portal.customers.rows import Fact, Sticky
from portal.customers.slots import draft_of, gone_title, kept_key
from portal.services.sessions import facts_of
from scheduling import windows
from scheduling.errors import DomainError, HoldLimit, OutsideArea, TooLarge
from scheduling.geocoding import GeocodeAnswer
from scheduling.selectors.shopper import hold_kept

if TYPE_CHECKING:
    from datetime import datetime

    from portal.customers.forms import OfferForm, PlaceForm
    from portal.models.widget import WidgetSession
    from portal.widget.forms import WhereForm
    from scheduling.facts import AddressFacts
    from scheduling.models import Hold, Merchant

RETRYABLE: Final = frozenset({"plan_busy", "too_many_holds", "too_many_requests", "slot_taken"})


class TooOften(Exception):
    """More than this network may ask; `wait_s` says when to go on."""

    def __init__(self, wait_s: int) -> None:
        super().__init__()
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Answer:
    """A view of the frame. `held` is what is kept, `error` why it is another view than was asked for."""

    view: str
    html: str
    status: int = 200
    held: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    session: str = ""
    wait_s: int = 0

    def with_session(self, token: str) -> Self:
        """Return the same answer with a session's token, which the frame keeps in its memory."""
        return replace(self, session=token)

    def respond(self) -> HttpResponse:
        """Return it as the frame reads it."""
        said = {"view": self.view, "html": self.html, "held": self.held, "error": self.error}
        said |= {"language": get_language()} | ({"session": self.session} if self.session else {})
        response = JsonResponse(said, status=self.status)
        if self.wait_s:
            response["Retry-After"] = str(self.wait_s)
        return response


def _render(view: str, shop: Merchant, **context: Any) -> str:
    counting = reverse("customers:counting", args=[shop.slug])
    return render_to_string(f"widget/_{view}.html", {"counting_url": counting, "shop": shop, **context})


def refused(error: DomainError) -> dict[str, Any]:
    """Return a refusal as the page's `doorstep:error` names it."""
    return {"code": error.code, "message": str(error), "retryable": error.code in RETRYABLE}


def where(session: WidgetSession, form: WhereForm, *, status: int = 200) -> Answer:
    """Ask where to."""
    return Answer("where", _render("where", session.merchant, form=form), status)


def place(session: WidgetSession, form: PlaceForm, *, status: int = 200) -> Answer:
    """Ask which of the addresses found is meant."""
    answer = GeocodeAnswer.from_json(session.answer or {})
    lines = [label for _value, label in form.fields["choice"].choices]  # type: ignore[attr-defined]
    html = _render(
        "place",
        session.merchant,
        form=form,
        asked=question(answer),
        several=len(lines) > 1,
        line=lines[0],
        typed=session.typed.get("address", ""),
    )
    return Answer("place", html, status)


def times(
    request: HttpRequest,
    session: WidgetSession,
    *,
    now: datetime,
    form: OfferForm | None = None,
    error: DomainError | None = None,
) -> Answer:
    """Ask the routes afresh and show their answer; what can't be answered says why."""
    shop, facts, asker = session.merchant, facts_of(session), session.session_key
    assert facts is not None  # noqa: S101 - who shows times knows place and size
    if wait_s := wait_for_quote(request, now=now, session=asker):
        return wait(shop, wait_s)
    held, day = kept_in(session), _day(request)
    try:
        quote, facts = ask_as_allowed(
            merchant=shop,
            facts=facts,
            session_key=asker,
            now=now,
            held=draft_of(held),
            draws=lambda found: drawn(found, day=day),
        )
    except (OutsideArea, TooLarge) as impossible:
        return _impossible(session, impossible)
    pricing = Pricing(shop=shop.name, currency=shop.currency, kept_key=kept_key(held, now))
    shown = times_of(quote, pricing=pricing, chosen_day=day, url="")
    if day is None:  # no day is open until somebody opens one: the first view is short
        shown = replace(shown, days=[replace(each, open=False) for each in shown.days])
    html = _render(
        "times",
        shop,
        times=shown,
        day=day.isoformat() if day else "",
        line=words.place(facts.address),
        note=words.load(facts.parcels, facts.load_g),
        form=form,
        notice=Notice(gone_title(error), str(error)) if error else None,
        sticky=Sticky(
            none=_("Pick a time"), note=_("Then we keep it for 15 minutes"), button=_("Keep this time")
        ),
        kept=bool(kept_key(held, now)),
    )
    status = 422 if form else 409 if error else 200
    return Answer("times", html, status, error=refused(error) if error else None)


def indicative(
    request: HttpRequest, session: WidgetSession, about: AddressFacts, form: WhereForm, *, now: datetime
) -> Answer:
    """Show times for a postcode's middle, none of which can be kept, and ask for the address."""
    shop, asker = session.merchant, session.session_key
    if wait_s := wait_for_quote(request, now=now, session=asker):
        return wait(shop, wait_s)
    facts = facts_of(session, place=about)
    assert facts is not None  # noqa: S101 - the size is known where this is asked
    try:
        quote, facts = ask_as_allowed(
            merchant=shop,
            facts=facts,
            session_key=asker,
            now=now,
            held=None,
            draws=lambda found: drawn(found, day=None),
        )
    except (OutsideArea, TooLarge) as impossible:
        return _impossible(session, impossible)
    pricing = Pricing(shop=shop.name, currency=shop.currency, kept_key="")
    shown = times_of(quote, pricing=pricing, chosen_day=None, url="")
    town = f"{about.postcode} {about.city}".strip()
    html = _render("indicative", shop, times=shown, town=town, postcode=about.postcode, form=form)
    return Answer("indicative", html)


def kept(session: WidgetSession, hold: Hold, *, now: datetime, error: DomainError | None = None) -> Answer:
    """Show what is kept, and until when; or that it is booked."""
    zone = hold.stop.route.shift.plan.depot.zone
    opens, closes = hold.stop.opens_at.astimezone(zone), hold.stop.closes_at.astimezone(zone)
    price = words.money(hold.price_minor, hold.currency)
    shop = session.merchant
    facts = [
        Fact(_("Where"), words.place(hold.delivery.address)),
        Fact(_("What"), words.load(hold.delivery.parcel_count, hold.delivery.load_g)),
        Fact(_("Delivery"), _("%(price)s, charged by %(shop)s") % {"price": price, "shop": shop.name}),
        Fact(_("Adds"), _("%(distance)s of driving") % {"distance": words.distance(hold.band_m)}),
    ]
    if hold.narrows_to_s:
        facts.insert(0, Fact(_("Exact time"), words.narrowing(hold.narrows_to_s)))
    if session.order_number:
        facts.append(Fact(_("Order"), session.order_number))
    booked = hold.state == hold.State.CONFIRMED
    html = _render(
        "kept",
        shop,
        day=words.long_day(opens),
        hours=words.hours(opens, closes),
        facts=facts,
        booked=booked,
        countdown=countdown_of(hold, zone, now=now),
        notice=Notice(
            _("No more extra time") if isinstance(error, HoldLimit) else gone_title(error), str(error)
        )
        if error
        else None,
    )
    said = {
        "hold_token": hold.token,
        "state": hold.state,
        "window": {
            "date": windows.local_date(hold.stop.opens_at, zone).isoformat(),
            "opens_at": hold.stop.opens_at.isoformat(),
            "closes_at": hold.stop.closes_at.isoformat(),
            "time_zone": zone.key,
        },
        "expires_at": hold.expires_at.isoformat(),
        "seconds_left": max(0, int((hold.expires_at - now).total_seconds())),
        "price_minor": hold.price_minor,
        "currency": hold.currency,
    }
    status = 409 if error else 200
    return Answer("kept", html, status, held=said, error=refused(error) if error else None)


def _refused_title(error: DomainError) -> str:
    return _("No more extra time") if isinstance(error, HoldLimit) else gone_title(error)


def _day(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        return None


def kept_in(session: WidgetSession) -> Hold | None:
    """Return what this session keeps or kept last, in whatever state."""
    return hold_kept(token=session.hold, merchant=session.merchant, session_key=session.session_key)


def _impossible(session: WidgetSession, error: DomainError) -> Answer:
    outside = isinstance(error, OutsideArea)
    title = _("We don’t come there yet") if outside else _("That is too much for our vans")
    html = _render(
        "refused", session.merchant, title=title, sentence=str(error), press=_("Change the address")
    )
    return Answer("refused", html, 409, error=refused(error))


def enough_places(shop: Merchant, wait_s: int) -> Answer:
    """429: no more places for this session; the reason, and what still works."""
    sentence = _(
        "You have looked at times for three places. To keep other people’s deliveries private we stop "
        "there for today. The three still work: type one of them again."
    )
    html = _render(
        "refused",
        shop,
        title=_("That is enough addresses for now"),
        sentence=sentence,
        press=_("Back to the address"),
    )
    error = {"code": "too_many_places", "message": sentence, "retryable": False}
    return Answer("refused", html, 429, error=error, wait_s=wait_s)


def wait(shop: Merchant, wait_s: int) -> Answer:
    """429: somebody asks faster than people do."""
    sentence = _("Please wait a minute, then try again. What is kept for you stays so.")
    html = _render("refused", shop, title=_("That was a lot at once"), sentence=sentence, again=True)
    error = {"code": "too_many_requests", "message": sentence, "retryable": True}
    return Answer("refused", html, 429, error=error, wait_s=wait_s)


def ended(shop: Merchant, error: DomainError) -> Answer:
    """401: nothing can be chosen here any more; the page around the frame may open another session.

    403 where it could not even begin: the page is not listed.
    """
    over = error.code == "session_ended"
    title = _("Let’s start over") if over else _("Times can’t be shown here")
    html = _render("refused", shop, title=title, sentence=str(error))
    return Answer("ended", html, 401 if over else 403, error=refused(error))


def failed(shop: Merchant, error: DomainError) -> Answer:
    """409: a refusal that no step met; asking again begins where the session is."""
    html = _render("refused", shop, title=gone_title(error), sentence=str(error), again=True)
    return Answer("refused", html, 409, error=refused(error))
