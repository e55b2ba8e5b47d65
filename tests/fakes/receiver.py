"""A real HTTP server of a merchant’s that takes webhooks, verifies them with the library, fails on cue."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass(frozen=True)
class Received:
    """One message as it arrived. `payload` is None where it did not verify."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    payload: Any
    at: float = field(default_factory=time.time)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(frozen=True)
class Reply:
    """What is answered, and after how long."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    after_s: float = 0


@dataclass
class Receiver:
    """`secrets` by path; `reply` decides about each message. What is answered 2xx is kept in `taken`."""

    port: int
    secrets: dict[str, str] = field(default_factory=dict)
    reply: Callable[[Received], Reply] = lambda message: Reply()
    messages: list[Received] = field(default_factory=list)
    taken: list[Received] = field(default_factory=list)
    foreign: int = 0

    @property
    def target(self) -> str:
        """As WEBHOOK_TEST_TARGETS names it."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/hooks") -> str:
        return f"http://{self.target}{path}"

    def verified(self, path: str, headers: Mapping[str, str], body: bytes) -> Any:
        """What a message says, None where its signature is not right."""
        secret = self.secrets.get(path) or self.secrets.get("")
        if secret is None:
            return {}
        try:
            return Webhook(secret).verify(body, dict(headers))
        except WebhookVerificationError:
            return None

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        message = Received(path, headers, body, self.verified(path, headers, body))
        self.messages.append(message)
        if message.payload is None:
            self.foreign += 1
            return Reply(401)
        reply = self.reply(message)
        if 200 <= reply.status < 300:
            self.taken.append(message)
        return reply


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Who sent may hang up before it has read all that is answered."""


@contextmanager
def receiving(reply: Callable[[Received], Reply] | None = None) -> Iterator[Receiver]:
    """Start one on a free port of this machine; it ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = receiver.answer(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            time.sleep(said.after_s)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_address[1])
    if reply is not None:
        receiver.reply = reply
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
