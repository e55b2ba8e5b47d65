"""A browser without JavaScript, as cheap as one can be: it shares the machine with what it measures."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

TIMEOUT_S = 30
FORM = "application/x-www-form-urlencoded"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
OFFER = re.compile(r'<input type="radio" name="(?:offer|suggestion)"[^>]* value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `timing` is the server's own account of it (`Server-Timing`), where it gave one."""

    status: int
    location: str
    timing: str


@dataclass
class Browser:
    """One connection that is kept, one jar of cookies, the last page. Raises OSError or HTTPException."""

    url: str
    headers: Mapping[str, str]
    cookies: dict[str, str] = field(default_factory=dict)
    page: str = ""
    _connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT_S)

    def get(self, path: str) -> Answer:
        """Open a page."""
        return self._send("GET", path, None, {})

    def post(self, path: str, **data: str) -> Answer:
        """Send a form with the proof of origin that the last page gave."""
        token = TOKEN.search(self.page)
        form = {"csrfmiddlewaretoken": token[1] if token else ""} | data
        return self._send("POST", path, urlencode(form), {"Content-Type": FORM})

    def offers(self) -> list[str]:
        """Return the times that the last page offers, in its order."""
        return list(dict.fromkeys(OFFER.findall(self.page)))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _send(self, method: str, path: str, body: str | None, more: Mapping[str, str]) -> Answer:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self._connection.request(method, path, body, {**self.headers, **more, "Cookie": jar})
        response = self._connection.getresponse()
        page = response.read().decode()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        if not 300 <= response.status < 400:
            self.page = page
        said = response.headers.get
        return Answer(response.status, said("Location") or "", said("Server-Timing") or "")
