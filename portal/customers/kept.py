"""What is kept about a customer: as a file of theirs, and erased for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import require_manage
from portal.customers.bookings import order_note, promised
from portal.customers.code import require_code
from portal.customers.pages import Notice, merchant_or_404, show
from portal.http import redirect_page
from portal.messaging.facts import zone_of
from portal.services.browsers import visit_key
from portal.services.erasure import erase_person
from portal.services.kept import kept_about
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.selectors.person import person_behind
from scheduling.services.erasing import has_begun, is_to_come

if TYPE_CHECKING:
    from datetime import datetime

    from portal.customers.rows import Promised
    from portal.models import AccessLink
    from scheduling.selectors.person import Person

PAGE = "customers/booking/erase.html"
ERASED_PAGE = "customers/booking/erased.html"


@require_manage
@require_code
@require_safe
def kept(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """All that is kept about somebody at this shop, as one JSON file."""
    file = kept_about(link.delivery, now=clock.now())
    response = StreamingHttpResponse(
        (part.encode() for part in file), content_type="application/json; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="kept-{link.delivery.ref}.json"'
    return cast("HttpResponse", response)  # a stream in everything that a view needs of one


@require_manage
@require_code
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Say what goes, what stays and why; then erase. Two presses at once erase once."""
    now = clock.now()
    if request.method != "POST":
        return show_erase(request, link, now=now)
    if not request.POST.get("sure"):
        notice = Notice(_("Nothing was erased"), _("Tick the box first: this can’t be undone."))
        return show_erase(request, link, now=now, notice=notice, status=422)
    try:
        erase_person(delivery=link.delivery, actor=link.actor, now=now)
    except DomainError as error:
        link.delivery.refresh_from_db(fields=["erased_at"])
        if link.delivery.erased_at is None:
            notice = Notice(_("Nothing was erased"), str(error))
            return show_erase(request, link, now=now, notice=notice, status=409)
    shop = link.delivery.merchant.slug
    # This browser's session is written once more when it is answered: it must not bring anything back.
    request.session.pop(visit_key(shop), None)
    return redirect_page(request, "customers:erased", shop)


def show_erase(
    request: HttpRequest, link: AccessLink, *, now: datetime, notice: Notice | None = None, status: int = 200
) -> HttpResponse:
    person = person_behind(link.delivery)
    begun = any(has_begun(each, now=now) for each in person.deliveries)
    context: dict[str, Any] = {
        "notice": notice,
        "begun": begun,
        "cancelled": [] if begun else to_cancel(person),
        "others": others_words(len(person.deliveries) - 1),
        "ref": link.delivery.ref,
        "brand_note": order_note(link.delivery),
    }
    return show(request, link.delivery.merchant, PAGE, context, status=status)


def to_cancel(person: Person) -> list[Promised]:
    """Return the visits still to come, soonest first."""
    bookings = [each.booking for each in person.deliveries if is_to_come(each)]
    bookings.sort(key=lambda booking: booking.stop.opens_at)
    return [promised(booking, zone_of(booking)) for booking in bookings]


def others_words(count: int) -> str:
    """Say how many other deliveries go with this one, or nothing."""
    sentence = ngettext(
        "With it goes your %(count)d other delivery from this shop: it has the same e-mail address.",
        "With it go your %(count)d other deliveries from this shop: they have the same e-mail address.",
        count,
    )
    return sentence % {"count": count} if count else ""


@require_safe
def erased(request: HttpRequest, merchant: str) -> HttpResponse:
    """Say that it is done. This page knows of whom no more."""
    return show(request, merchant_or_404(merchant), ERASED_PAGE, {})
