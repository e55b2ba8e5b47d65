"""A booking's own page: what is promised, its history, its calendar file; and the page that only looks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import FOLLOW, issue_link, require_follow, require_manage, url_of
from portal.collection import code_of
from portal.customers import words
from portal.customers.changing import changes_of
from portal.customers.getting_in import getting_in
from portal.customers.pages import Notice, show
from portal.customers.rows import Fact, Happened, Mapped, Pin, Promised, Tag, Waiting
from portal.customers.slots import map_of
from portal.customers.way_back import way_back
from portal.door import minutes_more, shown_words
from portal.http import redirect_page
from portal.messaging.calendars import calendar_file
from portal.messaging.facts import booking_of, current_entry, zone_of
from portal.notes import looked_at
from portal.pickup import hours_words, point_line, point_of, waits
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.selectors.shopper import history_of, orders_of
from scheduling.services.bookings import cancel_delivery

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from django.utils.functional import Promise

    from portal.models import AccessLink
    from scheduling.models import Booking, DayPlan, Delivery, Event

PAGE = "customers/booking/page.html"
CANCEL_PAGE = "customers/booking/cancel.html"
FOLLOW_PAGE = "customers/booking/follow.html"

STATES: dict[str, tuple[str | Promise, str]] = {
    "confirmed": (gettext_lazy("Booked"), "good"),
    "on_board": (gettext_lazy("On the van"), "good"),
    "delivered": (gettext_lazy("Delivered"), "good"),
    "failed": (gettext_lazy("We could not deliver"), "warn"),
    "at_depot": (gettext_lazy("Back at the depot"), "warn"),
    "returned": (gettext_lazy("Back at the shop"), ""),
    "cancelled": (gettext_lazy("Cancelled"), "bad"),
}
NEWS = "news"
FOLLOWED = (
    "booking.confirmed",
    "booking.moved",
    "delivery.diverted",
    "booking.cancelled",
    "promise.narrowed",
)
AT_DOOR = ("delivery.safe_place_changed", "delivery.longer_at_door")
TOLD = (
    *FOLLOWED,
    "booking.joined",
    *AT_DOOR,
    "delivery.street",
    "links.revoked",
    "delivery.notes_changed",
    "delivery.code_read",
    "delivery.contact_changed",
    "delivery.preferences_changed",
)
SAID: dict[str, str | Promise] = {
    "delivery.notes_changed": gettext_lazy("You changed how we get in"),
    "links.revoked": gettext_lazy("You ended all links given out before"),
    "delivery.contact_changed": gettext_lazy("You changed how we reach you"),
    "delivery.preferences_changed": gettext_lazy("You changed how we write to you"),
    "links.asked": gettext_lazy("Somebody asked for the links; we mailed them to you"),
    "code.asked": gettext_lazy("Somebody with the link asked for a code; we mailed it to you"),
    "code.accepted": gettext_lazy("The code was typed: that browser could do what is private"),
    "code.used_up": gettext_lazy("A code was typed wrong five times"),
}
"""What happened that is about no time."""
DONE: dict[str, str | Promise] = {
    "notes": gettext_lazy("Now we know how to get in."),
    "codes": gettext_lazy("The code is kept. Nobody sees it here again, not even you."),
    "code_removed": gettext_lazy("The code is removed."),
    "booked": gettext_lazy("It is booked. Thank you."),
    "moved": gettext_lazy("It is moved."),
    "diverted": gettext_lazy("It goes to the pickup point."),
    "joined": gettext_lazy("The order is added: one delivery brings all."),
    "at-door": gettext_lazy("It is changed. The driver will know."),
    "contact": gettext_lazy("How we reach you is changed."),
}
"""What is told by mail as well."""
QUIETLY: dict[str, tuple[str | Promise, str | Promise]] = {
    "stayed": (gettext_lazy("It stays as it was"), gettext_lazy("That is the time you have.")),
    "preferences": (
        gettext_lazy("How we write to you is changed."),
        gettext_lazy("It counts from the next mail on."),
    ),
    "street_told": (gettext_lazy("Thank you"), gettext_lazy("Your street may hear that a van comes.")),
    "street_not_told": (gettext_lazy("Done"), gettext_lazy("Your street hears no more of it from you.")),
}


@require_manage
@require_safe
def booking(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Show a booking to who may change it, and once, what has just been done to it."""
    return show_booking(request, link, now=clock.now(), notice=news_of(request, link.delivery))


def tell(request: HttpRequest, ref: str, code: str) -> None:
    """Have the booking's page say next time what was done: a key of DONE or QUIETLY."""
    request.session[NEWS] = [ref, code]


def news_of(request: HttpRequest, delivery: Delivery) -> Notice | None:
    """Return what was done to this booking since its page was last shown."""
    ref, code = request.session.get(NEWS, ["", ""])
    if ref != delivery.ref:
        return None
    del request.session[NEWS]
    if code in QUIETLY:
        title, sentence = QUIETLY[code]
        return Notice(str(title), str(sentence), "" if code == "stayed" else "good")
    sentence = _("We mail it to %(email)s, with the link to this page.") % {"email": delivery.contact_email}
    return Notice(str(DONE[code]), sentence, "good")


def show_booking(
    request: HttpRequest,
    link: AccessLink,
    *,
    now: datetime,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    delivery = link.delivery
    booked = booking_of(delivery)
    zone = zone_of(booked)
    movable, cancellable = may_move(booked, now), may_cancel(booked)
    context: dict[str, Any] = {
        "notice": notice,
        "promised": promised(booked, zone),
        "tag": state_tag(delivery),
        "cancelled": delivery.state == delivery.State.CANCELLED,
        "can_move": movable,
        "can_join": may_join(booked, now),
        "can_cancel": cancellable,
        "narrowing": narrowing(booked),
        "change_until": change_until(booked, zone, movable=movable, cancellable=cancellable),
        "facts": facts_of(booked, delivery),
        "changes": changes_of(link, booked, now=now),
        "happened": timeline(delivery, booked, zone),
        "map": map_to(booked, delivery),
        "waiting": waiting(booked, zone, now),
        "follow_url": url_of(issue_link(delivery=delivery, kind=FOLLOW, now=now)),
        "ref": delivery.ref,
        "back_url": way_back(request, delivery),
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, PAGE, context, status=status)


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


def waiting(booked: Booking, zone: ZoneInfo, now: datetime) -> Waiting | None:
    """Return what its customer needs to collect it; None where it comes to the door, or no more."""
    point = point_of(booked)
    if point is None or not is_booked(booked):
        return None
    return Waiting(
        sentence=waits(booked, zone),
        hours=hours_words(point, now),
        code=code_of(booked.stop),
        door=bool(booked.delivery.safe_place or booked.delivery.extra_s),
    )


def may_move(booked: Booking, now: datetime) -> bool:
    """Whether its customer may still move it, by the clock and the day; the services have the last word."""
    return is_booked(booked) and now < booked.change_until_at and plan_of(booked).allows("move_out")


def may_join(booked: Booking, now: datetime) -> bool:
    """Whether another order may still come with it."""
    outward = booked.delivery.direction == booked.delivery.Direction.OUT
    open_still = now < booked.change_until_at and plan_of(booked).allows("move_within")
    return is_booked(booked) and outward and open_still


def may_cancel(booked: Booking) -> bool:
    """Whether its customer may still cancel it: longer than move it, until the day has started."""
    return is_booked(booked) and plan_of(booked).allows("cancel")


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


def state_tag(delivery: Delivery) -> Tag:
    """Return a delivery's state as a word."""
    word, tone = STATES.get(delivery.state, (_("Not confirmed"), "warn"))
    return Tag(str(word), tone)


def order_note(delivery: Delivery) -> str:
    """Return Order 10482 · 2 parcels, or Orders 10482 and 10483 · 3 parcels. One query."""
    orders = words.orders(orders_of(delivery))
    return " · ".join(filter(None, [orders, words.parcels(delivery.parcel_count)]))


def facts_of(booked: Booking, delivery: Delivery) -> list[Fact]:
    """Return what is booked, in the words it was confirmed with."""
    price = words.money(booked.price_minor, booked.currency)
    charged = _("%(price)s, charged by %(shop)s") % {"price": price, "shop": delivery.merchant.name}
    reached = [delivery.contact_email, words.phone(delivery.contact_phone)]
    return [
        Fact(_("Where"), where_to(booked, delivery)),
        Fact(_("What"), words.load(delivery.parcel_count, delivery.load_g)),
        Fact(_("Delivery"), charged),
        *(() if point_of(booked) else (*door_facts(delivery), *getting_in(delivery, zone_of(booked)))),
        Fact(_("Adds"), _("%(distance)s of driving") % {"distance": words.distance(booked.band_m)}),
        Fact(_("We reach you"), ", ".join(filter(None, reached))),
    ]


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


def timeline(delivery: Delivery, booked: Booking, zone: ZoneInfo) -> list[Happened]:
    """Return what happened so far and what comes next, oldest first, from the one log of events."""
    done = [happened(event, zone) for event in history_of(delivery, TOLD)]
    if booked.state != booked.State.BOOKED:
        return done
    opens, closes = booked.stop.opens_at.astimezone(zone), booked.stop.closes_at.astimezone(zone)
    door = f"{words.short_day(opens)} {words.short_hours(opens, closes)}"
    there = _("At the pickup point") if point_of(booked) else _("At your door")
    return [*done, Happened(there, door, "next")]


def happened(event: Event, zone: ZoneInfo) -> Happened:
    """Return one event in plain words."""
    time = words.short_moment(event.occurred_at.astimezone(zone))
    if event.kind in SAID:
        return Happened(str(SAID[event.kind]), time)
    if event.kind in AT_DOOR:
        return Happened(at_door(event), time)
    if event.kind == "delivery.street":
        tells = _("You let your street hear that a van comes")
        return Happened(tells if event.data["tells"] else _("You took that back from your street"), time)
    if event.kind == "delivery.code_read":
        return Happened(looked_at(event.data["which"], event.data["by"]), time)
    window = window_words(event, zone)
    if event.kind == "booking.moved":
        return Happened(_("You moved it to %(window)s") % {"window": window}, time)
    if event.kind == "delivery.diverted":
        known = {
            "name": event.data.get("pickup_point", {}).get("name", _("a pickup point")),
            "window": window,
        }
        return Happened(_("You sent it to %(name)s: %(window)s") % known, time)
    if event.kind == "booking.joined":
        return Happened(_("You added order %(number)s") % {"number": event.data["order"]}, time)
    if event.kind == "booking.cancelled":
        return Happened(_("You cancelled it"), time)
    if event.kind == "promise.narrowed":
        return Happened(_("Your time became exact: %(window)s") % {"window": window}, time)
    return Happened(_("You chose %(window)s") % {"window": window}, time)


def at_door(event: Event) -> str:
    """Return what was said of the door: never where it may be left, since that may change again."""
    if event.kind == "delivery.longer_at_door":
        more = minutes_more(event.data["extra_s"])
        return (
            _("You asked for %(minutes)s at the door") % {"minutes": more}
            if more
            else _("You need no longer at the door than usual")
        )
    left = event.data["may_be_left"]
    return _("You said where it may be left") if left else _("You said that somebody will be at home")


def window_words(event: Event, zone: ZoneInfo) -> str:
    """Return the window an event speaks of: Thu 26 Nov 10–12."""
    opens, closes = (
        datetime.fromisoformat(event.data[name]).astimezone(zone) for name in ("opens_at", "closes_at")
    )
    return f"{words.short_day(opens)} {words.short_hours(opens, closes)}"


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


@require_follow
def follow(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Only look: the state and the promised window. No name, address, items or price, and no other link."""
    delivery = link.delivery
    booked = booking_of(delivery)
    zone = zone_of(booked)
    context = {
        "promised": promised(booked, zone),
        "tag": state_tag(delivery),
        "cancelled": delivery.state == delivery.State.CANCELLED,
        "happened": followed(delivery, booked, zone),
        "follow_only": True,
    }
    return show(request, delivery.merchant, FOLLOW_PAGE, context)


def followed(delivery: Delivery, booked: Booking, zone: ZoneInfo) -> list[Happened]:
    """Return the timeline without anything but what happened when."""
    plain = {
        "booking.confirmed": _("Booked"),
        "booking.moved": _("Moved to another time"),
        "delivery.diverted": _("Moved to another time"),
        "booking.cancelled": _("Cancelled"),
        "promise.narrowed": _("Its time became exact"),
    }
    done = [
        Happened(plain[event.kind], words.short_moment(event.occurred_at.astimezone(zone)))
        for event in history_of(delivery, FOLLOWED)
    ]
    if booked.state != booked.State.BOOKED:
        return done
    opens, closes = booked.stop.opens_at.astimezone(zone), booked.stop.closes_at.astimezone(zone)
    door = f"{words.short_day(opens)} {words.short_hours(opens, closes)}"
    # Where it goes is for who manages it: a follow link tells a day and hours.
    there = _("It arrives") if point_of(booked) else _("At the door")
    return [*done, Happened(there, door, "next")]
