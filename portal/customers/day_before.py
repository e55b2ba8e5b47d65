"""The day before: say with one press that we may come, or find another time. Looking is no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers.bookings import (
    facts_of,
    is_booked,
    may_cancel,
    may_move,
    order_note,
    promised,
    show_booking,
)
from portal.customers.changing import changes_of
from portal.customers.news import tell
from portal.customers.pages import Notice, show
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.services.answering import answer_day_before, suits

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import Booking

PAGE = "customers/booking/tomorrow.html"


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def tomorrow(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Ask whether the time suits them; keep that it does. Once it is over: the booking's own page."""
    delivery, now = link.delivery, clock.now()
    booked = booking_of(delivery)
    if request.method != "POST":
        if not is_booked(booked) or now >= booked.stop.closes_at:
            return redirect_page(request, "customers:booking", delivery.ref)
        return _ask(request, link, booked, now=now)
    try:
        answer_day_before(delivery=delivery, actor=link.actor, now=now)
    except DomainError as error:
        notice = Notice(_("Nothing was changed"), str(error))
        return show_booking(request, link, now=now, notice=notice, status=409)
    tell(request, delivery.ref, "suits")
    return redirect_page(request, "customers:booking", delivery.ref)


def _ask(request: HttpRequest, link: AccessLink, booked: Booking, *, now: datetime) -> HttpResponse:
    delivery, zone = link.delivery, zone_of(booked)
    context: dict[str, Any] = {
        "promised": promised(booked, zone),
        "suits": suits(booked),
        "facts": facts_of(booked, delivery)[:2],
        "changes": changes_of(link, booked, now=now),
        "can_move": may_move(booked, now),
        "can_cancel": may_cancel(booked),
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, PAGE, context)
