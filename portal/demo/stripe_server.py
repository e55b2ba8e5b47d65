"""A small, strict stand-in for Stripe's API: the refunds' addresses, and nothing else.

It keeps what Stripe documents: a key repeats its first answer for a day, also a 500; with other parameters,
or while it is in use, it is an error; no payment gives back more than it captured; unknown parameters are
refused. Events are signed as Stripe signs them. `fault` breaks it on cue. It remembers in memory only.
"""

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from scheduling import clock

THOUSANDTHS: Final = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
WHOLE_HUNDREDTHS: Final = frozenset({"isk", "ugx"})
KEYS_LIVE_S: Final = 24 * 3600
KNOWN: Final = {"payment_intent", "amount", "reason", "metadata"}
LISTED_BY: Final = {"payment_intent", "created[gte]", "limit", "starting_after"}
Answer = tuple[int, dict[str, Any]]


def _second() -> int:
    """Return the true second since 1970: Stripe knows nothing of a clock that is moved."""
    return int(clock.wall().timestamp())


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request. `made`: whether its effect happens all the same.

    `status` answers with an error of Stripe's own (500, 429); 0 hangs up without an answer, unless `after_s`
    says that it is only slow.
    """

    status: int = 0
    made: bool = False
    after_s: float = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its method, path and parameters, its idempotency key, else nothing."""

    method: str
    path: str
    params: Mapping[str, str]
    key: str


@dataclass(slots=True)
class Payment:
    """What one payment intent captured."""

    captured_minor: int
    currency: str


@dataclass(slots=True)
class Kept:
    """The first answer to an idempotency key; None while it is being worked out."""

    asked: Asked
    answer: Answer | None = None
    at: float = field(default_factory=_second)


class Wrong(Exception):
    """An error as Stripe answers it. `kept`: the key repeats it, since its work had begun."""

    def __init__(self, status: int, message: str, *, kept: bool = False, **more: str) -> None:
        super().__init__(message)
        self.status, self.kept = status, kept
        self.body = {"error": {"type": "invalid_request_error", "message": message} | more}


@dataclass
class StandIn:
    """All that it knows, and its switches.

    `fault` is asked about every request, `on_made` is called between a refund's making and its answer,
    `find_payment` about intents that nobody told it of, `statuses` gives refunds of an intent another status.
    """

    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, Kept] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    refused_keys: set[str] = field(default_factory=set)
    fault: Callable[[Asked], Fault | None] = lambda asked: None
    on_made: Callable[[dict[str, Any]], object] = lambda made: None
    find_payment: Callable[[str], Payment | None] = lambda intent: None
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def made_for(self, ours: str) -> list[dict[str, Any]]:
        """Return the refunds that are one row of the portal's, except those that failed."""
        return [
            made
            for made in self.refunds.values()
            if made["metadata"].get("doorstep_refund") == ours and made["status"] != "failed"
        ]

    def forget_keys(self) -> None:
        """Let a day pass: keys may be used anew."""
        with self.lock:
            self.keys.clear()

    def fail(self, refund_id: str, reason: str = "expired_or_canceled_card") -> None:
        """Have a bank send a refund back."""
        with self.lock:
            self.refunds[refund_id] |= {"status": "failed", "failure_reason": reason}

    def answer(self, asked: Asked, fault: Fault | None) -> Answer:
        """Do what is asked, and return what is answered."""
        try:
            if asked.method == "POST" and asked.path == "/v1/refunds":
                return self._once(asked, fault)
            if asked.method == "GET" and asked.path == "/v1/refunds":
                return 200, self._list(asked.params)
            if asked.method == "GET" and asked.path.startswith("/v1/refunds/"):
                return 200, self._one(asked.path.rpartition("/")[2])
        except Wrong as wrong:
            return wrong.status, wrong.body
        return 404, Wrong(404, f"Unrecognized request URL ({asked.method}: {asked.path})").body

    def _once(self, asked: Asked, fault: Fault | None) -> Answer:
        """Make a refund, or repeat what was answered to its key."""
        if not asked.key:
            raise Wrong(400, "This stand-in takes no refund without an idempotency key.")
        with self.lock:
            kept = self.keys.get(asked.key)
            if kept is not None and _second() - kept.at < KEYS_LIVE_S:
                return _repeated(kept, asked)
            kept = self.keys[asked.key] = Kept(asked)
        try:
            kept.answer = self._worked_out(asked, fault)
        except Wrong as wrong:
            if wrong.kept:
                kept.answer = (wrong.status, wrong.body)
            else:
                with self.lock:
                    del self.keys[asked.key]
            raise
        return kept.answer

    def _worked_out(self, asked: Asked, fault: Fault | None) -> Answer:
        breaks = fault is not None and fault.status >= 500
        made = None if breaks and fault is not None and not fault.made else self._make(asked.params)
        if made is not None:
            self.on_made(made)
        if made is None or breaks:
            body = {"error": {"type": "api_error", "message": "An unknown error occurred"}}
            return (fault.status if fault else 500), body
        return 200, made

    def _make(self, params: Mapping[str, str]) -> dict[str, Any]:
        for name in params:
            if name.partition("[")[0] not in KNOWN:
                raise Wrong(400, f"Received unknown parameter: {name}", code="parameter_unknown")
        intent = params.get("payment_intent", "")
        with self.lock:
            payment = self.payments.get(intent) or self.find_payment(intent)
            if payment is None:
                raise Wrong(404, f"No such payment_intent: '{intent}'", code="resource_missing")
            self.payments[intent] = payment
            amount = _amount(params.get("amount", ""), payment.currency)
            self._require_room(intent, payment, amount)
            made = self._refund(intent, payment, amount, params)
            self.refunds[made["id"]] = made
            return made

    def _require_room(self, intent: str, payment: Payment, amount: int) -> None:
        given = sum(
            made["amount"]
            for made in self.refunds.values()
            if made["payment_intent"] == intent and made["status"] not in ("failed", "canceled")
        )
        if given >= payment.captured_minor:
            code = "charge_already_refunded"
            raise Wrong(400, "Charge has already been refunded.", kept=True, code=code)
        if given + amount > payment.captured_minor:
            left = payment.captured_minor - given
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise Wrong(400, message, kept=True, param="amount")

    def _refund(
        self, intent: str, payment: Payment, amount: int, params: Mapping[str, str]
    ) -> dict[str, Any]:
        prefix = "metadata["
        return {
            "id": f"re_{secrets.token_hex(12)}",
            "object": "refund",
            "amount": amount,
            "created": _second(),
            "currency": payment.currency.lower(),
            "metadata": {
                name[len(prefix) : -1]: value for name, value in params.items() if name.startswith(prefix)
            },
            "payment_intent": intent,
            "reason": params.get("reason"),
            "status": self.statuses.get(intent, "succeeded"),
            "failure_reason": None,
        }

    def _list(self, params: Mapping[str, str]) -> dict[str, Any]:
        for name in params:
            if name not in LISTED_BY:
                raise Wrong(400, f"Received unknown parameter: {name}", code="parameter_unknown")
        with self.lock:
            found = [made for made in reversed(self.refunds.values()) if _is_meant(made, params)]
        after = params.get("starting_after")
        if after:
            found = found[next(i for i, made in enumerate(found) if made["id"] == after) + 1 :]
        limit = int(params.get("limit", "10"))
        if not 1 <= limit <= 100:
            raise Wrong(400, "limit must be from 1 to 100", param="limit")
        data = found[:limit]
        return {"object": "list", "data": data, "has_more": len(found) > limit, "url": "/v1/refunds"}

    def _one(self, refund_id: str) -> dict[str, Any]:
        made = self.refunds.get(refund_id)
        if made is None:
            raise Wrong(404, f"No such refund: '{refund_id}'", code="resource_missing")
        return made


def _is_meant(made: Mapping[str, Any], params: Mapping[str, str]) -> bool:
    intent, since = params.get("payment_intent"), params.get("created[gte]")
    return (not intent or made["payment_intent"] == intent) and (not since or made["created"] >= int(since))


def _repeated(kept: Kept, asked: Asked) -> Answer:
    if kept.answer is None:
        body = {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "In use"}}
        return 409, body
    if (kept.asked.path, dict(kept.asked.params)) != (asked.path, dict(asked.params)):
        message = "Keys for idempotent requests can only be used with the same parameters."
        raise Wrong(400, message, type="idempotency_error")
    return kept.answer


def _amount(given: str, currency: str) -> int:
    """Return an amount, judged by the rules of its currency: docs.stripe.com/currencies."""
    code = currency.lower()
    each = 10 if code in THOUSANDTHS else 100 if code in WHOLE_HUNDREDTHS else 1
    if not given.isascii() or not given.isdigit() or int(given) < 1 or int(given) % each:
        raise Wrong(400, f"Invalid amount: {given}", code="parameter_invalid_integer", param="amount")
    return int(given)


def event_about(made: Mapping[str, Any], kind: str = "refund.updated") -> bytes:
    """Return an event's body: a refund as it is now."""
    body = {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "type": kind,
        "created": _second(),
        "data": {"object": dict(made)},
    }
    return json.dumps(body).encode()


def signature(body: bytes, secret: str, *, at: float | None = None) -> str:
    """Return the header that signs a body: docs.stripe.com/webhooks, "Verify manually"."""
    second = _second() if at is None else int(at)
    mac = hmac.new(secret.encode(), f"{second}.".encode() + body, hashlib.sha256)
    return f"t={second},v1={mac.hexdigest()}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """Who asked may be gone: it was killed."""


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, asks the stand-in, writes its answer, or hangs up."""

    protocol_version = "HTTP/1.1"
    stand_in: StandIn

    def do_POST(self) -> None:
        """Take parameters from the body."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._answer(dict(parse_qsl(body, keep_blank_values=True)))

    def do_GET(self) -> None:
        """Take parameters from the address."""
        self._answer(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))

    def _answer(self, params: Mapping[str, str]) -> None:
        stand_in = self.stand_in
        key = self.headers.get("Idempotency-Key", "") if self.command == "POST" else ""
        asked = Asked(self.command, urlsplit(self.path).path, params, key)
        stand_in.asked.append(asked)
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not bearer.startswith(("rk_", "sk_")) or bearer in stand_in.refused_keys:
            self._say(401, Wrong(401, "Invalid API Key provided").body)
            return
        fault = stand_in.fault(asked)
        if fault is not None:
            time.sleep(fault.after_s)
        if fault is not None and 0 < fault.status < 500:
            self._say(fault.status, Wrong(fault.status, "Not now").body)
        elif fault is not None and not fault.status and not fault.after_s:
            if fault.made:
                stand_in.answer(asked, None)
            self.close_connection = True
        else:
            self._say(*stand_in.answer(asked, fault))

    def _say(self, status: int, body: Mapping[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Request-Id", f"req_{secrets.token_hex(7)}")
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def start(port: int = 0) -> tuple[StandIn, Callable[[], None]]:
    """Start one on this machine, on a free port or the one given; return it, and what ends it."""
    stand_in = StandIn()
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    server = _Server(("127.0.0.1", port), handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()

    def end() -> None:
        server.shutdown()
        server.server_close()

    return stand_in, end


@contextmanager
def standing_in(port: int = 0) -> Iterator[StandIn]:
    """Start one; it ends with the block."""
    stand_in, end = start(port)
    try:
        yield stand_in
    finally:
        end()
