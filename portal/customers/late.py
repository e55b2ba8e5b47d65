"""It will be late: wait for it, choose one of three other times, or say where it may be left.

Nothing moves until its customer says so, and what they choose costs no more than what they had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers import words
from portal.customers.bookings import order_note, plan_of, promised, show_booking
from portal.customers.forms import OfferForm
from portal.customers.late_times import LateTime, three_of
from portal.customers.news import tell
from portal.customers.pages import Notice, show
from portal.customers.probing import wait_for_quote
from portal.customers.shopper import session_key
from portal.customers.slots import too_many_quotes
from portal.http import redirect_page
from portal.messaging.day_facts import expected_hours
from portal.messaging.facts import booking_of, zone_of
from portal.pickup import point_of
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.selectors.again import may_answer_late
from scheduling.selectors.shopper import facts_now
from scheduling.services.answering import keep_late
from scheduling.services.bookings import reschedule_delivery
from scheduling.services.quotes import ask

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import Booking

PAGE: Final = "customers/booking/late.html"
KEEP: Final = "keep"


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def late(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Show what can be done about a delay; do what was chosen. Without a delay: the booking's own page."""
    booked, now = booking_of(link.delivery), clock.now()
    if not may_answer_late(booked, plan_of(booked)):
        return redirect_page(request, "customers:booking", link.delivery.ref)
    if request.method != "POST":
        return show_late(request, link, booked, now=now)
    if request.POST.get("answer") == KEEP:
        return _keep(request, link, now=now)
    form = OfferForm(request.POST)
    if not form.is_valid():
        return show_late(request, link, booked, now=now, form=form, status=422)
    return _move(request, link, booked, form.cleaned_data["chosen"], now=now)


def _keep(request: HttpRequest, link: AccessLink, *, now: datetime) -> HttpResponse:
    try:
        keep_late(delivery=link.delivery, actor=link.actor, now=now)
    except DomainError as error:
        notice = Notice(_("It stays as it was"), str(error))
        return show_booking(request, link, now=now, notice=notice, status=409)
    tell(request, link.delivery.ref, "late-keep")
    return redirect_page(request, "customers:booking", link.delivery.ref)


def _move(
    request: HttpRequest, link: AccessLink, booked: Booking, offer: str, *, now: datetime
) -> HttpResponse:
    try:
        reschedule_delivery(
            delivery=link.delivery,
            offer_token=offer,
            session_key=session_key(request),
            actor=link.actor,
            now=now,
        )
    except DomainError as error:
        notice = Notice(_("It stays as it was"), str(error))
        again = booking_of(link.delivery)
        if may_answer_late(again, plan_of(again)):
            return show_late(request, link, again, now=now, notice=notice, status=409)
        return show_booking(request, link, now=now, notice=notice, status=409)
    tell(request, link.delivery.ref, "moved")
    return redirect_page(request, "customers:booking", link.delivery.ref)


def show_late(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    *,
    now: datetime,
    form: OfferForm | None = None,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show when we come now, and ask the routes for three other times."""
    if wait_s := wait_for_quote(request, now=now):
        return too_many_quotes(request, link.delivery.merchant, wait_s)
    delivery, zone = link.delivery, zone_of(booked)
    times = other_times(request, link, booked, now=now)
    context: dict[str, Any] = {
        "promised": promised(booked, zone),
        "expected": expected_hours(booked.stop, zone),
        "times": times,
        "form": form,
        "notice": notice,
        "can_leave": point_of(booked) is None and delivery.direction == delivery.Direction.OUT,
        "price": words.money(booked.price_minor, booked.currency),
        "late_url": reverse("customers:late", args=[delivery.ref]),
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, PAGE, context, status=status)


def other_times(request: HttpRequest, link: AccessLink, booked: Booking, *, now: datetime) -> list[LateTime]:
    """Return three times on other days that the routes can still serve, the soonest first; fewer, or none."""
    delivery = link.delivery
    facts = facts_now(delivery=delivery, quote=booked.quote)
    try:
        quote = ask(
            merchant=delivery.merchant,
            facts=facts,
            session_key=session_key(request),
            now=now,
            moving=delivery,
        )
    except DomainError:
        return []
    return three_of(quote, besides=plan_of(booked).service_date, had_minor=booked.price_minor)
