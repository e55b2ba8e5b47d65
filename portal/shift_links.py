"""Who may: drivers. A shift's link and its PIN are derived when they are shown, and never kept.

The token stands in the address that a dispatcher hands out, `/l/<token>/`, as customers' do; a visit swaps it
for a cookie. The PIN goes another way. The first phone on which it is typed gets a secret of 256 bits in the
same cookie, and we keep its digest: from then on the link is good on no other phone until a dispatcher frees
it. It ends with the shift; what happened before that may still be told for a day, by that phone.
"""

import base64
import binascii
import hmac
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from hashlib import sha256
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.crypto import salted_hmac

from portal.access import TOKEN_LENGTH, private
from portal.http import render_page
from portal.models.driving import ShiftLink
from scheduling import clock
from scheduling.selectors.sheet import shift_over_at
from scheduling.statements import NUMBER, Instances

_NAMED: Final = Instances(
    lambda pk: ShiftLink.objects.filter(pk=pk).select_related(
        "shift__plan__depot", "shift__vehicle", "shift__driver"
    ),
    uuid.UUID(int=NUMBER),
)
SALT: Final = "portal.shift_links"
PIN_SALT: Final = "portal.shift_links.pin"
STOP_SALT: Final = "portal.shift_links.stop"
PIN_DIGITS: Final = 6
ID_BYTES: Final = 16
TOLD_FOR: Final = timedelta(hours=24)
"""For so long after its end a shift's phone may tell what happened before it."""
COOKIE: Final = "shift-"
OVER_PAGE: Final = "operations/driver/over.html"
P = ParamSpec("P")


# What is handed out


def token_of(link: ShiftLink) -> str:
    """Return the link's token: 64 characters, 256 bits of them derived. Never store or log it."""
    return _token(link, settings.SECRET_KEY)


def url_of(link: ShiftLink) -> str:
    """Return the whole address for the driver, token included. Never store or log it."""
    return f"{settings.PUBLIC_URL}/l/{token_of(link)}/"


def pin_of(link: ShiftLink) -> str:
    """Return the six digits that the driver gets by another way. Never store or log them."""
    return _pin(link, settings.SECRET_KEY)


def is_pin(link: ShiftLink, typed: str) -> bool:
    """Whether `typed` is the link's PIN. Every key is compared, in constant time."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    known = [hmac.compare_digest(_pin(link, key).encode(), typed.encode()) for key in keys]
    return any(known)


def link_from_token(token: str) -> ShiftLink | None:
    """Return the link that a token stands for; None if it is forged or was freed since. One query."""
    link = find_link(_id_in(token))
    if link is None:
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    known = [hmac.compare_digest(_token(link, key).encode(), token.encode()) for key in keys]
    return link if any(known) else None


def find_link(pk: uuid.UUID | None) -> ShiftLink | None:
    """Return the link with an id, with the shift that it is for. One query."""
    return _NAMED.first(pk) if pk else None


def seal_of(link: ShiftLink, stop_id: int) -> str:
    """Return what stands beside a stop on a sheet: it proves later that the stop was on it."""
    return _stop_seal(link, stop_id, settings.SECRET_KEY)


def was_on_sheet(link: ShiftLink, stop_id: int, seal: str) -> bool:
    """Whether a stop was on this link's sheet, however its routes were changed since."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    known = [hmac.compare_digest(_stop_seal(link, stop_id, key).encode(), seal.encode()) for key in keys]
    return any(known)


def _token(link: ShiftLink, key: str) -> str:
    proof = salted_hmac(SALT, f"{link.pk.hex}:{link.generation}", secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(link.pk.bytes + proof).decode()


def _pin(link: ShiftLink, key: str) -> str:
    proof = salted_hmac(PIN_SALT, f"{link.pk.hex}:{link.generation}", secret=key, algorithm="sha256").digest()
    return f"{int.from_bytes(proof) % 10**PIN_DIGITS:0{PIN_DIGITS}}"


def _stop_seal(link: ShiftLink, stop_id: int, key: str) -> str:
    said = f"{link.pk.hex}:{link.generation}:{stop_id}"
    return salted_hmac(STOP_SALT, said, secret=key, algorithm="sha256").hexdigest()[:32]


def _id_in(token: str) -> uuid.UUID | None:
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        return uuid.UUID(bytes=base64.b64decode(token, altchars=b"-_", validate=True)[:ID_BYTES])
    except (binascii.Error, ValueError):
        return None


def digest_of(secret: str) -> str:
    """Return what is kept of a phone's secret."""
    return sha256(secret.encode()).hexdigest()


# The cookie


@dataclass(frozen=True, slots=True)
class Carried:
    """What a phone's cookie says: which link, in which generation, and its secret once the PIN was typed."""

    link: ShiftLink
    generation: int
    secret: str

    @property
    def current(self) -> bool:
        """Whether the link was not freed since."""
        return self.generation == self.link.generation

    @property
    def bound(self) -> bool:
        """Whether this is the phone that the link is bound to."""
        digest = self.link.device_digest
        known = bool(digest) and hmac.compare_digest(digest.encode(), digest_of(self.secret).encode())
        return self.current and bool(self.secret) and known


def cookie_name(link: ShiftLink) -> str:
    """Return the name of a shift's cookie: `__Host-` wherever we are behind https."""
    return f"{settings.COOKIE_PREFIX}{COOKIE}{link.pk.hex}"


def grant_cookie(response: HttpResponse, link: ShiftLink, *, secret: str = "", now: datetime) -> None:
    """Let this phone in by `link`: to the PIN, or with a `secret` to the sheet."""
    response.set_cookie(
        cookie_name(link),
        signing.dumps([link.pk.hex, link.generation, secret], salt=SALT),
        max_age=max(timedelta(), over_at(link) + TOLD_FOR - now),
        path="/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def carried_by(request: HttpRequest, *, link_hex: str = "") -> Carried | None:
    """Return by which link a phone comes: the one named, or of its shifts the one that is on."""
    found = list(_all_carried(request, link_hex))
    now = clock.now()
    # Yesterday's cookie stays for a day, for what could not be told then; today's sheet comes first.
    return max(found, key=lambda each: (now < over_at(each.link), each.link.shift.starts_at), default=None)


def _all_carried(request: HttpRequest, link_hex: str) -> Iterator[Carried]:
    begins = f"{settings.COOKIE_PREFIX}{COOKIE}{link_hex}"
    for name, value in request.COOKIES.items():
        if not name.startswith(begins):
            continue
        try:
            key, generation, secret = signing.loads(value, salt=SALT)
        except (signing.BadSignature, ValueError):
            continue
        link = find_link(uuid.UUID(key))
        if link is not None:
            yield Carried(link, generation, secret)


def over_at(link: ShiftLink) -> datetime:
    """Return when the link's shift is over. One query."""
    return shift_over_at(link.shift)


# Views

ShiftView = Callable[Concatenate[HttpRequest, ShiftLink, P], HttpResponse]
DriverView = Callable[..., HttpResponse]


def require_shift(view: ShiftView[P]) -> DriverView:
    """Serve a page to the phone of a shift that is on; the view gets its link. Others: 401, in words."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        carried = carried_by(request)
        if carried is None or not carried.bound or clock.now() >= over_at(carried.link):
            return refuse(request, carried)
        with in_language_of(carried.link):
            return private(view(request, carried.link, *args, **kwargs), referrer="same-origin")

    return guarded


def refuse(request: HttpRequest, carried: Carried | None) -> HttpResponse:
    """401: say why there is no sheet here, and what to do."""
    link = carried.link if carried else None
    over = link is not None and clock.now() >= over_at(link)
    context = {"link": link, "over": over, "freed": bool(carried and not carried.current)}
    context["pin"] = bool(carried and carried.current and not carried.bound and not over)
    context["elsewhere"] = bool(context["pin"] and link and link.device_digest)
    with in_language_of(link):
        return private(render_page(request, OVER_PAGE, context=context, status=401), referrer="same-origin")


def in_language_of(link: ShiftLink | None) -> translation.override:
    """Speak the driver's language, where we know and speak it; else as the phone asks."""
    driver = link.shift.driver if link else None
    try:
        language = translation.get_supported_language_variant(driver.language if driver else "")
    except LookupError:
        language = translation.get_language() or settings.LANGUAGE_CODE
    return translation.override(language)
