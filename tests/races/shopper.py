"""A shopper over HTTP: cookies, forms and redirects, nothing else."""

import csv
import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

HELSINKI = Path(__file__).parents[2] / "portal" / "demo" / "data" / "helsinki-addresses.csv"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
OFFER = re.compile(r'<input type="radio" name="(?:offer|suggestion)"[^>]* value="([^"]+)"')
KEEPING = re.compile(r'name="keeping" value="([^"]+)"')


def addresses(count: int) -> list[str]:
    """Real addresses of the gazetteer, each another household."""
    with HELSINKI.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return [
        f"{row['street']} {row['number']}, {row['postcode']} {row['city']}" for row in rows[: count * 3 : 3]
    ]


@dataclass
class Answer:
    status: int
    body: str
    location: str = ""


@dataclass
class Shopper:
    """One browser without JavaScript. Cookies are kept by name, whatever their prefix.

    `network` is the address a trusted proxy would name: throttles count by network. `headers` are what
    that proxy adds besides.
    """

    base_url: str
    network: str = "203.0.113.9"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    page: str = ""

    def send(self, method: str, path: str, data: dict[str, str] | None = None) -> Answer:
        """Make one request; keep its cookies and its page."""
        connection = self.connect()
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {"X-Forwarded-For": self.network, **self.headers}
        if data is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(data) if data is not None else None, headers)
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            self.leave(connection)
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        answer = Answer(response.status, body, response.headers.get("Location", ""))
        if answer.status < 300 or answer.status >= 400:
            self.page = body
        return answer

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection for one request."""
        return http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=60)

    def leave(self, connection: http.client.HTTPConnection) -> None:
        """End it when the request is over."""
        connection.close()

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, **data: str) -> Answer:
        """Send a form with the proof of origin that the last page gave."""
        found = TOKEN.search(self.page)
        return self.send("POST", path, {"csrfmiddlewaretoken": found[1] if found else ""} | data)

    def ask(self, merchant: str, address: str, size: str = "bag", **more: str) -> list[str]:
        """Type an address and a size; return the tokens of the times offered, in the page's order."""
        self.get(f"/s/{merchant}/")
        answer = self.post(f"/s/{merchant}/", address=address, size=size, **more)
        assert answer.status == 303, (answer.status, self.page[-3000:])
        assert self.get(answer.location).status == 200
        return self.offers()

    def offers(self) -> list[str]:
        """Return the tokens of the times on the last page."""
        return list(dict.fromkeys(OFFER.findall(self.page)))

    def hold(self, merchant: str, token: str) -> Answer:
        return self.post(f"/s/{merchant}/hold/", offer=token)

    def confirm(self, merchant: str, email: str, order_number: str) -> Answer:
        """Open the page that checks, and confirm what it keeps."""
        self.get(f"/s/{merchant}/check/")
        keeping = KEEPING.search(self.page)
        return self.post(
            f"/s/{merchant}/check/",
            email=email,
            order_number=order_number,
            keeping=keeping[1] if keeping else "",
        )
