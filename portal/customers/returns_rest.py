"""What was withdrawn from and not taken is sent once more, with one press: what was stated stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.access import require_manage
from portal.customers.pages import Notice
from portal.customers.returned import return_or_404, show_return
from portal.http import redirect_page
from returns.services.withdrawals import send_rest
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from portal.models import AccessLink


@require_manage
@require_POST
def rest(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Make a return of the rest, and lead on to it. Pressed twice it is the same."""
    found, now = return_or_404(link, of), clock.now()
    if found.delivery_id != link.delivery_id:
        raise Http404
    try:
        made = send_rest(found.pk, actor=link.actor, now=now)
    except DomainError as error:
        news = Notice(_("There is nothing more to send"), str(error))
        return show_return(request, link, return_or_404(link, of), now=now, notice=news, status=409)
    return redirect_page(request, "customers:returned", link.delivery.ref, made.ref)
