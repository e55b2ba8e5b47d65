"""Following a delivery: the page that only looks, and how pages that poll are answered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from portal.access import require_follow
from portal.customers.pages import show
from portal.customers.timeline import followed
from portal.customers.tracking import Live, live_of, part_since, unchanged
from portal.messaging.facts import booking_of, zone_of
from scheduling import clock
from scheduling.selectors.road import glimpse_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from portal.models import AccessLink
    from scheduling.models import Delivery

FOLLOW_PAGE = "customers/booking/follow.html"
FOLLOW_BODY = "customers/booking/_followed.html"
POLLED = "customers/booking/polled.html"
OVER_STATUS = 286
"""What ends htmx's polling."""


@require_follow
def follow(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Only look: the state, the range, the van when it is close. No name, address, items or price."""
    now, delivery = clock.now(), link.delivery
    live = live_now(delivery, now, follow=True)
    whole = partial(context_of, delivery, live)
    if asked_for(request) is not None:
        return answer_poll(request, delivery, live, whole)
    return show(request, delivery.merchant, FOLLOW_PAGE, whole())


def context_of(delivery: Delivery, live: Live) -> dict[str, Any]:
    """Return all that the page shows. Two queries."""
    booked = booking_of(delivery)
    return {
        "live": live,
        "body": FOLLOW_BODY,
        "happened": followed(delivery, booked, zone_of(booked), ahead=live.ahead),
        "follow_only": True,
        "poll_url": reverse("customers:follow", args=[delivery.ref]),
    }


def live_now(delivery: Delivery, now: datetime, *, follow: bool = False) -> Live:
    """Return how a booked delivery is now. One query."""
    seen = glimpse_of(delivery)
    if seen is None:
        raise Http404
    return live_of(seen, now, follow=follow)


# Who polls says which version is on the page


def asked_for(request: HttpRequest) -> str | None:
    """Return the version that a page which polls has; None where a whole page is asked for."""
    return request.GET.get("v") if getattr(request, "htmx", None) else None


def answer_poll(
    request: HttpRequest, delivery: Delivery, live: Live, whole: Callable[[], dict[str, Any]]
) -> HttpResponse:
    """Answer with the smallest part of the page that holds all that is new; 286 where nothing more will come.

    `whole` gives what all of the page needs: asked only where all of it is new.
    """
    part = part_since(asked_for(request) or "", live.version)
    if not part and not live.over:
        return unchanged()
    context: dict[str, Any] = {"live": live, "part": part, "poll_url": request.path, "oob": True}
    if part == "booking":
        context |= whole()
    response = show(request, delivery.merchant, POLLED, context, status=OVER_STATUS if live.over else 200)
    response["HX-Retarget"] = f"#{part or 'poll'}"
    if not part:
        response["HX-Reswap"] = "none"
    return response
