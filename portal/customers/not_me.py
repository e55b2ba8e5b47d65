""" "This wasn't me": what happened lately, and one button that ends every link given out so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from portal.access import private
from portal.codes import masked
from portal.customers import words
from portal.customers.bookings import SAID, TOLD, happened, may_cancel, may_move
from portal.customers.pages import show
from portal.customers.rows import Happened
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from portal.not_me import report_from_request
from portal.services.links import end_links
from scheduling import clock
from scheduling.selectors.shopper import history_of

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from portal.not_me import Report
    from scheduling.models import Delivery

PAGE = "customers/booking/not_me.html"
LATELY: Final = 12
REVOKED: Final = "links.revoked"


@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, ref: str) -> HttpResponse:
    """Show what happened, without address or code; end all links when asked to. Twice is once."""
    now = clock.now()
    report = report_from_request(request, ref=ref, now=now)
    if report is None:
        raise Http404
    if request.method == "POST":
        end_links(report=report, now=now)
        return private(redirect_page(request, "customers:not-me", ref), referrer="same-origin")
    return private(show_report(request, report, now=now), referrer="same-origin")


def show_report(request: HttpRequest, report: Report, *, now: datetime) -> HttpResponse:
    delivery = report.link.delivery
    booked = booking_of(delivery)
    zone = zone_of(booked)
    context: dict[str, Any] = {
        "done": report.done,
        "ended": ended(delivery, zone),
        "happened": lately(delivery, zone),
        "address": masked(delivery.contact_email) if delivery.contact_email else "",
        "can_move": may_move(booked, now),
        "can_cancel": may_cancel(booked),
        "shop_address": delivery.merchant.contact_email,
        "follow_only": True,
    }
    return show(request, delivery.merchant, PAGE, context)


def lately(delivery: Delivery, zone: ZoneInfo) -> list[Happened]:
    """Return the last things that happened, oldest first, those around links and codes among them."""
    kinds = tuple(dict.fromkeys((*TOLD, *SAID)))
    return [happened(event, zone) for event in history_of(delivery, kinds)[-LATELY:]]


def ended(delivery: Delivery, zone: ZoneInfo) -> str:
    """Return when all links were ended last, or nothing."""
    events = history_of(delivery, (REVOKED,))
    return words.long_moment(events[-1].occurred_at.astimezone(zone)) if events else ""
