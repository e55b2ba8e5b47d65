"""A booking's own page: what is promised and what happens, its history, its calendar file."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import FOLLOW, issue_link, require_manage, url_of
from portal.collection import code_of
from portal.customers import words
from portal.customers.afterwards import afterwards, withdrawal
from portal.customers.changing import changes_of
from portal.customers.following import answer_poll, asked_for, live_now
from portal.customers.getting_in import getting_in
from portal.customers.news import news_of
from portal.customers.pages import Notice, show
from portal.customers.proofs import proved
from portal.customers.rows import Fact, Mapped, Pin, Promised, Waiting
from portal.customers.slots import map_of
from portal.customers.timeline import timeline
from portal.customers.way_back import way_back
from portal.door import minutes_more, shown_words
from portal.http import redirect_page
from portal.messaging.calendars import calendar_file
from portal.messaging.facts import booking_of, current_entry, zone_of
from portal.pickup import hours_words, point_line, point_of, waits
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.phases import BEFORE_IT_LEAVES, IN_VAIN, ON_THE_ROAD, OVER, SERVED, TROUBLED
from scheduling.selectors.again import may_answer_late, may_choose_again
from scheduling.selectors.alone import alone_m
from scheduling.selectors.shopper import orders_of
from scheduling.services.bookings import cancel_delivery

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from portal.customers.tracking import Live
    from portal.models import AccessLink
    from scheduling.models import Booking, DayPlan, Delivery

PAGE = "customers/booking/page.html"
CANCEL_PAGE = "customers/booking/cancel.html"
BODY = "customers/booking/_booking.html"
TO_COME = (*BEFORE_IT_LEAVES, *ON_THE_ROAD, *TROUBLED)
"""Phases in which a visit is still to come."""
TRIED = (*SERVED, *IN_VAIN, "at_depot", "returned")
"""Phases in which something was noted at the door."""


@require_manage
@require_safe
def booking(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Show a booking to who may change it, and once, what was just done to it; to who polls, what is new."""
    now, delivery = clock.now(), link.delivery
    if asked_for(request) is not None:
        live = live_now(delivery, now)
        return answer_poll(request, delivery, live, partial(context_of, request, link, live, now=now))
    return show_booking(request, link, now=now, notice=news_of(request, delivery))


def show_booking(
    request: HttpRequest,
    link: AccessLink,
    *,
    now: datetime,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the whole page."""
    live = live_now(link.delivery, now)
    context = context_of(request, link, live, now=now) | {"notice": notice}
    return show(request, link.delivery.merchant, PAGE, context, status=status)


def context_of(request: HttpRequest, link: AccessLink, live: Live, *, now: datetime) -> dict[str, Any]:
    """Return all that the page shows of a booking, a notice aside."""
    delivery = link.delivery
    booked = booking_of(delivery)
    zone = zone_of(booked)
    movable, cancellable = may_move(booked, now), may_cancel(booked)
    return {
        "live": live,
        "body": BODY,
        "cancelled": live.phase == "cancelled",
        "can_answer": may_answer_late(booked, plan_of(booked)),
        "can_move": movable,
        "can_join": may_join(booked, now),
        "can_cancel": cancellable,
        "to_come": live.phase in TO_COME,
        "narrowing": narrowing(booked),
        "change_until": change_until(booked, zone, movable=movable, cancellable=cancellable)
        if live.phase in TO_COME
        else "",
        "facts": facts_of(booked, delivery),
        "changes": changes_of(link, booked, now=now) if live.phase not in OVER else [],
        "happened": timeline(delivery, booked, zone, ahead=live.ahead),
        "map": map_to(booked, delivery) if live.shows_home else None,
        "waiting": waiting(booked, zone, live, now),
        "afterwards": afterwards(link, booked, live.phase),
        "withdrawal": withdrawal(booked, now=now),
        "proved": proved(link, booked, zone, now=now) if live.phase in TRIED else None,
        "follow_url": url_of(issue_link(delivery=delivery, kind=FOLLOW, now=now)),
        "ref": delivery.ref,
        "back_url": way_back(request, delivery),
        "brand_note": order_note(delivery),
        "poll_url": reverse("customers:booking", args=[delivery.ref]),
    }


def map_to(booked: Booking, delivery: Delivery) -> Mapped:
    """Return the map around where it goes."""
    point = point_of(booked)
    if point is None:
        return map_of(delivery.address, lat=delivery.address.lat, lon=delivery.address.lon)
    return Mapped(
        pin=Pin(point.lat, point.lon, point.name),
        sentence=_("We bring it to %(line)s.") % {"line": point_line(point)},
        caption=_("Your pickup point: %(name)s.") % {"name": point.name},
    )


def waiting(booked: Booking, zone: ZoneInfo, live: Live, now: datetime) -> Waiting | None:
    """Return what its customer needs to collect it; None where it comes to the door, or no more."""
    point = point_of(booked)
    if point is None or live.phase not in (*TO_COME, "at_point"):
        return None
    return Waiting(
        sentence=waits(booked, zone),
        hours=hours_words(point, now),
        code=code_of(booked.stop),
        door=bool(booked.delivery.safe_place or booked.delivery.extra_s),
    )


def may_move(booked: Booking, now: datetime) -> bool:
    """Whether its customer may still move it, by the clock and the day; the services have the last word."""
    in_time = is_booked(booked) and now < booked.change_until_at and plan_of(booked).allows("move_out")
    return in_time or may_choose_again(booked)


def may_join(booked: Booking, now: datetime) -> bool:
    """Whether another order may still come with it."""
    delivery = booked.delivery
    outward = delivery.direction == delivery.Direction.OUT and not delivery.exchanges
    open_still = now < booked.change_until_at and plan_of(booked).allows("move_within")
    return is_booked(booked) and outward and open_still


def may_cancel(booked: Booking) -> bool:
    """Whether its customer may still cancel it: longer than move it, until the day has started."""
    inward = booked.delivery.direction == booked.delivery.Direction.IN
    on_its_way = booked.stop.arrived_at is None and plan_of(booked).allows("cancel", pickup=inward)
    return (is_booked(booked) and on_its_way) or (inward and may_choose_again(booked))


def is_booked(booked: Booking) -> bool:
    """Whether a visit is still to come, and nothing of it has begun."""
    return booked.state == booked.State.BOOKED and booked.delivery.state == "confirmed"


def plan_of(booked: Booking) -> DayPlan:
    """Return the day on which it comes, as loaded with the booking."""
    return booked.stop.route.shift.plan


def change_until(booked: Booking, zone: ZoneInfo, *, movable: bool, cancellable: bool) -> str:
    """Say until when a booking can be changed, or what is over."""
    moment = words.long_moment(booked.change_until_at.astimezone(zone))
    if booked.state != booked.State.BOOKED:
        return ""
    if movable:
        sentence = _("You can move or cancel it until %(moment)s, free of charge.")
    elif cancellable:
        sentence = _("It could be moved until %(moment)s. You can cancel it until the vans start.")
    else:
        sentence = _("It could be changed until %(moment)s. To change it now, please contact the shop.")
    return sentence % {"moment": moment}


def narrowing(booked: Booking) -> str:
    """Say what will become of a flexible window, until it has."""
    if not is_booked(booked) or not booked.narrows_to_s or booked.narrowed_at:
        return ""
    return words.narrowing(booked.narrows_to_s)


def promised(booked: Booking, zone: ZoneInfo) -> Promised:
    """Return the window as the largest words of a page."""
    opens, closes = booked.stop.opens_at.astimezone(zone), booked.stop.closes_at.astimezone(zone)
    return Promised(day=words.long_day(opens), hours=words.hours(opens, closes))


def order_note(delivery: Delivery) -> str:
    """Return Order 10482 · 2 parcels, or Orders 10482 and 10483 · 3 parcels. One query."""
    orders = words.orders(orders_of(delivery))
    return " · ".join(filter(None, [orders, words.parcels(delivery.parcel_count)]))


def facts_of(booked: Booking, delivery: Delivery) -> list[Fact]:
    """Return what is booked, in the words it was confirmed with."""
    price = words.money(booked.price_minor, booked.currency)
    charged = _("%(price)s, charged by %(shop)s") % {"price": price, "shop": delivery.merchant.name}
    return [
        Fact(_("Where"), where_to(booked, delivery)),
        Fact(_("What"), words.load(delivery.parcel_count, delivery.load_g)),
        *_taken_back(delivery),
        *_charged(delivery, charged),
        *(() if point_of(booked) else (*door_facts(delivery), *getting_in(delivery, zone_of(booked)))),
        Fact(_("Adds"), added(booked)),
        Fact(_("We reach you"), words.reached(delivery)),
    ]


def _charged(delivery: Delivery, charged: str) -> list[Fact]:
    if delivery.exchanges:  # what it costs was said with the return
        return []
    return [Fact(_("Pickup") if delivery.direction == delivery.Direction.IN else _("Delivery"), charged)]


def _taken_back(delivery: Delivery) -> list[Fact]:
    if not delivery.exchanges:
        return []
    return [
        Fact(
            _("In exchange"),
            _("The driver takes back %(load)s. Have it packed and at hand.")
            % {"load": words.load(delivery.takes_parcels, delivery.takes_g)},
        )
    ]


def added(booked: Booking) -> str:
    """Return what it adds to the driving; what is fetched, beside a trip of its own in whole kilometres."""
    by_the_way = _("%(distance)s of driving") % {"distance": words.distance(booked.band_m)}
    if booked.delivery.direction != booked.delivery.Direction.IN:
        return by_the_way
    alone = words.kilometres(1000 * max(1, round(alone_m(booked) / 1000))).replace(" ", "\u00a0")
    beside = _("%(added)s; a trip of its own would be about %(alone)s")
    return beside % {"added": by_the_way, "alone": alone}


def where_to(booked: Booking, delivery: Delivery) -> str:
    """Return where it goes, in one line."""
    point = point_of(booked)
    return point_line(point) if point else words.place(delivery.address)


def door_facts(delivery: Delivery) -> list[Fact]:
    """Return what was said of the door; never for a page behind a follow link."""
    said = [
        Fact(_("May be left"), shown_words(delivery.left_at, recalled=delivery.safe_place_recalled)),
        Fact(_("At the door"), minutes_more(delivery.extra_s)),
    ]
    return [fact for fact in said if fact.value]


@require_manage
@require_safe
def calendar(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """The promised window as a calendar file. It holds no link: calendars are shared."""
    response = HttpResponse(
        calendar_file(current_entry(link.delivery)), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="delivery-{link.delivery.ref}.ics"'
    return response


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Ask once more, then cancel. Cancelling twice shows the cancelled booking."""
    delivery, now = link.delivery, clock.now()
    booked = booking_of(delivery)
    if request.method != "POST":
        if not may_cancel(booked):
            return redirect_page(request, "customers:booking", delivery.ref)
        zone = zone_of(booked)
        context = {
            "promised": promised(booked, zone),
            "facts": facts_of(booked, delivery)[:3],
            "can_move": may_move(booked, now),
            "ref": delivery.ref,
            "brand_note": order_note(delivery),
        }
        return show(request, delivery.merchant, CANCEL_PAGE, context)
    try:
        cancel_delivery(delivery=delivery, actor=link.actor, now=now)
    except DomainError as error:
        delivery.refresh_from_db()
        news = Notice(_("It is not cancelled"), str(error))
        return show_booking(request, link, now=now, notice=news, status=409)
    return redirect_page(request, "customers:booking", delivery.ref)
