"""A van in your street: a customer lets neighbours hear of it, or no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers.bookings import is_booked, order_note, show_booking
from portal.customers.news import tell
from portal.customers.pages import Notice, show
from portal.http import redirect_page
from portal.messaging.facts import booking_of
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.selectors.streets import ENOUGH_HOUSEHOLDS
from scheduling.services.streets import tell_street

if TYPE_CHECKING:
    from portal.models import AccessLink

PAGE = "customers/booking/street.html"


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def street(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Say what the street would hear, and let it, or no longer. Pressing twice changes it once."""
    delivery, now = link.delivery, clock.now()
    if request.method != "POST":
        if not is_booked(booking_of(delivery)):
            return redirect_page(request, "customers:booking", delivery.ref)
        context = {
            "tells": delivery.tells_street,
            "enough": ENOUGH_HOUSEHOLDS,
            "ref": delivery.ref,
            "brand_note": order_note(delivery),
        }
        return show(request, delivery.merchant, PAGE, context)
    tells = request.POST.get("tells") == "yes"
    try:
        tell_street(delivery=delivery, tells=tells, actor=link.actor, now=now)
    except DomainError as error:
        delivery.refresh_from_db()
        return show_booking(
            request, link, now=now, notice=Notice(_("It stays as it was"), str(error)), status=409
        )
    tell(request, delivery.ref, "street_told" if tells else "street_not_told")
    return redirect_page(request, "customers:booking", delivery.ref)
