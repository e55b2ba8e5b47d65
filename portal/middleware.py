"""What holds for every answer, whichever view gave it."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal import logs, metrics
from portal.http import refuse
from scheduling.errors import DomainError, PlanBusy

GetResponse = Callable[[HttpRequest], HttpResponse]

log: Final = logging.getLogger("portal.request")


class Queries:
    """How many queries one request made, and how long they took."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        """Wrap one query, as `connection.execute_wrapper` asks."""
        began = perf_counter()
        try:
            return execute(*args)
        finally:
            self.count += 1
            self.seconds += perf_counter() - began


def watched(get_response: GetResponse) -> GetResponse:
    """Give each request an id, write one line about it, and count it: by its route, which holds no token."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request_id, began, queries = logs.request_id_of(request), perf_counter(), Queries()
        with logs.bound(request_id=request_id):
            with connection.execute_wrapper(queries):
                response = get_response(request)
            response.headers["X-Request-ID"] = request_id
            _note(request, response, perf_counter() - began, queries)
        return response

    return middleware


def _note(request: HttpRequest, response: HttpResponse, seconds: float, queries: Queries) -> None:
    route, status = route_of(request), response.status_code
    method = request.method if request.method in KNOWN_METHODS else "other"
    metrics.requests.labels(route, method, f"{status // 100}xx").observe(seconds)
    level = logging.ERROR if status >= 500 else logging.DEBUG if route == STATIC else logging.INFO
    if log.isEnabledFor(level):
        facts = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        facts |= {"queries": queries.count, "db_ms": round(queries.seconds * 1000, 1)}
        log.log(level, "request", extra=facts)


KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
STATIC: Final = "static"


def route_of(request: HttpRequest) -> str:
    """Return which of our addresses was asked for, as urls.py writes it."""
    if request.resolver_match is not None:
        return f"/{request.resolver_match.route}"
    return STATIC if request.path.startswith(settings.STATIC_URL) else "none"


def private_by_default(get_response: GetResponse) -> GetResponse:
    """Forbid caches to keep an answer unless its view said otherwise: most pages are about one person."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return middleware


class Refusals:
    """Turn a refusal that no view caught into a page with its sentence, instead of a 500."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 409 for a DomainError, asking to come back soon where the day was merely busy."""
        if not isinstance(exception, DomainError):
            return None
        return refuse(
            request,
            status=409,
            code=exception.code,
            title=_("That did not work"),
            sentence=str(exception),
            retry_after_s=3 if isinstance(exception, PlanBusy) else None,
        )
