"""Move a booking: the same times as at the checkout, each against the time it has now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers import words
from portal.customers.bookings import may_move, order_note, promised, show_booking
from portal.customers.forms import OfferForm
from portal.customers.news import tell
from portal.customers.offers import Present, Pricing, times_of
from portal.customers.pages import Notice, show
from portal.customers.probing import wait_for_quote
from portal.customers.rows import Sticky
from portal.customers.shopper import session_key
from portal.customers.slots import asked_day, gone_title, too_many_quotes, where_of
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from portal.pickup import point_of
from scheduling import clock
from scheduling.errors import DomainError, NotChangeable, TooLateToChange
from scheduling.selectors.shopper import facts_now
from scheduling.services.bookings import reschedule_delivery
from scheduling.services.quotes import ask

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import Booking
    from scheduling.selectors.slots import QuoteView

PAGE = "customers/booking/move.html"
DAYS_PART = "customers/slots/_days.html"


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Show other times, and move to the chosen one: the old time is given up only when the new one is had."""
    booked, now = booking_of(link.delivery), clock.now()
    if request.method != "POST":
        if not may_move(booked, now):
            return redirect_page(request, "customers:booking", link.delivery.ref)
        return show_move(request, link, booked, now=now)
    form = OfferForm(request.POST)
    if not form.is_valid():
        return show_move(request, link, booked, now=now, form=form, status=422)
    try:
        moved = reschedule_delivery(
            delivery=link.delivery,
            offer_token=form.cleaned_data["chosen"],
            session_key=session_key(request),
            actor=link.actor,
            now=now,
        )
    except (NotChangeable, TooLateToChange) as error:
        news = Notice(_("It stays as it was"), str(error))
        return show_booking(request, link, now=now, notice=news, status=409)
    except DomainError as error:
        news = Notice(gone_title(error), f"{error} {_('Your delivery stays as it was until you move it.')}")
        return show_move(request, link, booked, now=now, notice=news, status=409)
    tell(request, link.delivery.ref, "moved" if moved.stop_id != booked.stop_id else "stayed")
    return redirect_page(request, "customers:booking", link.delivery.ref)


def show_move(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    *,
    now: datetime,
    form: OfferForm | None = None,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """Ask the routes as if this delivery had no place yet, and compare with the one it has."""
    if wait_s := wait_for_quote(request, now=now):
        return too_many_quotes(request, link.delivery.merchant, wait_s)
    delivery, facts = link.delivery, facts_now(delivery=link.delivery, quote=booked.quote)
    shop, zone = delivery.merchant, zone_of(booked)
    try:
        quote = ask(merchant=shop, facts=facts, session_key=session_key(request), now=now, moving=delivery)
    except DomainError as error:
        return show_booking(request, link, now=now, notice=Notice(_("No other times"), str(error)))
    pricing = Pricing(shop=shop.name, currency=shop.currency, present=present_of(booked, quote))
    url = reverse("customers:move", args=[delivery.ref])
    place = promised(booked, zone)
    context: dict[str, Any] = {
        "times": times_of(quote, pricing=pricing, chosen_day=asked_day(request), url=url),
        "where": where_of(facts, note=words.place(delivery.address)),
        "promised": place,
        "form": form,
        "notice": notice,
        "sticky": Sticky(
            none=_("Pick a time"),
            note=_("Now: %(day)s, %(hours)s") % {"day": place.day, "hours": place.hours},
            button=_("Move it here"),
        ),
        "hold_url": url,
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, shop, PAGE, context, part=DAYS_PART, status=status)


def present_of(booked: Booking, quote: QuoteView) -> Present:
    """Return the time given up: at the agreed price, with what it would add today: like with like."""
    # At a pickup point it has none of these times, and what it adds there is what it was told it would.
    offer = None if point_of(booked) else quote.offer(booked.offer_key)
    answer = offer.answer if offer is not None and offer.available else None
    return Present(
        key="" if point_of(booked) else booked.offer_key,
        price_minor=booked.price_minor,
        band_m=answer.band_m if answer else booked.band_m,
        grams=answer.grams if answer else booked.grams,
        boundary=answer.boundary if answer else "",
    )
