"""What the shop's server says to Doorstep: open the widget for a shopper, book the time they kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

WAIT_S: Final = 10


class Refused(Exception):
    """Doorstep said no. `code` is for programs, the text is for people.

    `unsure`: we got no answer, so what we asked for may be done all the same. Ask again, with the same key.
    """

    def __init__(self, code: str, message: str, *, unsure: bool = False) -> None:
        super().__init__(message)
        self.code, self.unsure = code, unsure


AWAY: Final = "Delivery times can’t be reached right now. Try again soon."


@dataclass(frozen=True)
class Doorstep:
    """Doorstep at `url`, spoken to with the secret key in `key_file`: only this server may read that."""

    url: str
    key_file: Path

    def open_widget(self, *, origin: str, shopper: str, grams: int, address: Mapping[str, str] | None) -> str:
        """Return a session for `<doorstep-slots>`. Raises Refused."""
        asked = {"origin": origin, "shopper": shopper, "load": {"parcels": 1, "grams": grams}}
        known = {"address": dict(address)} if address else {}
        return str(self._post("/slot-sessions", asked | known)["session"])

    def book(self, *, hold: str, order_number: str, name: str, email: str) -> dict[str, Any]:
        """Book the time that was kept in the widget. Sent twice, it is booked once. Raises Refused."""
        contact = {"name": name, "email": email}
        asked = {"hold": hold, "order_number": order_number, "contact": contact}
        return self._post("/deliveries", asked, once=f"order-{order_number}")

    def _post(self, path: str, body: Mapping[str, Any], *, once: str = "") -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self.key_file.read_text().strip()}",
            "Content-Type": "application/json",
            "Idempotency-Key": once or _new_key(),
        }
        request = Request(f"{self.url}/api/v1{path}", json.dumps(body).encode(), headers)  # noqa: S310
        try:
            with urlopen(request, timeout=WAIT_S) as answer:  # noqa: S310 - our own address, http or https
                return dict(json.load(answer))
        except HTTPError as error:
            raise _refused(error) from error
        except (OSError, HTTPException, ValueError) as error:  # away, cut off, too slow, or half an answer
            raise Refused("away", AWAY, unsure=True) from error


def _new_key() -> str:
    from secrets import token_urlsafe

    return token_urlsafe(16)


def _refused(error: HTTPError) -> Refused:
    try:
        said = json.load(error)["error"]
        return Refused(said["code"], said["message"])
    except (ValueError, KeyError, TypeError):
        return Refused("broken", AWAY, unsure=True)
