"""What one browser asks and is answered, every request of it noted."""

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from time import monotonic

from tests.races.shopper import Answer, Shopper

OFFERED = re.compile(
    r'<input type="radio" name="(?:offer|suggestion)"[^>]* value="([^"]+)"[^>]* data-key="([^"]+)"'
)
PAGES_AND_REFUSALS = {200, 303, 409}


class Unanswered(Exception):
    """No answer, or an apology: nobody knows whether it took effect."""


class Strange(Exception):
    """An answer that no shopper should get."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as its shopper saw it; status 0 where nobody answered. `at` is monotonic seconds."""

    at: float
    seconds: float
    what: str
    status: int


@dataclass
class Traffic:
    """Every request of a crowd, and what was strange."""

    requests: list[Request] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def statuses(self) -> Counter[int]:
        return Counter(each.status for each in self.requests)

    def failed(self) -> Counter[str]:
        """What was asked and not answered (0), or with an apology, by page."""
        return Counter(
            f"{each.status} {re.sub('/[dsf]/[^/]+/', '/../', each.what)}"
            for each in self.requests
            if each.status == 0 or each.status >= 500
        )

    def seconds(self, since: float = 0, until: float = float("inf")) -> list[float]:
        """How long requests took that began in this time, the quickest first."""
        return sorted(each.seconds for each in self.requests if since <= each.at < until)


def percentile(ordered: list[float], part: float) -> float:
    """The value that this part of an ordered list stays below; 0 of an empty one."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


@dataclass
class Browser(Shopper):
    """A shopper whose every request is noted; `keeps_alive`: all on one connection, as long as it lives."""

    traffic: Traffic = field(default_factory=Traffic)
    keeps_alive: bool = False
    line: HTTPConnection | None = None

    def send(self, method: str, path: str, data: dict[str, str] | None = None) -> Answer:
        """Make one request. Raises Unanswered, or Strange for an answer that nobody should get."""
        started, what, status = monotonic(), f"{method} {path}", 0
        try:
            answer = super().send(method, path, data)
            status = answer.status
        except (OSError, HTTPException) as error:
            raise Unanswered(f"{what}: {type(error).__name__}") from error
        finally:
            self.traffic.requests.append(Request(started, monotonic() - started, what, status))
        if status >= 500:
            raise Unanswered(f"{what}: {status}")
        if status not in PAGES_AND_REFUSALS:
            raise Strange(f"{what}: {status}")
        return answer

    def connect(self) -> HTTPConnection:
        """Open a connection, or go on with the one that is kept."""
        if self.line is None or not self.keeps_alive:
            self.line = super().connect()
        return self.line

    def leave(self, connection: HTTPConnection) -> None:
        """Keep a connection on which something was answered, if connections are kept."""
        if not self.keeps_alive or sys.exception() is not None:
            super().leave(connection)

    def offered(self) -> dict[str, str]:
        """The times on the last page: tokens by their keys."""
        return {key: token for token, key in OFFERED.findall(self.page)}
