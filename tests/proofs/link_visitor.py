"""A browser, a scanner or a stranger over HTTP: what they ask with, and all that they are answered."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from portal.benchmarks.stack import Stack

FORM = "application/x-www-form-urlencoded"
MOST_REDIRECTS = 5


@dataclass(frozen=True)
class Seen:
    """One answer: where it was asked for, and what it said."""

    path: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str

    def header(self, name: str) -> str:
        """The value of a header; empty where there is none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")

    def says(self, code: str) -> bool:
        """Whether it is the error page with this code."""
        return f'data-code="{code}"' in self.body


@dataclass
class Visitor:
    """Cookies, and the network that our own proxy names."""

    stack: Stack
    network: str = "203.0.113.9"
    agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    cookies: dict[str, str] = field(default_factory=dict)
    line: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, data: dict[str, str] | None = None, **more: str) -> Seen:
        """Make one request. Underscores in the names of headers stand for hyphens."""
        line = self.line or self.connect()
        body = None if method in ("GET", "HEAD") else urlencode(data or {})
        headers = self.headers() | {name.replace("_", "-"): value for name, value in more.items()}
        if body is not None:
            headers |= {"Content-Type": FORM, "X-CSRFToken": self.proof()}
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            seen = Seen(path, answer.status, tuple(answer.getheaders()), answer.read().decode())
        finally:
            if line is not self.line:
                line.close()
        self.keep(seen)
        return seen

    def headers(self) -> dict[str, str]:
        """What a browser sends, and what the proxy in front adds."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        ours = {"User-Agent": self.agent, "Cookie": cookies, "X-Forwarded-For": self.network}
        return self.stack.headers | {name: value for name, value in ours.items() if value}

    def proof(self) -> str:
        """The forms' proof of origin: else they would be refused for lack of it, and that proves nothing."""
        return next((value for name, value in self.cookies.items() if "csrf" in name), "")

    def keep(self, seen: Seen) -> None:
        """Keep what cookies it set."""
        for name, value in seen.headers:
            if name.lower() == "set-cookie":
                cookie, _equals, rest = value.partition("=")
                self.cookies[cookie] = rest.partition(";")[0]

    def stays_connected(self) -> "Visitor":
        """Use one connection from now on: making one takes longer than what is to be measured."""
        self.line = self.connect()
        return self

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection to the portal."""
        return http.client.HTTPConnection(urlsplit(self.stack.url).netloc, timeout=60)

    def opens(self, path: str, method: str = "GET", **more: str) -> list[Seen]:
        """Open an address and follow where it leads; return all answers."""
        return list(self._opened(path, method, more))

    def _opened(self, path: str, method: str, more: dict[str, str]) -> Iterator[Seen]:
        for _hop in range(MOST_REDIRECTS):
            seen = self.ask(method, path, **more)
            yield seen
            if seen.status not in (301, 302, 303):
                return
            path = seen.header("Location")

    def came_by(self, link: str) -> "Visitor":
        """Open a link, and get the proof of origin for forms."""
        self.opens(link)
        self.ask("GET", "/find/")
        return self
