"""Other times for a booking that is to be different at the door: chosen, it moves there and becomes so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal.customers import words
from portal.customers.bookings import order_note, promised, show_booking
from portal.customers.forms import OfferForm
from portal.customers.moves import DAYS_PART, present_of
from portal.customers.news import tell
from portal.customers.offers import Pricing, times_of
from portal.customers.pages import Notice, show
from portal.customers.probing import wait_for_quote
from portal.customers.rows import Sticky
from portal.customers.shopper import session_key
from portal.customers.slots import asked_day, gone_title, too_many_quotes, where_of
from portal.http import redirect_page
from portal.messaging.facts import zone_of
from scheduling.errors import DomainError, NotChangeable, TooLateToChange
from scheduling.selectors.doors import facts_wished
from scheduling.services.bookings import reschedule_delivery
from scheduling.services.quotes import ask

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.facts import DoorWish
    from scheduling.models import Booking

PAGE: Final = "customers/booking/other_times.html"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be different, where its times are asked for, and what their page says."""

    wish: DoorWish
    url: str
    title: str
    sentence: str


def choose_time(
    request: HttpRequest, link: AccessLink, booked: Booking, wanted: Wanted, *, now: datetime
) -> HttpResponse:
    """Move to the chosen time with what is wanted there, both or neither."""
    form = OfferForm(request.POST)
    if not form.is_valid():
        return show_other_times(request, link, booked, wanted, now=now, form=form, status=422)
    try:
        reschedule_delivery(
            delivery=link.delivery,
            offer_token=form.cleaned_data["chosen"],
            session_key=session_key(request),
            actor=link.actor,
            now=now,
            wish=wanted.wish,
        )
    except (NotChangeable, TooLateToChange) as error:
        news = Notice(_("It stays as it was"), str(error))
        return show_booking(request, link, now=now, notice=news, status=409)
    except DomainError as error:
        news = Notice(gone_title(error), f"{error} {_('Your delivery stays as it was until you move it.')}")
        return show_other_times(request, link, booked, wanted, now=now, notice=news, status=409)
    tell(request, link.delivery.ref, "moved")
    return redirect_page(request, "customers:booking", link.delivery.ref)


def show_other_times(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    wanted: Wanted,
    *,
    now: datetime,
    form: OfferForm | None = None,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """Ask the routes as if this delivery had no place yet, and were as it is wanted."""
    delivery = link.delivery
    shop = delivery.merchant
    if wait_s := wait_for_quote(request, now=now):
        return too_many_quotes(request, shop, wait_s)
    try:
        facts = facts_wished(delivery, wanted.wish, quote=booked.quote)
        quote = ask(merchant=shop, facts=facts, session_key=session_key(request), now=now, moving=delivery)
    except DomainError as error:
        return show_booking(request, link, now=now, notice=Notice(_("No other times"), str(error)))
    pricing = Pricing(shop=shop.name, currency=shop.currency, present=present_of(booked, quote))
    place = promised(booked, zone_of(booked))
    context: dict[str, Any] = {
        "times": times_of(quote, pricing=pricing, chosen_day=asked_day(request), url=wanted.url),
        "where": where_of(facts, note=words.place(delivery.address)),
        "wanted": wanted,
        "promised": place,
        "form": form,
        "notice": notice,
        "sticky": Sticky(
            none=_("Pick a time"),
            note=_("Now: %(day)s, %(hours)s") % {"day": place.day, "hours": place.hours},
            button=_("Move it here"),
        ),
        "hold_url": wanted.url,
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, shop, PAGE, context, part=DAYS_PART, status=status)
