"""The shop: a cart, a checkout with the widget in it, and orders. One WSGI application, no framework."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from html import escape
from http.cookies import SimpleCookie
from pathlib import Path
from secrets import token_urlsafe
from string import Template
from typing import Any, Final
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from portal.demo.shop import hooks
from portal.demo.shop.doorstep import Doorstep, Refused
from portal.demo.shop.hooks import Hooks
from portal.demo.shop.orders import Order, Orders

Environ = dict[str, Any]
Start = Callable[..., Any]

PAGES: Final = Path(__file__).parent / "pages"
FILES: Final = {"/shop.css": "text/css", "/shop.js": "text/javascript", "/order.js": "text/javascript"}
MOST_BYTES: Final = 20_000


@dataclass(frozen=True)
class Goods:
    """One line of the cart; cents and grams are for all of it."""

    name: str
    count: int
    cents: int
    grams: int


CART: Final = (
    Goods("Rye bread", 2, 840, 1_400),
    Goods("Coffee, 500 g", 1, 1_290, 500),
    Goods("Apples, 1 kg", 1, 390, 1_000),
)
HOME: Final = {"line": "Mikonkatu 1", "postcode": "00100", "city": "Helsinki"}
"""The address that our customer gave us long ago."""
BOOKED: Final = "Booked for {when}"
SAID: Final = {
    "booking.confirmed": BOOKED,
    "booking.moved": "Moved to {when}",
    "booking.joined": "Another order comes along, {when}",
    "delivery.diverted": "Sent to a pickup point, {when}",
    "booking.cancelled": "Cancelled",
    "promise.narrowed": "Narrowed to {when}",
}
"""What a customer reads of each event."""


@dataclass
class Answer:
    """One HTTP answer."""

    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: str = "200 OK"
    headers: list[tuple[str, str]] = field(default_factory=list)


NOTHING: Final = Answer(b"There is nothing here.", "text/plain", "404 Not Found")


@dataclass
class Shop:
    """A shop at `origin`, whose name at Doorstep is `merchant`. Without `hooks` it is told nothing."""

    doorstep: Doorstep
    merchant: str
    origin: str
    orders: Orders
    hooks: Hooks | None = None

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        answer = self._answer(environ)
        start(answer.status, [("Content-Type", answer.kind), *self._everywhere(), *answer.headers])
        return [answer.body]

    def _answer(self, environ: Environ) -> Answer:
        route = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if route == ("GET", "/"):
            return self._checkout(environ)
        if route == ("POST", "/order"):
            return self._place(environ)
        if self.hooks and route == ("POST", hooks.PATH):
            return _take(self.hooks, environ)
        if route[0] == "GET" and route[1] in FILES:
            return Answer((PAGES / route[1][1:]).read_bytes(), FILES[route[1]])
        if route[0] == "GET" and (found := re.fullmatch(r"/(thanks|order)/(\w+)", route[1])):
            order = self.orders.of(_cart_of(environ), found[2])
            return _order_page(found[1], order) if order else NOTHING
        return NOTHING

    def _everywhere(self) -> list[tuple[str, str]]:
        """What the widget needs of a strict policy: its script, and its frame; beside that what is ours."""
        host = self.doorstep.url
        policy = (
            f"default-src 'none'; script-src 'self' {host}; frame-src {host}; style-src 'self'; "
            "connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        return [("Content-Security-Policy", policy), ("Cache-Control", "no-store")]

    # Pages

    def _checkout(
        self, environ: Environ, *, trouble: str = "", typed: dict[str, str] | None = None
    ) -> Answer:
        cart = _cart_of(environ)
        elsewhere = environ.get("QUERY_STRING") == "elsewhere"
        session = ""
        try:
            session = self.doorstep.open_widget(
                origin=self.origin,
                shopper=cart,
                grams=sum(each.grams for each in CART),
                address=None if elsewhere else HOME,
            )
        except Refused as refused:
            trouble = trouble or str(refused)
        typed = typed or {}
        page = _filled(
            "checkout",
            host=self.doorstep.url,
            merchant=self.merchant,
            session=session,
            trouble=trouble,
            hidden="" if trouble else "hidden",
            name=typed.get("name", ""),
            email=typed.get("email", ""),
            basket=_euros(sum(each.cents for each in CART)),
            where="another address" if elsewhere else f"{HOME['line']}, {HOME['postcode']} {HOME['city']}",
            way="/" if elsewhere else "/?elsewhere",
            word="Use my own address" if elsewhere else "Somewhere else?",
            rows=_rows(),
        )
        # Lax: the cart is ours alone, and no widget needs it.
        cookie = ("Set-Cookie", f"cart={cart}; Path=/; HttpOnly; SameSite=Lax")
        return Answer(page, status="422 Unprocessable Content" if trouble else "200 OK", headers=[cookie])

    def _place(self, environ: Environ) -> Answer:
        typed = _form(environ)
        if not typed.get("delivery_hold"):
            return self._checkout(environ, trouble="Choose a delivery time first.", typed=typed)
        if "@" not in typed.get("email", ""):
            return self._checkout(environ, trouble="Write your e-mail address.", typed=typed)
        number = _number(typed["delivery_hold"])
        try:
            booked = self.doorstep.book(
                hold=typed["delivery_hold"],
                order_number=number,
                name=typed.get("name", ""),
                email=typed["email"],
            )
        except Refused as refused:
            after = "" if refused.unsure else " Nothing was ordered."
            return self._checkout(environ, trouble=f"{refused}{after}", typed=typed)
        self.orders.place(number, cart=_cart_of(environ), booked=booked)
        return Answer(b"", status="303 See Other", headers=[("Location", f"/thanks/{number}")])


def _number(hold: str) -> str:
    """Return an order's number, which follows from the time that is kept for it.

    Pressed twice, or again because an answer was lost, it is the same order, and booked once.
    """
    return f"N{int(sha256(hold.encode()).hexdigest(), 16) % 10**10:010}"


def _take(taker: Hooks, environ: Environ) -> Answer:
    """Take a message from Doorstep, which sends no cookies and no form: its signature says who it is."""
    body = _body(environ)
    if body is None:
        return Answer(b"", "text/plain", "413 Content Too Large")
    headers = {name: environ.get(f"HTTP_{name.upper().replace('-', '_')}", "") for name in hooks.HEADERS}
    return Answer(b"", "text/plain", taker.take(body, headers))


def _order_page(page: str, order: Order) -> Answer:
    booked = order.booked
    zone = ZoneInfo(booked["window"]["time_zone"])
    # Until the first message comes we know what the booking was answered with.
    said = [_said(each, zone) for each in order.told] or [BOOKED.format(when=_when(booked["window"], zone))]
    filled = _filled(
        page,
        number=order.number,
        said=said[0],
        when=_when(booked["window"], zone),
        price=_euros(booked["price_minor"]),
        follow=booked["follow_url"],
        hidden="" if said[1:] else "hidden",
        rows="".join(f"<li>{escape(each)}</li>" for each in said[1:]),
    )
    return Answer(filled)


def _said(event: dict[str, Any], zone: ZoneInfo) -> str:
    return SAID[event["type"]].format(when=_when(event["data"], zone))


def _when(times: dict[str, Any], zone: ZoneInfo) -> str:
    """Return a promised time as people there read it: messages give instants, the booking its zone."""
    opens, closes = (
        datetime.fromisoformat(times[name]).astimezone(zone) for name in ("opens_at", "closes_at")
    )
    return f"{opens:%A} {opens.day} {opens:%B}, {opens.hour}:{opens:%M}–{closes.hour}:{closes:%M}"


def _filled(page: str, /, *, rows: str = "", **said: str) -> bytes:
    """Return a page with what is said in it; all but `rows`, which is HTML, is escaped."""
    escaped = {key: escape(value) for key, value in said.items()}
    return Template((PAGES / f"{page}.html").read_text()).substitute(escaped, rows=rows).encode()


def _rows() -> str:
    return "".join(
        f"<li><span>{each.count} × {escape(each.name)}</span> <span>{_euros(each.cents)}</span></li>"
        for each in CART
    )


def _euros(cents: int) -> str:
    return f"€{cents // 100}.{cents % 100:02}"


def _cart_of(environ: Environ) -> str:
    """Return the name of this browser's cart: from its cookie, else a new one."""
    found = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("cart")
    known = found.value if found else ""
    return known if re.fullmatch(r"[\w-]{16,32}", known) else token_urlsafe(16)


def _form(environ: Environ) -> dict[str, str]:
    sent = parse_qs((_body(environ) or b"").decode("utf-8", "replace"))
    return {name: values[0].strip() for name, values in sent.items()}


def _body(environ: Environ) -> bytes | None:
    """Return what was sent, byte for byte; None for more than anybody sends who means well."""
    given = environ.get("CONTENT_LENGTH") or "0"
    length = int(given) if re.fullmatch(r"\d{1,9}", given) else MOST_BYTES + 1
    return environ["wsgi.input"].read(length) if length <= MOST_BYTES else None
