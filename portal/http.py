"""How pages are rendered, redirected and refused. Every view ends in one of these functions."""

import sys
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

AWAY_S: Final = 10
"""A database that restarts is back by then."""


def render_page(
    request: HttpRequest,
    page: str,
    part: str | None = None,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Return the part where htmx asks for it, the whole page otherwise.

    A part is the template `_name.html`, whose root carries `id="name"`: htmx targeting that id asks for it.
    """
    wanted = part if part and targets(request, part) else page
    response = render(request, wanted, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def targets(request: HttpRequest, part: str) -> bool:
    """Whether htmx will put the answer where `part` stands."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if not htmx or htmx.boosted:
        return False
    return htmx.target == PurePosixPath(part).stem.removeprefix("_")


def redirect_page(request: HttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Send the browser on with GET: by 303, or through htmx where it asked. `to` is as for redirect()."""
    url = resolve_url(to, *args, **kwargs)
    if getattr(request, "htmx", None):
        return HttpResponseClientRedirect(url)
    return HttpResponse(status=303, headers={"Location": url})


# Refusals, for programs and for people. Each says what happened, what was kept and what to do.


API: Final = "/api/"
_AWAY: Final = "Our database is away for a moment. Nothing was changed. Ask again."
_OUR_FAULT: Final = "That is our fault. Ask again with the same Idempotency-Key; tell us the X-Request-ID."


def is_for_programs(request: HttpRequest) -> bool:
    """Whether a program asks, which wants JSON and no page."""
    return request.path.startswith(API)


def refuse_program(
    *,
    status: int,
    code: str,
    message: str,
    fields: Mapping[str, Any] | None = None,
    retry_after_s: int | None = None,
) -> HttpResponse:
    """Return a refusal as `{"error": {"code", "message", "fields"?}}`."""
    error = {"code": code, "message": message} | ({"fields": fields} if fields else {})
    response = JsonResponse({"error": error}, status=status)
    if retry_after_s is not None:
        response["Retry-After"] = str(retry_after_s)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def refuse(
    request: HttpRequest,
    *,
    status: int,
    title: str,
    sentence: str,
    code: str,
    retry_after_s: int | None = None,
) -> HttpResponse:
    """Return an error page, or JSON for programs. `code` is the stable name which docs/api.md explains."""
    if is_for_programs(request):
        return refuse_program(status=status, code=code, message=sentence, retry_after_s=retry_after_s)
    context = {"title": title, "sentence": sentence, "code": code, "status": status}
    response = render(request, "errors/refused.html", context, status=status)
    if retry_after_s is not None:
        response["Retry-After"] = str(retry_after_s)
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request makes no sense to us."""
    return refuse(
        request,
        status=400,
        code="bad_request",
        title=_("We did not understand that"),
        sentence=_("Your browser sent something we can't read. Nothing was changed. Go back and try again."),
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: this person may not do this."""
    return refuse(
        request,
        status=403,
        code="forbidden",
        title=_("This link can't do that"),
        sentence=_("You may look here, but not change anything. The link in your own mail can do more."),
    )


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form lost its proof of origin, most often because cookies are off or a tab is very old."""
    return refuse(
        request,
        status=403,
        code="form_expired",
        title=_("This form has expired"),
        sentence=_(
            "Nothing was changed. Go back, reload the page and send it again. Cookies must be allowed."
        ),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing here, or nothing that this person may know of."""
    return refuse(
        request,
        status=404,
        code="not_found",
        title=_("There is nothing here"),
        sentence=_(
            "The address may be mistyped, or the link has ended. The newest link is in your last mail."
        ),
    )


def too_many(request: HttpRequest, *, retry_after_s: int = 60) -> HttpResponse:
    """429: too many requests from one place; says when to come back."""
    return refuse(
        request,
        status=429,
        code="too_many_requests",
        title=_("That was a lot at once"),
        sentence=_("Please wait a minute, then try again. What is booked or kept for you stays so."),
        retry_after_s=retry_after_s,
    )


def too_large(request: HttpRequest) -> HttpResponse:
    """413: more than any form of ours needs."""
    return refuse(
        request,
        status=413,
        code="too_large_to_read",
        title=_("That was too much to read"),
        sentence=_(
            "What was sent is larger than any of our forms. Nothing was changed. Go back and try again."
        ),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; 503 with Retry-After where only the database is away.

    The pages need nothing of what may have broken: no context, no database, no session.
    """
    away = isinstance(sys.exception(), OperationalError | InterfaceError)
    if is_for_programs(request):
        code, message = ("away", _AWAY) if away else ("our_fault", _OUR_FAULT)
        wait_s = AWAY_S if away else None
        return refuse_program(status=503 if away else 500, code=code, message=message, retry_after_s=wait_s)
    if away:
        headers = {"Retry-After": str(AWAY_S)}
        return HttpResponse(render_to_string("errors/503.html"), status=503, headers=headers)
    return HttpResponse(render_to_string("errors/500.html"), status=500)
