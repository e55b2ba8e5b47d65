"""What holds for every answer, whichever view gave it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal.http import refuse
from scheduling.errors import DomainError, PlanBusy

GetResponse = Callable[[HttpRequest], HttpResponse]


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
