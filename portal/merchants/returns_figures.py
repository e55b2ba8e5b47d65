"""What a shop's returns come to: why, how fast they are on sale again, how far they drove."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.http import render_page
from portal.merchants.figures_words import csv_rows, told
from portal.merchants.period import PeriodForm
from portal.models.people import Role
from portal.sheets import sheet_response
from portal.staff import require_merchant, roles_for
from returns.selectors.figures import MOST_DAYS, Figures, figures_of
from scheduling import clock, windows
from scheduling.selectors.funnel import zone_of_shop

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
    zone, form = _asked(request, shop)
    if form.is_bound and not form.is_valid():
        return _shown(request, shop, form, status=422)
    found = _found(shop, form, zone)
    sheet = reverse("merchants:returns-sheet", args=[shop.slug]) + f"?first={found.first}&last={found.last}"
    return _shown(request, shop, form, told=told(found, shop.currency), zone=zone.key, sheet_url=sheet)


@require_safe
@require_merchant
def sheet(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Hand out the same for a spreadsheet: one row for each thing and reason."""
    zone, form = _asked(request, shop)
    if form.is_bound and not form.is_valid():
        return _shown(request, shop, form, status=422)
    found = _found(shop, form, zone)
    name = f"returns-{shop.slug}-{found.first}-{found.last}.csv"
    return sheet_response(name, csv_rows(found))


def _asked(request: HttpRequest, shop: Merchant) -> tuple[ZoneInfo, PeriodForm]:
    """Return the zone of the shop's days, and which of them are asked for. Raises PermissionDenied."""
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied
    zone = zone_of_shop(shop)
    today = windows.local_date(clock.now(), zone)
    if request.GET.keys() & PeriodForm.base_fields.keys():
        return zone, PeriodForm(request.GET, today=today, most_days=MOST_DAYS)
    days = {"first": today - SHOWN, "last": today}
    return zone, PeriodForm(initial=days, today=today, most_days=MOST_DAYS)


def _found(shop: Merchant, form: PeriodForm, zone: ZoneInfo) -> Figures:
    days = form.cleaned_data if form.is_bound else form.initial
    return figures_of(merchant=shop, first=days["first"], last=days["last"], zone=zone)


def _shown(
    request: HttpRequest, shop: Merchant, form: PeriodForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    return render_page(request, PAGE, context={"merchant": shop, "form": form} | context, status=status)
