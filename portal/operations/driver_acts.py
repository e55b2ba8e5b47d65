"""Where a driver's phone says what happened: one address, for forms and for the sheet's script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.access import private
from portal.driving import NotYourStop
from portal.forms import one_line
from portal.http import bad_request, redirect_page, refuse_program
from portal.models.driving import DriverAct
from portal.operations.driver import shift_said, show_sheet
from portal.operations.driver_cards import Asked
from portal.operations.driver_forms import ActForm, DoorForm, ScanForm, said_by
from portal.services.acts import UNFINISHED, take_act
from portal.services.doing import SETTLED
from portal.shift_links import TOLD_FOR, carried_by, in_language_of, over_at, refuse
from scheduling import clock
from scheduling.facts import MOST_PARCELS

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import QueryDict

    from portal.driving import Act
    from portal.models.driving import ShiftLink

Kind = DriverAct.Kind
BAD: Final = "bad_act"


@require_POST
def acts(request: HttpRequest) -> HttpResponse:
    """Take one act of a shift's phone; also for a day after the shift, of what happened before its end."""
    now, said = clock.now(), said_by(request)
    carried = carried_by(request, link_hex=shift_said(said))
    if carried is None or not carried.bound:
        return no_sheet(request, _("This phone has no sheet any more. Ask your dispatcher for a new link."))
    link = carried.link
    with in_language_of(link):
        form = ActForm(said)
        if not form.is_valid():
            return misread(request)
        over = over_at(link)
        if now >= over and (now >= over + TOLD_FOR or form.when(link, now=now) >= over):
            return no_sheet(request, _("Your shift is over: nothing more can be said for it."))
        return private(judged(request, link, form, said, now=now), referrer="same-origin")


def judged(
    request: HttpRequest, link: ShiftLink, form: ActForm, said: QueryDict, *, now: datetime
) -> HttpResponse:
    """Look whether all that this kind of act needs was said, and take it. 422: something is missing."""
    kind = form.cleaned_data["kind"]
    if kind == Kind.SCAN:
        scan = ScanForm(said)
        if not scan.is_valid():
            return unfinished(request, link, said, str(scan.errors["barcode"][0]), form=scan)
        return taken(
            request, link, form.act(link, now=now, barcode=scan.cleaned_data["barcode"]), said, now=now
        )
    if kind in SETTLED:
        return settled(request, link, form, said, now=now)
    return taken(request, link, form.act(link, now=now), said, now=now)


def settled(
    request: HttpRequest, link: ShiftLink, form: ActForm, said: QueryDict, *, now: datetime
) -> HttpResponse:
    """Take what came of a stop, with its files."""
    door, kind = DoorForm(said), form.cleaned_data["kind"]
    if not door.is_valid():
        return misread(request)
    parcels = [one_line(barcode) for barcode in said.getlist("parcel")[:MOST_PARCELS]]
    handover = door.handover(kind, at=form.when(link, now=now), parcels=parcels)
    act = form.act(
        link,
        now=now,
        handover=handover,
        checks=frozenset(said.getlist("check")),
        photos=request.FILES.getlist("photo"),
        signature=door.cleaned_data["signature"],
    )
    return taken(request, link, act, said, now=now)


def taken(request: HttpRequest, link: ShiftLink, act: Act, said: QueryDict, *, now: datetime) -> HttpResponse:
    """Take an act and tell what became of it: a refusal is 409, what is another phone's 404."""
    try:
        row = take_act(link=link, act=act, now=now)
    except UNFINISHED as error:
        return unfinished(request, link, said, str(error))
    except NotYourStop as error:
        if not wants_json(request):
            raise Http404 from error
        return refuse_program(status=404, code=error.code, message=str(error))
    if wants_json(request):
        return in_json(row)
    if row.status != 200:
        return show_sheet(request, link, problem=row.sentence, asked=asked(said), status=row.status)
    return redirect_page(request, f"/driver/?said={row.uid.hex}")


def in_json(row: DriverAct) -> HttpResponse:
    """Return an act's answer for a script."""
    if row.status != 200:
        return refuse_program(status=row.status, code=row.code, message=row.sentence)
    return JsonResponse({"uid": str(row.uid), "sentence": row.sentence, "aside": row.aside})


def unfinished(
    request: HttpRequest, link: ShiftLink, said: QueryDict, sentence: str, *, form: ScanForm | None = None
) -> HttpResponse:
    """422: say what is missing. Nothing was taken, and the same act may come again."""
    if wants_json(request):
        return refuse_program(status=422, code="unfinished", message=sentence)
    return show_sheet(request, link, problem=sentence, asked=asked(said), form=form, status=422)


def asked(said: QueryDict) -> Asked:
    """Return what was typed, to stand in its form again."""
    return Asked(said.get("stop", ""), said.get("kind", ""), said)


def misread(request: HttpRequest) -> HttpResponse:
    """400: no form of ours sends that."""
    if wants_json(request):
        return refuse_program(status=400, code=BAD, message=_("We can’t read that act. Nothing was changed."))
    return bad_request(request)


def no_sheet(request: HttpRequest, sentence: str) -> HttpResponse:
    """401: no shift, its phone is another, or it is over."""
    if wants_json(request):
        return private(refuse_program(status=401, code="no_sheet", message=sentence))
    return refuse(request, carried_by(request))


def wants_json(request: HttpRequest) -> bool:
    """Whether a script or a program asks, and not a browser that shows pages."""
    accepts = request.headers.get("Accept", "").startswith("application/json")
    return accepts or request.content_type == "application/json"
