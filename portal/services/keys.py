"""Merchants' API keys: made, shown once, replaced, revoked, and told apart by what was sent."""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models.keys import PUBLIC_SCOPES, ApiKey, KeyKind, Scope
from scheduling.errors import DomainError
from scheduling.models import Merchant
from scheduling.statements import Instances

BEGINNINGS: Final = {KeyKind.SECRET: "dk_", KeyKind.PUBLISHABLE: "pk_"}
SHOWN: Final = 11
"""How much of a token its owners are shown later: enough to tell keys apart, nothing to guess from."""
LONGEST_TOKEN: Final = 64
MOST_LIVE: Final = 20
NOTED_EVERY: Final = timedelta(minutes=1)

_OF_DIGEST: Final = Instances(
    lambda digest: ApiKey.objects.of_everybody().select_related("merchant").filter(digest=digest), "a digest"
)


class BadKey(DomainError):
    """A key that nobody could use, or that could do more than it may."""

    code = "bad_key"
    sentence = _("Say what the key is for, what it may do, and for a publishable key on which pages.")


class TooManyKeys(DomainError):
    """Nobody needs so many keys at once."""

    code = "too_many_keys"
    sentence = _("You have as many keys as you can have at once. End one that you no longer use.")


@transaction.atomic
def issue_key(
    *,
    merchant: Merchant,
    kind: KeyKind,
    name: str,
    scopes: Collection[str],
    origins: Iterable[str] = (),
    actor: str,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Return a new key and its token, which is not kept. Raises BadKey or TooManyKeys."""
    allowed = PUBLIC_SCOPES if kind == KeyKind.PUBLISHABLE else tuple(Scope)
    pages = [origin_of(origin) for origin in origins]
    needs_pages = kind == KeyKind.PUBLISHABLE
    if not name.strip() or not scopes or not set(scopes) <= set(allowed) or needs_pages != bool(pages):
        raise BadKey
    if len(live_keys(merchant, now=now)) >= MOST_LIVE:
        raise TooManyKeys
    token = BEGINNINGS[kind] + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        merchant=merchant,
        kind=kind,
        name=name.strip(),
        prefix=token[:SHOWN],
        digest=_digest(token),
        scopes=[scope for scope in Scope.values if scope in scopes],
        origins=list(dict.fromkeys(pages)),
        created_at=now,
        created_by=actor,
    )
    return key, token


@transaction.atomic
def replace_key(*, key: ApiKey, keep_for: timedelta, actor: str, now: datetime) -> tuple[ApiKey, str]:
    """Return a new key that may do the same, and its token; the old one works for a while longer."""
    end_key(key=key, at=now + keep_for)
    return issue_key(
        merchant=key.merchant,
        kind=KeyKind(key.kind),
        name=key.name,
        scopes=key.scopes,
        origins=key.origins,
        actor=actor,
        now=now,
    )


def end_key(*, key: ApiKey, at: datetime) -> None:
    """Let a key work until an instant, and no longer; never longer than was said before."""
    rows = ApiKey.objects.of(key.merchant).filter(pk=key.pk)
    rows.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at)).update(ends_at=at)
    key.refresh_from_db(fields=["ends_at"])


def live_keys(merchant: Merchant, *, now: datetime) -> list[ApiKey]:
    """Return a merchant's keys that work, the newest first. One query."""
    live = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    return list(ApiKey.objects.of(merchant).filter(live).order_by("-pk"))


def key_of(token: str, *, now: datetime) -> ApiKey | None:
    """Return the live key that a token stands for, its merchant loaded; None for any other. One query."""
    if len(token) > LONGEST_TOKEN or not token.startswith(tuple(BEGINNINGS.values())):
        return None
    key = _OF_DIGEST.first(_digest(token))
    return key if key and (key.ends_at is None or key.ends_at > now) else None


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Remember when a key was last used, to the minute."""
    if key.last_used_at is None or key.last_used_at <= now - NOTED_EVERY:
        ApiKey.objects.of(key.merchant).filter(pk=key.pk).update(last_used_at=now)


def _digest(token: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return sha256(token.encode()).hexdigest()


def origin_of(text: str) -> str:
    """Return https://shop.example, however it was written. Raises BadKey."""
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        port = parts.port
    except ValueError as error:
        raise BadKey from error
    plain = not (parts.path or parts.query or parts.fragment or parts.username)
    local = parts.hostname in {"localhost", "127.0.0.1"}
    if not plain or not parts.hostname or not (parts.scheme == "https" or (local and parts.scheme == "http")):
        raise BadKey(_("Write each page's origin, such as https://shop.example, one on a line."))
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")
