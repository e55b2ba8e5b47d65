"""Shops with webhooks, what happens to their deliveries, and what the rows say of it.

Called inside a portal's own settings (tests/proofs/within.py).
"""

from collections import Counter
from time import monotonic, sleep
from typing import Any


def lay_out(targets: dict[str, str], deliveries: int) -> dict[str, str]:
    """A shop for each path with some booked deliveries and an endpoint; return each path's secret."""
    from portal.messaging.signing import secret_of
    from portal.services.hooks import create_endpoint
    from scheduling import clock
    from scheduling.models import Delivery
    from tests.factories import make_merchant

    secrets = {}
    for path, url in targets.items():
        shop, now = make_merchant(), clock.now()
        for number in range(deliveries):
            Delivery.objects.create(**a_delivery(shop, number))
        secrets[path] = secret_of(create_endpoint(merchant=shop, url=url, actor="proof", now=now))
    return secrets


def a_delivery(shop: Any, number: int) -> dict[str, Any]:
    """What a delivery's row needs: no route is asked here."""
    from scheduling import clock
    from scheduling.models import Address

    now = clock.now()
    address = Address.objects.create(
        line=f"Testikatu {number}", lat=60.17, lon=24.94, confidence=1, source="proof"
    )
    return {
        "merchant": shop,
        "address": address,
        "load_g": 1,
        "load_ml": 1,
        "service_s": 60,
        "created_at": now,
    }


def happen(events_a_second: float, count: int) -> int:
    """Record so many events, each in a transaction of its own, by turns for every delivery; 0: at once."""
    from django.db import transaction

    from scheduling import clock, events
    from scheduling.models import Delivery

    # The shops by turns, not one after the other.
    known = list(Delivery.objects.select_related("merchant").order_by("address__line", "pk"))
    began = monotonic()
    data = {"price_minor": 490, "currency": "EUR", "order": "Ä-10482"}
    for number in range(count):
        if events_a_second:
            sleep(max(0.0, began + number / events_a_second - monotonic()))
        with transaction.atomic():
            delivery = known[number % len(known)]
            events.record("booking.moved", delivery=delivery, actor="proof", now=clock.now(), data=data)
    sleep(0.5)  # for the thread that wakes the relay
    return count


def point(path: str, url: str) -> None:
    """Have the endpoint whose address ends with a path be elsewhere, and forget what waits for it."""
    from portal.models import WebhookDelivery, WebhookEndpoint
    from portal.services.hooks import change_endpoint

    endpoint = next(one for one in WebhookEndpoint.objects.of_everybody() if one.url.endswith(path))
    change_endpoint(endpoint=endpoint, url=url)
    WebhookDelivery.objects.of_everybody().filter(endpoint=endpoint, state="queued").delete()


def look(wait_s: float, besides: str = "-") -> dict[str, Any]:
    """What became of every message, when none waits any more or nobody waits any longer.

    What waits for an endpoint whose address ends with `besides` is not waited for.
    """
    from portal.models import WebhookDelivery
    from scheduling.selectors.outbox import events_waiting

    rows = WebhookDelivery.objects.of_everybody().exclude(endpoint__url__endswith=besides)
    deadline = monotonic() + wait_s
    while monotonic() < deadline and (events_waiting() or rows.filter(state="queued").exists()):
        sleep(0.5)
    found = list(rows.values_list("state", "attempts", "entry__event__uid"))
    return {
        "states": Counter(state for state, _attempts, _uid in found),
        "attempts": sum(attempts for _state, attempts, _uid in found),
        "sent": sorted(uid.hex for state, _attempts, uid in found if state == "sent"),
        "waiting": events_waiting(),
    }


def happened() -> list[str]:
    """The ids of all events that merchants are told of."""
    from scheduling.models import Event

    return sorted(uid.hex for uid in Event.objects.filter(kind="booking.moved").values_list("uid", flat=True))
