"""Handing out: which driver comes in by which link and PIN, on which phone, and what was not as planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.http import redirect_page, render_page
from portal.models.driving import MOST_TRIES, DriverAct, ShiftLink
from portal.operations import words
from portal.operations.manifest import require_dispatch
from portal.services.shift_links import free_phone, hand_out
from portal.shift_links import pin_of, url_of
from portal.staff import require_operations
from scheduling import clock, windows
from scheduling.selectors.sheet import shifts_serving

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from scheduling.models import Depot, Shift

PAGE = "operations/links/page.html"
LATEST_ASIDES = 50


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One shift of today with its link, if it has one. `url` and `pin` are for a dispatcher's eyes."""

    key: int
    vehicle: str
    driver: str
    hours: str
    url: str
    pin: str
    phone: str
    bound: bool


@dataclass(frozen=True, slots=True)
class AsideRow:
    """Something that a driver did otherwise than was planned, or that could not be taken."""

    at: str
    vehicle: str
    what: str
    why: str
    sentence: str


@require_safe
@require_operations
def links(request: HttpRequest, depot: Depot) -> HttpResponse:
    """Show today's shifts with their links. Only to who dispatches there."""
    require_dispatch(request, depot)
    now = clock.now()
    today = windows.local_date(now, depot.zone)
    shifts = shifts_serving(depot_id=depot.pk, day=today)
    known = {link.shift_id: link for link in ShiftLink.objects.filter(shift__in=shifts)}
    asides = DriverAct.objects.filter(link__in=known.values()).exclude(aside="")
    asides = asides.select_related("link__shift__vehicle").order_by("-received_at")[:LATEST_ASIDES]
    context = {
        "depot": depot,
        "title": words.title(today),
        "rows": [link_row(shift, known.get(shift.pk), depot.zone) for shift in shifts],
        "asides": [aside_row(act, depot.zone) for act in asides],
        "board_url": reverse("operations:dispatch", args=[depot.slug]),
        "brand_note": words.moment(now.astimezone(depot.zone)),
    }
    return render_page(request, PAGE, context=context)


@require_POST
@require_operations
def hand_out_link(request: HttpRequest, depot: Depot) -> HttpResponse:
    """Make a shift's link. A second press finds the same."""
    hand_out(shift=shift_named(request, depot), now=clock.now())
    return redirect_page(request, "operations:links", depot.slug)


@require_POST
@require_operations
def free_link(request: HttpRequest, depot: Depot) -> HttpResponse:
    """End a shift's link, PIN and phone; the page then shows another link and PIN."""
    free_phone(shift=shift_named(request, depot))
    return redirect_page(request, "operations:links", depot.slug)


def shift_named(request: HttpRequest, depot: Depot) -> Shift:
    """Return the depot's shift of today that a form names. Raises Http404 for any other."""
    today = windows.local_date(clock.now(), depot.zone)
    said = request.POST.get("shift", "")
    found = next(
        (each for each in shifts_serving(depot_id=depot.pk, day=today) if str(each.pk) == said), None
    )
    if found is None:
        raise Http404
    return found


def link_row(shift: Shift, link: ShiftLink | None, zone: ZoneInfo) -> LinkRow:
    """Return a shift as a row, with what its driver is to be told."""
    starts, ends = (words.clock_time(at.astimezone(zone)) for at in (shift.starts_at, shift.ends_at))
    return LinkRow(
        key=shift.pk,
        vehicle=shift.vehicle.name,
        driver=shift.driver.name if shift.driver else "",
        hours=f"{starts}–{ends}",
        url=url_of(link) if link else "",
        pin=pin_of(link) if link else "",
        phone=phone_words(link, zone) if link else "",
        bound=bool(link and link.device_digest),
    )


def phone_words(link: ShiftLink, zone: ZoneInfo) -> str:
    """Say whether a phone has it, or how often its PIN was typed wrong."""
    if link.bound_at is not None:
        return _("Open on a phone since %(time)s") % {
            "time": words.clock_time(link.bound_at.astimezone(zone))
        }
    if link.tries >= MOST_TRIES:
        return _("The PIN was typed wrong five times: free it for another link and PIN")
    if not link.tries:
        return _("Not opened yet")
    wrong = ngettext("The PIN was typed wrong once", "The PIN was typed wrong %(count)d times", link.tries)
    return wrong % {"count": link.tries}


def aside_row(act: DriverAct, zone: ZoneInfo) -> AsideRow:
    """Return what was not as planned as a row."""
    return AsideRow(
        at=words.clock_time(act.happened_at.astimezone(zone)),
        vehicle=act.link.shift.vehicle.name,
        what=str(act.get_kind_display()),
        why=str(act.get_aside_display()),
        sentence=act.sentence,
    )
