"""Customers come in by the link in their mail."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from portal.access import MANAGE, grant_cookie, link_from_token, private
from portal.http import render_page
from scheduling import clock


@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Swap a token for its delivery's cookie, and go on to an address without it. Changes nothing."""
    now = clock.now()
    link = link_from_token(token, now=now)
    if link is None:
        return private(render_page(request, "accounts/link_ended.html", status=404))
    page = "customers:booking" if link.kind == MANAGE else "customers:follow"
    response = redirect(page, link.delivery.ref)
    grant_cookie(response, link, request=request, now=now)
    return private(response)
