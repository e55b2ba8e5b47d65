"""Bring it to a point: which are near and when they are open, the code on the phone, and a label to print."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.access import require_manage
from portal.customers import words
from portal.customers.bookings import order_note
from portal.customers.pages import show
from portal.customers.returned import return_or_404
from portal.customers.slots import map_of
from portal.http import redirect_page
from portal.pickup import away, hours_words, point_lines
from returns.labels import Label, Size, label_pdf, qr_svg
from returns.selectors.dropping_off import PointToBring, points_to_bring
from scheduling import clock

if TYPE_CHECKING:
    from datetime import datetime

    from portal.customers.rows import Mapped
    from portal.models import AccessLink
    from returns.models import Return
    from scheduling.models import Address

PAGE: Final = "customers/returns/dropoff.html"


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point to bring it to, in words."""

    number: int
    name: str
    where: str
    away: str
    hours: str
    lat: float
    lon: float


@require_manage
@require_safe
def dropoff(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Show where to bring it, and the code that is scanned there; what travels another way has none."""
    found, now = return_or_404(link, of), clock.now()
    if not may_bring(found):
        return redirect_page(request, "customers:returned", link.delivery.ref, of)
    places = [row_of(each, number, now) for number, each in enumerate(points_to_bring(found), start=1)]
    context: dict[str, Any] = {
        "of": found,
        # Of our own making, from letters and digits alone.
        "qr": mark_safe(qr_svg(found.ref, title=_("The code of your return"))),  # noqa: S308
        "places": places,
        "map": map_with(places, link.delivery.address) if places else None,
        "ref": link.delivery.ref,
        "brand_note": order_note(link.delivery),
    }
    return show(request, link.delivery.merchant, PAGE, context)


def may_bring(of: Return) -> bool:
    """Whether it is to be brought to a point, and is not there yet."""
    return of.method == "dropoff" and of.parcel == of.Parcel.APPROVED


def row_of(each: PointToBring, number: int, now: datetime) -> PointRow:
    """Return a point as a row of the page."""
    point = each.point
    far = (
        _("%(distance)s from your address") % {"distance": away(each.away_m)}
        if each.away_m is not None
        else ""
    )
    return PointRow(
        number=number,
        name=point.name,
        where=", ".join(point_lines(point)[1:]),
        away=words.capital(far) if far else "",
        hours=hours_words(point, now),
        lat=point.lat,
        lon=point.lon,
    )


def map_with(places: list[PointRow], address: Address) -> Mapped:
    """Return the map around an address with the points near it, each with its number in the list."""
    drawn = [{"lat": p.lat, "lon": p.lon, "number": p.number, "label": p.name} for p in places]
    line = {"line": words.place(address)}
    return replace(
        map_of(address, lat=address.lat, lon=address.lon),
        points=json.dumps(drawn),
        sentence=_("Points near %(line)s.") % line,
        caption=_("Where it was brought to: %(line)s.") % line,
    )


@require_manage
@require_safe
def label(request: HttpRequest, link: AccessLink, of: str, size: Size) -> HttpResponse:
    """Return the label to print: a PDF for A4, or for a printer of labels, 4 by 6 inches."""
    found = return_or_404(link, of)
    if not may_bring(found):
        raise Http404
    made = Label(
        ref=found.ref,
        title=_("Return to %(shop)s") % {"shop": found.merchant.name},
        lines=(
            _("Hand it in at a pickup point."),
            _("They scan this code: nothing to pay there."),
        ),
    )
    response = HttpResponse(label_pdf(made, size), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="return-{found.ref}-{size}.pdf"'
    return response
