"""When we pick up what goes back: the same times as for deliveries, chosen, moved and called off here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from portal.access import MANAGE, grant_cookie, issue_link, require_manage
from portal.customers.bookings import may_move, order_note
from portal.customers.forms import OfferForm
from portal.customers.moves import DAYS_PART, present_of
from portal.customers.offers import Pricing, times_of
from portal.customers.pages import Notice, show
from portal.customers.probing import wait_for_quote
from portal.customers.returned import may_choose_time, return_or_404, show_return, when_picked_up
from portal.customers.rows import Sticky
from portal.customers.shopper import session_key
from portal.customers.slots import asked_day, gone_title, too_many_quotes, where_of
from portal.forms import HintedChoiceField, PlainForm
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from returns.errors import ReturnChanged
from returns.reasons import PICKUP_KINDS
from returns.services.pickups import book_pickup, choose_kind, facts_for
from scheduling import clock
from scheduling.errors import DomainError, NotChangeable, TooLateToChange
from scheduling.facts import LEFT_OUTSIDE
from scheduling.selectors.shopper import facts_now
from scheduling.services.bookings import reschedule_delivery
from scheduling.services.holds import place_hold
from scheduling.services.quotes import ask

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from returns.models import Return
    from scheduling.facts import VisitFacts
    from scheduling.models import Booking
    from scheduling.selectors.slots import QuoteView

PAGE: Final = "customers/returns/times.html"
PACKED: Final = "packed"


class PackedForm(PlainForm):
    """How it is packed, and whether it waits outside for the driver."""

    kind = HintedChoiceField(
        label=lazy("How is it packed?"),
        choices=list(PICKUP_KINDS.items()),
        hints={
            "boxed": lazy("Closed, with a label or your name on it."),
            "labelless": lazy("Our driver counts, packs and labels it at the door."),
            "bulky": lazy("Too heavy or too large for one person: two come."),
        },
        error_messages={"required": lazy("Choose how it is packed.")},
    )
    outside = forms.ChoiceField(
        label=lazy("May we take it from outside?"),
        required=False,
        choices=[("", lazy("No, somebody hands it over")), *LEFT_OUTSIDE.items()],
        widget=forms.Select(attrs={"class": "field__input"}),
        error_messages={"invalid_choice": lazy("Choose one of the places in the list.")},
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def times(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Show when we could pick it up; book or move to the time that is chosen."""
    found, now = return_or_404(link, of), clock.now()
    if not may_choose_time(found):
        return redirect_page(request, "customers:returned", link.delivery.ref, of)
    if request.method != "POST":
        return show_times(request, link, found, now=now)
    if request.POST.get("do") == PACKED:
        return _pack(request, link, found, now=now)
    form = OfferForm(request.POST)
    if not form.is_valid():
        return show_times(request, link, found, now=now, form=form, status=422)
    return _choose(request, link, found, form.cleaned_data["chosen"], now=now)


def _pack(request: HttpRequest, link: AccessLink, of: Return, *, now: datetime) -> HttpResponse:
    form = PackedForm(request.POST)
    if not form.is_valid():
        return show_times(request, link, of, now=now, packed=form, status=422)
    said = form.cleaned_data
    try:
        choose_kind(of.pk, said["kind"], version=said["version"])
    except DomainError as error:
        again = return_or_404(link, of.ref)
        news = Notice(str(error), _("Below is how it is now."))
        return show_times(request, link, again, now=now, notice=news, status=409)
    url = reverse("customers:return-times", args=[link.delivery.ref, of.ref])
    return redirect_page(request, f"{url}?outside={said['outside']}" if said["outside"] else url)


def _choose(request: HttpRequest, link: AccessLink, of: Return, offer: str, *, now: datetime) -> HttpResponse:
    try:
        if of.parcel == of.Parcel.BOOKED and of.pickup is not None:
            reschedule_delivery(
                delivery=of.pickup,
                offer_token=offer,
                session_key=session_key(request),
                actor=link.actor,
                now=now,
            )
            booked = of.pickup
        else:
            kept = place_hold(
                offer_token=offer,
                merchant=of.merchant,
                session_key=session_key(request),
                actor=link.actor,
                now=now,
            )
            booked = book_pickup(of.pk, kept.token, actor=link.actor, now=now).delivery
    except (NotChangeable, TooLateToChange, ReturnChanged) as error:
        news = Notice(_("It stays as it was"), str(error))
        return show_return(request, link, return_or_404(link, of.ref), now=now, notice=news, status=409)
    except DomainError as error:
        news = Notice(gone_title(error), f"{error} {_('Your return is kept: only the time is still open.')}")
        return show_times(request, link, return_or_404(link, of.ref), now=now, notice=news, status=409)
    response = redirect_page(request, "customers:returned", link.delivery.ref, of.ref)
    pickup = issue_link(delivery=booked, kind=MANAGE, now=now)
    grant_cookie(response, pickup, request=request, now=now)
    return response


def show_times(
    request: HttpRequest,
    link: AccessLink,
    of: Return,
    *,
    now: datetime,
    form: OfferForm | None = None,
    packed: PackedForm | None = None,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """Ask the routes where a stop to collect costs least; compare with the time it has, if it has one."""
    if wait_s := wait_for_quote(request, now=now):
        return too_many_quotes(request, of.merchant, wait_s)
    present = booking_of(of.pickup) if of.parcel == of.Parcel.BOOKED and of.pickup else None
    if present is not None and not may_move(present, now):
        return redirect_page(request, "customers:returned", link.delivery.ref, of.ref)
    try:
        facts = facts_of(request, of, present)
        quote = ask(
            merchant=of.merchant,
            facts=facts,
            session_key=session_key(request),
            now=now,
            moving=of.pickup if present else None,
        )
    except DomainError as error:
        news = Notice(_("There are no times"), str(error))
        return show_return(request, link, of, now=now, notice=news, status=409)
    url = reverse("customers:return-times", args=[link.delivery.ref, of.ref])
    outside, swaps = chosen_place(request), of.method == "swap"
    context: dict[str, Any] = {
        "times": times_of(
            quote,
            pricing=pricing_of(of, present, quote),
            chosen_day=asked_day(request),
            url=f"{url}?outside={outside}" if outside else url,
        ),
        "where": where_of(facts, note=_("Where it was brought")),
        "now": when_picked_up(of, zone_of(booking_of(link.delivery))),
        "packed": packed or (None if present else _packed(of, outside)),
        "swaps": swaps,
        "form": form or packed,
        "notice": notice,
        "sticky": Sticky(
            none=_("Pick a time"),
            note=_("You can change it until we come"),
            button=_("Move it here") if present else _("Swap it then") if swaps else _("Pick it up then"),
        ),
        "hold_url": f"{url}?outside={outside}" if outside else url,
        "of": of,
        "ref": link.delivery.ref,
        "brand_note": order_note(link.delivery),
    }
    return show(request, of.merchant, PAGE, context, part=DAYS_PART, status=status)


def _packed(of: Return, outside: str) -> PackedForm:
    return PackedForm(initial={"kind": of.pickup_kind, "outside": outside, "version": of.version})


def chosen_place(request: HttpRequest) -> str:
    """Return the place outside of ?outside=, or nothing where it is none of ours."""
    place = request.GET.get("outside", "")
    return place if place in LEFT_OUTSIDE else ""


def facts_of(request: HttpRequest, of: Return, present: Booking | None) -> VisitFacts:
    """Return the visit that fetches it, as booked or as it is to be. Raises DomainError."""
    if present is not None:
        return facts_now(delivery=present.delivery, quote=present.quote)
    return facts_for(of, safe_place=chosen_place(request))


def pricing_of(of: Return, present: Booking | None, quote: QuoteView) -> Pricing:
    """Return what prices are said of: none, since what it costs was said with the way it travels."""
    now = present_of(present, quote) if present else None
    return Pricing(shop=of.merchant.name, currency=of.currency, present=now, unpriced=True)
