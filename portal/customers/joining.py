"""Add an order to a booking: it comes in the same window, to the same door, for nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers.bookings import may_join, order_note, promised, show_booking
from portal.customers.forms import JoinForm
from portal.customers.news import tell
from portal.customers.pages import Notice, show
from portal.http import redirect_page
from portal.messaging.facts import booking_of, zone_of
from scheduling import clock
from scheduling.errors import DomainError, NotChangeable, OrderComesAlready, TooLateToChange
from scheduling.services.joining import join_delivery

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import Booking

PAGE = "customers/booking/join.html"


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Ask for another order's number and size, and have it come along. Sending it twice adds it once."""
    booked, now = booking_of(link.delivery), clock.now()
    if request.method != "POST":
        if not may_join(booked, now):
            return redirect_page(request, "customers:booking", link.delivery.ref)
        return show_join(request, link, booked, JoinForm())
    form = JoinForm(request.POST)
    if not form.is_valid():
        return show_join(request, link, booked, form, status=422)
    try:
        add(form, link, now=now)
    except (NotChangeable, TooLateToChange) as error:
        news = Notice(_("The order is not added"), str(error))
        return show_booking(request, link, now=now, notice=news, status=409)
    except OrderComesAlready as error:
        form.add_error("order_number", str(error))
        return show_join(request, link, booked, form, status=422)
    except DomainError as error:
        kept = _("Your delivery stays as it was, and what you typed is still here.")
        news = Notice(_("The order is not added"), f"{error} {kept}")
        return show_join(request, link, booked, form, notice=news, status=409)
    tell(request, link.delivery.ref, "joined")
    return redirect_page(request, "customers:booking", link.delivery.ref)


def add(form: JoinForm, link: AccessLink, *, now: datetime) -> None:
    """Have the order of a valid form come with the link's delivery."""
    size = form.sized
    join_delivery(
        delivery=link.delivery,
        load_g=size.load_g,
        load_ml=size.load_ml,
        parcels=size.parcels,
        requirements=link.delivery.merchant.requirements,
        order_number=form.cleaned_data["order_number"],
        actor=link.actor,
        now=now,
    )


def show_join(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    form: JoinForm,
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    delivery = link.delivery
    context: dict[str, Any] = {
        "form": form,
        "notice": notice,
        "promised": promised(booked, zone_of(booked)),
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, PAGE, context, status=status)
