"""Returns handed in at a depot's points: scanned there one after the other, a wrong one taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from portal.forms import PlainForm
from portal.http import redirect_page, render_page
from portal.operations import words
from portal.staff import DEPOT_WRITERS, actor_of, require_operations, roles_at
from returns.selectors.dropping_off import handed_in_at, points_of, return_at
from returns.services.handing_in import hand_in, take_back
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from returns.models import Return
    from scheduling.models import Depot

PAGE: Final = "operations/handed_in/page.html"


class ScanForm(PlainForm):
    """At which point, and what was scanned."""

    point = forms.TypedChoiceField(
        label=gettext_lazy("At which point?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Say at which point you are."),
            "invalid_choice": gettext_lazy("Choose one of your points."),
        },
    )
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Scan it, or type the number under it."),
        error_messages={"required": gettext_lazy("Scan the code of a return.")},
    )

    def __init__(self, *args: Any, depot: Depot, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        points = [(point.pk, f"{point.name}, {point.line}") for point in points_of(depot)]
        self.fields["point"].choices = points  # type: ignore[attr-defined]
        self.fields["code"].widget.attrs |= {
            "autofocus": True,
            "autocomplete": "off",
            "autocapitalize": "characters",
        }


@dataclass(frozen=True, slots=True)
class HandedIn:
    """One return, in words."""

    ref: str
    shop: str
    where: str


@require_operations
@require_http_methods(["GET", "HEAD", "POST"])
def handed_in(request: HttpRequest, depot: Depot) -> HttpResponse:
    """Show what was handed in last, and take the next."""
    if request.method != "POST":
        return _shown(request, depot, ScanForm(depot=depot, initial={"point": request.GET.get("at", "")}))
    form = ScanForm(request.POST, depot=depot)
    if not form.is_valid():
        return _shown(request, depot, form, status=422)
    said = form.cleaned_data
    try:
        taken = hand_in(
            said["code"],
            depot=depot,
            point_id=said["point"],
            actor=actor_of(request),
            now=clock.now(),
        )
    except DomainError as error:
        form.add_error("code", str(error))
        return _shown(request, depot, form, status=409)
    next_one = ScanForm(depot=depot, initial={"point": said["point"]})
    return _shown(request, depot, next_one, taken=taken)


@require_operations
@require_POST
def take_back_scan(request: HttpRequest, depot: Depot, of: str) -> HttpResponse:
    """Take a wrong scan back."""
    found = return_at(depot, of)
    if found is None:
        raise Http404
    try:
        take_back(found.pk, depot=depot, actor=actor_of(request), now=clock.now())
    except DomainError as error:
        form = ScanForm(depot=depot)
        form.add_error(None, str(error))
        return _shown(request, depot, form, status=409)
    return redirect_page(request, "operations:handed-in", depot.slug)


def _shown(
    request: HttpRequest, depot: Depot, form: ScanForm, *, taken: Return | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "depot": depot,
        "form": form,
        "taken": _row(taken, depot) if taken else None,
        "rows": [_row(each, depot) for each in handed_in_at(depot)],
        "has_points": bool(form.fields["point"].choices),  # type: ignore[attr-defined]
        "writes": bool(roles_at(request.user, depot=depot) & DEPOT_WRITERS),
        "brand_note": words.moment(clock.now().astimezone(depot.zone)),
    }
    return render_page(request, PAGE, context=context, status=status)


def _row(of: Return, depot: Depot) -> HandedIn:
    at = words.moment(of.collected_at.astimezone(depot.zone)) if of.collected_at else ""
    where = _("%(point)s, %(moment)s") % {"point": of.point.name if of.point else "", "moment": at}
    return HandedIn(of.ref, of.merchant.name, where)
