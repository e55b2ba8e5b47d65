"""What a shop's returns come to: why, how fast they are on sale again, how far they drove."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.http import render_page
from portal.merchants.figures_words import csv_rows, told
from portal.merchants.period import PeriodForm, asked_days, days_of
from portal.sheets import sheet_response
from portal.staff import require_merchant
from returns.selectors.figures import MOST_DAYS, Figures, figures_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from scheduling.models import Merchant

PAGE: Final = "merchants/returns/figures.html"
SHOWN: Final = timedelta(days=29)
"""Thirty days, today included, where nobody says which."""


@require_safe
@require_merchant
def figures(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show what the returns of some days came to."""
    zone, form = asked_days(request, shop, shown=SHOWN, most_days=MOST_DAYS)
    if form.is_bound and not form.is_valid():
        return _shown(request, shop, form, status=422)
    found = _found(shop, form, zone)
    sheet = reverse("merchants:returns-sheet", args=[shop.slug]) + f"?first={found.first}&last={found.last}"
    return _shown(request, shop, form, told=told(found, shop.currency), zone=zone.key, sheet_url=sheet)


@require_safe
@require_merchant
def sheet(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Hand out the same for a spreadsheet: one row for each thing and reason."""
    zone, form = asked_days(request, shop, shown=SHOWN, most_days=MOST_DAYS)
    if form.is_bound and not form.is_valid():
        return _shown(request, shop, form, status=422)
    found = _found(shop, form, zone)
    name = f"returns-{shop.slug}-{found.first}-{found.last}.csv"
    return sheet_response(name, csv_rows(found))


def _found(shop: Merchant, form: PeriodForm, zone: ZoneInfo) -> Figures:
    return figures_of(merchant=shop, zone=zone, **days_of(form))


def _shown(
    request: HttpRequest, shop: Merchant, form: PeriodForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    return render_page(request, PAGE, context={"merchant": shop, "form": form} | context, status=status)
