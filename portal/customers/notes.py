"""How to get in: what a customer says of it, what is kept of it, and codes that nobody sees again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers.bookings import order_note, promised, show_booking
from portal.customers.code import after_keeping, has_typed_code, may_ask_code, require_code
from portal.customers.getting_in import facts_of_notes, kept_codes
from portal.customers.news import tell
from portal.customers.notes_forms import CodesForm, NotesForm
from portal.customers.pages import Notice, show
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from scheduling import clock
from scheduling.errors import ChangedMeanwhile, DomainError, NotChangeable
from scheduling.selectors.notes import notes_of, notes_open
from scheduling.services.notes import remove_code, save_notes, set_codes
from scheduling.ways_in import CODES, WayIn

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import AccessNotes, Booking

PAGE = "customers/booking/notes.html"
CODES_PAGE = "customers/booking/codes.html"


@require_manage
@may_ask_code
@require_http_methods(["GET", "HEAD", "POST"])
def notes(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Ask how to get in, and keep what is said. Saving the same again changes nothing."""
    delivery, now = link.delivery, clock.now()
    booked, said = booking_of(delivery), notes_of(delivery)
    if request.method != "POST":
        if not notes_open(booked, now=now):
            return redirect_page(request, "customers:booking", delivery.ref)
        return show_notes(request, link, booked, said, NotesForm(initial=as_said(said)))
    form = NotesForm(request.POST)
    if not form.is_valid():
        return show_notes(request, link, booked, said, form, status=422)
    wished = form.cleaned_data["next_time"]
    try:
        changed = keep(form, link, kept=wished and has_typed_code(request, link), now=now)
    except ChangedMeanwhile as error:
        return ask_again(request, link, booked, form, error)
    except NotChangeable as error:
        news = Notice(_("It is not kept"), str(error))
        return show_booking(request, link, now=now, notice=news, status=409)
    if changed:
        tell(request, delivery.ref, "notes")
    return after_keeping(request, link, wished=wished)


def as_said(said: AccessNotes | None) -> dict[str, Any]:
    """Return what a form shows of what is kept."""
    return WayIn.of(said).as_dict() | {"next_time": said.kept, "seen": said.revision} if said else {}


def keep(form: NotesForm, link: AccessLink, *, kept: bool, now: datetime) -> bool:
    """Keep what a valid form says, for next time as well if `kept`; return whether anything changed."""
    return save_notes(
        delivery=link.delivery,
        way_in=form.way_in,
        kept=kept,
        seen=form.cleaned_data["seen"] or 0,
        actor=link.actor,
        now=now,
    )


def ask_again(
    request: HttpRequest, link: AccessLink, booked: Booking, form: NotesForm, error: DomainError
) -> HttpResponse:
    """Show what another tab has saved beside what was typed here, and let its customer choose."""
    said = notes_of(booked.delivery)  # read now, unlike the link's
    sentence = _("Below is what is kept now. What you typed here is still here: save it to put it instead.")
    form.data = request.POST.dict() | {"seen": str(said.revision if said else 0)}
    news = Notice(str(error), sentence)
    return show_notes(request, link, booked, said, form, notice=news, status=409)


def show_notes(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    said: AccessNotes | None,
    form: NotesForm,
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    delivery = link.delivery
    context: dict[str, Any] = {
        "form": form,
        "notice": notice,
        "now_kept": facts_of_notes(said) if notice else [],
        "codes": kept_codes(said, zone_of(booked)),
        "promised": promised(booked, zone_of(booked)),
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, PAGE, context, status=status)


@sensitive_post_parameters(*CODES)
@require_manage
@require_code
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Take a code, or forget one. What is typed here is never shown again, not even after an error."""
    delivery, now = link.delivery, clock.now()
    booked = booking_of(delivery)
    if request.method != "POST":
        if not notes_open(booked, now=now):
            return redirect_page(request, "customers:booking", delivery.ref)
        return show_codes(request, link, booked, CodesForm())
    form = CodesForm(request.POST)
    removed = request.POST.get("remove", "")
    if not removed and not form.is_valid():
        return show_codes(request, link, booked, form, status=422)
    try:
        if removed:
            remove_code(delivery=delivery, code=removed, actor=link.actor, now=now)
        else:
            set_codes(delivery=delivery, codes=form.typed, actor=link.actor, now=now)
    except DomainError as error:
        news = Notice(_("Nothing is changed"), str(error))
        return show_booking(request, link, now=now, notice=news, status=409)
    tell(request, delivery.ref, "code_removed" if removed else "codes")
    return redirect_page(request, "customers:booking", delivery.ref)


def show_codes(
    request: HttpRequest, link: AccessLink, booked: Booking, form: CodesForm, *, status: int = 200
) -> HttpResponse:
    delivery = link.delivery
    context: dict[str, Any] = {
        "form": form,
        "codes": kept_codes(notes_of(delivery), zone_of(booked)),
        "ref": delivery.ref,
        "notes_url": reverse("customers:notes", args=[delivery.ref]),
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, CODES_PAGE, context, status=status)
