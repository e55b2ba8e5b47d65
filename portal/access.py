"""Who may: customers' links. A link's token is derived when it is sent and never kept.

A token is the link's id followed by an HMAC-SHA256 (256 bits) of id, kind and generation. It stands in one
mail and in one address, `/l/<token>/`; a visit there swaps it for a signed cookie, one for each delivery, and
redirects, so that it is in no later address, no Referer and no log (see portal/redaction.py).

Links end 14 days after the last day promised, and after the last on which what was brought may come back. A
follow link looks; only a manage link changes anything.
A change holds its link: of two that meet, the change and the end of the link, the later one sees the other.
Staff are portal/staff.py's.
"""

import base64
import binascii
import hmac
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.crypto import salted_hmac

from portal.models.people import AccessLink, LinkKind
from returns.selectors.ending import needed_until
from scheduling import clock, windows
from scheduling.models import Delivery
from scheduling.services.changes import checked_by
from scheduling.statements import NUMBER, Instances

FOLLOW, MANAGE = LinkKind.FOLLOW, LinkKind.MANAGE
DAYS_AFTER: Final = 14
ID_BYTES: Final = 16
TOKEN_LENGTH: Final = 64
SALT: Final = "portal.access"

_NAMED: Final = Instances(
    lambda pk: AccessLink.objects.filter(pk=pk).select_related(
        "delivery__booking__stop__route__shift__plan__depot",
        # What the pages behind it show:
        "delivery__merchant__brand",
        "delivery__address",
        "delivery__access_notes",
        "delivery__order",
    ),
    uuid.UUID(int=NUMBER),
)
_LIVE: Final = Instances(
    lambda delivery, kind: AccessLink.objects.filter(delivery=delivery, kind=kind, revoked_at=None),
    NUMBER,
    "a kind of link",
)
P = ParamSpec("P")


class LinkEnded(Http404):
    """The link was ended while its change was on its way: nothing was changed."""


# Links and their tokens


def issue_link(*, delivery: Delivery, kind: LinkKind, now: datetime) -> AccessLink:
    """Return the delivery's live link of a kind, made now if there is none."""
    create = partial(AccessLink.objects.create, delivery=delivery, kind=kind, created_at=now)
    link, _made = _LIVE.get_or(create, delivery.pk, kind)
    return link


def renew_link(link: AccessLink) -> None:
    """End every token and cookie of this link given out so far; the next token sent is another."""
    AccessLink.objects.filter(pk=link.pk).update(generation=F("generation") + 1)
    link.refresh_from_db(fields=["generation"])


def revoke_link(link: AccessLink, *, now: datetime) -> None:
    """End this link. The delivery gets another when the next mail is sent."""
    AccessLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now)
    link.refresh_from_db(fields=["revoked_at"])


def links_renewed(delivery: Delivery) -> bool:
    """Whether a manage link to this delivery was ever ended. One query."""
    ended = Q(generation__gt=1) | Q(revoked_at__isnull=False)
    return AccessLink.objects.filter(ended, delivery=delivery, kind=MANAGE).exists()


def token_of(link: AccessLink) -> str:
    """Return the link's token: 64 characters fit for an address. Send it; never store or log it."""
    return _token(link, settings.SECRET_KEY)


def url_of(link: AccessLink) -> str:
    """Return the whole address to send, token included. Never store or log it."""
    return f"{settings.PUBLIC_URL}/l/{token_of(link)}/"


def link_from_token(token: str, *, now: datetime) -> AccessLink | None:
    """Return the live link that a token stands for; None if it is forged, ended, renewed or revoked."""
    link = find_link(_id_in(token))
    if link is None:
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    # Every key is compared, in constant time: how long it takes says nothing.
    known = [hmac.compare_digest(_token(link, key).encode(), token.encode()) for key in keys]
    return link if any(known) and is_live(link, now=now) else None


def _token(link: AccessLink, key: str) -> str:
    said = f"{link.pk.hex}:{link.kind}:{link.generation}"
    proof = salted_hmac(SALT, said, secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(link.pk.bytes + proof).decode()


def _id_in(token: str) -> uuid.UUID | None:
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        return uuid.UUID(bytes=base64.b64decode(token, altchars=b"-_", validate=True)[:ID_BYTES])
    except (binascii.Error, ValueError):
        return None


def find_link(pk: uuid.UUID | None) -> AccessLink | None:
    """Return the link with an id, live or not, with what its pages show. One query."""
    return _NAMED.first(pk) if pk else None


def ends_at(link: AccessLink) -> datetime:
    """Return when a link stops working: at the end of the 14th day after the last day it is of use."""
    usual = _last_moment(link.delivery) or link.created_at + timedelta(days=DAYS_AFTER)
    return max(usual, _of_use_until(link) or usual)


def links_ended(delivery: Delivery, *, now: datetime) -> bool:
    """Whether links to this delivery, also new ones, no longer work."""
    last = _last_moment(delivery)
    return last is not None and now >= last and not _comes_back(delivery, now=now)


def _last_moment(delivery: Delivery) -> datetime | None:
    booking = getattr(delivery, "booking", None)
    if booking is None:
        return None
    zone = booking.stop.route.shift.plan.depot.zone
    promised = windows.local_date(booking.stop.opens_at, zone)
    return windows.midnight(promised + timedelta(days=DAYS_AFTER + 1), zone)


def _comes_back(delivery: Delivery, *, now: datetime) -> bool:
    """Whether what it brought may come back, or did lately. Asked only once the usual time is over."""
    until = needed_until(delivery)
    return until is not None and now < until + timedelta(days=DAYS_AFTER)


def _of_use_until(link: AccessLink) -> datetime | None:
    until = needed_until(link.delivery)
    return until + timedelta(days=DAYS_AFTER) if until else None


def is_live(link: AccessLink, *, now: datetime) -> bool:
    """Whether the link works at `now`."""
    if link.revoked_at is not None:
        return False
    usual = _last_moment(link.delivery) or link.created_at + timedelta(days=DAYS_AFTER)
    return now < usual or _comes_back(link.delivery, now=now)


def hold_link(link: AccessLink) -> None:
    """Keep a link from being ended until the caller's transaction is over. Raises LinkEnded if it was."""
    rows = AccessLink.objects.filter(pk=link.pk, generation=link.generation, revoked_at=None)
    if rows.select_for_update(no_key=True).first() is None:
        raise LinkEnded


# The cookie that a token is swapped for


def cookie_name(ref: str) -> str:
    """Return the name of the cookie of one delivery: `__Host-` wherever we are behind https."""
    return f"{settings.COOKIE_PREFIX}delivery-{ref}"


def grant_cookie(response: HttpResponse, link: AccessLink, *, request: HttpRequest, now: datetime) -> None:
    """Let this browser in by `link`. A follow link takes nothing from who may change the delivery."""
    ref = link.delivery.ref
    if link.kind == FOLLOW and link_from_request(request, ref=ref, kind=MANAGE, now=now):
        return
    response.set_cookie(
        cookie_name(ref),
        signing.dumps([link.pk.hex, link.generation], salt=SALT),
        max_age=ends_at(link) - now,
        path="/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def link_from_request(request: HttpRequest, *, ref: str, kind: LinkKind, now: datetime) -> AccessLink | None:
    """Return the live link by which this browser may `kind` the delivery, if any. Who manages may follow."""
    key, generation = _said_by_cookie(request, ref)
    link = find_link(uuid.UUID(key)) if key else None
    if link is None or link.generation != generation or link.delivery.ref != ref:
        return None
    return link if link.kind in (kind, MANAGE) and is_live(link, now=now) else None


def link_named_by(request: HttpRequest, *, ref: str) -> str:
    """Return which link, in which generation, this browser came by, live or not; or nothing. No query."""
    key, generation = _said_by_cookie(request, ref)
    return f"{key}:{generation}" if key else ""


def _said_by_cookie(request: HttpRequest, ref: str) -> tuple[str, int]:
    """Return the id and generation in the delivery's cookie; nothing if we did not sign it."""
    try:
        key, generation = signing.loads(request.COOKIES.get(cookie_name(ref), ""), salt=SALT)
    except signing.BadSignature:
        return "", 0
    return str(key), int(generation)


# Views

LinkView = Callable[Concatenate[HttpRequest, AccessLink, P], HttpResponse]
RefView = Callable[..., HttpResponse]  # (request, ref, ...): Django passes what it found in the path by name


def require_follow(view: LinkView[P]) -> RefView:
    """Serve `/.../<ref>/` to who may look; the view gets the link. Others: 404. Anything but looking: 403."""

    @wraps(view)
    def guarded(request: HttpRequest, ref: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        link = _link_or_404(request, ref, FOLLOW)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        with in_language_of(link.delivery):
            return private(view(request, link, *args, **kwargs), referrer="no-referrer")

    return guarded


def require_manage(view: LinkView[P]) -> RefView:
    """Serve `/.../<ref>/` to who may change it; the view gets the link. Follow links: 403. Others: 404."""

    @wraps(view)
    def guarded(request: HttpRequest, ref: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        link = _link_or_404(request, ref, FOLLOW)
        if link.kind != MANAGE:
            raise PermissionDenied
        with in_language_of(link.delivery), checked_by(partial(hold_link, link)):
            response = view(request, link, *args, **kwargs)
        # Not "no-referrer": under that, browsers post forms with `Origin: null`, which looks like a forgery.
        return private(response, referrer="same-origin")

    return guarded


def in_language_of(delivery: Delivery) -> translation.override:
    """Speak as a delivery's mails do, where we know the language; else as the browser asks."""
    try:
        language = translation.get_supported_language_variant(delivery.language)
    except LookupError:
        language = translation.get_language() or settings.LANGUAGE_CODE
    return translation.override(language)


def _link_or_404(request: HttpRequest, ref: str, kind: LinkKind) -> AccessLink:
    link = link_from_request(request, ref=ref, kind=kind, now=clock.now())
    if link is None:
        raise Http404
    return link


def private(response: HttpResponse, *, referrer: str = "no-referrer") -> HttpResponse:
    """Keep a page behind a link out of caches, search engines and other sites' logs."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = referrer
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
