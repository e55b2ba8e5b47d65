"""The inside of `links`: rows to lay out, and what is kept of them, seen with the portal's own settings."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from typing import Any

DELIVERIES, DAYS = 10, 6
HOURS = (8, 10, 12, 14, 16, 18)
MAIN, FOUND = "aino@example.com", "found@example.com"


def lay_out(orders: int) -> dict[str, Any]:
    """A customer's delivery, another's, one long over, and `orders` orders that can be looked up."""
    from portal.access import MANAGE, issue_link, token_of
    from scheduling import clock
    from tests.factories import make_booking, make_network, some_contact

    now = clock.now()
    outlet = make_network(vans=3, days=DAYS, now=now)
    when: dict[str, Any] = {"now": now, "day": (now + timedelta(days=3)).date()}
    main = make_booking(outlet, order_number="MAIN-1", contact=some_contact(email=MAIN), **when)
    other = make_booking(outlet, contact=some_contact(email="other@example.com"), **when)
    past = now - timedelta(days=30)
    over = make_booking(
        make_network(now=past),
        contact=some_contact(email="over@example.com"),
        now=past,
        day=(past + timedelta(days=2)).date(),
    )
    return {
        "ref": main.delivery.ref,
        "other": other.delivery.ref,
        "over": token_of(issue_link(delivery=over.delivery, kind=MANAGE, now=past)),
        "orders": _findable(outlet, orders, when),
        "routes": addresses(main.delivery.ref),
        "sensitive": sensitive(main.delivery.ref),
    }


def _findable(outlet: Any, orders: int, when: dict[str, Any]) -> list[str]:
    """Numbers of orders that all come with a few deliveries of one contact."""
    from scheduling.models import JoinedOrder, Order
    from tests.factories import make_booking, some_contact

    contact = some_contact(email=FOUND)
    booked = [
        make_booking(outlet, hour=HOURS[n % len(HOURS)], contact=contact, **when) for n in range(DELIVERIES)
    ]
    made = Order.objects.bulk_create(
        Order(merchant=outlet.merchant, number=f"FOUND-{number}", created_at=when["now"])
        for number in range(orders)
    )
    JoinedOrder.objects.bulk_create(
        JoinedOrder(
            delivery=booked[number % DELIVERIES].delivery,
            order=order,
            parcels=1,
            load_g=1,
            load_ml=1,
            joined_at=when["now"],
        )
        for number, order in enumerate(made)
    )
    return [order.number for order in made]


def addresses(ref: str) -> list[str]:
    """Every address behind a link to a delivery, out of the map of addresses itself."""
    return [path for path, _view in _behind_links(ref)]


def sensitive(ref: str) -> list[str]:
    """Those that ask for a code before they show anything."""
    return [path for path, view in _behind_links(ref) if getattr(view, "asks_code", False)]


def _behind_links(ref: str) -> Iterator[tuple[str, Any]]:
    from portal.customers.urls import urlpatterns

    values = {"uuid": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "int": "1"}
    for pattern in urlpatterns:
        route = str(pattern.pattern)
        if route.startswith("d/"):
            path = re.sub(r"<\w+:ref>", ref, route)
            path = re.sub(r"<(?:(\w+):)?\w+>", lambda part: values.get(part[1] or "", "x"), path)
            yield f"/{path}", pattern.callback


def rows() -> dict[str, str]:
    """A digest of every table by its model's name."""
    found = defaultdict(list)
    for row in json.loads(_dump()):
        found[row["model"]].append(row)
    return {model: sha256(json.dumps(each).encode()).hexdigest() for model, each in found.items()}


def _dump() -> str:
    from django.core.management import call_command

    out = StringIO()
    call_command("dumpdata", stdout=out)
    return out.getvalue()


def kept(secrets: list[str], digits: list[str]) -> dict[str, int]:
    """Where secrets stand, of the database as it is dumped, sessions as they are read, and Redis."""
    places = {"dump": _dump(), "sessions": _sessions(), "redis": _redis()}
    return {name: count_in(text, secrets, digits) for name, text in places.items()}


def count_in(text: str, secrets: list[str], digits: list[str]) -> int:
    """How many of these stand in a text; digits by themselves, not within a longer number or a fraction."""
    alone = [rf"(?<![\d.]){each}(?!\d)" for each in digits]
    return sum(secret in text for secret in secrets) + sum(bool(re.search(each, text)) for each in alone)


def _sessions() -> str:
    from django.contrib.sessions.models import Session

    return json.dumps([session.get_decoded() for session in Session.objects.all()])


def _redis() -> str:
    import redis
    from django.conf import settings

    client = redis.Redis.from_url(settings.REDIS_URL)
    keys = list(client.scan_iter())
    values = [client.dump(key) or b"" for key in keys]
    return b"\n".join([*keys, *values]).decode("latin-1")


def said_of_getting_in(ref: str) -> tuple[int, bool]:
    """How often it was changed, and whether it counts for later deliveries too."""
    from scheduling.models import AccessNotes

    said = AccessNotes.objects.filter(delivery__ref=ref).first()
    return (said.revision, said.kept) if said else (0, False)


def of_delivery(ref: str) -> dict[str, Any]:
    """What matters of a delivery: its generations, its codes' tries, the kinds of its events."""
    from portal.models import AccessLink, OneTimeCode
    from scheduling.models import Event

    links = AccessLink.objects.filter(delivery__ref=ref).order_by("kind")
    codes = OneTimeCode.objects.filter(link__delivery__ref=ref).order_by("asked_at")
    return {
        "generations": list(links.values_list("generation", flat=True)),
        "tries": list(codes.values_list("tries", flat=True)),
        "events": list(Event.objects.filter(delivery__ref=ref).order_by("pk").values_list("kind", flat=True)),
    }


def wait_for_mails() -> None:
    """Wait until no event and no mail is on its way any more."""
    from portal.benchmarks.servers import wait_until
    from tests.proofs import shop

    wait_until(lambda: not shop.waiting(), seconds=60, what="all mails to be out")
