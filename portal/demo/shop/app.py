"""The shop: a cart, a checkout with the widget in it, and orders. One WSGI application, no framework."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from http.cookies import SimpleCookie
from pathlib import Path
from secrets import randbelow, token_urlsafe
from string import Template
from typing import Any, Final
from urllib.parse import parse_qs

from portal.demo.shop.doorstep import Doorstep, Refused

Environ = dict[str, Any]
Start = Callable[..., Any]

PAGES: Final = Path(__file__).parent / "pages"
FILES: Final = {"/shop.css": "text/css", "/shop.js": "text/javascript"}
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


@dataclass
class Answer:
    """One HTTP answer."""

    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: str = "200 OK"
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Shop:
    """A shop at `origin`, whose name at Doorstep is `merchant`. Orders are in memory: it is an example."""

    doorstep: Doorstep
    merchant: str
    origin: str
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        answer = self._answer(environ)
        start(answer.status, [("Content-Type", answer.kind), *self._everywhere(), *answer.headers])
        return [answer.body]

    def _answer(self, environ: Environ) -> Answer:
        route = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if route == ("GET", "/"):
            return self._checkout(environ)
        if route == ("POST", "/order"):
            return self._order(environ)
        if route[0] == "GET" and route[1] in FILES:
            return Answer((PAGES / route[1][1:]).read_bytes(), FILES[route[1]])
        if route[0] == "GET" and (found := re.fullmatch(r"/thanks/(\w+)", route[1])):
            return self._thanks(found[1])
        return Answer(b"There is nothing here.", "text/plain", "404 Not Found")

    def _everywhere(self) -> list[tuple[str, str]]:
        """What the widget needs of a strict policy: its script, and its frame. Nothing else is let in."""
        host = self.doorstep.url
        policy = (
            f"default-src 'none'; script-src 'self' {host}; frame-src {host}; style-src 'self'; "
            "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
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

    def _order(self, environ: Environ) -> Answer:
        typed = _form(environ)
        if not typed.get("delivery_hold"):
            return self._checkout(environ, trouble="Choose a delivery time first.", typed=typed)
        if "@" not in typed.get("email", ""):
            return self._checkout(environ, trouble="Write your e-mail address.", typed=typed)
        number = f"N{randbelow(900_000) + 100_000}"
        try:
            booked = self.doorstep.book(
                hold=typed["delivery_hold"],
                order_number=number,
                name=typed.get("name", ""),
                email=typed["email"],
            )
        except Refused as refused:
            return self._checkout(environ, trouble=f"{refused} Nothing was ordered.", typed=typed)
        self.orders[number] = booked
        return Answer(b"", status="303 See Other", headers=[("Location", f"/thanks/{number}")])

    def _thanks(self, number: str) -> Answer:
        booked = self.orders.get(number)
        if booked is None:
            return Answer(b"We do not know that order.", "text/plain", "404 Not Found")
        window = booked["window"]
        page = _filled(
            "thanks",
            number=number,
            date=window["date"],
            opens_at=window["opens_at"],
            closes_at=window["closes_at"],
            zone=window["time_zone"],
            price=_euros(booked["price_minor"]),
            follow=booked["follow_url"],
        )
        return Answer(page)


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
    length = min(int(environ.get("CONTENT_LENGTH") or 0), MOST_BYTES)
    sent = parse_qs(environ["wsgi.input"].read(length).decode("utf-8", "replace"))
    return {name: values[0].strip() for name, values in sent.items()}
