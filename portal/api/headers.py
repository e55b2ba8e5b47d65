"""What stands on every answer to a program: how often it may ask, and JSON where Django itself refuses."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.http import is_for_programs, refuse_program

GetResponse = Callable[[HttpRequest], HttpResponse]


def answers(get_response: GetResponse) -> GetResponse:
    """Complete the answers below /api/."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if is_for_programs(request):
            if response.status_code == 405:
                response = _not_that_way(response)
            _say_rate(request, response)
        return response

    return middleware


def _not_that_way(refused: HttpResponse) -> HttpResponse:
    message = "This address does not take that method; Allow says which it takes."
    response = refuse_program(status=405, code="method_not_allowed", message=message)
    response["Allow"] = refused.get("Allow", "")
    return response


def _say_rate(request: HttpRequest, response: HttpResponse) -> None:
    rate = getattr(request, "rate", None)
    if rate is not None:
        limit, counted = rate
        response["RateLimit-Limit"] = str(limit.times)
        response["RateLimit-Remaining"] = str(counted.left)
        response["RateLimit-Reset"] = str(counted.resets_in_s)
