""" "This wasn't me": what happened lately, and one button that ends every link given out so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from portal.access import private
from portal.codes import masked
from portal.customers import words
from portal.customers.pages import show
from portal.customers.rows import Happened
from portal.customers.timeline import SAID, TOLD, happened
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from portal.not_me import report_from_request
from portal.services.links import end_links
from scheduling import clock
from scheduling.selectors.shopper import history_of

if TYPE_CHECKING:
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
    return private(show_report(request, report), referrer="same-origin")


def show_report(request: HttpRequest, report: Report) -> HttpResponse:
    """Ask, with what happened lately; once links have ended say only that, and how to put things right.

    Whoever has an old mail comes here for as long as links last: what happened since is not for them.
    """
    delivery = report.link.delivery
    zone = zone_of(booking_of(delivery))
    context: dict[str, Any] = {"done": report.done, "shop_address": delivery.merchant.contact_email}
    if report.done:
        context |= {"ended": ended(delivery, zone)}
    else:
        context |= {"happened": lately(delivery, zone), "address": masked_address(delivery)}
    return show(request, delivery.merchant, PAGE, context)


def masked_address(delivery: Delivery) -> str:
    """Return where a new link would go, as its owner knows it again; nothing where there is no address."""
    return masked(delivery.contact_email) if delivery.contact_email else ""


def lately(delivery: Delivery, zone: ZoneInfo) -> list[Happened]:
    """Return the last things that happened, oldest first, those around links and codes among them."""
    kinds = tuple(dict.fromkeys((*TOLD, *SAID)))
    return [happened(event, zone) for event in history_of(delivery, kinds)[-LATELY:]]


def ended(delivery: Delivery, zone: ZoneInfo) -> str:
    """Return when all links were ended last, or nothing."""
    events = history_of(delivery, (REVOKED,))
    return words.long_moment(events[-1].occurred_at.astimezone(zone)) if events else ""
