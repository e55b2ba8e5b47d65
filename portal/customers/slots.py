"""When shall we come: the times of a quote, and keeping one of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.customers import words
from portal.customers.addresses import order_note
from portal.customers.asking import ask_as_allowed
from portal.customers.door_card import card_of
from portal.customers.forms import DoorForm, OfferForm
from portal.customers.neighbours import van_due
from portal.customers.offers import Pricing, day_to_open, drawn, times_of
from portal.customers.pages import Notice, merchant_or_404, refuse, show
from portal.customers.probing import wait_for_quote
from portal.customers.rows import Mapped, Pin, Sticky, Where
from portal.customers.shopper import Visit, actor_of, session_key
from portal.http import redirect_page, targets
from scheduling import clock
from scheduling.errors import DomainError, HoldEnded, OfferForged, OutsideArea, PlanBusy, TooLarge
from scheduling.facts import VisitFacts
from scheduling.selectors.shopper import hold_kept
from scheduling.services.holds import place_hold

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.models import Hold, Merchant

PAGE = "customers/slots/times.html"
DAYS_PART = "customers/slots/_days.html"
GONE_PAGE = "customers/slots/gone.html"


@require_safe
def times(request: HttpRequest, merchant: str) -> HttpResponse:
    """Show the times of the coming days for the place and size that were typed."""
    shop, visit = merchant_or_404(merchant), Visit.of(request, merchant)
    if visit.booked:  # who comes back here wants to change it, not to book the same thing twice
        return redirect_page(request, "customers:booking", visit.booked)
    facts = visit.facts(shop)
    if facts is None:
        return redirect_page(request, "customers:address", merchant)
    return show_times(request, shop, visit, facts, now=clock.now())


@require_POST
def hold(request: HttpRequest, merchant: str) -> HttpResponse:
    """Keep the chosen time, in place of one kept before."""
    shop, visit, now = merchant_or_404(merchant), Visit.of(request, merchant), clock.now()
    if visit.booked:
        return redirect_page(request, "customers:booking", visit.booked)
    facts = visit.facts(shop)
    if facts is None:
        return redirect_page(request, "customers:address", merchant)
    form = OfferForm(request.POST)
    if not form.is_valid():
        return show_times(request, shop, visit, facts, now=now, form=form, status=422)
    try:
        kept = place_hold(
            offer_token=form.cleaned_data["chosen"],
            merchant=shop,
            session_key=session_key(request),
            actor=actor_of(request),
            now=now,
        )
    except DomainError as error:
        news = Notice(gone_title(error), f"{error} {_('What you typed is kept.')}")
        return show_times(request, shop, visit, facts, now=now, notice=news, status=409)
    visit.hold = kept.token
    visit.keep(request, merchant)
    return redirect_page(request, "customers:check", merchant)


def gone_title(error: DomainError) -> str:
    """Return what happened, as a heading."""
    if isinstance(error, OfferForged):
        return _("We don’t know that time")
    if isinstance(error, PlanBusy):
        return _("Please try once more")
    if isinstance(error, HoldEnded):
        return _("That time is not kept any more")
    return _("That time has gone")


def show_times(
    request: HttpRequest,
    shop: Merchant,
    visit: Visit,
    facts: VisitFacts,
    *,
    now: datetime,
    form: OfferForm | None = None,
    door: DoorForm | None = None,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """Ask the routes afresh and show their answer; what can't be answered says why."""
    if wait_s := wait_for_quote(request, now=now):
        return too_many_quotes(request, shop, wait_s)
    key, day = session_key(request), asked_day(request)
    kept = hold_kept(token=visit.hold, merchant=shop, session_key=key)
    try:
        quote, facts = ask_as_allowed(
            merchant=shop,
            facts=facts,
            session_key=key,
            now=now,
            held=draft_of(kept),
            draws=lambda found: drawn(found, day=day_to_open(found, day)),
        )
    except (OutsideArea, TooLarge) as error:
        return show_impossible(request, shop, visit, facts, error)
    pricing = Pricing(shop=shop.name, currency=shop.currency, kept_key=kept_key(kept, now))
    url = reverse("customers:times", args=[shop.slug])
    times = times_of(quote, pricing=pricing, chosen_day=day, url=url, may_ask=True)
    opened = request.GET.get("door") == "open"
    context = {
        "van_due": "" if targets(request, DAYS_PART) else van_due(quote, facts.address),
        "times": times,
        "door": card_of(
            shop, visit.at_door(), facts, why=str(quote.never_left), day=day, form=door, opened=opened
        ),
        "where": where_of(facts, note=found_note(facts)),
        "form": form or door,
        "notice": notice,
        "sticky": Sticky(
            none=_("Pick a time"), note=_("Then we keep it for 15 minutes"), button=_("Keep this time")
        ),
        "hold_url": reverse("customers:hold", args=[shop.slug]),
        "place_url": reverse("customers:place", args=[shop.slug]),
        "address_url": reverse("customers:address", args=[shop.slug]),
        "brand_note": order_note(visit),
    }
    return show(request, shop, PAGE, context, part=DAYS_PART, status=status)


def asked_day(request: HttpRequest) -> date | None:
    """Return the day of ?day=, or None where it makes no sense."""
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None


def draft_of(kept: Hold | None) -> Any:
    """Return the draft whose kept place a new choice would take over."""
    return kept.delivery if kept is not None and kept.state == kept.State.LIVE else None


def kept_key(kept: Hold | None, now: datetime) -> str:
    """Return the key of the time that is kept right now, if any."""
    live = kept is not None and kept.state == kept.State.LIVE and now < kept.expires_at
    return kept.offer_key if kept is not None and live else ""


def where_of(facts: VisitFacts, *, note: str) -> Where:
    """Return the address card with its map."""
    line = words.place(facts.address)
    return Where(
        line=line,
        note=f"{note} · {words.load(facts.parcels, facts.load_g)}",
        map=map_of(facts.address, lat=facts.address.lat, lon=facts.address.lon),
    )


def map_of(address: words.Addressed, *, lat: float, lon: float) -> Mapped:
    """Return the map around an address, and what stands in its place where no map can be."""
    return Mapped(
        pin=Pin(lat, lon, address.line),
        sentence=_("We come to %(line)s.") % {"line": words.place(address)},
        caption=_("Your pin: %(line)s.") % {"line": address.line},
    )


def found_note(facts: VisitFacts) -> str:
    """Return how the address was found."""
    if facts.address.pin_moved:
        return _("You moved the pin")
    return _("Found exactly") if facts.address.confidence >= 0.9 else _("You checked the place")


def show_impossible(
    request: HttpRequest, shop: Merchant, visit: Visit, facts: VisitFacts, error: DomainError
) -> HttpResponse:
    """Say why there can be no times at all, and how to ask differently."""
    outside = isinstance(error, OutsideArea)
    context = {
        "title": _("We don’t come there yet") if outside else _("That is too much for our vans"),
        "sentence": str(error),
        "where": where_of(facts, note=found_note(facts)),
        "kept": _("What you typed is kept. Ask %(shop)s how else you can get your order.")
        % {"shop": shop.name},
        "next_url": reverse("customers:address", args=[shop.slug]),
        "next_label": _("Change the address") if outside else _("Change the size"),
        "brand_note": order_note(visit),
    }
    return show(request, shop, GONE_PAGE, context)


def too_many_quotes(request: HttpRequest, shop: Merchant, wait_s: int) -> HttpResponse:
    """429: somebody asks faster than people do."""
    return refuse(
        request,
        shop,
        wait_s=wait_s,
        title=_("That was a lot at once"),
        sentence=_("Please wait a minute, then open this page again. What you typed is kept."),
    )
