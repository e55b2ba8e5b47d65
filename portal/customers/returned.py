"""What became of a return: where it is, what was found, what is paid; changed and called off from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import require_manage
from portal.customers import words
from portal.customers.bookings import order_note, promised
from portal.customers.left_behind import behind_facts, left_behind, sendable
from portal.customers.pages import Notice, show
from portal.customers.returns_forms import MethodForm
from portal.customers.returns_send import cost_words, thing_fact, way_words
from portal.customers.returns_steps import next_step
from portal.customers.returns_words import INSPECTION, MONEY, TOLD, standing_of
from portal.customers.rows import Fact, Happened, Promised
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from portal.services.photos import photo_response, seal, unseal
from returns.reasons import FETCHED, METHODS
from returns.selectors.shown import photo_of, return_seen_from
from returns.selectors.terms import ways_for
from returns.services.changing import call_off, change_method, may_call_off, may_change
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.selectors.shopper import history_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from portal.models import AccessLink
    from returns.models import Return
    from scheduling.models import Event

PAGE: Final = "customers/returns/return.html"
CANCEL_PAGE: Final = "customers/returns/cancel.html"
OTHER_WAY_PAGE: Final = "customers/returns/other_way.html"


@dataclass(frozen=True, slots=True)
class Shown:
    """A photo of what goes back, and where it is shown for five minutes."""

    url: str
    name: str


@require_manage
@require_safe
def returned(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Show a return; lead on to its next step while it is being chosen."""
    found = return_or_404(link, of)
    if found.parcel == found.Parcel.DRAFT:
        return redirect_page(request, next_step(found), link.delivery.ref, of)
    return show_return(request, link, found, now=clock.now())


def return_or_404(link: AccessLink, of: str) -> Return:
    """Return a return that this link may show. Raises Http404 for any other."""
    found = return_seen_from(link.delivery, of)
    if found is None:
        raise Http404
    return found


def show_return(
    request: HttpRequest,
    link: AccessLink,
    of: Return,
    *,
    now: datetime,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the whole page."""
    zone = zone_of(booking_of(link.delivery))
    events = events_of(of)
    standing = standing_of(of)
    behind = left_behind(of)
    context: dict[str, Any] = {
        "of": of,
        "standing": standing,
        "window": window_of(of, zone),
        "when": since(of, events, zone),
        "then": what_next(of, standing.then, rest=sendable(behind)),
        "behind": behind_facts(behind),
        # Where what it brought is asked for; whoever fetches or swaps it has no such page.
        "to_rest": sendable(behind) and of.delivery_id == link.delivery_id,
        "stands": stands(of, events, zone),
        "things": [thing_fact(each) for each in of.items.all() if each.counts],
        "photos": photos_of(link, of, now=now),
        "facts": facts_of(of, zone),
        "happened": [Happened(str(TOLD[each.kind]), moment(each, zone)) for each in events],
        "to_times": may_choose_time(of),
        "to_point": of.method == "dropoff" and of.parcel == of.Parcel.APPROVED,
        "may_change": may_change(of),
        "may_cancel": may_call_off(of),
        "notice": notice,
        "ref": link.delivery.ref,
        "brand_note": order_note(link.delivery),
    }
    return show(request, link.delivery.merchant, PAGE, context, status=status)


def events_of(of: Return) -> list[Event]:
    """Return what happened to a return, oldest first. One query."""
    if of.delivery is None:
        return []
    return [each for each in history_of(of.delivery, tuple(TOLD)) if each.data.get("return") == of.ref]


def moment(event: Event, zone: ZoneInfo) -> str:
    """Return when something happened."""
    return words.short_moment(happened_at(event).astimezone(zone))


def happened_at(event: Event) -> datetime:
    """Return when something happened: what a driver did, as their own device said."""
    said = event.data.get("at") if event.kind == "return.collected" else None
    return datetime.fromisoformat(said) if said else event.occurred_at


def since(of: Return, events: list[Event], zone: ZoneInfo) -> str:
    """Say since when its parcel is where it is."""
    kinds = _SINCE.get(of.parcel, ())
    at = next((happened_at(each) for each in reversed(events) if each.kind in kinds), of.requested_at)
    return _("Since %(moment)s") % {"moment": words.long_moment(at.astimezone(zone))} if at else ""


_SINCE: Final = {
    "requested": ("return.requested",),
    "approved": ("return.approved", "return.withdrawn", "return.pickup_cancelled"),
    "rejected": ("return.rejected",),
    "booked": ("return.pickup_booked",),
    "collected": ("return.collected",),
    "handed_in": ("return.handed_in",),
    "received": ("return.received",),
    "kept": ("return.approved",),
    "cancelled": ("return.cancelled",),
}


def window_of(of: Return, zone: ZoneInfo) -> Promised | None:
    """Return the window of its pickup, while one is booked."""
    booking = getattr(of.pickup, "booking", None) if of.pickup else None
    if of.parcel != of.Parcel.BOOKED or booking is None:
        return None
    return promised(booking, zone)


def when_picked_up(of: Return, zone: ZoneInfo) -> str:
    """Return that window on one line, or nothing."""
    window = window_of(of, zone)
    return f"{window.day}, {window.hours}" if window else ""


def may_choose_time(of: Return) -> bool:
    """Whether its customer may choose when we pick it up, or choose anew."""
    return of.method in FETCHED and of.parcel in (of.Parcel.APPROVED, of.Parcel.BOOKED)


def what_next(of: Return, usual: object, *, rest: bool = False) -> str:
    """Say what comes next, by how it travels. `rest`: some of it was not taken, and may still be sent."""
    if of.parcel == of.Parcel.COLLECTED and rest:
        return _("What we took goes to the shop now. What we did not take you can still send back.")
    if of.parcel == of.Parcel.APPROVED and of.method == "pickup":
        return _("Choose when we pick it up.")
    if of.parcel == of.Parcel.APPROVED and of.method == "swap":
        return _("Choose when we come to swap it.")
    if of.parcel == of.Parcel.APPROVED and of.method == "dropoff":
        return _("Bring it to a point near you.")
    return str(usual)


def stands(of: Return, events: list[Event], zone: ZoneInfo) -> list[Fact]:
    """Return what was found and what became of the money, each a sentence with its day."""
    return [
        Fact(_("Looked at"), _dated(INSPECTION[of.inspection], of.inspected_at or of.requested_at, zone)),
        Fact(_("Money"), _dated(MONEY[of.money], money_since(of, events), zone)),
        *_credit(of),
        *_due(of, zone),
    ]


def money_since(of: Return, events: list[Event]) -> datetime | None:
    """Return since when the money stands as it does."""
    kinds = ("return.refunded", "return.refund_delayed", "return.inspected")
    told = next((each.occurred_at for each in reversed(events) if each.kind in kinds), None)
    return of.settled_at or told or of.requested_at


def _dated(sentence: object, at: datetime | None, zone: ZoneInfo) -> str:
    if at is None:
        return str(sentence)
    return f"{sentence} ({words.short_day(at.astimezone(zone))})"


def _credit(of: Return) -> list[Fact]:
    credit = getattr(of, "credit", None)
    if credit is None:
        return []
    worth = words.money(credit.amount_minor, credit.currency)
    return [Fact(_("Your credit"), _("%(code)s, worth %(amount)s") % {"code": credit.code, "amount": worth})]


def _due(of: Return, zone: ZoneInfo) -> list[Fact]:
    if of.refund_due_at is None or of.money in (of.Money.PAID, of.Money.NOTHING):
        return []
    return [
        Fact(
            _("By law"),
            _("Money back by %(day)s") % {"day": words.long_day(of.refund_due_at.astimezone(zone))},
        )
    ]


def facts_of(of: Return, zone: ZoneInfo) -> list[Fact]:
    """Return what was asked for."""
    asked = words.long_moment(of.requested_at.astimezone(zone)) if of.requested_at else ""
    facts = [Fact(_("Asked for"), asked), Fact(_("Number"), of.ref)]
    if of.method in METHODS:
        facts.append(Fact(_("How"), str(METHODS[of.method])))
    if of.fee_minor:
        facts.append(Fact(_("That costs"), cost_words(of.fee_minor, of.currency)))
    return facts


# Its photos


def photos_of(link: AccessLink, of: Return, *, now: datetime) -> list[Shown]:
    """Return where its customer's photos are shown for five minutes. No query."""
    return [
        Shown(
            reverse(
                "customers:return-photo",
                args=[link.delivery.ref, of.ref, photo.pk, seal(photo.file, whom=link.actor, now=now)],
            ),
            _("Your photo of %(name)s") % {"name": each.item.name},
        )
        for each in of.items.all()
        for photo in each.photos.all()
        if photo.taken == photo.Taken.CUSTOMER
    ]


@require_manage
@require_safe
def photo(request: HttpRequest, link: AccessLink, of: str, number: int, sealed: str) -> HttpResponse:
    """Show a photo of what goes back to whose it is, for five minutes."""
    found = photo_of(return_or_404(link, of), number)
    path = found.file if found else ""
    unseal(sealed, path=path, whom=link.actor, now=clock.now())
    return photo_response(path, name="return.jpg")


# Changed and called off


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Ask once more, then call a return off, its pickup too. Twice shows what was called off."""
    found, now = return_or_404(link, of), clock.now()
    if request.method != "POST":
        if not may_call_off(found):
            return redirect_page(request, "customers:returned", link.delivery.ref, of)
        zone = zone_of(booking_of(link.delivery))
        context = {
            "of": found,
            "pickup": when_picked_up(found, zone),
            "things": [thing_fact(each) for each in found.items.all()],
            "ref": link.delivery.ref,
            "brand_note": order_note(link.delivery),
        }
        return show(request, link.delivery.merchant, CANCEL_PAGE, context)
    try:
        call_off(found.pk, actor=link.actor, now=now)
    except DomainError as error:
        news = Notice(_("It is not called off"), str(error))
        return show_return(request, link, return_or_404(link, of), now=now, notice=news, status=409)
    return redirect_page(request, "customers:returned", link.delivery.ref, of)


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def other_way(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Let a return travel another way, with what that costs by the rules it was asked for under."""
    found, now = return_or_404(link, of), clock.now()
    if not may_change(found):
        return redirect_page(request, "customers:returned", link.delivery.ref, of)
    form = MethodForm(
        request.POST if request.method == "POST" else None,
        ways=[(way, way_words(way, fee, found.currency)) for way, fee in ways_for(found).items()],
        initial={"method": found.method, "version": found.version},
    )
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return show_other_way(request, link, found, form, status=status)
    said = form.cleaned_data
    try:
        change_method(found.pk, said["method"], version=said["version"], actor=link.actor, now=now)
    except DomainError as error:
        news = Notice(_("It stays as it was"), str(error))
        return show_return(request, link, return_or_404(link, of), now=now, notice=news, status=409)
    return redirect_page(request, "customers:returned", link.delivery.ref, of)


def show_other_way(
    request: HttpRequest, link: AccessLink, of: Return, form: MethodForm, *, status: int
) -> HttpResponse:
    context = {
        "form": form,
        "of": of,
        "pickup": when_picked_up(of, zone_of(booking_of(link.delivery))),
        "ref": link.delivery.ref,
        "brand_note": order_note(link.delivery),
    }
    return show(request, link.delivery.merchant, OTHER_WAY_PAGE, context, status=status)
