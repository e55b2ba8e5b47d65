"""Where a sheet's phone is, as it says while its page is open, and whether its driver wants that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.http import refuse_program
from portal.operations.driver import paused_since
from portal.shift_links import require_shift
from scheduling import clock
from scheduling.services.positions import Fix, Sender, hide_position, keep_fixes

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import ShiftLink

SOURCE = "sheet"
A_SHIFT_S = 24 * 3600


class WhereForm(forms.Form):
    """A fix, as old as it says; or only whether the place may be kept at all."""

    lat = forms.FloatField(required=False, min_value=-90, max_value=90)
    lon = forms.FloatField(required=False, min_value=-180, max_value=180)
    accuracy = forms.FloatField(required=False, min_value=0)
    speed = forms.FloatField(required=False, min_value=0)
    heading = forms.FloatField(required=False, min_value=0)
    age_s = forms.IntegerField(required=False, min_value=0, max_value=A_SHIFT_S)
    hides = forms.ChoiceField(required=False, choices=[("1", "1"), ("0", "0")])

    def fix(self, *, now: datetime) -> Fix | None:
        """Return the fix, if there is one. By how old it is, not by a phone's clock, which may be wrong."""
        said = self.cleaned_data
        if said["lat"] is None or said["lon"] is None:
            return None
        said_at = now - timedelta(seconds=said["age_s"] or 0)
        return Fix(said_at, said["lat"], said["lon"], said["accuracy"], said["speed"], said["heading"])


@require_POST
@require_shift
def place(request: HttpRequest, link: ShiftLink) -> HttpResponse:
    """Keep where the van is, unless its driver pauses or does not want that; say how much was kept."""
    now, form = clock.now(), WhereForm(request.POST)
    if not form.is_valid():
        return refuse_program(status=422, code="invalid", message=_("This is no place that we know."))
    if hides := form.cleaned_data["hides"]:
        hide_position(shift_id=link.shift_id, hides=hides == "1")
    fix = form.fix(now=now)
    kept = 0
    if fix is not None and paused_since(link) is None:
        kept = keep_fixes(sender=Sender(SOURCE, shift_id=link.shift_id), fixes=[fix], now=now)
    return JsonResponse({"kept": kept})
