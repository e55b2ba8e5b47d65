"""The API, version 1: what merchants' own programs ask. docs/api.md explains it, `/api/v1/docs` shows it."""

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from portal.api import deliveries, hooks, orders, returns, sessions, slots, tracking
from portal.api.documents import say_scopes
from portal.api.errors import BadRequest, NotFound, misread, refused
from scheduling.errors import DomainError

api = NinjaAPI(
    title="Doorstep",
    version="1.0.0",
    description="Delivery times scored by the vans’ own routes. Instants in UTC, money in minor units.",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,  # reference.py serves it, to those alone who look
)
for router in (
    slots.router,
    deliveries.router,
    tracking.router,
    orders.router,
    returns.router,
    hooks.router,
    sessions.router,
):
    api.add_router("", router)
    say_scopes(router)


@api.exception_handler(DomainError)
def refuse(request: HttpRequest, error: DomainError) -> HttpResponse:
    return refused(error)


@api.exception_handler(ValidationError)
def misread_question(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return misread(error.errors)


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    return refused(BadRequest())


@api.exception_handler(Http404)
def nothing(request: HttpRequest, error: Http404) -> HttpResponse:
    return refused(NotFound())


@api.exception_handler(Exception)
def fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """Ours to mend, or a database that is away: Django logs it and asks portal.http for the answer."""
    raise error
