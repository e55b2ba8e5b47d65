"""From which day to which: what pages of figures are asked for."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.forms import PlainForm
from portal.models.people import Role
from portal.staff import roles_for
from scheduling import clock, windows
from scheduling.selectors.funnel import zone_of_shop

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from scheduling.models import Merchant

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

    def __init__(self, *args: Any, today: date, most_days: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.most_days = today, most_days

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
        elif last - first >= timedelta(days=self.most_days):
            self.add_error("first", _("Choose up to %(days)d days at once.") % {"days": self.most_days})
        return cleaned


def asked_days(
    request: HttpRequest, shop: Merchant, *, shown: timedelta, most_days: int
) -> tuple[ZoneInfo, PeriodForm]:
    """Return the zone of a shop’s days, and those its manager asks for: else today and `shown` before it.

    Raises PermissionDenied for the shop's other people.
    """
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied
    zone = zone_of_shop(shop)
    today = windows.local_date(clock.now(), zone)
    if request.GET.keys() & PeriodForm.base_fields.keys():
        return zone, PeriodForm(request.GET, today=today, most_days=most_days)
    days = {"first": today - shown, "last": today}
    return zone, PeriodForm(initial=days, today=today, most_days=most_days)


def days_of(form: PeriodForm) -> dict[str, date]:
    """Return the first and the last day of a form that is valid, or was not sent."""
    return dict(form.cleaned_data if form.is_bound else form.initial)


def as_file(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Hand rows out for a spreadsheet."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(response).writerows(rows)
    return response
