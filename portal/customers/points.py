"""Send a delivery to a pickup point: the nearest that can take it, asked once more, then done or left."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers import words
from portal.customers.bookings import may_move, order_note, promised, show_booking
from portal.customers.news import tell
from portal.customers.offers import distance_change, grams_change
from portal.customers.pages import Notice, show
from portal.customers.probing import wait_for_quote
from portal.customers.rows import Fact, Mapped, Place
from portal.customers.slots import map_of, too_many_quotes
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from portal.pickup import away, hours_words, kept_after, point_line, point_lines, point_of
from scheduling import clock
from scheduling.errors import DomainError, NotChangeable, PointCannot, PointFull, TooLateToChange
from scheduling.selectors.pickup import Added, Nearby, PointNear, may_divert, points_near
from scheduling.services.diverting import divert_delivery

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from portal.models import AccessLink
    from scheduling.models import Address, Booking

PAGE = "customers/booking/points.html"
ASK_PAGE = "customers/booking/point.html"


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def point(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Show the points; ask once more about the one that was chosen; send it there."""
    booked, now = booking_of(link.delivery), clock.now()
    if request.method != "POST" and not may_divert(booked, now):
        return redirect_page(request, "customers:booking", link.delivery.ref)
    if wait_s := wait_for_quote(request, now=now):
        return too_many_quotes(request, link.delivery.merchant, wait_s)
    near = points_near(booked, now=now)
    if request.method == "POST":
        return send(request, link, booked, near, now=now)
    asked = request.GET.get("to", "")
    chosen = near.point(asked)
    if chosen is not None:
        return ask_once_more(request, link, booked, near, chosen, now=now)
    return show_points(request, link, booked, near, now=now, notice=gone() if asked else None)


def gone() -> Notice:
    """Say that a point can't be chosen any more."""
    return Notice(_("That pickup point can’t take it any more"), _("Here are those that can."))


def send(
    request: HttpRequest, link: AccessLink, booked: Booking, near: Nearby, *, now: datetime
) -> HttpResponse:
    """Send it to the point that was confirmed; whatever refuses it, it stays as it was."""
    name = request.POST.get("to", "")
    present = point_of(booked)
    chosen = near.point(name)
    target = chosen.point if chosen else None
    if target is None and present is not None and present.external_id == name:
        target = present  # sent twice: the service changes nothing more
    try:
        if target is None:
            raise PointCannot
        sent = divert_delivery(delivery=link.delivery, point=target, actor=link.actor, now=now)
    except (NotChangeable, TooLateToChange) as error:
        news = Notice(_("It stays as it was"), str(error))
        return show_booking(request, link, now=now, notice=news, status=409)
    except DomainError as error:
        title = _("That was the last place") if isinstance(error, PointFull) else _("It can’t go there")
        if not may_divert(booked, now):
            return show_booking(request, link, now=now, notice=Notice(title, str(error)), status=409)
        fresh = points_near(booking_of(link.delivery), now=now)
        return show_points(
            request, link, booked, fresh, now=now, notice=Notice(title, str(error)), status=409
        )
    tell(request, link.delivery.ref, "diverted" if sent.stop_id != booked.stop_id else "stayed")
    return redirect_page(request, "customers:booking", link.delivery.ref)


def show_points(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    near: Nearby,
    *,
    now: datetime,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the nearest points, those that can't take it with why."""
    delivery, zone, present = link.delivery, zone_of(booked), point_of(booked)
    places = [place_of(one, number, near, booked, now) for number, one in enumerate(near.points, start=1)]
    context: dict[str, Any] = {
        "notice": notice,
        "places": places,
        "promised": promised(booked, zone),
        "present": point_line(present) if present else "",
        "may_come_home": present is not None and may_move(booked, now),
        "kept": kept_sentence(),
        "map": map_with(places, delivery.address),
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, PAGE, context, status=status)


def place_of(one: PointNear, number: int, near: Nearby, booked: Booking, now: datetime) -> Place:
    """Return a point as a row of the page."""
    said = {"to": one.point.external_id}
    url = f"{reverse('customers:point', args=[booked.delivery.ref])}?{urlencode(said)}"
    return Place(
        number=number,
        name=one.point.name,
        where=", ".join(point_lines(one.point)[1:]),
        away=words.capital(_("%(distance)s from your address") % {"distance": away(one.away_m)}),
        hours=hours_words(one.point, now),
        against=against(one.added, near.present),
        why=str(one.reason),
        url=url if one.open else "",
        lat=one.point.lat,
        lon=one.point.lon,
    )


def against(added: Added | None, present: Added | None) -> str:
    """Return what changes against now: never the price, perhaps driving and grams."""
    if added is None:
        return ""
    changes = words.listed([_("the same price"), driving(added, present)])
    return _("Against now: %(changes)s.") % {"changes": changes}


def driving(added: Added | None, present: Added | None) -> str:
    """Return what a point adds against now, within a sentence: about 0.5 km less driving, about 50 g less."""
    if added is None or present is None:
        return _("about as much driving")
    parts = [distance_change(added.band_m - present.band_m)]
    if added.boundary == present.boundary:
        parts.append(grams_change(added.grams - present.grams))
    return ", ".join(part for part in parts if part) or _("about as much driving")


def map_with(places: list[Place], address: Address) -> Mapped:
    """Return the map around an address with the points near it, each with its number in the list."""
    drawn = [{"lat": p.lat, "lon": p.lon, "number": p.number, "label": p.name} for p in places]
    return replace(map_of(address, lat=address.lat, lon=address.lon), points=json.dumps(drawn))


def kept_sentence() -> str:
    """Say how long parcels wait."""
    return _("Parcels wait there for %(days)s, from the day on which the van brings them.") % {
        "days": kept_after()
    }


def ask_once_more(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    near: Nearby,
    chosen: PointNear,
    *,
    now: datetime,
) -> HttpResponse:
    """Say what sending it there would mean, and ask."""
    delivery, zone = link.delivery, zone_of(booked)
    context: dict[str, Any] = {
        "name": chosen.point.name,
        "to": chosen.point.external_id,
        "facts": facts_of(chosen, near, booked, zone, now),
        "door": bool(delivery.safe_place or delivery.extra_s),
        "late": not may_move(booked, now),
        "promised": promised(booked, zone),
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, ASK_PAGE, context)


def facts_of(chosen: PointNear, near: Nearby, booked: Booking, zone: ZoneInfo, now: datetime) -> list[Fact]:
    """Return what a point would mean for a booking."""
    window = chosen.window
    if window is None:
        return []
    opens, closes = window.opens_at.astimezone(zone), window.closes_at.astimezone(zone)
    price = words.money(booked.price_minor, booked.currency)
    day, time = words.long_day(opens), words.clock_time(closes)
    return [
        Fact(_("Where"), point_line(chosen.point)),
        Fact(_("There from"), _("%(day)s, %(time)s at the latest") % {"day": day, "time": time}),
        Fact(_("Kept for"), kept_after()),
        Fact(_("Open"), hours_words(chosen.point, now)),
        Fact(_("Delivery"), _("%(price)s, as before") % {"price": price}),
        Fact(_("Driving"), words.capital(driving(chosen.added, near.present))),
    ]
