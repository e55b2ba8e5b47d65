"""Whatever is sent to whichever address, the answer is a page of ours that says no: never a crash."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from portal.access import cookie_name
from portal.services.shift_links import hand_out
from scheduling import clock
from scheduling.models import MerchantDepot
from tests.factories import NOW, make_booking, make_link, make_membership, make_network
from tests.layouts import laid_out_once
from tests.portal.customers.conftest import Shopper
from tests.portal.driving import Phone

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
NAMES = dict.fromkeys(
    (
        *("address", "unit", "size", "parcels", "weight", "choice", "lat", "lon", "offer", "suggestion"),
        *("buzzer", "floor", "text", "seen", "entrance", "gate_code", "remove", "stop", "code", "lang"),
        *("place", "seen", "by", "vehicle", "driver", "sure", "act", "to", "route"),
        *("pin", "barcode", "uid", "kind", "seal", "shift", "happened_at", "sent_at", "minutes", "said"),
        *("how", "reason", "to_whom", "note", "signature", "parcel", "check", "listed", "accuracy"),
        *("email", "mobile", "order_number", "keeping", "password", "next", "day", "cap", "code"),
    )
)
HALVES = tuple(NAMES)[::2], tuple(NAMES)[1::2]
"""What is long is sent to half of the fields at a time: all of it would be more than any form needs."""


@dataclass(frozen=True)
class Hostile:
    """What is added to an ordinary request. `query` and `body` are sent as they are."""

    name: str
    query: str = ""
    body: bytes | None = None
    content_type: str = FORM
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    refused: tuple[int, ...] = ()


def everywhere(value: bytes, names: Iterable[str] = NAMES) -> bytes:
    """The same value in every field that any of our forms has, or in some of them."""
    return b"&".join(name.encode() + b"=" + value for name in names)


def in_query(value: str) -> str:
    return everywhere(value.encode()).decode()


HOSTILE = (
    Hostile("a null in every query parameter", query=in_query("%00")),
    Hostile("half a character in every query parameter", query=in_query("%ff%fe")),
    Hostile("a surrogate in every query parameter", query=in_query("%ed%a0%80")),
    Hostile("days that never were", query="day=9999-99-99&order=%00&next=%5c%5cevil.example"),
    Hostile("the first day there is", query="day=0001-01-01"),
    Hostile("the last day there is", query="day=9999-12-31"),
    Hostile("brackets and percents", query="a[]=1&%=%&%zz&===&&&;;"),
    Hostile("a null in every field", body=everywhere(b"%00")),
    Hostile("a null within every field", body=everywhere(b"a%00b%40example.com")),
    Hostile("half a character in every field", body=everywhere(b"%ff%fe")),
    Hostile("raw bytes", body=everywhere(b"\xff\xfe\x00\x80")),
    Hostile("a surrogate in every field", body=everywhere(b"%ed%a0%80")),
    Hostile("text that turns around", body=everywhere("\u202e\u0000\ufeff".encode())),
    Hostile("a number without end", body=everywhere(b"9" * 5_000, HALVES[0])),
    Hostile("a number without end in the other fields", body=everywhere(b"9" * 5_000, HALVES[1])),
    Hostile("a power without end", body=everywhere(b"1e999999999")),
    Hostile("no number", body=everywhere(b"nan")),
    Hostile("infinity", body=everywhere(b"-Infinity")),
    Hostile("digits of another script", body=everywhere("٣".encode())),
    Hostile("a long text in every field", body=everywhere(b"x" * 3_500)),
    Hostile(
        "more fields than any form has", body=b"&".join(b"f%d=1" % n for n in range(201)), refused=(400,)
    ),
    Hostile("more than any form needs", body=b"address=" + b"x" * 300_000, refused=(413,)),
    Hostile("parts without a boundary", body=b"--x\r\n\r\n--x--", content_type=MULTIPART),
    Hostile("parts with an odd boundary", body=b"--\xff", content_type=f"{MULTIPART}; boundary=\xe9"),
    Hostile("parts that do not end", body=b"--x\r\nContent-Disp", content_type=f"{MULTIPART}; boundary=x"),
    Hostile("JSON", body=b'{"address": 1}', content_type="application/json"),
    Hostile("an encoding nobody knows", body=everywhere(b"1"), content_type=f"{FORM}; charset=nonsense"),
    Hostile("an encoding that is none", body=everywhere(b"1"), content_type=f"{FORM}; charset=base64"),
    Hostile("an odd content type", body=b"1", content_type="\x00/;;=;"),
    Hostile(
        "an odd language and odd addresses",
        headers={
            "Accept-Language": "x" * 400 + ";q=nan,*;q=9,\x00-\xff",
            "X-Forwarded-For": "\x00, ::::, 999.1.1.1,",
            "X-Request-ID": "\x00" * 9,
            "Referer": "\xff",
        },
    ),
    Hostile(
        "an odd htmx",
        headers={
            "HX-Request": "true",
            "HX-Target": "\x00",
            "HX-Current-URL": "%ff%00[",
            "HX-Current-URL-URI-AutoEncoded": "true",
        },
    ),
    Hostile("odd cookies", cookies={"session": "\x00'\"", "csrf": "\xff", "csrftoken": "x", "messages": "["}),
    Hostile("another host", headers={"Host": "evil.example\x00:99999"}, refused=(400,)),
)


OF_DATABASES = {
    "a null in every query parameter",
    "a surrogate in every query parameter",
    "the first day there is",
    "brackets and percents",
    "a null in every field",
    "a null within every field",
    "a surrogate in every field",
    "a number without end",
    "a number without end in the other fields",
    "a long text in every field",
}
"""What databases take differently; with these every page is also asked for on PostgreSQL."""


def marked(hostile: Hostile):
    return pytest.param(
        hostile, id=hostile.name, marks=() if hostile.name in OF_DATABASES else pytest.mark.once
    )


@pytest.fixture(autouse=True)
def _now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def house(db, settings, few_addresses):
    """A shop with a booking, a depot with its people, and a browser that may see all of it."""
    settings.GAZETTEER_FILE = str(few_addresses)
    visitor = Client(raise_request_exception=False)
    visitor.cookies, values = who_lives_here()
    cache.clear()
    return visitor, addresses(values)


@laid_out_once
def who_lives_here() -> tuple[SimpleCookie, dict[str, str]]:
    """Return the cookies of who may see all, and how things are called in addresses.

    There is a time kept at the shop, so that its forms get as far as they can.
    """
    outlet = make_network(days=3)
    booking = make_booking(outlet)
    visitor = Client()
    visitor.force_login(make_membership(depot=outlet.depot).user)
    shopper = Shopper(outlet, visitor)
    shopper.types()
    assert shopper.keeps().status_code == 303
    link = make_link(booking)
    visitor.cookies[cookie_name(booking.delivery.ref)] = signed(link)
    assert Phone(hand_out(shift=booking.stop.route.shift, now=NOW), visitor).opens().status_code == 303
    return visitor.cookies, {
        "merchant": outlet.merchant.slug,
        "ref": booking.delivery.ref,
        "depot": outlet.depot.slug,
    }


def signed(link) -> str:
    from django.core import signing

    from portal.access import SALT

    return signing.dumps([link.pk.hex, link.generation], salt=SALT)


VALUES = {
    "number": "1",
    "pk": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
    "day": "2026-11-24",
    "digest": "0",
    "route": "1",
    "stop": "1",
    "shift": "1",
    "exception": "1",
    "act": "finish",
    "token": "x" * 64,
}


def within(patterns, values=VALUES, prefix: str = "/", space: str = ""):
    """Every address of ours as (name, path), the admin's aside; what is not in `values` is an x."""
    for each in patterns:
        here = prefix + str(each.pattern)
        if isinstance(each, URLResolver) and here != "/admin/":
            yield from within(each.url_patterns, values, here, f"{each.namespace}:" if each.namespace else "")
        elif isinstance(each, URLPattern):
            yield (
                space + str(each.name),
                re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part[1], "x"), here),
            )


def addresses(values: dict[str, str]) -> list[str]:
    ours = [path for _name, path in within(get_resolver().url_patterns, VALUES | values)]
    return ["/admin/", "/admin/login/", "/healthz", "/readyz", "/nothing/here/", *ours]


def send(visitor: Client, address: str, hostile: Hostile):
    headers = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in hostile.headers.items()}
    visitor.cookies.load(hostile.cookies)
    if hostile.body is None:
        return visitor.get(address, QUERY_STRING=hostile.query, **headers)
    return visitor.generic("POST", address, hostile.body, content_type=hostile.content_type, **headers)


NOBODYS = {401, 404, 405}
TURNS = 3
closed: dict[bool, set[str]] = {}
"""By whether there was a body: the addresses that had nothing for our visitor when they were first asked."""


def asked_with(hostile: Hostile, found: list[str]) -> list[str]:
    """The addresses to ask. Those that have nothing for our visitor are asked by turns: each by every third.

    What makes a page of its values is asked with all of them.
    """
    number = HOSTILE.index(hostile)
    shut = closed.get(hostile.body is not None, set())
    return [
        address
        for at, address in enumerate(found)
        if "logout" not in address and (address not in shut or (at + number) % TURNS == 0)
    ]


@pytest.mark.parametrize("hostile", [marked(hostile) for hostile in HOSTILE])
def test_no_address_crashes(house, hostile):
    visitor, found = house
    answers = {address: send(visitor, address, hostile) for address in asked_with(hostile, found)}
    refusals = {address for address, answer in answers.items() if answer.status_code in NOBODYS}
    closed.setdefault(hostile.body is not None, refusals)

    assert {
        address: answer.status_code for address, answer in answers.items() if answer.status_code >= 500
    } == {}
    pages = {address: answer.status_code for address, answer in answers.items() if "z" not in address[-2:]}
    assert hostile.refused or 413 not in pages.values()  # else no form has read it
    if hostile.refused:
        assert set(pages.values()) <= {*hostile.refused, 302, 303, 401, 403, 404, 405, 409}
        assert set(pages.values()) & set(hostile.refused)


PATHS = (
    "%00",
    "s/%00/",
    "s/%ff%fe/",
    "l/%00/",
    "l/" + "%ff" * 64 + "/",
    "d/../f/",
    "theme/%00.%00.css",
    "%2e%2e/",
    "s//",
    "\\",
    "static/%00",
    "static/../portal/settings.py",
    "depot/x/2026-13-45/",
    "s/" + "x" * 3_000 + "/",
)


def test_no_path_crashes(house):
    visitor, _found = house

    answers = {path: visitor.get("/" + path).status_code for path in PATHS}

    assert {path: status for path, status in answers.items() if not 300 <= status < 500} == {}


@pytest.mark.parametrize("value", ["\x00", "a\x00b@example.com", "9" * 5_000, "\u202e", "x" * 9_000])
@pytest.mark.parametrize("name", ["email", "mobile", "order_number"])
def test_no_confirmation_crashes(house, name, value):
    visitor, _found = house
    shop = Shopper(MerchantDepot.objects.get(), visitor)

    answer = shop.confirms(**{name: value})

    assert answer.status_code in {303, 422}
    assert shop.checks().status_code < 500
