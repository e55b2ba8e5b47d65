"""The set-up page of pickup points, and the form by which a whole list of them is given."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scheduling.errors import DomainError
from scheduling.models import Depot, PickupPoint
from scheduling.point_files import read_points
from scheduling.services.points import Imported, import_points, require_point_fits, said_of
from scheduling.set_up_pages import Form, SetUp, refusal_at


class PointForm(Form):
    """A point is near enough to its depot, and no smaller than what is in it."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors and self.instance.depot_id:
            with refusal_at(self, "capacity" if self.instance.pk else "lat"):
                require_point_fits(point=self.instance)


class ImportForm(forms.Form):
    """A list of one depot's points."""

    depot = forms.ModelChoiceField(Depot.objects.order_by("name"), label=gettext_lazy("depot"))
    file = forms.FileField(
        label=gettext_lazy("CSV or GeoJSON"),
        help_text=gettext_lazy("Up to 250 kB; manage.py import_pickup_points takes larger ones."),
    )
    close_missing = forms.BooleanField(
        label=gettext_lazy("close those without parcels that are not in it"), required=False
    )
    dry_run = forms.BooleanField(
        label=gettext_lazy("only say what it would do"), required=False, initial=True
    )

    def run(self) -> Imported:
        """Import what was sent. Raises DomainError where it can't be read at all."""
        said = self.cleaned_data
        return import_points(
            depot=said["depot"],
            file=read_points(said["file"].read()),
            close_missing=said["close_missing"],
            dry_run=said["dry_run"],
        )


@admin.register(PickupPoint)
class PickupPointAdmin(SetUp):
    """Routes rely on where a point is; how many places are taken is written by who sends parcels there."""

    form = PointForm
    list_display = ("name", "depot", "kind", "line", "hours", "used", "capacity", "active")
    list_select_related = ("depot",)
    list_filter = ("active", "kind", "depot")
    search_fields = ("name", "external_id", "line")
    autocomplete_fields = ("depot",)
    readonly_fields = ("used",)
    once = ("depot", "external_id", "lat", "lon")
    change_list_template = "admin/pickup_points/list.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the page that takes a list."""
        own = path(
            "import/", self.admin_site.admin_view(self.import_view), name="scheduling_pickuppoint_import"
        )
        return [own, *super().get_urls()]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a list: all of it, or nothing and the reason for each bad line."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        done: Imported | None = None
        if request.method == "POST" and form.is_valid():
            try:
                done = form.run()
            except DomainError as error:
                form.add_error("file", str(error))
            if done and not done.bad and not form.cleaned_data["dry_run"]:
                messages.success(request, said_of(done))
                return redirect("admin:scheduling_pickuppoint_changelist")
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("Import pickup points"),
            "form": form,
            "done": done,
            "said": said_of(done) if done and not done.bad else "",
        }
        return render(
            request, "admin/pickup_points/import.html", context, status=422 if done and done.bad else 200
        )
