"""What each address is sent and may answer, as its documentation says."""

from typing import Any, Final

from ninja import Router, Schema

from portal.api.schemas import Refusal

LONGEST_KEY: Final = 255

LOOKED: Final = (401, 403, 422, 429, 503)
"""What any question may be refused with."""

WRITTEN: Final = (400, 401, 403, 404, 409, 422, 429, 503)
"""What any change may be refused with."""

ONCE: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "new for each change; sent again, the change is made once and answered alike",
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
            "example": "6f9d2c0e-1",
        }
    ]
}
"""What each change is sent with, for `openapi_extra`."""


def looks(answer: type[Schema], *more: int) -> dict[Any, Any]:
    """Return the answers of an address that only looks, for its `response`."""
    return {200: answer} | _refusals(*LOOKED, *more)


def changes(answer: type[Schema], status: int = 200) -> dict[Any, Any]:
    """Return the answers of an address that changes something, for its `response`."""
    return {status: answer} | _refusals(*WRITTEN)


def _refusals(*statuses: int) -> dict[Any, Any]:
    """Each refusal's shape. 400 and 413 may be answered by all."""
    return dict.fromkeys(sorted({400, 413, *statuses}), Refusal)


def say_scopes(router: Router) -> None:
    """Write into the description of each address of a router which scope its key needs."""
    for view in router.path_operations.values():
        for operation in view.operations:
            needed = next(each for each in operation.auth_callbacks if hasattr(each, "scope"))
            operation.openapi_extra = {"x-scope": needed.scope.value} | (operation.openapi_extra or {})
