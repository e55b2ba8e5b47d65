"""After booking: where it may be left when nobody opens, and how much longer somebody needs at the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import require_manage
from portal.customers import words
from portal.customers.bookings import may_move, order_note, plan_of, promised, show_booking
from portal.customers.code import after_keeping, has_typed_code, may_ask_code
from portal.customers.door_rows import open_until
from portal.customers.news import tell
from portal.customers.other_times import Wanted, choose_time, show_other_times
from portal.customers.pages import Notice, show
from portal.customers.place_form import LongerForm, SafePlaceForm
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from portal.photos import BadPhoto
from portal.services.erasure import remove_files
from portal.services.photos import drop_photo, photo_response, seal, unseal
from scheduling import clock
from scheduling.errors import (
    DomainError,
    NeedsAnotherTime,
    NeedsSomebody,
    NotChangeable,
    NoTimeLonger,
    TooLateToChange,
)
from scheduling.facts import MOST_EXTRA_S, SAFE_PLACES, DoorWish, SafePlace
from scheduling.selectors.again import may_answer_late
from scheduling.selectors.doors import why_not_left_now
from scheduling.services.doors import change_safe_place, change_time_at_door

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import Booking

PLACE_PAGE: Final = "customers/booking/safe_place.html"
LONGER_PAGE: Final = "customers/booking/longer.html"
TAKE_OFF: Final = "take-off"
FORGET: Final = "forget"
"""What the buttons say that need no form: somebody will be at home, and never again from last time."""


# Where it may be left


@require_manage
@may_ask_code
@require_http_methods(["GET", "HEAD", "POST"])
def safe_place(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Ask where it may be left when nobody opens, or that it may not."""
    booked, now = booking_of(link.delivery), clock.now()
    if request.method != "POST":
        if not open_until(booked, "tell", now=now) and not may_answer_late(booked, plan_of(booked)):
            return redirect_page(request, "customers:booking", link.delivery.ref)
        return show_place(request, link, booked, place_form_of(link), now=now)
    if request.POST.get("do") in (TAKE_OFF, FORGET):
        return keep_place(request, link, booked, place_form_of(link), SafePlace(), None, now=now)
    form = SafePlaceForm(request.POST, request.FILES)
    if not form.is_valid():
        return show_place(request, link, booked, form, now=now, status=422)
    try:
        photo = form.keep_photo() if not why_not_left_now(booked) else None
    except BadPhoto:
        return show_place(request, link, booked, form, now=now, status=422)
    return keep_place(request, link, booked, form, form.left_at, photo, now=now)


def keep_place(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    form: SafePlaceForm,
    place: SafePlace,
    photo: str | None,
    *,
    now: datetime,
) -> HttpResponse:
    """Change it, or say why it stays as it is; a photo that no row came to name is removed."""
    wished = bool(form.is_bound and form.cleaned_data["keep"])
    try:
        change_safe_place(
            delivery=link.delivery,
            place=place,
            photo=photo,
            keep=wished and has_typed_code(request, link),
            forget=request.POST.get("do") == FORGET,
            actor=link.actor,
            now=now,
        )
    except (NotChangeable, TooLateToChange) as error:
        drop_photo(photo or "")
        news = Notice(_("It stays as it was"), str(error))
        return show_booking(request, link, now=now, notice=news, status=409)
    except DomainError as error:
        drop_photo(photo or "")
        kept = _("Your delivery stays as it was, and what you typed is still here.")
        news = Notice(title_of(error), f"{error} {kept}")
        at_home = isinstance(error, NeedsAnotherTime) and may_move(booked, now)
        return show_place(request, link, booked, form, now=now, notice=news, other_time=at_home, status=409)
    remove_files()
    tell(request, link.delivery.ref, "at-door")
    return after_keeping(request, link, wished=wished)


@require_manage
@require_safe
def photo(request: HttpRequest, link: AccessLink, sealed: str) -> HttpResponse:
    """Show the photo of a safe place to whose delivery it is, for five minutes; never one from last time."""
    delivery = link.delivery
    path = "" if delivery.safe_place_recalled else delivery.safe_place_photo
    unseal(sealed, path=path, whom=link.actor, now=clock.now())
    return photo_response(path)


def photo_url(link: AccessLink, *, now: datetime) -> str:
    """Return where the photo is shown for five minutes; nothing where there is none."""
    delivery = link.delivery
    if not delivery.safe_place_photo or delivery.safe_place_recalled:
        return ""
    sealed = seal(delivery.safe_place_photo, whom=link.actor, now=now)
    return reverse("customers:photo", args=[delivery.ref, sealed])


def title_of(error: DomainError) -> str:
    """Return why it stays as it is, as a heading."""
    if isinstance(error, NeedsSomebody):
        return _("We can’t leave it there")
    if isinstance(error, NeedsAnotherTime):
        return _("That needs another time")
    return _("It stays as it was")


def place_form_of(link: AccessLink) -> SafePlaceForm:
    """Return the form as the delivery is now; what is from last time is not spelled out."""
    delivery = link.delivery
    said = SafePlace() if delivery.safe_place_recalled else delivery.left_at
    form = SafePlaceForm.of(said, kept=delivery.safe_place_kept and not delivery.safe_place_recalled)
    if delivery.safe_place_recalled:
        form.initial.pop("place")
    return form


def show_place(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    form: SafePlaceForm,
    *,
    now: datetime,
    notice: Notice | None = None,
    other_time: bool = False,
    status: int = 200,
) -> HttpResponse:
    delivery = link.delivery
    context: dict[str, Any] = {
        "form": form,
        "notice": notice,
        "why": why_not_left_now(booked),
        "recalled": SAFE_PLACES[delivery.safe_place] if delivery.safe_place_recalled else "",
        "named": bool(delivery.safe_place),
        "photo_url": photo_url(link, now=now),
        "unattended": booked.unattended,
        "other_time_url": reverse("customers:home-times", args=[delivery.ref]) if other_time else "",
        "may_move": may_move(booked, now),
        "until": until_words(booked, "tell", now=now),
        **about(booked),
    }
    return show(request, delivery.merchant, PLACE_PAGE, context, status=status)


def about(booked: Booking) -> dict[str, Any]:
    """Return which delivery a page is about."""
    delivery = booked.delivery
    return {
        "promised": promised(booked, zone_of(booked)),
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }


def until_words(booked: Booking, write: str, *, now: datetime) -> str:
    """Say until when it can be changed: the vans start then."""
    until = open_until(booked, write, now=now)
    if until is None:
        late = write == "tell" and may_answer_late(booked, plan_of(booked))
        return _("You can change this until the driver is there.") if late else ""
    moment = words.long_moment(until.astimezone(zone_of(booked)))
    return _("You can change this until %(moment)s, when the van may start.") % {"moment": moment}


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def home_times(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Show times for somebody who wants to be at home after all, and move to the chosen one."""
    return _other_times(request, link, home(link))


def home(link: AccessLink) -> Wanted:
    """Somebody will be at home, at another time."""
    return Wanted(
        wish=DoorWish(at_home=True),
        url=reverse("customers:home-times", args=[link.delivery.ref]),
        title=_("When are you at home?"),
        sentence=_("At these times we ring and hand it over. We leave it nowhere then."),
    )


# Longer at the door


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def longer(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Ask how much longer it takes at the door; if its van has no time for that, offer times that have."""
    booked, now = booking_of(link.delivery), clock.now()
    more, less = open_until(booked, "lengthen", now=now), open_until(booked, "shorten", now=now)
    present = link.delivery.extra_s // 60
    most = MOST_EXTRA_S // 60 if more else present
    if request.method != "POST":
        if not less or not (more or present):
            return redirect_page(request, "customers:booking", link.delivery.ref)
        return show_longer(request, link, booked, LongerForm(now_minutes=present, most=most), now=now)
    form = LongerForm(request.POST, now_minutes=present)
    if not form.is_valid():
        return show_longer(request, link, booked, form, now=now, status=422)
    minutes: int = form.cleaned_data["minutes"]
    try:
        change_time_at_door(delivery=link.delivery, extra_s=60 * minutes, actor=link.actor, now=now)
    except (NotChangeable, TooLateToChange) as error:
        news = Notice(_("It stays as it was"), str(error))
        return show_booking(request, link, now=now, notice=news, status=409)
    except DomainError as error:
        return no_time(request, link, booked, form, error, now=now)
    tell(request, link.delivery.ref, "at-door")
    return redirect_page(request, "customers:booking", link.delivery.ref)


def no_time(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    form: LongerForm,
    error: DomainError,
    *,
    now: datetime,
) -> HttpResponse:
    """409: say that the van can't wait so long, with the times at which one can."""
    stays = f"{error} {_('Your delivery stays as it was.')}"
    if not isinstance(error, NoTimeLonger) or not may_move(booked, now):
        news = Notice(_("It stays as it was"), stays)
        return show_longer(request, link, booked, form, now=now, notice=news, status=409)
    news = Notice(_("Not at your time"), f"{stays} {_('Here are times that have them.')}")
    wanted = longer_by(link, form.cleaned_data["minutes"])
    return show_other_times(request, link, booked, wanted, now=now, notice=news, status=409)


def show_longer(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    form: LongerForm,
    *,
    now: datetime,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    only_less = open_until(booked, "lengthen", now=now) is None
    context: dict[str, Any] = {
        "form": form,
        "notice": notice,
        "only_less": only_less,
        "until": until_words(booked, "shorten" if only_less else "lengthen", now=now),
        **about(booked),
    }
    return show(request, link.delivery.merchant, LONGER_PAGE, context, status=status)


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def longer_times(request: HttpRequest, link: AccessLink, minutes: int) -> HttpResponse:
    """Show times that can take so many minutes more, and move to the chosen one with them."""
    if minutes > MOST_EXTRA_S // 60:
        return redirect_page(request, "customers:longer", link.delivery.ref)
    return _other_times(request, link, longer_by(link, minutes))


def longer_by(link: AccessLink, minutes: int) -> Wanted:
    """So many minutes more than usual, at another time."""
    more = words.minutes(minutes)
    return Wanted(
        wish=DoorWish(extra_s=60 * minutes),
        url=reverse("customers:longer-times", args=[link.delivery.ref, minutes]),
        title=_("When do we have %(minutes)s more?") % {"minutes": more},
        sentence=_("At these times the van can stay %(minutes)s longer. Staying longer costs nothing.")
        % {"minutes": more},
    )


def _other_times(request: HttpRequest, link: AccessLink, wanted: Wanted) -> HttpResponse:
    booked, now = booking_of(link.delivery), clock.now()
    if request.method == "POST":
        return choose_time(request, link, booked, wanted, now=now)
    if not may_move(booked, now):
        return redirect_page(request, "customers:booking", link.delivery.ref)
    return show_other_times(request, link, booked, wanted, now=now)
