"""Who asks: a key, what it may do, and how often."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer

from portal.api.errors import NoKey, TooManyRequests, WrongOrigin, WrongScope
from portal.models.keys import ApiKey, KeyKind, Scope
from portal.services.keys import key_of, note_use
from portal.throttle import Limit, count, network_of
from scheduling import clock

if TYPE_CHECKING:
    from scheduling.models import Merchant

PER_PUBLIC_NETWORK: Final = Limit("api-public-network", times=60, per_s=60)
UNKNOWN_PER_NETWORK: Final = Limit("api-unknown", times=60, per_s=60)


def per_key() -> Limit:
    """How often a secret key may ask."""
    return Limit("api-key", times=settings.API_REQUESTS_PER_MINUTE, per_s=60)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is."""

    key: ApiKey

    @property
    def merchant(self) -> "Merchant":
        merchant: Merchant = self.key.merchant
        return merchant

    @property
    def actor(self) -> str:
        """How events name whoever used the key."""
        return self.key.actor

    @property
    def is_public(self) -> bool:
        """Whether everybody can read the key in a page."""
        return bool(self.key.kind == KeyKind.PUBLISHABLE)


def caller_of(request: HttpRequest) -> Caller:
    """Return who asks, as `Needs` found them."""
    caller: Caller = request.auth  # type: ignore[attr-defined] # what Needs returned
    return caller


class Needs(HttpBearer):
    """Let in who sends a live key of ours with a scope; `request.auth` is the Caller."""

    openapi_description = "A key of yours: `Authorization: Bearer dk_…`"

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        """Return the Caller. Raises NoKey, WrongScope, WrongOrigin or TooManyRequests."""
        header = request.headers.get("Authorization", "")
        kind, _space, token = header.partition(" ")
        return self.authenticate(request, token.strip() if kind.lower() == "bearer" else "")

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        now = clock.now()
        key = key_of(token, now=now)
        if key is None:
            self._slow_down(request, UNKNOWN_PER_NETWORK, network_of(request))
            raise NoKey
        caller = Caller(key)
        if caller.is_public:
            self._slow_down(request, PER_PUBLIC_NETWORK, f"{key.pk} {network_of(request)}")
            if request.headers.get("Origin", "") not in key.origins:
                raise WrongOrigin
        else:
            self._slow_down(request, per_key(), str(key.pk))
        if self.scope not in key.scopes:
            raise WrongScope
        note_use(key, now=now)
        return caller

    def _slow_down(self, request: HttpRequest, limit: Limit, key: str) -> None:
        counted = count(limit, key, now=clock.now())
        request.rate = limit, counted  # type: ignore[attr-defined] # for the headers of the answer
        if counted.wait_s:
            raise TooManyRequests(counted.wait_s)
