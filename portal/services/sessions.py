"""Widget sessions: opened by merchants' servers or by a publishable key, used by the API and the frame.

A token is an HMAC-SHA256 (256 bits) of the session's id: a request that is repeated gets the same one, and
only its digest is kept. It works for the origin it was opened for: 30 minutes, then as long as a kept time.
"""

import base64
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import compare_digest
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from portal.door import Door
from portal.forms import Size
from portal.models.keys import ApiKey, KeyKind
from portal.models.widget import Widget, WidgetSession
from portal.services.keys import live_keys, origin_of
from scheduling.errors import DomainError
from scheduling.facts import AddressFacts, VisitFacts
from scheduling.geocoding import GeocodeAnswer
from scheduling.models import Hold, Merchant
from scheduling.selectors.merchants import live_holds_beginning

BEGINNING: Final = "st_"
SALT: Final = "portal.widget"
LONGEST_TOKEN: Final = 64
LASTS: Final = timedelta(minutes=30)
KEPT_FOR: Final = timedelta(days=1)
MOST_ORIGINS: Final = 20
MOST_PUBLIC_HOLDS: Final = 50
"""So many times a publishable key's widgets may keep at once: anybody can read the key in a page."""


class OriginNotListed(DomainError):
    """A page that the merchant has not listed for its widget."""

    code = "origin_not_listed"
    sentence = _("This page is not listed for your widget. List its origin, such as https://shop.example.")


class TooManyOrigins(DomainError):
    """More pages than any shop has."""

    code = "too_many_origins"
    sentence = _("List up to 20 pages for your widget.")


class SessionEnded(DomainError):
    """The session is not ours, not for this page, or over."""

    code = "session_ended"
    sentence = _("This took a while, so we start over. Reload the page to see fresh times.")


class PublicHoldsUsedUp(DomainError):
    """More live holds than the widgets of one publishable key may have at once."""

    code = "too_many_holds"
    sentence = _("Too many people are choosing a time in this shop right now. Try again in some minutes.")


# Which pages


def list_origins(*, merchant: Merchant, origins: Iterable[str]) -> Widget:
    """Say in which pages a merchant's widget may be shown. Raises what checked_origins does."""
    widget: Widget
    widget, _made = Widget.objects.of_everybody().update_or_create(
        merchant=merchant, defaults={"origins": checked_origins(origins)}
    )
    return widget


def checked_origins(origins: Iterable[str]) -> list[str]:
    """Return pages as origins, each once. Raises BadKey for what is none, or TooManyOrigins."""
    listed = list(dict.fromkeys(origin_of(origin) for origin in origins))
    if len(listed) > MOST_ORIGINS:
        raise TooManyOrigins
    return listed


def listed_origins(merchant: Merchant) -> list[str]:
    """Return the pages that a merchant listed for its widget. One query."""
    widget: Widget | None = Widget.objects.of(merchant).first()
    return list(widget.origins) if widget else []


def origins_of(merchant: Merchant, *, now: datetime) -> list[str]:
    """Return the pages that may show a merchant's widget: those listed, and those of its publishable keys.

    Two queries.
    """
    public = [key for key in live_keys(merchant, now=now) if key.kind == KeyKind.PUBLISHABLE]
    listed = [*listed_origins(merchant), *(origin for key in public for origin in key.origins)]
    return list(dict.fromkeys(listed))


# Sessions and their tokens


@transaction.atomic
def open_session(
    *,
    merchant: Merchant,
    origin: str,
    actor: str,
    now: datetime,
    key: ApiKey | None = None,
    size: Size | None = None,
    requirements: Collection[str] = (),
    door: Door | None = None,
    place: AddressFacts | None = None,
    typed: dict[str, str] | None = None,
    answer: GeocodeAnswer | None = None,
    shopper: str = "",
    order_number: str = "",
    locale: str = "",
) -> WidgetSession:
    """Open a widget for a shopper; `key` is the publishable key that asked. Raises OriginNotListed."""
    allowed = key.origins if key else origins_of(merchant, now=now)
    if origin not in allowed:
        raise OriginNotListed
    pk = uuid4()
    session: WidgetSession = WidgetSession.objects.create(
        id=pk,
        merchant=merchant,
        key=key,
        digest=_digest(token_of(pk)),
        origin=origin,
        size=size.as_json() if size else {},
        requirements=list(requirements),
        door=asdict(door) if door else {},
        typed=typed or {},
        answer=answer.as_json() if answer else None,
        place=asdict(place) if place else None,
        shopper=shopper,
        order_number=order_number,
        locale=locale,
        created_at=now,
        created_by=actor,
        ends_at=now + LASTS,
    )
    return session


def token_of(pk: UUID) -> str:
    """Return the token of a session. Send it; never store or log it."""
    proof = salted_hmac(SALT, pk.hex, algorithm="sha256").digest()
    return BEGINNING + base64.urlsafe_b64encode(proof).decode().rstrip("=")


def session_of(token: str, *, merchant: Merchant, origin: str, now: datetime) -> WidgetSession:
    """Return the live session that a token stands for at a merchant and in a page. One query.

    Raises SessionEnded for any other.
    """
    if not token.startswith(BEGINNING) or len(token) > LONGEST_TOKEN:
        raise SessionEnded
    rows = WidgetSession.objects.of(merchant).select_related("key")
    session: WidgetSession | None = rows.filter(digest=_digest(token), ends_at__gt=now).first()
    if session is None or not compare_digest(session.origin.encode(), origin.encode()):
        raise SessionEnded
    if session.key and session.key.ends_at and session.key.ends_at <= now:
        raise SessionEnded
    return session


def keep(session: WidgetSession, **values: Any) -> None:
    """Remember what was typed, found or kept; a session that keeps a time lasts as long as that."""
    for name, value in values.items():
        setattr(session, name, value)
    WidgetSession.objects.of(session.merchant).filter(pk=session.pk).update(**values)


def keep_hold(session: WidgetSession, hold: Hold) -> None:
    """Remember the time that is kept here: the session lasts as long."""
    keep(session, hold=hold.token, ends_at=max(session.ends_at, hold.expires_at))


def facts_of(session: WidgetSession, *, place: AddressFacts | None = None) -> VisitFacts | None:
    """Return the visit asked about, at `place` in place of its own; None before place and size are known."""
    at = place or (AddressFacts(**session.place) if session.place else None)
    if at is None or not session.size:
        return None
    return Size(**session.size).facts(
        address=at,
        shop=session.merchant,
        door=Door(**session.door),
        requirements=session.requirements,
    )


def require_few(session: WidgetSession) -> None:
    """Raise PublicHoldsUsedUp where a publishable key's widgets keep as many times as they may."""
    if session.key_id is None:
        return
    live = live_holds_beginning(merchant=session.merchant, sessions=session.beginning)
    if live >= MOST_PUBLIC_HOLDS:
        raise PublicHoldsUsedUp


def forget_sessions(*, now: datetime) -> int:
    """Forget sessions that ended a day ago; return how many."""
    count, _each = WidgetSession.objects.of_everybody().filter(ends_at__lte=now - KEPT_FOR).delete()
    return int(count)


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
