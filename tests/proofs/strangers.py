"""The inside of `tenants`: a shop with rows of every kind, and strangers who ask for them."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

MARK = "Zanzibar"
"""Stands in all that the owner keeps; nobody else may ever read it."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SELDOM = METHODS[2:]
"""What few addresses take: in the short form the strangers take turns at these, one at each address."""
NOT_OURS = ("/admin/", "/__")
NOT_THERE = frozenset({401, 403, 404, 405})
OWNED = frozenset({"ref", "token", "depot", "number", "id", "pk", "key"})
"""The parts of addresses that name somebody's rows; a shop's name in the address of its pages does not."""


@dataclass(frozen=True)
class Route:
    """One address: its name, its path with the owner's values, and whether it names rows of theirs."""

    name: str
    path: str
    owned: bool


@dataclass
class Stranger:
    """Somebody with rows of their own: a browser or a program."""

    name: str
    client: Client
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, number: int) -> Any:
        """Ask as somebody would who may: a body that makes sense, from one of many networks."""
        for_programs = path.startswith("/api/")
        kind = "application/json" if for_programs else "application/x-www-form-urlencoded"
        body = json.dumps(body_for(method, path)).encode() if for_programs else b"offer=x&email=a%40b.example"
        more = {"Idempotency-Key": f"k{number}", "X-Forwarded-For": f"10.9.{number % 250}.1"}
        more["X-Forwarded-Proto"] = "https"
        return self.client.generic(
            method,
            path,
            b"" if method == "GET" else body,
            content_type=kind,
            secure=True,
            headers=self.headers | more,
        )


Asked = tuple[Stranger, str, Route]


def body_for(method: str, path: str) -> dict[str, Any]:
    """A body that makes sense at an address of the API."""
    if path.endswith("/inspect"):
        return {"items": [{"line": "X", "received": 1, "accepted": 0}]}
    if "/webhook-endpoints/" not in path:
        return {"offer": "x"}
    changed = {"state": "paused"} if method == "PATCH" else {}
    return {"event": "0" * 32} if path.endswith("/replay") else changed


def ask_everywhere(seeds: list[int], by_turns: bool) -> dict[str, Any]:
    """Have every stranger ask at every address, in an order that each seed decides; or by turns (SELDOM)."""
    values, owners, strangers, state = lay_out()
    routes = list(all_routes(get_resolver().url_patterns, values))
    # Were all addresses closed to everybody, nothing would leak either: to their owners they must answer.
    own = {route.name for who in owners for route in routes if route.owned and _is_answered(who, route)}
    before, leaks, number = state(), [], 0
    for seed in seeds:
        asked = [(who, method, route) for who in strangers for method in METHODS for route in routes]
        Random(seed).shuffle(asked)
        for who, method, route in _taking_turns(asked) if by_turns else asked:
            number += 1
            if fault := fault_of(who.ask(method, route.path, number), route):
                leaks.append(f"{who.name} {method} {route.name}: {fault}")
    if state() != before:
        leaks.append("the owner's rows changed")
    return {"routes": len(routes), "requests": number, "own": len(own), "leaks": leaks}


def _taking_turns(asked: list[Asked]) -> list[Asked]:
    """Of the methods that are seldom taken, at each address only what the first stranger asks."""
    met: set[tuple[str, str]] = set()
    kept = []
    for who, method, route in asked:
        if method not in SELDOM or (method, route.path) not in met:
            kept.append((who, method, route))
        met.add((method, route.path))
    return kept


def _is_answered(who: Stranger, route: Route) -> bool:
    return bool(who.ask("GET", route.path, 0).status_code == 200)


def fault_of(answer: Any, route: Route) -> str:
    """What is wrong with an answer to a stranger."""
    told = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if MARK.encode() in told or any(MARK in str(value) for value in answer.headers.values()):
        return f"{answer.status_code} tells what is the owner's"
    sent_away = answer.status_code == 302 and "/staff/login/" in answer.headers["Location"]
    if route.owned and answer.status_code not in NOT_THERE and not sent_away:
        return f"{answer.status_code}, not 404"
    return f"{answer.status_code}" if answer.status_code >= 500 else ""


def all_routes(
    patterns: list[Any], values: dict[str, str], prefix: str = "/", space: str = ""
) -> Iterator[Route]:
    """Every address with the owner's values in it."""
    for each in patterns:
        here = prefix + str(each.pattern)
        if here.startswith(NOT_OURS):
            continue
        if isinstance(each, URLResolver):
            inside = f"{each.namespace}:" if each.namespace else ""
            yield from all_routes(each.url_patterns, values, here, inside)
        elif isinstance(each, URLPattern):
            parts = set(re.findall(r"<(?:\w+:)?(\w+)>", here))
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part[1], "x"), here)
            owned = bool(parts & OWNED) or here.startswith("/shop/")
            yield Route(space + str(each.name), path, owned and space != "" and not opens_link(each))


def opens_link(address: URLPattern) -> bool:
    """Whether an address is a link's own: its token says who may."""
    return str(address.name).startswith("open-")


def lay_out() -> tuple[dict[str, str], list[Stranger], list[Stranger], Callable[[], Any]]:
    """The owner's values for addresses, the owners, the strangers, and what tells whether rows changed."""
    from portal.models import ApiKey, WebhookEndpoint
    from portal.models.people import Role
    from portal.services.hooks import create_endpoint
    from scheduling import clock
    from scheduling.models import Booking, Delivery, Hold
    from tests.factories import make_booking, make_hold, make_membership, make_network

    now = clock.now()
    when: dict[str, Any] = {"now": now, "day": (now + timedelta(days=2)).date()}
    mine, theirs = make_network(days=4, now=now), make_network(days=4, now=now)
    booking, hold = make_booking(mine, **when), make_hold(mine, **when)
    Delivery.objects.filter(merchant=mine.merchant).update(contact_name=MARK)
    booking.delivery.address.line = MARK
    booking.delivery.address.save()
    key = _key(mine.merchant, name=MARK)[0]
    url = f"https://shop.example/{MARK}"
    endpoint = create_endpoint(merchant=mine.merchant, url=url, actor="proof", now=now)
    _tell_order(mine.merchant, number=str(key.pk))
    values = {
        "id": endpoint.pk.hex,
        "pk": str(endpoint.pk),
        "merchant": mine.merchant.slug,
        "depot": mine.depot.slug,
        "ref": booking.delivery.ref,
        "token": hold.token,
        "number": str(key.pk),
        "day": f"{booking.stop.opens_at:%Y-%m-%d}",
        "digest": "0",
        "route": str(booking.stop.route_id),
        "stop": str(booking.stop_id),
        "shift": str(booking.stop.route.shift_id),
        "act": "start",
    }

    def state() -> Any:
        rows = (Booking.objects.filter(delivery__merchant=mine.merchant), Hold.objects.filter(pk=hold.pk))
        keys = ApiKey.objects.of(mine.merchant).values_list("pk", "ends_at", "digest")
        endpoints = WebhookEndpoint.objects.of(mine.merchant).values_list("pk", "state", "generation", "url")
        return (
            [list(each.values_list("pk", "state", "stop_id")) for each in rows],
            list(keys),
            list(endpoints),
        )

    manager = make_membership(merchant=theirs.merchant, role=Role.MANAGER).user
    planner = make_membership(depot=theirs.depot).user
    token = _key(theirs.merchant)[1]
    strangers = [
        Stranger("nobody", _browser()),
        Stranger("another shop's manager", _browser(manager)),
        Stranger("another depot's planner", _browser(planner)),
        Stranger("another shop's program", _browser(), {"Authorization": f"Bearer {token}"}),
        Stranger("another customer", _customer(make_booking(theirs, **when))),
    ]
    keeper = make_membership(merchant=mine.merchant, role=Role.MANAGER).user
    owners = [
        Stranger("the shop's manager", _browser(keeper)),
        Stranger("the depot's planner", _browser(make_membership(depot=mine.depot).user)),
        Stranger("the shop's program", _browser(), {"Authorization": f"Bearer {_key(mine.merchant)[1]}"}),
        Stranger("the customer", _customer(booking)),
    ]
    return values, owners, strangers, state


def _tell_order(merchant: Any, *, number: str) -> None:
    """Tell an order: of the key's number, since the addresses of both are made of `number`."""
    from scheduling import clock
    from scheduling.bought import ItemBought, OrderBought
    from scheduling.facts import Contact
    from scheduling.services.orders import record_order

    bought = OrderBought(number=number, currency="EUR", items=(ItemBought(MARK, MARK, price_minor=1),))
    contact = Contact(email=f"{MARK}@shop.example", name=MARK)
    record_order(merchant=merchant, bought=bought, contact=contact, now=clock.now())


def _key(merchant: Any, name: str = "program") -> Any:
    from portal.models.keys import KeyKind, Scope
    from portal.services.keys import issue_key
    from scheduling import clock

    return issue_key(
        merchant=merchant,
        kind=KeyKind.SECRET,
        name=name,
        scopes=Scope.values,
        actor="proof",
        now=clock.now(),
    )


def _browser(user: Any = None) -> Client:
    client = Client(raise_request_exception=False, SERVER_NAME="127.0.0.1")
    if user is not None:
        client.force_login(user)
    return client


def _customer(booking: Any) -> Client:
    """A browser that may manage a delivery of its own."""
    from portal.access import MANAGE, issue_link, token_of
    from scheduling import clock

    client = _browser()
    link = issue_link(delivery=booking.delivery, kind=MANAGE, now=clock.now())
    client.get(f"/l/{token_of(link)}/", secure=True)
    return client
