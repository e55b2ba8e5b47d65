"""From times seen to times booked: what became of a shop's shoppers in some days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.http import render_page
from portal.merchants.funnel_words import csv_rows, told
from portal.merchants.period import PeriodForm, asked_days, days_of
from portal.sheets import sheet_response
from portal.staff import require_merchant
from scheduling.selectors.funnel import MOST_DAYS, Funnel, funnel_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from scheduling.models import Merchant

PAGE: Final = "merchants/funnel/page.html"
SHOWN: Final = timedelta(days=6)
"""A week, today included, where nobody says which days."""


@require_safe
@require_merchant
def funnel(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show what became of those who looked at times, by kind of slot and by where they chose."""
    zone, form = asked_days(request, shop, shown=SHOWN, most_days=MOST_DAYS)
    if form.is_bound and not form.is_valid():
        return _shown(request, shop, form, status=422)
    found = _found(shop, form, zone)
    query = f"?first={found.first}&last={found.last}"
    return _shown(
        request,
        shop,
        form,
        told=told(found),
        zone=zone.key,
        figures_url=reverse("merchants:funnel-figures", args=[shop.slug]) + query,
    )


@require_safe
@require_merchant
def figures(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Hand out the same figures for a spreadsheet: one row for each channel and kind."""
    zone, form = asked_days(request, shop, shown=SHOWN, most_days=MOST_DAYS)
    if form.is_bound and not form.is_valid():
        return _shown(request, shop, form, status=422)
    found = _found(shop, form, zone)
    name = f"funnel-{shop.slug}-{found.first}-{found.last}.csv"
    return sheet_response(name, csv_rows(found))


def _found(shop: Merchant, form: PeriodForm, zone: ZoneInfo) -> Funnel:
    return funnel_of(merchant=shop, zone=zone, **days_of(form))


def _shown(
    request: HttpRequest, shop: Merchant, form: PeriodForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    return render_page(request, PAGE, context={"merchant": shop, "form": form} | context, status=status)
