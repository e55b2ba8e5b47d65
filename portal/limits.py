"""How much and how often: one table for all forms, and two rules for every request.

These are wide: they stop machines, not people, and count forms whether they were right or wrong. What one
shopper may learn or try (places, quotes, sign-ins, look-ups) has narrower limits where it is asked.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from portal.access import link_named_by
from portal.http import too_large, too_many
from portal.metrics import throttled
from portal.photos import MOST_BYTES
from portal.throttle import Limit, network_of, take
from scheduling import clock
from scheduling.order_files import MOST_BYTES as ORDERS_MOST_BYTES

GetResponse = Callable[[HttpRequest], HttpResponse]
Key = Callable[[HttpRequest], str]
Rule = tuple[Limit, Key]


def browser_of(request: HttpRequest) -> str:
    """Return the browser that asks; nothing at its first form, which only its network's limit counts."""
    return request.session.session_key or ""


def link_of(request: HttpRequest) -> str:
    """Return the link by which the asker has to do with this delivery; nothing for a stranger.

    Not the delivery: its name is no secret, and who only knows that must not use up its owner's limit.
    """
    match = request.resolver_match
    return link_named_by(request, ref=str(match.kwargs.get("ref", ""))) if match else ""


def by_browser(name: str, times: int) -> Rule:
    """So many in five minutes from one browser."""
    return Limit(f"{name}-browser", times=times, per_s=300), browser_of


def by_network(name: str, times: int) -> Rule:
    """So many in five minutes from one network: an office, a school, a street behind one address."""
    return Limit(f"{name}-network", times=times, per_s=300), network_of


def by_link(name: str, times: int) -> Rule:
    """So many in five minutes by one link to a delivery, however many browsers came by it."""
    return Limit(f"{name}-link", times=times, per_s=300), link_of


HOOKS: Final = (by_browser("webhooks", 120), by_network("webhooks", 600))

DISPATCH: Final = (by_browser("dispatching", 240), by_network("dispatching", 1_200))

FORMS: Final[dict[str, tuple[Rule, ...]]] = {
    "customers:address": (by_browser("addresses", 60), by_network("addresses", 600)),
    "customers:place": (by_browser("pins", 60), by_network("pins", 600)),
    "customers:door": (by_browser("doors", 60), by_network("doors", 600)),
    "customers:hold": (by_browser("holds", 40), by_network("holds", 300)),
    "customers:check": (by_browser("confirms", 40), by_network("confirms", 300)),
    "customers:extend": (by_browser("extends", 40), by_network("extends", 300)),
    "customers:move": (by_link("moves", 40), by_network("moves", 300)),
    "customers:point": (by_link("points", 40), by_network("points", 300)),
    "customers:join": (by_link("joins", 40), by_network("joins", 300)),
    "customers:safe-place": (by_link("places", 40), by_network("places", 300)),
    "customers:home-times": (by_link("moves", 40), by_network("moves", 300)),
    "customers:longer": (by_link("longer", 40), by_network("longer", 300)),
    "customers:longer-times": (by_link("moves", 40), by_network("moves", 300)),
    "customers:notes": (by_link("notes", 40), by_network("notes", 300)),
    "customers:access-codes": (by_link("access-codes", 20), by_network("access-codes", 300)),
    "customers:tomorrow": (by_link("answers", 40), by_network("answers", 300)),
    "customers:late": (by_link("moves", 40), by_network("moves", 300)),
    "customers:cancel": (by_link("cancels", 40), by_network("cancels", 300)),
    "customers:code": (by_link("codes", 40), by_network("codes", 300)),
    "customers:not-me": (by_network("not-me", 120),),
    "customers:street": (by_link("streets", 40), by_network("streets", 300)),
    "customers:preferences": (by_link("preferences", 40), by_network("preferences", 300)),
    "customers:contact": (by_link("contacts", 40), by_network("contacts", 300)),
    "customers:erase": (by_link("erasures", 40), by_network("erasures", 300)),
    "customers:return": (by_link("returns", 40), by_network("returns", 300)),
    "customers:return-why": (by_link("returns", 40), by_network("returns", 300)),
    "customers:return-how": (by_link("returns", 40), by_network("returns", 300)),
    "customers:return-check": (by_link("returns", 40), by_network("returns", 300)),
    "customers:return-times": (by_link("moves", 40), by_network("moves", 300)),
    "customers:return-way": (by_link("returns", 40), by_network("returns", 300)),
    "customers:return-rest": (by_link("rests", 40), by_network("rests", 300)),
    "customers:return-cancel": (by_link("cancels", 40), by_network("cancels", 300)),
    "customers:withdraw": (by_link("withdrawals", 40), by_network("withdrawals", 300)),
    "customers:state-withdrawal": (by_network("stated", 60),),
    "customers:unsubscribe": (by_network("unsubscribes", 1_200),),
    "customers:find": (by_network("finds", 60),),
    "widget:open": (by_network("widget-opens", 1_200),),
    "widget:where": (by_network("widget-looks", 1_200),),
    "widget:address": (by_network("widget-addresses", 600),),
    "widget:place": (by_network("widget-places", 600),),
    "widget:times": (by_network("widget-times", 1_200),),
    "widget:hold": (by_network("widget-holds", 300),),
    "widget:extend": (by_network("widget-extends", 300),),
    "widget:release-hold": (by_network("widget-releases", 300),),
    "sign-in": (by_network("sign-ins", 120),),
    "merchants:widget": (by_browser("widget-pages", 60), by_network("widget-pages", 600)),
    "merchants:playground-list": (by_browser("widget-pages", 60), by_network("widget-pages", 600)),
    "merchants:playground-open": (by_browser("widget-tries", 60), by_network("widget-tries", 600)),
    "merchants:orders": (by_browser("order-lists", 30), by_network("order-lists", 300)),
    "merchants:return-rules": (by_browser("return-rules", 120), by_network("return-rules", 600)),
    "merchants:telling": (by_browser("tellings", 60), by_network("tellings", 600)),
    "merchants:keys": (by_browser("keys", 60), by_network("keys", 600)),
    "merchants:replace-key": (by_browser("keys", 60), by_network("keys", 600)),
    "merchants:end-key": (by_browser("keys", 60), by_network("keys", 600)),
    "merchants:endpoints": HOOKS,
    "merchants:endpoint": HOOKS,
    "merchants:rotate-secret": HOOKS,
    "merchants:pause-endpoint": HOOKS,
    "merchants:resume-endpoint": HOOKS,
    "merchants:test-endpoint": HOOKS,
    "merchants:replay": HOOKS,
    "merchants:delete-endpoint": HOOKS,
    # Of those who send SMS or pay for us: all from few networks, each signed.
    "messaging:inbound": (by_network("sms-answers", 30_000),),
    **dict.fromkeys(
        (
            "merchants:desk-scan",
            "merchants:desk-look",
            "merchants:desk-look-again",
            "merchants:desk-on-sale",
            "merchants:desk-finish",
            "merchants:desk-put-right",
            "merchants:desk-open-again",
            "merchants:desk-by-hand",
            "merchants:desk-send-again",
            "merchants:place-statement",
            "merchants:answer-statement",
        ),
        (by_browser("desk", 1_200), by_network("desk", 6_000)),
    ),
    "merchants:stripe": (by_browser("keys", 60), by_network("keys", 600)),
    "merchants:forget-stripe": (by_browser("keys", 60), by_network("keys", 600)),
    "merchants:stripe-events": (by_network("stripe-events", 30_000),),
    "messaging:status": (by_network("sms-answers", 30_000),),
    "operations:owntracks": (by_network("positions", 15_000),),
    "operations:traccar": (by_network("positions", 15_000),),
    "operations:devices": (by_browser("devices", 60), by_network("devices", 600)),
    "operations:switch-off-device": (by_browser("devices", 60), by_network("devices", 600)),
    "operations:handed-in": DISPATCH,
    "operations:take-back-scan": DISPATCH,
    "operations:read-code": (by_browser("code-reads", 120), by_network("code-reads", 600)),
    "operations:hand-out-link": (by_browser("shift-links", 120), by_network("shift-links", 600)),
    "operations:free-link": (by_browser("shift-links", 120), by_network("shift-links", 600)),
    "operations:driver-pin": (by_network("pins-typed", 300),),
    "operations:driver-code": (by_network("driver-codes", 1_200),),
    "operations:driver-acts": (by_network("driver-acts", 6_000),),
    "operations:dispatch-lock": DISPATCH,
    "operations:dispatch-exception": DISPATCH,
    "operations:dispatch-order": DISPATCH,
    "operations:dispatch-act": DISPATCH,
    "operations:dispatch-stop": DISPATCH,
    "operations:dispatch-crew": DISPATCH,
    "operations:undo": (by_browser("undoings", 60), by_network("undoings", 600)),
    "operations:driver-place": (by_network("driver-places", 15_000),),
    "operations:improve": (by_browser("improves", 60), by_network("improves", 600)),
}
"""Every form that a stranger can send, by the name of its address. A test fails if one is missing."""


UPLOADS: Final = {
    "customers:return-why": 3 * MOST_BYTES + 64 * 1024,
    "merchants:orders": ORDERS_MOST_BYTES + 64 * 1024,
    "merchants:desk-look": MOST_BYTES + 64 * 1024,
    "customers:safe-place": MOST_BYTES + 64 * 1024,
    "operations:driver-acts": MOST_BYTES + 192 * 1024,
}
"""So many bytes of body are taken where a file or a photo may be sent, with what is typed beside it."""


class Limits:
    """Refuse what is too large or comes too often, before a view does any work."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if length_of(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and not is_upload(request):
            return too_large(request)
        if wait_s := everything.take(network_of(request), now=clock.now()):
            return too_many(request, retry_after_s=wait_s)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        """Count a form that is sent; answer 429 where it is one too many."""
        match = request.resolver_match
        rules = FORMS.get(match.view_name, ()) if match and request.method == "POST" else ()
        claims = [(limit, key(request)) for limit, key in rules]
        now = clock.now()
        wait_s = max((take(limit, key, now=now) for limit, key in claims if key), default=0)
        return too_many(request, retry_after_s=wait_s) if wait_s else None


def is_upload(request: HttpRequest) -> bool:
    """Whether a request that is larger than usual sends files, and no more than its address takes."""
    if request.content_type != "multipart/form-data":
        return False
    try:
        name = resolve(request.path_info).view_name
    except Resolver404:
        return False
    return length_of(request) <= UPLOADS.get(name, 0)


def length_of(request: HttpRequest) -> int:
    """Return how much a request says it carries, in bytes."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isdecimal() else 0


class Everything:
    """All requests of one network, counted in this process alone, minute by minute.

    No shared count: it must cost nothing, and hold while Redis is away and other limits do not.
    """

    def __init__(self) -> None:
        self._minute, self._counts = 0, Counter[str]()
        self._lock = Lock()

    def take(self, network: str, *, now: datetime) -> int:
        """Count one more. Return 0 if it may be answered, else in how many seconds to come back."""
        minute, second = divmod(int(now.timestamp()), 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, Counter()
            self._counts[network] += 1
            over = 0 < settings.REQUESTS_PER_MINUTE < self._counts[network]
        if over:
            throttled.labels("everything").inc()
        return 60 - second if over else 0

    def forget(self) -> None:
        """Begin anew, as if nobody had asked for anything."""
        with self._lock:
            self._counts.clear()


everything: Final = Everything()
