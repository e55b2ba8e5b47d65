"""Refusals on the wire: `{"error": {"code", "message", "fields"?}}`, each code explained in docs/api.md."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.http import AWAY_S, refuse_program
from scheduling.errors import DomainError

UNPROCESSABLE: Final = frozenset(
    {
        "bad_attempt",
        "bad_endpoint",
        "bad_facts",
        "bad_inspection",
        "bad_signature",
        "bad_target",
        "needs_somebody",
        "nothing_chosen",
        "order_comes_already",
        "origin_not_listed",
        "outside_area",
        "pin_too_far",
        "step_missing",
        "too_large",
    }
)
"""Refusals of what was asked for; all others are of what has become of it: 409."""

RETRY_S: Final = 3

WRAPPERS: Final = frozenset({"body", "query", "path", "header", "question"})
"""What stands before a field's own name: where it was found, and what views call it."""


class ApiError(DomainError):
    """A refusal that only programs meet. `status` is HTTP's; `wait_s` says when to ask again."""

    status = 400
    wait_s: int | None = None


class BadRequest(ApiError):
    """What was sent can't be read."""

    code, status = "bad_request", 400
    sentence = gettext_lazy("We can’t read that: send one JSON object, as the documentation says.")


class NoKey(ApiError):
    """No key, or one that is not ours or has ended."""

    code, status = "no_key", 401
    sentence = gettext_lazy("Send a key that works: Authorization: Bearer dk_…")


class WrongScope(ApiError):
    """The key may not do this."""

    code, status = "wrong_scope", 403
    sentence = gettext_lazy("This key may not do that. Make one that may, on the page of your keys.")


class WrongOrigin(ApiError):
    """A publishable key from a page that is not listed."""

    code, status = "wrong_origin", 403
    sentence = gettext_lazy("This publishable key is not for the page it was used on.")


class NotFound(ApiError):
    """Nothing there, or nothing of this merchant's."""

    code, status = "not_found", 404
    sentence = gettext_lazy("There is nothing of yours here.")


class KeyMissing(ApiError):
    """A write without an idempotency key."""

    code, status = "idempotency_key_missing", 400
    sentence = gettext_lazy("Send an Idempotency-Key of up to 255 plain characters with every write.")


class KeyReused(ApiError):
    """The idempotency key came with another request before."""

    code, status = "idempotency_key_reused", 422
    sentence = gettext_lazy("This Idempotency-Key came with another request before. Use a new one for each.")


class InProgress(ApiError):
    """The first request with this idempotency key has no answer yet."""

    code, status, wait_s = "in_progress", 409, RETRY_S
    sentence = gettext_lazy("The first request with this Idempotency-Key is still being answered. Ask again.")


class AddressUnsure(ApiError):
    """The address was not found as it was written."""

    code, status = "address_unsure", 422
    sentence = gettext_lazy("We did not find the address just as it was written.")

    def __init__(self, candidates: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.fields = {"address": "not sure", "candidates": list(candidates)}


class GeocoderAway(ApiError):
    """Nobody can say where the address is right now."""

    code, status, wait_s = "geocoder_away", 503, AWAY_S
    sentence = gettext_lazy("Addresses can’t be looked up right now. Ask again, or send its location.")


class TooManyRequests(ApiError):
    """More than this key may ask."""

    code, status = "too_many_requests", 429
    sentence = gettext_lazy("That was a lot at once. Retry-After says when to go on.")

    def __init__(self, wait_s: int) -> None:
        super().__init__()
        self.wait_s = wait_s


class TooManyHolds(ApiError):
    """More live holds than a publishable key may have at once."""

    code, status, wait_s = "too_many_holds", 429, 60
    sentence = gettext_lazy("Too many times are being kept for this key. Ask again in some minutes.")


def refused(error: DomainError) -> HttpResponse:
    """Return the answer to a refusal of ours."""
    if isinstance(error, ApiError):
        fields, wait_s = getattr(error, "fields", None), error.wait_s
        return refuse_program(
            status=error.status, code=error.code, message=str(error), fields=fields, retry_after_s=wait_s
        )
    status = 422 if error.code in UNPROCESSABLE else 409
    wait_s = RETRY_S if error.code == "plan_busy" else None
    return refuse_program(status=status, code=error.code, message=str(error), retry_after_s=wait_s)


def misread(problems: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """Return what is wrong with what was sent, by the name of each field: `address.postcode`."""
    fields: dict[str, str] = {}
    for problem in problems:
        place = [str(part) for part in problem["loc"] if part not in WRAPPERS]
        fields.setdefault(".".join(place) or "body", str(problem["msg"]))
    return refuse_program(
        status=422,
        code="invalid",
        message=_("Something in it is not as the documentation says; `fields` says what."),
        fields=fields,
    )
