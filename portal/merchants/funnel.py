"""From times seen to times booked: what became of a shop's shoppers in some days."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal.forms import PlainForm
from portal.http import render_page
from portal.merchants.funnel_words import csv_rows, told
from portal.models.people import Role
from portal.staff import require_merchant, roles_for
from scheduling import clock, windows
from scheduling.selectors.funnel import MOST_DAYS, Funnel, funnel_of, zone_of_shop

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from scheduling.models import Merchant

PAGE: Final = "merchants/funnel/page.html"
SHOWN: Final = timedelta(days=6)
"""A week, today included, where nobody says which days."""
EARLIEST: Final = date(2020, 1, 1)


def day_field(label: Any) -> forms.DateField:
    """Return a field for a day, as browsers' calendars send it."""
    return forms.DateField(
        label=label,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": gettext_lazy("Choose a day."),
            "invalid": gettext_lazy("Write the day as in 2026-11-30."),
        },
    )


class PeriodForm(PlainForm):
    """From which day to which, both included."""

    first = day_field(gettext_lazy("From"))
    last = day_field(gettext_lazy("To, and with"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and first < EARLIEST:
            self.add_error("first", _("Choose a day from 2020 on."))
        if last and last > self.today:
            self.add_error("last", _("Choose a day that has begun: today or one before."))
        if not first or not last or self.errors:
            return cleaned
        if last < first:
            self.add_error("last", _("Choose the same day or a later one than the first."))
        elif last - first >= timedelta(days=MOST_DAYS):
            self.add_error("first", _("Choose up to %(days)d days at once.") % {"days": MOST_DAYS})
        return cleaned


@require_safe
@require_merchant
def funnel(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show what became of those who looked at times, by kind of slot and by where they chose."""
    zone, form = _asked(request, shop)
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
    zone, form = _asked(request, shop)
    if form.is_bound and not form.is_valid():
        return _shown(request, shop, form, status=422)
    found = _found(shop, form, zone)
    name = f"funnel-{shop.slug}-{found.first}-{found.last}.csv"
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(response).writerows(csv_rows(found))
    return response


def _asked(request: HttpRequest, shop: Merchant) -> tuple[ZoneInfo, PeriodForm]:
    """Return the zone of the shop's days, and which of them are asked for. Raises PermissionDenied."""
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied
    zone = zone_of_shop(shop)
    today = windows.local_date(clock.now(), zone)
    if request.GET.keys() & PeriodForm.base_fields.keys():
        return zone, PeriodForm(request.GET, today=today)
    return zone, PeriodForm(initial={"first": today - SHOWN, "last": today}, today=today)


def _found(shop: Merchant, form: PeriodForm, zone: ZoneInfo) -> Funnel:
    days = form.cleaned_data if form.is_bound else form.initial
    return funnel_of(merchant=shop, first=days["first"], last=days["last"], zone=zone)


def _shown(
    request: HttpRequest, shop: Merchant, form: PeriodForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    return render_page(request, PAGE, context={"merchant": shop, "form": form} | context, status=status)
