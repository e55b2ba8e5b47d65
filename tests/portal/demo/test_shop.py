"""The demo's shop hears from Doorstep: its own messages alone, each once, in whatever order they come."""

import json
import random
import re
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import permutations
from pathlib import Path
from threading import Thread

import httpx
import pytest

from portal.demo.shop.app import SAID, Shop
from portal.demo.shop.doorstep import Doorstep
from portal.demo.shop.hooks import KINDS, PATH, Hooks
from portal.demo.shop.orders import Orders
from portal.demo.shop.server import bind, selling
from portal.messaging.signing import signed_headers
from scheduling import clock
from scheduling.selectors.merchants import TOLD

pytestmark = pytest.mark.once

SECRET = "whsec_" + b64encode(b"s" * 32).decode()
OTHER = "whsec_" + b64encode(b"t" * 32).decode()
CART, NUMBER, REF = "c" * 22, "N100001", "7K2MQ9XA"
THURSDAY = {"opens_at": "2026-11-26T12:00:00+00:00", "closes_at": "2026-11-26T14:00:00+00:00"}
FRIDAY = {"opens_at": "2026-11-27T08:00:00+00:00", "closes_at": "2026-11-27T10:00:00+00:00"}
BOOKED = {
    "ref": REF,
    "window": THURSDAY | {"time_zone": "Europe/Helsinki"},
    "price_minor": 490,
    "follow_url": "https://doorstep.example/f/7K2MQ9XA/",
}


def event(kind: str, sequence: int, times: dict = THURSDAY, delivery: str = REF) -> dict:
    return {"id": f"{delivery}-{sequence}", "type": kind, "delivery": delivery, "sequence": sequence} | {
        "data": dict(times)
    }


CONFIRMED, MOVED = event("booking.confirmed", 2), event("booking.moved", 4, FRIDAY)
CANCELLED = event("booking.cancelled", 5, FRIDAY)


@dataclass
class Front:
    """A running shop with one order in it, and how to speak to its server."""

    client: httpx.Client
    shop: Shop
    secret_file: Path

    @property
    def orders(self) -> Orders:
        return self.shop.orders

    def hears(self, said: dict, *, by: str = SECRET, late_s: float = 0, changed: str = "") -> int:
        body = json.dumps({"type": said["type"], "timestamp": "", "data": said})
        at = clock.wall() - timedelta(seconds=late_s)
        headers = signed_headers(secrets=[by], message_id=said["id"], body=body, at=at)
        return self.client.post(PATH, content=changed or body, headers=headers).status_code

    def page(self, *, cart: str = CART, page: str = "order") -> httpx.Response:
        return self.client.get(f"/{page}/{NUMBER}", headers={"Cookie": f"cart={cart}"})

    def answers_to_length(self, length: str) -> int:
        """The status for a message that says it is so long; our client would not send that."""
        wire = HTTPConnection("127.0.0.1", self.client.base_url.port, timeout=10)
        wire.putrequest("POST", PATH)
        wire.putheader("Content-Length", length)
        wire.endheaders()
        with closing(wire):
            return wire.getresponse().status

    @property
    def says(self) -> str:
        """How the order stands."""
        return re.search(r'data-fresh="state">([^<]*)', self.page().text)[1]

    @property
    def before(self) -> list[str]:
        """What was said of it before."""
        return re.findall(r"<li>([^<]*)", self.page().text)


@pytest.fixture
def front(tmp_path) -> Iterator[Front]:
    server = bind(0)
    origin = f"http://127.0.0.1:{server.server_port}"
    orders, secret_file = Orders(tmp_path / "orders.sqlite3"), tmp_path / "secret.txt"
    secret_file.write_text(f"{SECRET}\n")
    orders.place(NUMBER, cart=CART, booked=BOOKED)
    doorstep = Doorstep("http://127.0.0.1:9", tmp_path / "key.txt")
    shop = Shop(doorstep, "nordkaupa", origin, orders, Hooks(secret_file, orders))
    with selling(server, shop), httpx.Client(base_url=origin, timeout=10) as client:
        yield Front(client, shop, secret_file)


def test_before_it_hears_anything_the_page_says_what_was_booked(front):
    assert front.says == "Booked for Thursday 26 November, 14:00–16:00"
    assert front.before == []


def test_the_page_says_what_happened_since_the_latest_first(front):
    assert [front.hears(each) for each in (CONFIRMED, MOVED)] == [204, 204]
    assert front.says == "Moved to Friday 27 November, 10:00–12:00"
    assert front.before == ["Booked for Thursday 26 November, 14:00–16:00"]

    assert front.hears(CANCELLED) == 204
    assert front.says == "Cancelled"


@pytest.mark.parametrize("order", [*permutations([CONFIRMED, MOVED, CANCELLED])])
def test_in_whatever_order_messages_come_the_order_stands_as_the_last_event_says(front, order):
    for each in order:
        assert front.hears(each) == 204

    assert front.says == "Cancelled"
    assert [said.split()[0] for said in front.before] == ["Moved", "Booked"]


def test_a_message_that_comes_again_is_taken_and_counts_once(front):
    assert [front.hears(CONFIRMED), front.hears(MOVED), front.hears(CONFIRMED)] == [204, 204, 204]
    assert front.orders.tell(MOVED["id"], MOVED) is False

    assert front.says.startswith("Moved")
    assert front.before == ["Booked for Thursday 26 November, 14:00–16:00"]


def test_of_repeats_that_come_at_once_one_counts(front):
    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(lambda _: front.orders.tell(MOVED["id"], MOVED), range(40)))

    assert sorted(new) == [False] * 39 + [True]


def test_a_changed_message_is_refused(front):
    body = json.dumps({"type": "booking.cancelled", "timestamp": "", "data": CANCELLED})

    assert front.hears(MOVED, changed=body) == 400
    assert front.hears(MOVED, changed="{}") == 400
    assert front.says.startswith("Booked")


@pytest.mark.parametrize("late_s", [310, -310, 86_400])
def test_a_message_from_another_time_is_refused(front, late_s):
    assert front.hears(CANCELLED, late_s=late_s) == 400
    assert front.says.startswith("Booked")
    assert front.hears(CANCELLED, late_s=late_s / 2 if abs(late_s) < 400 else 0) == 204


def test_a_message_by_another_secret_is_refused_until_that_is_the_shop_s(front):
    assert front.hears(CANCELLED, by=OTHER) == 400
    assert front.says.startswith("Booked")

    front.secret_file.write_text(OTHER)
    assert front.hears(CANCELLED, by=OTHER) == 204


def test_nonsense_is_refused_and_breaks_nothing(front):
    chance = random.Random(7)
    good = signed_headers(secrets=[SECRET], message_id="1", body="{}", at=clock.wall())
    spoilt = [{}, {"webhook-signature": "v1"}, {"webhook-signature": "v1,é"}, {"webhook-timestamp": "nan"}]
    for headers in spoilt:
        given = {name: value.encode("latin-1") for name, value in (good | headers).items()} if headers else {}
        body = chance.randbytes(40)
        assert front.client.post(PATH, content=body, headers=given).status_code == 400
    assert front.client.post(PATH, content=b" " * 20_001, headers=good).status_code == 413
    for length in ("-1", "nine", "9" * 5000):
        assert front.answers_to_length(length) == 413
    assert front.client.get(PATH).status_code == 404
    assert front.says.startswith("Booked")


def test_what_it_does_nothing_with_is_taken_all_the_same(front):
    assert front.hears({"id": "test_1", "type": "webhook.test", "endpoint": "1"}) == 204
    assert front.hears(event("hold.placed", 9)) == 204
    assert front.hears(event("delivery.sung_about", 10)) == 204
    assert front.says.startswith("Booked")


def test_a_message_may_be_quicker_than_the_answer_to_the_booking(front):
    front.orders.forget()
    assert front.hears(MOVED) == 204
    assert front.page().status_code == 404

    front.orders.place(NUMBER, cart=CART, booked=BOOKED)
    assert front.says == "Moved to Friday 27 November, 10:00–12:00"


def test_other_deliveries_events_change_nothing_here(front):
    assert front.hears(event("booking.cancelled", 9, delivery="ANOTHER1")) == 204
    assert front.says.startswith("Booked")


@dataclass
class Deaf:
    """In Doorstep's place: books, and hangs up on the first who asks for it instead of answering."""

    port: int
    asked: list[tuple[str, str]]


@pytest.fixture
def deaf() -> Iterator[Deaf]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if "order_number" in said:
                started.asked.append((said["order_number"], self.headers["Idempotency-Key"]))
                if len(started.asked) == 1:
                    return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(BOOKED | {"session": "st_1"}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        started = Deaf(server.server_address[1], [])
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield started
        server.shutdown()


def test_an_order_whose_answer_was_lost_is_the_same_order_when_it_is_sent_again(front, deaf, tmp_path):
    (tmp_path / "key.txt").write_text("dk_1")
    front.shop.doorstep = Doorstep(f"http://127.0.0.1:{deaf.port}", tmp_path / "key.txt")
    form = {"delivery_hold": "hold-1", "email": "aino@example.com"}
    cart = {"Cookie": f"cart={CART}"}

    lost = front.client.post("/order", data=form, headers=cart)
    again = [front.client.post("/order", data=form, headers=cart) for _ in range(2)]

    assert lost.status_code == 422
    assert "Try again soon." in lost.text
    assert "Nothing was ordered" not in lost.text
    assert [(each.status_code, each.headers["Location"]) for each in again] == [
        (303, f"/thanks/{deaf.asked[0][0]}")
    ] * 2
    assert len(set(deaf.asked)) == 1


@pytest.mark.parametrize("page", ["order", "thanks"])
def test_an_order_is_shown_to_the_browser_it_was_placed_with_alone(front, page):
    assert front.page(page=page).status_code == 200
    assert front.page(cart="d" * 22, page=page).status_code == 404
    assert front.page(cart="", page=page).status_code == 404


def test_it_asks_for_events_that_there_are_and_has_words_for_each():
    assert set(KINDS) <= set(TOLD)
    assert set(SAID) == set(KINDS)
