"""Who may say "this wasn't me": whoever got one of our mails, by a token that can do nothing else.

It names the delivery's manage link in the generation that the mail was sent in, proven by an HMAC-SHA256 of
its own. Derived when the mail is made and kept nowhere, it ends when links do. Once the link was renewed it
says so and does nothing more: an old mail in the wrong hands can't end links again and again.

A visit swaps it for a cookie of an hour and redirects, as with links.
"""

import base64
import binascii
import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from portal.access import ID_BYTES, find_link, links_ended
from portal.models.people import AccessLink

TOKEN_LENGTH: Final = 68
GENERATION_BYTES: Final = 3
SALT: Final = "portal.not-me"
COOKIE_LASTS: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Report:
    """That somebody got a mail by which `link` could be used, in its `generation` of then."""

    link: AccessLink
    generation: int

    @property
    def done(self) -> bool:
        """Whether everything given out with that mail has ended already."""
        return self.link.generation != self.generation or self.link.revoked_at is not None


def not_me_url(link: AccessLink) -> str:
    """Return the whole address to send, token included. Never store or log it."""
    return f"{settings.PUBLIC_URL}/l/{not_me_token(link)}/"


def not_me_token(link: AccessLink) -> str:
    """Return the token for a mail that is sent now. Send it; never store or log it."""
    return _token(link.pk, link.generation, settings.SECRET_KEY)


def report_from_token(token: str, *, now: datetime) -> Report | None:
    """Return what a token stands for; None if it is forged, or links to its delivery have ended."""
    pk, generation = _said_in(token)
    if pk is None:
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    # Every key is compared, in constant time: how long it takes says nothing.
    known = [hmac.compare_digest(_token(pk, generation, key).encode(), token.encode()) for key in keys]
    return _report(pk, generation, now=now) if any(known) else None


def _token(pk: uuid.UUID, generation: int, key: str) -> str:
    proof = salted_hmac(SALT, f"{pk.hex}:{generation}", secret=key, algorithm="sha256").digest()
    said = pk.bytes + generation.to_bytes(GENERATION_BYTES)
    return base64.urlsafe_b64encode(said + proof).decode()


def _said_in(token: str) -> tuple[uuid.UUID | None, int]:
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None, 0
    try:
        said = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None, 0
    rest = said[ID_BYTES : ID_BYTES + GENERATION_BYTES]
    return uuid.UUID(bytes=said[:ID_BYTES]), int.from_bytes(rest)


def _report(pk: uuid.UUID, generation: int, *, now: datetime) -> Report | None:
    link = find_link(pk)
    return Report(link, generation) if link and not links_ended(link.delivery, now=now) else None


# The cookie that a token is swapped for


def cookie_name(ref: str) -> str:
    """Return the name of the cookie of one delivery: `__Host-` wherever we are behind https."""
    return f"{settings.COOKIE_PREFIX}not-me-{ref}"


def grant_cookie(response: HttpResponse, report: Report) -> None:
    """Let this browser say for an hour that it wasn't them."""
    response.set_cookie(
        cookie_name(report.link.delivery.ref),
        signing.dumps([report.link.pk.hex, report.generation], salt=SALT),
        max_age=COOKIE_LASTS,
        path="/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def report_from_request(request: HttpRequest, *, ref: str, now: datetime) -> Report | None:
    """Return what this browser may report about a delivery, if anything."""
    said = request.COOKIES.get(cookie_name(ref), "")
    try:
        key, generation = signing.loads(said, salt=SALT, max_age=COOKIE_LASTS)
    except signing.BadSignature:
        return None
    report = _report(uuid.UUID(key), int(generation), now=now)
    return report if report and report.link.delivery.ref == ref else None
