"""How a customer is reached, in which language, and when not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import grant_cookie, require_manage
from portal.customers import words
from portal.customers.bookings import order_note
from portal.customers.code import require_code
from portal.customers.forms import PreferencesForm, ReachForm
from portal.customers.news import tell
from portal.customers.pages import Notice, show
from portal.customers.rows import Fact
from portal.http import redirect_page
from portal.messaging.mails import language_of
from portal.services.contacts import (
    Preferences,
    change_contact,
    change_preferences,
    mark_of,
)
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from portal.models import AccessLink
    from scheduling.models import Delivery

PAGE = "customers/booking/preferences.html"
CONTACT_PAGE = "customers/booking/contact.html"


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Show how somebody is reached; keep the language and the hours without mails."""
    if request.method != "POST":
        return show_preferences(request, link, form_of(link.delivery))
    form = PreferencesForm(request.POST, languages=settings.LANGUAGES)
    if not form.is_valid():
        return show_preferences(request, link, form, status=422)
    wanted = Preferences(
        form.cleaned_data["language"] or link.delivery.language,
        form.cleaned_data["quiet_from"],
        form.cleaned_data["quiet_until"],
    )
    try:
        change_preferences(link=link, wanted=wanted, now=clock.now())
    except DomainError as error:
        notice = Notice(_("Nothing was changed"), str(error))
        return show_preferences(request, link, form, notice=notice, status=409)
    tell(request, link.delivery.ref, "preferences")
    return redirect_page(request, "customers:booking", link.delivery.ref)


def form_of(delivery: Delivery) -> PreferencesForm:
    """Return the form as it was last answered."""
    said = {
        "language": language_of(delivery),
        "quiet_from": delivery.quiet_from,
        "quiet_until": delivery.quiet_until,
    }
    return PreferencesForm(initial=said, languages=settings.LANGUAGES)


def show_preferences(
    request: HttpRequest,
    link: AccessLink,
    form: PreferencesForm,
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    delivery = link.delivery
    facts = [
        Fact(_("E-mail"), delivery.contact_email or _("None")),
        Fact(_("Mobile"), words.phone(delivery.contact_phone) or _("None")),
    ]
    context: dict[str, Any] = {
        "form": form,
        "notice": notice,
        "facts": facts,
        "several_languages": len(settings.LANGUAGES) > 1,
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, PAGE, context, status=status)


@require_manage
@require_code
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Have the mails of this delivery go elsewhere. Both addresses are told."""
    delivery, now = link.delivery, clock.now()
    region = delivery.address.country
    if request.method != "POST":
        return show_contact(request, link, ReachForm(initial=contact_of(delivery), region=region))
    form = ReachForm(request.POST, region=region)
    if not form.is_valid():
        return show_contact(request, link, form, status=422)
    said = form.cleaned_data
    try:
        changed = change_contact(
            link=link, email=said["email"], phone=str(said["mobile"]), was=said["was"], now=now
        )
    except DomainError as error:
        # As it is now: what was typed was meant to replace something else.
        delivery.refresh_from_db(fields=["contact_email", "contact_phone"])
        notice = Notice(_("Nothing was changed"), str(error))
        again = ReachForm(initial=contact_of(delivery), region=region)
        return show_contact(request, link, again, notice=notice, status=409)
    if changed:
        tell(request, delivery.ref, "contact")
    response = redirect_page(request, "customers:booking", delivery.ref)
    grant_cookie(response, link, request=request, now=now)  # the link in it may have been renewed
    return response


def contact_of(delivery: Delivery) -> dict[str, Any]:
    """Return the form's fields as they are now."""
    return {"email": delivery.contact_email, "mobile": delivery.contact_phone, "was": mark_of(delivery)}


def show_contact(
    request: HttpRequest,
    link: AccessLink,
    form: ReachForm,
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    delivery = link.delivery
    context: dict[str, Any] = {
        "form": form,
        "notice": notice,
        "ref": delivery.ref,
        "brand_note": order_note(delivery),
    }
    return show(request, delivery.merchant, CONTACT_PAGE, context, status=status)
