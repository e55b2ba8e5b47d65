"""What docs/api.md says of events and webhooks is what the code sends; its receivers take it."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import time, timedelta
from pathlib import Path

import pytest

from portal.benchmarks.servers import answers, free_port, wait_until
from portal.merchants.hook_words import KINDS
from portal.messaging.signing import secret_of, signed_headers
from portal.messaging.targets import post
from portal.messaging.webhooks import payload_of
from portal.models import FeedEntry, WebhookEndpoint
from portal.services.contacts import change_contact, mark_of
from portal.services.erasure import erase_person
from portal.services.hook_queue import a_delivery
from returns.services.requests import told
from scheduling import clock, events
from scheduling.facts import SafePlace
from scheduling.models import Event, Hold, SlotPattern
from scheduling.selectors.merchants import TOLD, said_of
from scheduling.selectors.shopper import facts_now
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from scheduling.services.diverting import divert_delivery
from scheduling.services.doors import change_safe_place, change_time_at_door
from scheduling.services.handing_over import Handover, settle_stop, undo_attempt
from scheduling.services.holds import extend_hold, release_hold
from scheduling.services.joining import join_delivery
from scheduling.services.narrowing import narrow_promises
from scheduling.services.plans import close_plan, sweep_plan
from scheduling.services.quotes import ask
from tests.factories import (
    NOW,
    make_booking,
    make_hold,
    make_link,
    make_network,
    make_point,
    make_return,
    plan_on,
    some_facts,
    start_day,
    token_at,
)
from tests.portal.messaging.test_node import node

__all__ = ["node"]

DOC = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text()
EVENING = NOW + timedelta(hours=8)
EVENTS = DOC[DOC.index("## Events") :]
CATALOGUE = dict(re.findall(r"^\| `([a-z._]+)` \| [^|]+ \| ([^|]+) \|$", EVENTS, re.MULTILINE))


def example(language: str) -> str:
    webhooks = DOC[DOC.index("## Webhooks") :]
    return re.search(rf"```{language}\n(.*?)```", webhooks, re.DOTALL)[1]


def test_the_catalogue_lists_what_merchants_are_told_of_and_so_does_their_page():
    assert tuple(CATALOGUE) == TOLD
    assert tuple(KINDS) == TOLD


def one_of_each() -> None:
    """Make everything happen once, and what leads to it."""
    outlet = make_network(hours=(10, 12, 14, 16))
    SlotPattern.objects.create(
        outlet=outlet, opens=time(8), closes=time(18), base_price_minor=290, narrowed_to_minutes=120
    )
    extend_hold(hold=make_hold(outlet), actor="test", now=NOW)
    release_hold(hold=Hold.objects.get(), actor="test", now=NOW)
    make_hold(outlet)
    sweep_plan(plan_id=plan_on(outlet).pk, now=NOW + timedelta(hours=1))
    flexible, moved = make_booking(outlet, hour=8), make_booking(outlet, hour=10)
    delivery, goods = moved.delivery, {"load_g": 1_000, "load_ml": 5_000, "parcels": 1}
    join_delivery(delivery=flexible.delivery, **goods, order_number="2", actor="test", now=NOW)
    view = ask(
        merchant=outlet.merchant,
        facts=facts_now(delivery=delivery, quote=moved.quote),
        session_key="s",
        now=NOW,
        moving=delivery,
    )
    offer = token_at(view, 14)
    reschedule_delivery(delivery=delivery, offer_token=offer, session_key="s", actor="test", now=NOW)
    change_safe_place(delivery=delivery, place=SafePlace("porch"), actor="test", now=NOW)
    change_time_at_door(delivery=delivery, extra_s=180, actor="test", now=NOW)
    sent = make_booking(outlet, hour=12).delivery
    divert_delivery(delivery=sent, point=make_point(outlet.depot), actor="test", now=NOW)
    cancel_delivery(delivery=delivery, actor="test", now=NOW)
    close_plan(plan_id=plan_on(outlet).pk, now=EVENING)
    narrow_promises(plan_id=plan_on(outlet).pk, actor="clock", now=EVENING)
    link = make_link(moved)
    change_contact(link=link, email="new@example.com", phone="", was=mark_of(delivery), now=EVENING)
    erase_person(delivery=delivery, actor="test", now=EVENING, alone=True)
    at_doors()
    come_back()


def come_back() -> None:
    """Have one return asked for, and everything said of it that can be."""
    made = make_return()
    window = {"opens_at": "", "closes_at": "", "delivery": ""}
    money = {"amount_minor": 1, "currency": "EUR"}
    said = {
        "pickup_booked": window | {"brings": ""},
        "pickup_cancelled": window | {"because": "missed"},
        "rejected": {"reason": ""},
        "collected": {"parcels": 1, "collected": 1, "of": 1, "at": "", "others": {}},
        "handed_in": {"point": ""},
        "inspected": {"accepted": 1, "rejected": 0},
        "put_right": {"what": "", "from": "", "to": "", "reason": "", "pieces": 1},
        "refunded": money,
        "credited": money,
    }
    for kind in TOLD:
        about, _dot, what = kind.partition(".")
        if about == "return" and not Event.objects.filter(kind=kind).exists():
            told(made, what, now=NOW, actor="test", **said.get(what, {}))


def at_doors() -> None:
    """Have one fetched and one missed; that was a mistake: it is handed over."""
    outlet = make_network(vans=1)
    fetched, brought = make_booking(outlet, facts=some_facts(direction="in")), make_booking(outlet)
    start_day(plan_on(outlet))
    missed = {"outcome": "not_possible", "reason": "nobody_home"}
    for booked, said in ((fetched, {"outcome": "collected"}), (brought, missed)):
        handover = Handover(**said, happened_at=booked.stop.opens_at)
        settle_stop(stop_id=booked.stop_id, handover=handover, actor="shift:1", now=booked.stop.opens_at)
    at = brought.stop.opens_at + timedelta(minutes=1)
    undo_attempt(stop_id=brought.stop_id, because="Wrong stop", actor="user:1", now=at)
    handover = Handover(outcome="handed_over", happened_at=at)
    settle_stop(stop_id=brought.stop_id, handover=handover, actor="shift:1", now=at)


@pytest.mark.django_db
@pytest.mark.both
def test_each_event_holds_what_the_catalogue_says():
    one_of_each()

    for kind, said in CATALOGUE.items():
        event = Event.objects.filter(kind=kind).first()
        assert event is not None, kind
        assert set(said_of(event)) == set(re.findall(r"`(\w+)`", said)), kind


@pytest.mark.django_db
@pytest.mark.both
def test_the_example_of_a_message_has_the_shape_of_ours():
    outlet = make_network()
    make_booking(outlet)
    events.relay(now=NOW)
    entry = FeedEntry.objects.of(outlet.merchant).get(event__kind="booking.confirmed")
    ours = payload_of(a_delivery(WebhookEndpoint(merchant=outlet.merchant), entry, now=NOW))

    def shape(value):
        return {name: shape(one) for name, one in value.items()} if isinstance(value, dict) else type(value)

    assert shape(json.loads(example("json"))) == shape(ours)
    assert list(json.loads(example("json"))["data"]) == list(ours["data"])


def take(command: list[str], settings, **more: str) -> tuple[list[int | None], str]:
    """What a receiver answers to ours, to a changed one, a late one and a foreign one; and what it prints."""
    port, endpoint = free_port(), WebhookEndpoint()
    secret, body = secret_of(endpoint), example("json")
    environment = {"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret, "PORT": str(port)} | more
    settings.WEBHOOK_TEST_TARGETS = [f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def sent(said: str, by: str, late: int = 0) -> int | None:
        at = clock.wall() - timedelta(minutes=late)
        headers = signed_headers(secrets=[by], message_id="1", body=body, at=at)
        return post(f"http://127.0.0.1:{port}/", body=said.encode(), headers=headers).status

    try:
        wait_until(lambda: answers(port), seconds=20, what="the receiver")
        foreign = secret_of(WebhookEndpoint())
        statuses = [sent(body, secret), sent(body + " ", secret), sent(body, secret, 6), sent(body, foreign)]
    finally:
        process.terminate()
        printed = process.communicate(timeout=20)[0].decode()
    return statuses, printed


def test_the_receiver_in_python_takes_ours_alone(settings):
    taken, printed = take([sys.executable, "-c", example("python")], settings)

    assert taken == [204, 400, 400, 400]
    assert printed == "booking.confirmed 10482\n"


def test_the_receiver_in_node_takes_ours_alone(settings, node):
    (node / "receiver.js").write_text(example("js"))
    command = [shutil.which("node") or "node", str(node / "receiver.js")]
    taken, printed = take(command, settings)

    assert taken == [204, 400, 400, 400]
    assert printed == "booking.confirmed 10482\n"
