"""A gazetteer of real addresses, and a local server that speaks like three geocoders."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as project

from scheduling.geocoding.lookup import geocoder_for

HELSINKI = Path(project.BASE_DIR) / "portal" / "demo" / "data" / "helsinki-addresses.csv"


@dataclass
class FakeGeocoder:
    """Answers `replies[path]`; remembers what it was asked and when."""

    url: str = ""
    status: int = 200
    delay_s: float = 0.0
    replies: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)


def handler_for(fake: FakeGeocoder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            fake.asked.append((parts.path, {key: value[0] for key, value in parse_qs(parts.query).items()}))
            fake.agents.append(self.headers["User-Agent"])
            time.sleep(fake.delay_s)
            body = fake.replies.get(parts.path, [])
            self.send_response(fake.status)
            self.end_headers()
            with suppress(BrokenPipeError):  # who asked has given up
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def fake() -> Iterator[FakeGeocoder]:
    geocoder_for.cache_clear()
    fake = FakeGeocoder()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(fake))
    fake.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def helsinki(settings) -> None:
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", str(HELSINKI)
