"""Where vehicles are, as phones and boxes tell: OwnTracks and Traccar, as they come.

The apps know no sessions and no CSRF; each request shows its device's own login and key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from portal.http import refuse_program
from portal.operations import payloads
from portal.throttle import Limit, network_of, take
from scheduling import clock
from scheduling.errors import PlanBusy
from scheduling.services.devices import device_of, note_use
from scheduling.services.positions import Fix, Sender, keep_fixes

if TYPE_CHECKING:
    from scheduling.models import Device

PER_DEVICE: Final = Limit("positions-device", times=3_000, per_s=300)
"""A phone that was without a net for hours sends all that it kept, one by one."""
UNKNOWN: Final = Limit("positions-unknown", times=60, per_s=60)
BETWEEN: Final = "-"
"""Stands between login and key where an app has one field for both."""


class Unread(ValueError):
    """A body that is no JSON."""


@csrf_exempt  # the app shows its own login and key, and nothing of a browser's
@require_POST
def owntracks(request: HttpRequest) -> HttpResponse:
    """Take a message of OwnTracks; answer `[]`, as it expects: there is nothing for it to do."""
    device, refused = _device(request, *_basic(request))
    if device is None:
        return refused
    try:
        fixes = payloads.from_owntracks(_json(request)) if request.body.strip() else []
    except Unread:
        return _unread()
    return _kept(device, fixes) or JsonResponse([], safe=False)


@csrf_exempt
@require_http_methods(["GET", "POST"])  # OsmAnd's form is a GET that writes, the only one we have
def traccar(request: HttpRequest) -> HttpResponse:
    """Take a fix of a Traccar Client, in its old form or its new one; its identifier is login and key."""
    try:
        said, fixes = _said_to_traccar(request)
    except Unread:
        return _unread()
    login, _between, key = str(said).partition(BETWEEN)
    device, refused = _device(request, login, key)
    if device is None:
        return refused
    return _kept(device, fixes) or HttpResponse(status=200)


def _said_to_traccar(request: HttpRequest) -> tuple[Any, list[Fix]]:
    """Return the identifier and the fixes: JSON where the body is, else what query and fields say."""
    if request.method == "POST" and request.body.lstrip()[:1] == b"{":
        said = _json(request)
        return said.get("device_id", said.get("id", request.GET.get("id", ""))), payloads.from_traccar(said)
    fields = {**request.GET.dict(), **request.POST.dict()}
    return fields.get("id") or fields.get("deviceid") or "", payloads.from_osmand(fields)


def _json(request: HttpRequest) -> Any:
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Unread from error


def _basic(request: HttpRequest) -> tuple[str, str]:
    """Return what the request's Basic authentication says; nothing where there is none."""
    kind, _space, said = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        login, _colon, key = base64.b64decode(said.strip(), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return login, key


def _device(request: HttpRequest, login: str, key: str) -> tuple[Device | None, HttpResponse]:
    """Return whose login and key these are, or the answer that says no."""
    now = clock.now()
    device = device_of(login, key) if "\x00" not in login else None
    wait_s = take(PER_DEVICE, login, now=now) if device else take(UNKNOWN, network_of(request), now=now)
    if wait_s:
        message = _("That is too often. Please wait a moment.")
        refused = refuse_program(status=429, code="too_many_requests", message=message, retry_after_s=wait_s)
        return None, refused
    if device is None:
        message = _("This login or key is not known here, or was switched off.")
        refused = refuse_program(status=401, code="unknown_device", message=message)
        refused["WWW-Authenticate"] = 'Basic realm="positions"'
        return None, refused
    note_use(device, now=now)
    return device, HttpResponse()


def _kept(device: Device, fixes: Sequence[Fix]) -> HttpResponse | None:
    """Keep the fixes; return an answer only where that has to wait."""
    if not fixes:
        return None
    try:
        keep_fixes(sender=Sender(device.login, vehicle_id=device.vehicle_id), fixes=fixes, now=clock.now())
    except PlanBusy as error:
        return refuse_program(status=503, code=error.code, message=str(error), retry_after_s=5)
    return None


def _unread() -> HttpResponse:
    return refuse_program(status=400, code="bad_request", message=_("This is no JSON that we can read."))
