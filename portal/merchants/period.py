"""From which day to which: what pages of figures are asked for."""

from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.forms import PlainForm

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
