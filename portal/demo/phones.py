"""What stands in for Twilio while the demo runs: a server of this machine that puts SMS into the inbox."""

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs

from django.conf import settings
from django.core.mail import EmailMessage

from portal.demo.inbox import SMS
from portal.demo.process import LOOPBACK
from scheduling import clock

ACCOUNT: Final = "AC" + "0" * 32
NUMBER: Final = "+358457000000"
LARGEST: Final = 64 * 1024


class _Handler(BaseHTTPRequestHandler):
    """Takes what the portal's own client sends, and nothing else."""

    token = ""

    def do_POST(self) -> None:
        """Put an SMS into the inbox, and answer as Twilio does."""
        known = base64.b64encode(f"{ACCOUNT}:{self.token}".encode()).decode()
        length = int(self.headers.get("Content-Length", 0))
        if self.headers.get("Authorization") != f"Basic {known}" or length > LARGEST:
            self._answer(HTTPStatus.UNAUTHORIZED, {"code": 20003, "message": "Authenticate", "status": 401})
            return
        said = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        keep(to=said.get("To", ""), body=said.get("Body", ""))
        self._answer(HTTPStatus.CREATED, {"sid": f"SM{secrets.token_hex(16)}", "status": "queued"})

    def _answer(self, status: HTTPStatus, said: dict[str, Any]) -> None:
        answer = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        pass


def keep(*, to: str, body: str) -> None:
    """Write an SMS down as the inbox reads it."""
    sms = EmailMessage(subject=body.partition(":")[0][:60], body=body, from_email=NUMBER, to=[to])
    sms.extra_headers = {SMS: "1", "Date": f"{clock.now():%a, %d %b %Y %H:%M:%S +0000}"}
    sms.send()


@contextmanager
def phones_on() -> Iterator[None]:
    """Take SMS until the block ends; before and after it none is sent at all."""
    _Handler.token = secrets.token_hex(16)
    server = ThreadingHTTPServer((LOOPBACK, 0), _Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="phones", daemon=True).start()
    settings.SMS_API = f"http://{LOOPBACK}:{server.server_address[1]}"
    settings.SMS_TOKEN, settings.SMS_FROM, settings.SMS_ACCOUNT = _Handler.token, NUMBER, ACCOUNT
    try:
        yield
    finally:
        settings.SMS_ACCOUNT = ""
        server.shutdown()
        server.server_close()
