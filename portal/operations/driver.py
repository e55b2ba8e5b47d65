"""The driver's sheet: one phone, one shift, the next stop large. Works online without JavaScript too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import private
from portal.http import redirect_page, refuse_program, render_page
from portal.models.driving import DriverAct, ParcelScan
from portal.operations import driver_door, driver_words, words
from portal.operations.driver_forms import PinForm, ScanForm
from portal.operations.manifest_words import CodeRead
from portal.services.photos import photo_response
from portal.services.shift_links import PinVerdict, try_pin
from portal.shift_links import (
    carried_by,
    grant_cookie,
    in_language_of,
    over_at,
    pin_of,
    refuse,
    require_shift,
)
from returns.selectors.fetched import to_fetch
from scheduling import clock
from scheduling.errors import CodeGone, CodeRefused, CodeUnreadable
from scheduling.selectors.road import stories_of
from scheduling.selectors.sheet import Sheet, SheetStop, sheet_of
from scheduling.services.codes import Reader, read_access_code

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models.driving import ShiftLink
    from portal.operations.driver_cards import Asked
    from portal.services.shift_links import PinJudged

PAGE: Final = "operations/driver/page.html"
PIN_PAGE: Final = "operations/driver/pin.html"
WORKER: Final = Path(settings.BASE_DIR) / "static" / "js" / "driver" / "worker.js"
HEX: Final = re.compile(r"[0-9a-f]{32}")
LATE_CHOICES: Final = (10, 20, 30, 45)
SCRIPTS: Final = tuple(f"js/driver/{name}.js" for name in ("queue", "door", "sheet", "camera", "place"))


# The way in


@require_http_methods(["GET", "HEAD", "POST"])
def pin(request: HttpRequest) -> HttpResponse:
    """Ask for the PIN; the first phone that knows it is bound."""
    now, carried = clock.now(), carried_by(request)
    if carried is not None and carried.bound:
        return private(redirect_page(request, "operations:driver"))
    if carried is None or not carried.current or carried.link.device_digest or now >= over_at(carried.link):
        return refuse(request, carried)
    link = carried.link
    with in_language_of(link):
        form = PinForm(request.POST) if request.method == "POST" else PinForm()
        if not form.is_bound or not form.is_valid():
            return ask_pin(request, link, form, status=422 if form.is_bound else 200)
        judged = try_pin(link=link, typed=form.cleaned_data["pin"], now=now)
        if judged.verdict is PinVerdict.RIGHT:
            response = private(redirect_page(request, "operations:driver"))
            grant_cookie(response, link, secret=judged.secret, now=now)
            return response
        if judged.verdict in (PinVerdict.ELSEWHERE, PinVerdict.OVER):
            return refuse(request, carried_by(request))
        form.add_error("pin", wrong_pin(judged))
        return ask_pin(request, link, form, status=422)


def wrong_pin(judged: PinJudged) -> str:
    """Say what is left after a wrong PIN."""
    if judged.verdict is PinVerdict.USED_UP:
        return _("It was typed wrong five times. Ask your dispatcher for a new link.")
    return _("That is not the PIN. %(count)d more tries.") % {"count": judged.left}


def ask_pin(request: HttpRequest, link: ShiftLink, form: PinForm, *, status: int = 200) -> HttpResponse:
    if settings.DEMO:  # one presses on: nobody is there to tell it
        form.initial["pin"] = pin_of(link)
    context = {"form": form, "link": link, "day": words.title(link.shift.plan.service_date)}
    return private(render_page(request, PIN_PAGE, context=context, status=status), referrer="same-origin")


# The sheet


@require_safe
@require_shift
def sheet(request: HttpRequest, link: ShiftLink) -> HttpResponse:
    """Show the shift's sheet; `said` names an act whose answer is told first."""
    return show_sheet(request, link, said=answered(request, link))


def answered(request: HttpRequest, link: ShiftLink) -> DriverAct | None:
    """Return the act that was answered just before this page, if the address names one."""
    said = request.GET.get("said", "")
    return DriverAct.objects.filter(link=link, uid=said).first() if HEX.fullmatch(said) else None


def show_sheet(
    request: HttpRequest,
    link: ShiftLink,
    *,
    said: DriverAct | None = None,
    problem: str = "",
    asked: Asked | None = None,
    form: ScanForm | None = None,
    read: CodeRead | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the sheet. `problem` is what could not be taken, `asked` what was typed for it, by its stop."""
    now, found = clock.now(), sheet_of(link.shift)
    stories = stories_of([stop.row.delivery_id for stop in found.stops if stop.row.delivery_id and stop.done])
    fetched = to_fetch(pk for stop in found.stops if (pk := fetched_at(stop)))
    cards = [
        driver_words.card(
            link,
            stop,
            found,
            read,
            asked,
            stories.get(stop.row.delivery_id or 0, ()),
            fetched.get(stop.row.delivery_id or 0),
        )
        for stop in found.stops
    ]
    context = {
        **about(link, found, now=now),
        **loading(found),
        "scripts": SCRIPTS,
        "said": said,
        "problem": problem,
        "missing": driver_door.missing(),
        "legends": driver_door.legends(),
        "form": form or ScanForm(),
        "cards": cards,
        "then": sum(card.to_do for card in cards) > 1,
    }
    response = render_page(request, PAGE, context=context, status=status)
    # So long a phone may show it without us, in seconds: its own clock may be wrong.
    response["X-Sheet-For"] = str(max(0, int((over_at(link) - now).total_seconds())))
    return response


def fetched_at(stop: SheetStop) -> int | None:
    """Return the delivery that fetches something at a stop, where one does."""
    delivery = stop.row.delivery
    return delivery.pk if delivery is not None and delivery.fetches else None


def about(link: ShiftLink, found: Sheet, *, now: datetime) -> dict[str, Any]:
    """Return what the sheet says of the shift and its trip."""
    route, paused = found.route, paused_since(link)
    return {
        "link": link,
        "route": route,
        "phase": phase_of(found),
        "counted": driver_words.counted(found),
        "counting": driver_words.counted(found, "%n"),
        "left": len(found.left),
        "mark": found.mark,
        "day": words.title(link.shift.plan.service_date),
        "starts": words.clock_time(link.shift.starts_at.astimezone(found.zone)),
        "paused": words.clock_time(paused.astimezone(found.zone)) if paused else "",
        "late_choices": LATE_CHOICES,
        "place_url": reverse("operations:driver-place"),
        "ends_in_s": max(0, int((over_at(link) - now).total_seconds())),
    }


def loading(found: Sheet) -> dict[str, Any]:
    """Return what goes on board, what of it was scanned, and what was scanned that does not."""
    scans = list(ParcelScan.objects.filter(route=found.route)) if found.route else []
    rows = driver_words.parcels(found, {scan.parcel_id for scan in scans if scan.parcel_id})
    return {
        "parcels": rows,
        "scanned": sum(row.scanned for row in rows),
        "foreign": [scan.barcode for scan in scans if scan.parcel_id is None],
    }


def phase_of(found: Sheet) -> str:
    """Return what a driver does now: wait, load, drive, or nothing."""
    if found.route is None:
        return "empty"
    return {"tentative": "waiting", "loaded": "load", "started": "road", "finished": "back"}[
        found.route.state
    ]


def paused_since(link: ShiftLink) -> datetime | None:
    """Return since when the driver pauses, if they do. One query."""
    kinds = (DriverAct.Kind.PAUSE, DriverAct.Kind.RESUME)
    last = (
        DriverAct.objects.filter(link=link, kind__in=kinds, status=200)
        .order_by("-happened_at", "-pk")
        .first()
    )
    return last.happened_at if last is not None and last.kind == DriverAct.Kind.PAUSE else None


@require_safe
@require_shift
def photo(request: HttpRequest, link: ShiftLink, stop: int) -> HttpResponse:
    """Show the photo of a safe place at a stop of this trip. Others: 404."""
    found = next((each for each in sheet_of(link.shift).left if each.row.pk == stop), None)
    delivery = found.row.delivery if found and found.row.pickup_point is None else None
    if delivery is None or not delivery.safe_place_photo:
        raise Http404
    return photo_response(delivery.safe_place_photo)


@require_POST
@require_shift
def code(request: HttpRequest, link: ShiftLink) -> HttpResponse:
    """Show one code of the next stop, once, in this answer alone; its customer sees that somebody looked."""
    now, which = clock.now(), request.POST.get("code", "")
    reader = Reader(actor=link.actor, shift_id=link.shift_id)
    try:
        text = read_access_code(
            stop_id=_whole(request.POST.get("stop", "")), code=which, reader=reader, now=now
        )
    except CodeRefused as error:
        if not wants_json(request):
            raise PermissionDenied from error
        return refuse_program(status=403, code=error.code, message=str(error))
    except (CodeGone, CodeUnreadable) as error:
        if not wants_json(request):
            return show_sheet(request, link, problem=str(error), status=409)
        return refuse_program(status=409, code=error.code, message=str(error))
    if wants_json(request):
        return JsonResponse({"code": which, "text": text})
    return show_sheet(request, link, read=CodeRead(which, text))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, and not a browser that shows pages."""
    return request.headers.get("Accept", "").startswith("application/json")


# What keeps the sheet where there is no network


@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """Say to the sheet's script whether anything changed, and give it a token for what it sends.

    Also to a phone whose shift is over: it may still have something to tell. Changes nothing.
    """
    carried = carried_by(request, link_hex=shift_said(request.GET))
    token = get_token(request)
    if carried is None or not carried.bound:
        sentence = _("This phone has no sheet any more. Ask your dispatcher for a new link.")
        return private(JsonResponse({"csrf": token, "over": True, "sentence": sentence}, status=401))
    with in_language_of(carried.link):
        if clock.now() >= over_at(carried.link):
            over = {"csrf": token, "over": True, "sentence": _("Your shift is over. Thank you.")}
            return private(JsonResponse(over, status=401))
        return private(JsonResponse({"csrf": token, "mark": sheet_of(carried.link.shift).mark}))


def shift_said(said: QueryDict) -> str:
    """Return the shift's link that a script names, or nothing."""
    text = said.get("shift", "")
    return text if HEX.fullmatch(text) else ""


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Serve the script that keeps the sheet on the phone: from here, so that it may do so for /driver/."""
    response = HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response
