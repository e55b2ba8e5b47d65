"""At the door: it may be left outside, or somebody needs longer there. Other times fit then."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.customers.forms import DoorForm
from portal.customers.pages import merchant_or_404
from portal.customers.shopper import Visit
from portal.customers.slots import asked_day, show_times
from portal.http import redirect_page
from scheduling import clock
from scheduling.facts import why_handed_over

if TYPE_CHECKING:
    from scheduling.models import Merchant


@require_POST
def door(request: HttpRequest, merchant: str) -> HttpResponse:
    """Keep what a shopper says of their door, and show the times that fit it."""
    shop, visit = merchant_or_404(merchant), Visit.of(request, merchant)
    if visit.booked:
        return redirect_page(request, "customers:booking", visit.booked)
    facts = visit.facts(shop)
    if facts is None:
        return redirect_page(request, "customers:address", merchant)
    form = DoorForm(request.POST, handed_over=str(why_handed_over(shop.requirements)))
    if not form.is_valid():
        return show_times(request, shop, visit, facts, now=clock.now(), door=form, status=422)
    visit.door = asdict(form.door)
    visit.keep(request, merchant)
    return redirect_page(request, times_url(request, shop))


def times_url(request: HttpRequest, shop: Merchant) -> str:
    """Return the page of times, on the day that was open."""
    day = asked_day(request)
    return reverse("customers:times", args=[shop.slug]) + (f"?day={day.isoformat()}" if day else "")
