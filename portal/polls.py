"""Who polls a delivery's page and has what it shows already is answered before anything else is done: 204.

Pages that follow a van ask every few seconds, and nearly always nothing is new. The way through sessions,
languages and templates takes ten times as long as seeing that. One row is looked at here, and kept for a
second in this process: however many have one page open, the database is asked once. Everybody else, and
whatever is not plain, goes on to the page itself, which looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from portal.access import DAYS_AFTER, MANAGE, link_named_by, private
from portal.customers.tracking import part_since, unchanged, version_of
from portal.limits import everything
from portal.models import AccessLink
from portal.throttle import network_of
from scheduling import clock
from scheduling.phases import OVER, Glimpse, phase_of
from scheduling.selectors.road import Glimpses

GetResponse = Callable[[HttpRequest], HttpResponse]

KEPT_S: Final = 1.0
"""At most 3: a page is never further behind than that and its own pause."""
MOST_KEPT: Final = 5_000
PAGES: Final = {"customers:booking": "manage", "customers:follow": "follow"}

Seen = tuple[str, Glimpse]
_kept: Final[dict[str, tuple[float, Seen | None]]] = {}
_read: Final = Glimpses(AccessLink, "kind", "generation", "revoked_at", prefix="delivery__")


def polls(get_response: GetResponse) -> GetResponse:
    """Answer who has what there is; pass on everything else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method == "GET" and "v" in request.GET and "HX-Request" in request.headers:
            now = clock.now()
            if has_all(request, now) and not everything.take(network_of(request), now=now):
                return private(unchanged())
        return get_response(request)

    return middleware


def has_all(request: HttpRequest, now: datetime) -> bool:
    """Whether who asks may look at a delivery's page, and has the version that it would show."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return False
    if match.view_name not in PAGES:
        return False
    request.resolver_match = match
    found = seen_by(link_named_by(request, ref=match.kwargs["ref"]), now)
    if found is None or found[1].ref != match.kwargs["ref"]:
        return False
    kind, it = found
    page = PAGES[match.view_name]
    if page == MANAGE != kind or phase_of(it, now) in OVER:
        return False
    return not part_since(request.GET["v"], version_of(it, now, follow=page != MANAGE))


def forget() -> None:
    """Keep nothing: what comes now is a moment later."""
    _kept.clear()


def seen_by(link: str, now: datetime) -> Seen | None:
    """Return the kind of a link, as its cookie names it, and what it shows; None unless it surely works."""
    if not link:
        return None
    read_at, found = _kept.get(link, (0.0, None))
    if read_at <= monotonic() - KEPT_S:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        read_at, found = _kept[link] = monotonic(), _looked_up(link)
    # Near its end, which is a local midnight, the page itself judges.
    plain = found is not None and now < found[1].opens_at + timedelta(days=DAYS_AFTER - 1)
    return found if plain else None


def _looked_up(link: str) -> Seen | None:
    pk, _colon, generation = link.partition(":")
    row = _read(UUID(hex=pk))
    if row is None:
        return None
    (kind, current, revoked_at), it = row
    return (kind, it) if revoked_at is None and str(current) == generation else None
