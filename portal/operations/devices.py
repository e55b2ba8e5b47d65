"""What tells a depot where its vehicles are: devices are added, shown how to set up once, switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from portal.forms import PlainForm, one_line
from portal.http import redirect_page, render_page
from portal.operations import words
from portal.operations.positions import BETWEEN
from portal.staff import DEPOT_WRITERS, require_operations, roles_at
from scheduling import clock
from scheduling.selectors.devices import devices_of, vehicles_of
from scheduling.services.devices import BadDevice, add_device, end_device

if TYPE_CHECKING:
    from scheduling.models import Depot, Device

PAGE = "operations/devices/page.html"


class DeviceForm(PlainForm):
    """A new device: in which vehicle, and what it is."""

    vehicle = forms.TypedChoiceField(
        label=gettext_lazy("In which vehicle?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Say in which vehicle it is."),
            "invalid_choice": gettext_lazy("Choose one of your vehicles."),
        },
    )
    name = forms.CharField(
        label=gettext_lazy("What is it?"),
        max_length=60,
        help_text=gettext_lazy("Such as: Mika’s phone, or the box under the seat."),
        error_messages={"required": gettext_lazy("Say what it is, so that you know it again.")},
    )

    def __init__(self, *args: Any, depot: Depot, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["vehicle"].choices = [  # type: ignore[attr-defined]
            (vehicle.pk, vehicle.name) for vehicle in vehicles_of(depot)
        ]

    def clean_name(self) -> str:
        """Return the name on one line."""
        return one_line(self.cleaned_data["name"])


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device, in words."""

    number: int
    name: str
    vehicle: str
    login: str
    heard: str


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What to type into an app, shown this once."""

    name: str
    owntracks_url: str
    login: str
    key: str
    traccar_url: str
    identifier: str


@require_operations
@require_http_methods(["GET", "HEAD", "POST"])
def devices(request: HttpRequest, depot: Depot) -> HttpResponse:
    """List what tells where vehicles are, and add another."""
    if request.method != "POST":
        return _shown(request, depot, DeviceForm(depot=depot))
    form = DeviceForm(request.POST, depot=depot)
    if not form.is_valid():
        return _shown(request, depot, form, status=422)
    said = form.cleaned_data
    try:
        device, key = add_device(depot=depot, vehicle_id=said["vehicle"], name=said["name"], now=clock.now())
    except BadDevice as error:
        form.add_error("vehicle", str(error))
        return _shown(request, depot, form, status=422)
    return _shown(request, depot, DeviceForm(depot=depot), new=_new(device, key), status=201)


@require_operations
@require_POST
def switch_off(request: HttpRequest, depot: Depot, number: int) -> HttpResponse:
    """Take nothing of a device any more."""
    end_device(depot=depot, device_id=number)
    return redirect_page(request, "operations:devices", depot.slug)


def _shown(
    request: HttpRequest, depot: Depot, form: DeviceForm, *, new: NewDevice | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "depot": depot,
        "form": form,
        "new": new,
        "devices": [_row(device, depot) for device in devices_of(depot)],
        "writes": bool(roles_at(request.user, depot=depot) & DEPOT_WRITERS),
        "brand_note": words.moment(clock.now().astimezone(depot.zone)),
    }
    return render_page(request, PAGE, context=context, status=status)


def _row(device: Device, depot: Depot) -> DeviceRow:
    at = device.last_used_at
    heard = _("last heard of %(when)s") % {"when": words.moment(at.astimezone(depot.zone))} if at else ""
    return DeviceRow(
        device.pk, device.name, device.vehicle.name, device.login, heard or _("not heard of yet")
    )


def _new(device: Device, key: str) -> NewDevice:
    return NewDevice(
        name=device.name,
        owntracks_url=settings.PUBLIC_URL + reverse("operations:owntracks"),
        login=device.login,
        key=key,
        traccar_url=settings.PUBLIC_URL + reverse("operations:traccar"),
        identifier=f"{device.login}{BETWEEN}{key}",
    )
