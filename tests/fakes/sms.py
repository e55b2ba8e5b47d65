"""A real HTTP server that takes SMS as Twilio's API does: strict about who asks for what; it refuses on cue.

After https://www.twilio.com/docs/messaging/api/message-resource and .../docs/api/errors.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import RequestValidator

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "a-token-for-this-machine-only"
SENDER = "+358457000000"
KNOWN = {"To", "From", "MessagingServiceSid", "Body", "StatusCallback"}
E164 = re.compile(r"\+[1-9]\d{6,14}")
LONGEST = 1600


@dataclass(frozen=True)
class Sms:
    """One SMS as it was taken."""

    sid: str
    to: str
    sender: str
    body: str
    callback_url: str
    at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Refused:
    """What is answered instead of taking it: an HTTP status and Twilio's code."""

    status: int
    code: int
    message: str = "no"


@dataclass
class SmsServer:
    """`texts` in order of arrival. `refuse` decides about each; `stopped` are numbers that said STOP."""

    port: int
    texts: list[Sms] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    refusals: int = 0
    stopped: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    refuse: Callable[[dict[str, str]], Refused | None] = lambda said: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """As SMS_API names it."""
        return f"http://127.0.0.1:{self.port}"

    def to(self, number: str) -> list[Sms]:
        """Every SMS to a number, oldest first."""
        return [text for text in self.texts if text.to == number]

    def signed(self, url: str, **params: str) -> dict[str, str]:
        """The header with which Twilio would post `params` to `url`."""
        return {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, params)}

    def take(self, path: str, authorization: str, body: bytes) -> Sms | Refused:
        with self.lock:
            said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            why = self._why_not(path, authorization, said)
            if why is not None:
                self.refused.append(why)
                return why
            text = Sms(
                f"SM{len(self.texts):032x}",
                said["To"],
                said.get("From") or said["MessagingServiceSid"],
                said["Body"],
                said.get("StatusCallback", ""),
            )
            self.texts.append(text)
            return text

    def _why_not(self, path: str, authorization: str, said: dict[str, str]) -> Refused | None:
        known = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if authorization != f"Basic {known}":
            return Refused(401, 20003, "Authenticate")
        if path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return Refused(404, 20404, "The requested resource was not found")
        if self.refusals > 0:
            self.refusals -= 1
            return Refused(503, 20503, "Service unavailable")
        return self.refuse(said) or self._what_is_wrong(said)

    def _what_is_wrong(self, said: dict[str, str]) -> Refused | None:
        checks = [
            (set(said) <= KNOWN, 20001, "Unknown parameter"),
            ("To" in said, 21604, "A 'To' phone number is required"),
            (E164.fullmatch(said.get("To", "")), 21211, "Invalid 'To' Phone Number"),
            ("From" in said or "MessagingServiceSid" in said, 21603, "A 'From' phone number is required"),
            (said.get("From", SENDER) == SENDER, 21606, "The 'From' phone number is not yours"),
            (said.get("Body", "").strip(), 21602, "Message body is required"),
            (len(said.get("Body", "")) <= LONGEST, 21617, "The message body exceeds 1600 characters"),
            (_is_address(said.get("StatusCallback")), 21609, "Invalid 'StatusCallback' URL"),
            (said.get("To") not in self.unreachable, 21614, "'To' number is not a valid mobile number"),
            (said.get("To") not in self.stopped, 21610, "Attempt to send to unsubscribed recipient"),
        ]
        return next((Refused(400, code, why) for right, code, why in checks if not right), None)


def _is_address(url: str | None) -> bool:
    return url is None or urlsplit(url).scheme in ("http", "https")


def _answer(taken: Sms | Refused) -> tuple[int, dict[str, Any]]:
    if isinstance(taken, Refused):
        more = f"https://www.twilio.com/docs/errors/{taken.code}"
        return taken.status, {
            "code": taken.code,
            "message": taken.message,
            "more_info": more,
            "status": taken.status,
        }
    return 201, {
        "account_sid": ACCOUNT,
        "sid": taken.sid,
        "to": taken.to,
        "from": taken.sender,
        "body": taken.body,
        "status": "queued",
        "num_segments": "1",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "price": None,
        "price_unit": "USD",
        "date_created": None,
        "date_updated": None,
        "date_sent": None,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{taken.sid}.json",
    }


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Who sent may be killed before it has read what is answered."""


@contextmanager
def texting() -> Iterator[SmsServer]:
    """Start one on a free port of this machine; it ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, said = _answer(texts.take(self.path, self.headers.get("Authorization", ""), body))
            answer = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    texts = SmsServer(server.server_address[1])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield texts
    finally:
        server.shutdown()
        server.server_close()


def sms_settings(url: str) -> dict[str, str]:
    """The variables with which a portal sends its SMS there."""
    return {"SMS_ACCOUNT": ACCOUNT, "SMS_TOKEN": TOKEN, "SMS_FROM": SENDER, "SMS_API": url}
