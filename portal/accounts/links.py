"""Customers come in by the links in their mails, drivers by the one that their dispatcher hands out."""

from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from portal import shift_links
from portal.access import MANAGE, grant_cookie, link_from_token, private
from portal.http import render_page
from portal.messaging.subscribe import topic_of
from portal.messaging.topics import page_of
from portal.models import AccessLink
from portal.not_me import grant_cookie as grant_report
from portal.not_me import report_from_token
from portal.short_links import link_from_short
from scheduling import clock

LEADS_TO: Final = {
    "tomorrow": "customers:tomorrow",
    "late": "customers:late",
    "move": "customers:move",
}
"""Pages to which a message's link may lead at once, by how they are called in its address."""
RETURN: Final = "return-"
"""How what leads to a return begins; its reference follows."""


@require_safe
def open_link(request: HttpRequest, token: str, to: str = "") -> HttpResponse:
    """Swap a token for its delivery's cookie, and go on to an address without it. Changes nothing."""
    now = clock.now()
    link = link_from_token(token, now=now)
    if link is None and (short := link_from_short(token, now=now)):
        link, message = short
        to = topic_of(message.event).page or page_of(message.event.data.get("return", "")).rstrip("/")
    if link is None:
        return open_report(request, token, now=now)
    response = redirect(*_page(link, to))
    grant_cookie(response, link, request=request, now=now)
    return private(response)


def _page(link: AccessLink, to: str) -> tuple[str, ...]:
    """Return the page to which a link leads, by name, with what its address needs."""
    if link.kind != MANAGE:
        return "customers:follow", link.delivery.ref
    if to.startswith(RETURN):
        return "customers:returned", link.delivery.ref, to.removeprefix(RETURN)
    return LEADS_TO.get(to, "customers:booking"), link.delivery.ref


def open_report(request: HttpRequest, token: str, *, now: datetime) -> HttpResponse:
    """Swap a "this wasn't me" token likewise."""
    report = report_from_token(token, now=now)
    if report is None:
        return open_shift(request, token, now=now)
    response = redirect("customers:not-me", report.link.delivery.ref)
    grant_report(response, report)
    return private(response)


def open_shift(request: HttpRequest, token: str, *, now: datetime) -> HttpResponse:
    """Swap a shift's token likewise, and go on to its PIN; any other has ended, or never was one."""
    link = shift_links.link_from_token(token)
    if link is None:
        return private(render_page(request, "accounts/link_ended.html", status=404))
    carried = shift_links.carried_by(request, link_hex=link.pk.hex)
    response = redirect("operations:driver-pin")
    if carried is None or not carried.bound:  # else this phone is in already, and keeps its secret
        shift_links.grant_cookie(response, link, now=now)
    return private(response)
